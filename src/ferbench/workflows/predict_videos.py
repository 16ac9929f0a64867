"""Which videos are predicted, and what they are called: those of a folder, or of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ferbench.config.choices import component_for
from ferbench.datasets.annotators import EVERYBODY
from ferbench.datasets.files import SUFFIXES, num_below, video_files
from ferbench.datasets.left_out import about_left_out, left_out
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, DatasetError, errors_within
from ferbench.sentences import Setting, Text, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVideos:
    """Videos to predict.

    Attributes:
        videos: their paths.
        names: a name for each that no other has.
        num_ignored: videos in the folders below that are left out.
        left_out: what else may be a recording and is left out, a sentence per reason.
    """

    videos: tuple[Path, ...]
    names: Mapping[Path, str]
    num_ignored: int = 0
    left_out: tuple[str, ...] = ()


def videos_of_source(source: Path, *, recursive: bool) -> FoundVideos:
    """A video, or the videos of a folder, named after their files.

    Raises:
        DatasetError: there is none.
    """
    videos, num_ignored = _videos(source, recursive=recursive)
    return FoundVideos(
        videos=tuple(videos),
        names=names_of(videos, source),
        num_ignored=num_ignored,
        left_out=_left_out(source, recursive=recursive),
    )


def videos_of_dataset(
    dataset: str, config_dirs: Sequence[Path] = (), camera: str | None = None
) -> FoundVideos:
    """The videos of a data set and their names: that of the session, with the part's number.

    A study's annotations are not read, but where only some participants are wanted: they may be the
    only place that says whose a session is.

    Args:
        dataset: a choice of ``conf/dataset``.
        config_dirs: folders with further choices.
        camera: of a study, whose videos to take; None = as the data set says.

    Raises:
        FerbenchError: there is no such data set, or it cannot be read.
    """
    chosen = component_for("dataset", dataset, config_dirs=tuple(config_dirs))
    if isinstance(chosen, Study):
        chosen = replace(
            chosen,
            camera=camera or chosen.camera,
            annotations=chosen.annotations if chosen.only_participants else None,
            annotator=EVERYBODY,
        )
    elif camera is not None:
        raise ConfigError(f"the data set {dataset} has no cameras, got {camera!r}", key="camera")
    with errors_within("dataset"):
        sessions = chosen.load().sessions
    names: dict[Path, str] = {}
    for session in sessions:
        for number, part in enumerate(session.parts, start=1):
            suffix = f"_part{number}" if len(session.parts) > 1 else ""
            names[part.path] = f"{session.session_id}{suffix}"
    return FoundVideos(videos=tuple(names), names=names)


def _videos(source: Path, *, recursive: bool) -> tuple[list[Path], int]:
    """The videos, and how many in the folders below are left out."""
    looks_below = recursive or not source.is_dir()
    num_ignored = 0 if looks_below else num_below(source, suffixes=SUFFIXES)
    try:
        return video_files(source, suffixes=SUFFIXES, recursive=recursive), num_ignored
    except DatasetError as error:
        hints: list[str] = list(_left_out(source, recursive=recursive))
        if num_ignored:
            hints.append(Text(Setting("recursive"), " takes the folders below"))
        if not hints:
            raise
        raise DatasetError(error.text(), hint=joined("; ", hints)) from error


def _left_out(source: Path, *, recursive: bool) -> tuple[str, ...]:
    return tuple(about_left_out(left_out(source, suffixes=SUFFIXES, recursive=recursive)))


def names_of(videos: Sequence[Path], source: Path) -> dict[Path, str]:
    """A name for each video that no other has.

    Its stem, else its path below the folder, else that with the suffix.
    """
    makers: tuple[Callable[[Path], str], ...] = (
        lambda path: path.stem,
        lambda path: path.relative_to(source).with_suffix("").as_posix(),
        lambda path: path.relative_to(source).as_posix(),
    )
    names: dict[Path, str] = {}
    for make in makers:
        candidates = {path: make(path) for path in videos if path not in names}
        count = Counter(candidates.values())
        for path, name in candidates.items():
            if count[name] == 1:
                names[path] = name
    return names
