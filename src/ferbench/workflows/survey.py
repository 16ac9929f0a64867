"""What a study consists of: looks at its videos, annotations and log book.

A data set for them can be written (``survey_files.write_data_set``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferbench.checks import path_of
from ferbench.datasets.files import SUFFIXES, video_files
from ferbench.datasets.guess import guess_places, places_by_pattern
from ferbench.datasets.headers import FIELDS
from ferbench.datasets.known_names import KnownNames
from ferbench.datasets.left_out import about_left_out, left_out
from ferbench.datasets.naming import chosen
from ferbench.datasets.place import Placement
from ferbench.datasets.recordings import natural
from ferbench.datasets.starts import fill_starts, read_starts
from ferbench.errors import ConfigError, DatasetError
from ferbench.sentences import Setting, Text
from ferbench.wording import plural
from ferbench.workflows.survey_annotations import (
    SurveyedAnnotations,
    find_annotations,
    known_names,
)
from ferbench.workflows.survey_rows import read_found
from ferbench.workflows.survey_videos import (
    LISTED,
    OWN_RULE,
    Findings,
    SurveyedVideos,
    about_copies,
    about_missing_cameras,
    about_missing_first_parts,
    about_unplaced,
    sessions_of_cameras,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOptions:
    """What to look at.

    Attributes:
        videos: the folder of the study's videos; they lie in it and below.
        annotations: a CSV with a row per annotation, or files of an annotation program; None =
            there are none.
        starts: a CSV with the clock times at which sessions began (a log book); None = there is
            none.
        camera: which camera to use, where videos have several; None = to be said later.
        pattern: a regular expression with groups among ``session``, ``participant``, ``camera``,
            ``part``, ``start``, searched for in each path; None = guess from the names.
        columns: columns of the annotations by what they hold (``session``, ``participant``,
            ``onset``, ``offset``, ``kind``, ``annotator``), "" = there is none; the others are
            found by their names.
    """

    videos: Path
    annotations: Path | None = None
    starts: Path | None = None
    camera: str | None = None
    pattern: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Survey:
    """What a study consists of.

    Attributes:
        options: what was looked at, with absolute paths.
        num_videos: video files in the folder and below.
        placement: their places.
        cameras: sessions of each camera, most first; "" = not named.
        camera: the one to use; None = to be said later.
        annotations: their columns and rows; None = not given.
        num_starts_filled: files whose start came from the log book.
        missing: columns without which nothing can be scored, one sentence each.
        unclear: what has no place, one sentence each: somebody must look at it.
        notes: what may be good to know.
    """

    options: SurveyOptions
    num_videos: int
    placement: Placement
    cameras: Mapping[str, int]
    camera: str | None
    annotations: SurveyedAnnotations | None
    num_starts_filled: int
    missing: tuple[str, ...]
    unclear: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sessions(self) -> list[tuple[str, str]]:
        """Participant and session of each session that has a video."""
        places = self.placement.places
        return list(dict.fromkeys((place.participant, place.session) for place in places))

    @property
    def participants(self) -> list[str]:
        """All participants, sorted."""
        return sorted({place.participant for place in self.placement.places} - {""}, key=natural)

    @property
    def named_cameras(self) -> list[str]:
        """Names of the cameras, most sessions first."""
        return [camera for camera in self.cameras if camera]

    @property
    def is_complete(self) -> bool:
        """Whether everything has its place, and nobody must look at anything."""
        return not self.missing and not self.unclear

    def __repr__(self) -> str:
        """``Survey: 70 of 71 videos placed, 30 sessions, 15 participants, 2 cameras, ...``."""
        facts = [
            f"{len(self.placement.places)} of {plural(self.num_videos, 'video')} placed",
            plural(len(self.sessions), "session"),
            plural(len(self.participants), "participant"),
            plural(len(self.named_cameras), "camera"),
        ]
        if self.annotations is not None and self.annotations.reading is not None:
            facts.append(plural(len(self.annotations.reading.rows.rows), "annotation"))
        facts.append(f"{len(self.missing) + len(self.unclear)} unclear")
        return f"Survey: {', '.join(facts)}"


def survey(options: SurveyOptions | str | Path) -> Survey:
    """Look at a study's folder, its annotations and its log book; nothing is written.

    Args:
        options: what to look at, or only the folder.

    Raises:
        ConfigError: the folder, the pattern, a column or the camera cannot be used.
        DatasetError: there is no video, none has a place, or a CSV cannot be read.
    """
    if not isinstance(options, SurveyOptions):
        options = SurveyOptions(videos=path_of("videos", options))
    options = _absolute(options)
    _check(options)
    folder = options.videos
    named_columns = {name: options.columns[name] for name in FIELDS if name in options.columns}
    paths = [path.relative_to(folder).as_posix() for path in _videos(folder)]
    annotations = None
    known = KnownNames()
    if options.annotations is not None:
        annotations = find_annotations(options.annotations, named_columns)
        known = known_names(annotations)
    placement = _placement(paths, options, known)
    if not placement.places:
        raise _nothing_placed(placement, annotations)
    findings = Findings(notes=about_copies(placement))
    _list_left_out(folder, findings)
    findings.unclear += about_unplaced(placement, advise=options.pattern is None)
    findings.unclear += about_missing_first_parts(placement)
    num_starts_filled = 0
    if options.starts is not None:
        filled = _with_starts(placement, options.starts, findings)
        pairs = zip(placement.places, filled.places, strict=True)
        num_starts_filled = sum(before != after for before, after in pairs)
        placement = filled
    videos = SurveyedVideos(folder=folder, placement=placement)
    cameras = sessions_of_cameras(placement.places)
    findings.unclear += about_missing_cameras(videos, cameras)
    footage = videos.footage(cameras, findings)
    if annotations is not None:
        annotations = read_found(annotations, videos, footage, findings)
    return Survey(
        options=options,
        num_videos=len(paths),
        placement=placement,
        cameras=cameras,
        camera=_chosen_camera(options.camera, cameras),
        annotations=annotations,
        num_starts_filled=num_starts_filled,
        missing=tuple(findings.missing),
        unclear=tuple(findings.unclear),
        notes=tuple(findings.notes),
    )


def _videos(folder: Path) -> list[Path]:
    """The videos of the study. Raises DatasetError where there are none, with what is left out."""
    try:
        return video_files(folder, suffixes=SUFFIXES, recursive=True)
    except DatasetError as error:
        hint = "; ".join(about_left_out(left_out(folder, suffixes=SUFFIXES, recursive=True)))
        raise DatasetError(error.text(), hint=hint) from error


def _list_left_out(folder: Path, findings: Findings) -> None:
    """List files that may be recordings and are not taken."""
    files = left_out(folder, suffixes=SUFFIXES, recursive=True)
    findings.unclear += about_left_out(file for file in files if file.is_recording)
    findings.notes += about_left_out(file for file in files if not file.is_recording)


def _absolute(options: SurveyOptions) -> SurveyOptions:
    """The options, with paths that mean the same in any working directory."""
    return replace(
        options,
        videos=path_of("videos", options.videos).absolute(),
        annotations=options.annotations and path_of("annotations", options.annotations).absolute(),
        starts=options.starts and path_of("starts", options.starts),
    )


def _check(options: SurveyOptions) -> None:
    """Raise ConfigError where an option cannot be used, whatever the files hold."""
    if not options.videos.is_dir():
        problem = "is a file" if options.videos.exists() else "does not exist"
        raise ConfigError(f"{options.videos} {problem}; expected the folder of the study's videos")
    if options.columns and options.annotations is None:
        raise ConfigError(
            "names a column of the annotations, and there are none",
            key="columns",
            hint=Text("give ", Setting("annotations", "CSV")),
        )
    unknown = [name for name in options.columns if name not in FIELDS]
    if unknown:
        raise ConfigError(key="columns", expected=f"one of {', '.join(FIELDS)}", got=unknown[0])
    if options.columns.get("onset") == "":
        raise ConfigError(
            "annotations without a time cannot be used; name the column", key="columns.onset"
        )


def _placement(paths: Sequence[str], options: SurveyOptions, known: KnownNames) -> Placement:
    """The places of all videos, by a pattern where there is one."""
    if options.pattern is None:
        return guess_places(paths, known, options.videos)
    return places_by_pattern(paths, options.videos, options.pattern, known)


def _nothing_placed(placement: Placement, annotations: SurveyedAnnotations | None) -> DatasetError:
    """Why no video has a place, and what may be wrong."""
    unplaced = placement.unplaced
    reasons = "; ".join(f"{path}: {reason}" for path, reason in unplaced[:LISTED])
    problem = f"none of {len(unplaced)} videos has a place: {reasons}. "
    return DatasetError(Text(problem, OWN_RULE, ".", _about_columns_taken(annotations)))


def _about_columns_taken(annotations: SurveyedAnnotations | None) -> str:
    """As what the columns of annotations are taken, as that may be wrong."""
    if annotations is None or annotations.headers is None or not annotations.headers.names:
        return ""
    names = annotations.headers.names
    columns = ", ".join(f"{name} = {column}" for name, column in names.items())
    taken_as = f" The columns of annotations are taken as {columns}; correct them with "
    return Text(taken_as, Setting("columns"), ".")


def _with_starts(placement: Placement, log_book: Path, findings: Findings) -> Placement:
    """The placement with the starts in a log book; lists its rows that have no place."""
    filled = fill_starts(placement.places, read_starts(log_book), log_book.name)
    findings.unclear += filled.problems
    findings.notes += filled.notes
    return replace(placement, places=filled.places)


def _chosen_camera(camera: str | None, cameras: Mapping[str, int]) -> str | None:
    """The camera that was asked for, as it is spelled in the names."""
    if camera is None:
        return None
    named = [name for name in cameras if name]
    if not named:
        raise ConfigError(
            f"no file's name has a camera, got {camera!r}. Leave it out.", key="camera"
        )
    return chosen("camera", camera, named)
