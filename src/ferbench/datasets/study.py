"""The sessions of a study: a folder of videos or a list of them, with their annotations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from ferbench.checks import from_home
from ferbench.datasets.annotators import EVERYBODY
from ferbench.datasets.assembly import assemble
from ferbench.datasets.by_video import names_of_videos, sessions_of_videos
from ferbench.datasets.files import SUFFIXES, is_video, num_below, video_files
from ferbench.datasets.left_out import about_left_out, left_out
from ferbench.datasets.manifest import read_manifest
from ferbench.datasets.matching import Matched, RefusedRows, Rules, Unlisted, match
from ferbench.datasets.naming import Identity, Naming, chosen
from ferbench.datasets.pairing import Paired, pair, unannotated
from ferbench.datasets.pattern import FILE_NAME, compiled, recordings_by_name
from ferbench.datasets.pseudonyms import under_pseudonyms
from ferbench.datasets.recordings import Footage, Recording, begun_apart
from ferbench.datasets.session_annotations import check_minutes, in_seconds
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats.annotation_table import AnnotationTable, Table
from ferbench.formats.dispatch import open_annotations
from ferbench.sentences import Setting, Text, joined
from ferbench.types import Annotation, LoadedDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    r"""Sessions with participants, cameras and parts, as files' names or a manifest tell them.

    Attributes:
        videos: a folder, or one video file; relative to the working directory, ``~`` is the home
            folder. With a manifest: where its relative paths begin (None = its own folder).
        suffixes: what a video's name ends in, in upper or lower case. Other files of the folder
            that may be recordings are named (``left_out``).
        recursive: also look in the folders below. Names that begin with a dot are not taken.
        manifest: a CSV with a row per video file (``manifest.read_manifest``); None = the files'
            names tell.
        pattern: a regular expression with named groups among ``session``, ``participant``,
            ``camera``, ``part``, ``start``, searched for in each file's path below ``videos``
            (forward slashes). Not read with a manifest.
        session_name: how a session's name is made of ``session`` and ``participant``, alike for
            videos and rows.
        camera: the one to use where sessions have several.
        annotations: a CSV or workbook with a row per annotation, or annotation programs' files
            (``formats.read_annotations``); None = not annotated.
        format: how that file is written.
        annotator: whose rows to use where there are several people's; ``all`` = each row is an
            annotation of its own, ``(blank)`` = the rows without a name. Compared as names of
            sessions are (``spelling.comparable_name``).
        unlisted: what a session without any row is; rows that ``format.keep`` leaves out count
            here.
        refused_rows: a session with a row that cannot be used is not scored, or (skip) scored with
            its other rows. A row that names only the participant counts for all of the
            participant's sessions.
        only_sessions: names of the sessions to use, for example in a pilot; empty = all.
        only_participants: likewise of participants.
        pseudonyms: a key file (``datasets.pseudonyms``), under whose names everything goes on; None
            = names stay.
    """

    version: ClassVar[str] = "3"

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
    pseudonyms: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without looking at files."""
        if self.videos is None and self.manifest is None:
            raise ConfigError(
                key="videos",
                expected="a folder or a file here, or a CSV of files as manifest",
                got=None,
            )
        if self.manifest is None:
            compiled(self.pattern, self._naming)

    def load(self) -> LoadedDataset:
        """Read everything, each file once.

        Notices are about rows (with line numbers), files and sessions that were left out or
        guessed.

        Raises:
            DatasetError: there is no video; files cannot be put together to sessions; a camera or
                annotator must be chosen; the manifest or the annotations cannot be used, or do not
                belong to the videos.
        """
        if self.pseudonyms is not None:
            names = replace(self, pseudonyms=None)
            return under_pseudonyms(from_home(self.pseudonyms), names.load)
        recordings, notices = self._recordings()
        footage, more_notices = assemble(recordings, self._naming, self.camera)
        notices += more_notices
        tables = {}
        if self.manifest is not None:
            tables["manifest"] = (from_home(self.manifest),)
        if self.annotations is not None:
            loaded = self._annotated(from_home(self.annotations), recordings, footage)
        else:
            items = [Matched(footage=item, participant=item.participant) for item in footage]
            paired = unannotated(self._wanted(items))
            loaded = LoadedDataset(sessions=paired.sessions, notices=paired.notices)
        return replace(
            loaded, notices=(*notices, *loaded.notices), tables={**loaded.tables, **tables}
        )

    def in_seconds(self, table: AnnotationTable) -> AnnotationTable:
        """The study's annotations with seconds of their sessions in place of clock times.

        Raises:
            DatasetError: the videos cannot be put together, or a camera must be chosen.
        """
        recordings, _ = self._recordings()
        footage, _ = assemble(recordings, self._naming, self.camera)
        return in_seconds(table, footage, self._naming)

    @property
    def _naming(self) -> Naming:
        return Naming(template=self.session_name)

    def _recordings(self) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
        """All files, as the manifest or their names describe them, and notices."""
        root = None if self.videos is None else from_home(self.videos)
        if self.manifest is not None:
            manifest = read_manifest(from_home(self.manifest), self._naming, folder=root)
            return manifest.recordings, manifest.notes
        assert root is not None
        videos = self._videos(root)
        folder = root.parent if root.is_file() else root
        recordings, unfit = recordings_by_name(videos, folder, self.pattern, self._naming)
        return recordings, self._not_looked_at(root) + self._left_out(root) + unfit

    def _videos(self, root: Path) -> list[Path]:
        """The video, or those of the folder. Raises DatasetError."""
        if root.is_file() and not is_video(root, self.suffixes):
            raise DatasetError(
                f"{root} is neither a folder nor a video",
                key="videos",
                hint=Text(
                    f"give a folder, or a file that ends in one of: {', '.join(self.suffixes)} (",
                    Setting("suffixes"),
                    ")",
                ),
            )
        try:
            return video_files(root, suffixes=self.suffixes, recursive=self.recursive)
        except DatasetError as error:
            hint = ""
            if root.is_dir() and not self.recursive:
                hint = Text(Setting("recursive", "true"), " looks in the folders below")
            hint = joined("; ", [*self._left_out(root), hint] if hint else self._left_out(root))
            raise DatasetError(error.text(), key="videos", hint=hint) from None

    def _left_out(self, root: Path) -> tuple[str, ...]:
        """Notices on files that may be recordings and are not taken."""
        files = left_out(root, suffixes=self.suffixes, recursive=self.recursive)
        sentences: list[str] = about_left_out(files)
        if any(file.is_recording for file in files):
            advice = " lists the endings that are taken; files with another one can be renamed"
            sentences.append(Text(Setting("suffixes"), advice))
        return tuple(sentences)

    def _not_looked_at(self, root: Path) -> tuple[str, ...]:
        """A notice on videos in the folders below the folder of videos."""
        if self.recursive or root.is_file():
            return ()
        num_videos = num_below(root, suffixes=self.suffixes)
        if not num_videos:
            return ()
        where = f"videos in folders below {root.name}: {num_videos}, not looked at ("
        return (Text(where, Setting("recursive", "true"), " looks there)"),)

    def _annotated(
        self, path: Path, recordings: Sequence[Recording], footage: Sequence[Footage]
    ) -> LoadedDataset:
        """The sessions with their annotations."""
        starts_known = any(item.start is not None for item in footage)
        annotation_format, source = open_annotations(
            path,
            self.format,
            starts_known=starts_known,
            videos=names_of_videos(footage, recordings),
        )
        table = annotation_format.read(source)
        if table.by_video:
            table = sessions_of_videos(table, recordings)
        rules = self._rules(path)
        identities = {self._naming.identity(file.session, file.participant) for file in recordings}
        left_out = identities - {item.identity for item in footage}
        items, notices = match(footage, table, rules, left_out=left_out)
        if not table.clock:
            notices += begun_apart(footage)
        if self.format.time_format == "auto" and table.time_format == "mm:ss":
            check_minutes(items, path.name)
        paired = pair(self._wanted(items), rules)
        notices += [*paired.notices, *self._skips_refused(paired, footage)]
        all_annotators, more_notices = self._all_annotators(footage, table, rules, left_out)
        return LoadedDataset(
            sessions=paired.sessions,
            notices=(*notices, *more_notices),
            tables={"annotations": source.files},
            all_annotators=all_annotators,
            all_watched=self.unlisted == "empty",
        )

    def _all_annotators(
        self,
        footage: Sequence[Footage],
        table: AnnotationTable,
        rules: Rules,
        left_out: Collection[Identity],
    ) -> tuple[dict[str, tuple[Annotation, ...]], list[str]]:
        """Everybody's annotations by session, where one annotator was chosen, and notices."""
        if self.annotator in (None, EVERYBODY):
            return {}, []
        rules = replace(rules, annotator=EVERYBODY)
        try:
            items, _ = match(footage, table, rules, left_out=left_out)
            paired = pair(self._wanted(items), rules)
        except DatasetError as error:
            return {}, [Text("annotators are not compared: ", error.text())]
        return _annotations(paired), []

    def _rules(self, annotations: Path) -> Rules:
        named_by: str = Text(Setting("pattern"))
        if self.manifest is not None:
            named_by = f"{Path(self.manifest).name} (columns {', '.join(self._naming.fields)})"
        return Rules(
            source=annotations.name,
            named_by=named_by,
            naming=self._naming,
            suffixes=self.suffixes,
            annotator=self.annotator,
            unlisted=self.unlisted,
            refused_rows=self.refused_rows,
        )

    def _wanted(self, items: Sequence[Matched]) -> list[Matched]:
        """Those of ``only_sessions`` and ``only_participants``."""
        names = [item.footage.name for item in items]
        sessions = _chosen_names("only_sessions", self.only_sessions, names)
        names = [item.participant for item in items]
        participants = _chosen_names("only_participants", self.only_participants, names)
        wanted = [item for item in items if item.footage.name in sessions]
        return [item for item in wanted if item.participant in participants]

    def _skips_refused(self, paired: Paired, footage: Sequence[Footage]) -> list[str]:
        """A notice where sessions are not scored because of rows that cannot be used."""
        with_gaps = {item.name for item in footage if item.missing}
        unscored = {session.session_id for session in paired.sessions if session.unscored}
        if self.refused_rows == "skip" or not unscored - with_gaps:
            return []
        setting = Setting("refused_rows", "skip")
        return [
            Text(setting, " scores a session by its other rows where some cannot be used"),
        ]


def _chosen_names(key: str, listed: Sequence[str], known: Sequence[str]) -> set[str]:
    """The known names that a setting lists, all where it lists none. Raises DatasetError."""
    if not listed:
        return set(known)
    return {chosen(key, name, set(known) - {""}) for name in listed}


def _annotations(paired: Paired) -> dict[str, tuple[Annotation, ...]]:
    """Annotations by session, of those that have any or none."""
    return {
        session.session_id: session.annotations
        for session in paired.sessions
        if session.annotations is not None
    }
