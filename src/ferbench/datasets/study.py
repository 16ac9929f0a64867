"""The sessions of a study: a folder of videos or a list of them, with annotations from one CSV
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from ferbench.datasets.annotation_table import Table
from ferbench.datasets.annotations import read_annotations
from ferbench.datasets.assembly import assemble
from ferbench.datasets.by_video import sessions_of_videos
from ferbench.datasets.files import SUFFIXES, is_video, num_below, video_files
from ferbench.datasets.manifest import read_manifest
from ferbench.datasets.matching import Matched, RefusedRows, Rules, Unlisted, match
from ferbench.datasets.naming import Naming, chosen
from ferbench.datasets.pairing import Paired, pair, unannotated
from ferbench.datasets.pattern import FILE_NAME, compiled, recordings_by_name
from ferbench.datasets.recordings import Footage, Recording
from ferbench.datasets.session_annotations import check_minutes
from ferbench.errors import ConfigError, DatasetError
from ferbench.types import Session
from ferbench.wording import some

_APART_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    r"""Sessions with participants, cameras and parts, as files' names or a manifest tell them.

    Attributes:
        videos: a folder, or one video file; relative to the working directory, ``~`` is the home
            folder. With a manifest: where its relative paths begin (None = its own folder).
        suffixes: what a video's name ends in, in upper or lower case.
        recursive: also look in the folders below. Names that begin with a dot are skipped.
        manifest: a CSV with a row per video file (``manifest.read_manifest``); None = the files'
            names tell.
        pattern: a regular expression with named groups among ``session``, ``participant``,
            ``camera``, ``part``, ``start``, searched for in each file's path below ``videos``
            (forward slashes). Not read with a manifest.
        session_name: how a session's name is made of ``session`` and ``participant``, alike for
            videos and rows.
        camera: the one to use where sessions have several.
        annotations: a CSV with a row per annotation, or annotation programs' files
            (``annotations.read_annotations``); None = not annotated.
        format: how that file is written.
        annotator: whose rows to use where there are several people's; ``all`` = each row is an
            annotation of its own, ``(blank)`` = the rows without a name. Compared as names of
            sessions are (``naming.comparable_name``).
        unlisted: what a session without any row is; rows that ``format.keep`` leaves out count
            here.
        refused_rows: a session with a row that cannot be used is not scored, or (skip) scored with
            its other rows. A row that names only the participant counts for all of the
            participant's sessions.
        only_sessions: names of the sessions to use, for example in a pilot; empty = all.
        only_participants: likewise of participants.
    """

    version: ClassVar[str] = "1"

    videos: str | None = None
    suffixes: tuple[str, ...] = SUFFIXES
    recursive: bool = False
    manifest: str | None = None
    pattern: str = field(default=FILE_NAME, metadata={"plain": True})
    session_name: str = field(default="{session}", metadata={"plain": True})
    camera: str | None = None
    annotations: str | None = None
    format: Table = field(default_factory=Table)
    annotator: str | None = None
    unlisted: Unlisted = "unannotated"
    refused_rows: RefusedRows = "unscored"
    only_sessions: tuple[str, ...] = ()
    only_participants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what can be checked without looking at files."""
        if self.videos is None and self.manifest is None:
            raise ConfigError(
                "nothing to look for: set videos (a folder or a file) or manifest (a CSV of files)"
            )
        if self.manifest is None:
            compiled(self.pattern, self._naming)

    def sessions(self) -> tuple[Session, ...]:
        """All sessions, sorted by name.

        Raises:
            DatasetError: there is no video; files cannot be put together to sessions; a camera or
                annotator must be chosen; the manifest or the annotations cannot be used, or do not
                belong to the videos.
        """
        return self._paired().sessions

    def notices(self) -> tuple[str, ...]:
        """What was left out or guessed: rows with line numbers, files, sessions.

        Raises like ``sessions``.
        """
        return self._paired().notices

    @property
    def tables(self) -> dict[str, Path]:
        """What is set of ``annotations`` (a file or a folder) and ``manifest``."""
        named = {"annotations": self.annotations, "manifest": self.manifest}
        return {name: Path(text).expanduser() for name, text in named.items() if text is not None}

    @property
    def _naming(self) -> Naming:
        return Naming(template=self.session_name)

    @property
    def _named_by(self) -> str:
        """What the videos' names come from, for messages."""
        if self.manifest is None:
            return "dataset.pattern"
        return f"{Path(self.manifest).name} (columns {', '.join(self._naming.fields)})"

    def _paired(self) -> Paired:
        recordings, notices = self._recordings()
        footage, more = assemble(recordings, self._naming, self.camera)
        notices += more
        path = self.tables.get("annotations")
        if path is None:
            found = [Matched(footage=item, participant=item.participant) for item in footage]
            paired = unannotated(self._wanted(found))
        else:
            rules = Rules(
                source=path.name,
                named_by=self._named_by,
                naming=self._naming,
                suffixes=self.suffixes,
                annotator=self.annotator,
                unlisted=self.unlisted,
                refused_rows=self.refused_rows,
            )
            starts_known = any(item.start is not None for item in footage)
            table = read_annotations(path, self.format, starts_known=starts_known)
            if table.by_video:
                table = sessions_of_videos(table, recordings)
            there = {self._naming.identity(file.session, file.participant) for file in recordings}
            left_out = there - {item.identity for item in footage}
            found, told = match(footage, table, rules, left_out=left_out)
            notices += (*told, *([] if table.clock else _begun_apart(footage)))
            if (self.format.time_format, table.time_format) == ("auto", "mm:ss"):
                check_minutes(found, path.name)
            paired = pair(self._wanted(found), rules)
        notices += paired.notices
        gaps = {item.name for item in footage if item.missing}
        refused = any(
            session.unscored and session.session_id not in gaps for session in paired.sessions
        )
        if self.refused_rows == "unscored" and refused:
            notices += (
                "dataset.refused_rows=skip scores a session by its other rows where some cannot be used",
            )
        return Paired(sessions=paired.sessions, notices=notices)

    def _recordings(self) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
        """All files, as the manifest or their names describe them, and notices."""
        root = None if self.videos is None else Path(self.videos).expanduser()
        if self.manifest is not None:
            manifest = read_manifest(Path(self.manifest).expanduser(), self._naming, folder=root)
            return manifest.recordings, manifest.notes
        assert root is not None
        if root.is_file() and not is_video(root, self.suffixes):
            raise DatasetError(
                f"dataset.videos: {root} is neither a folder nor a video; expected a folder, or a file that ends "
                f"in one of: {', '.join(self.suffixes)} (dataset.suffixes)"
            )
        try:
            videos = video_files(root, suffixes=self.suffixes, recursive=self.recursive)
        except DatasetError as error:
            deeper = root.is_dir() and not self.recursive
            hint = " (dataset.recursive=true looks in the folders below)" if deeper else ""
            raise DatasetError(f"dataset.videos: {error}{hint}") from None
        below = 0 if self.recursive or root.is_file() else num_below(root, suffixes=self.suffixes)
        told = f"videos in folders below {root.name}: {below}, not looked at (dataset.recursive=true looks there)"
        found, unfit = recordings_by_name(
            videos, root.parent if root.is_file() else root, self.pattern, self._naming
        )
        return found, ((told,) if below else ()) + unfit

    def _wanted(self, found: Sequence[Matched]) -> list[Matched]:
        """Those of ``only_sessions`` and ``only_participants``."""
        names = {item.footage.name for item in found}
        people = {item.participant for item in found if item.participant}
        sessions = {
            chosen("dataset.only_sessions", name, names) for name in self.only_sessions
        } or names
        wanted = {
            chosen("dataset.only_participants", name, people) for name in self.only_participants
        }
        return [
            item
            for item in found
            if item.footage.name in sessions and (not wanted or item.participant in wanted)
        ]


def _begun_apart(footage: Sequence[Footage]) -> list[str]:
    """A notice on sessions whose times, counted from a start, may have been counted from another
    camera's.
    """
    apart = [f"{item.name} ({item.apart_s:.1f} s)" for item in footage if item.apart_s > _APART_S]
    if not apart:
        return []
    return [
        f"the cameras of {some(apart)} began at different times; annotated times are taken to count from the beginning "
        f"of {footage[0].camera!r} (a manifest can give starts in seconds, from the beginning that was meant)"
    ]
