"""The annotations of a study that is surveyed: their columns, their rows, and what has no place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from ferbench.datasets.annotation_table import AnnotationTable, Columns, Problem, Row, Table
from ferbench.datasets.assembly import assemble
from ferbench.datasets.by_video import sessions_of_videos
from ferbench.datasets.csv_file import CsvFile, read_csv
from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.headers import FIELDS, Field, Headers, find_columns
from ferbench.datasets.known_names import KnownNames
from ferbench.datasets.lengths import Header, Lengths, Reading, read_header, read_within
from ferbench.datasets.name_words import GOPRO
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming, chosen, did_you_mean, without_suffix
from ferbench.datasets.place import Place, Placement
from ferbench.datasets.recordings import Footage, Recording, parse_moment
from ferbench.errors import DatasetError, Setting, Text
from ferbench.wording import some, some_lines

DATA_SET: Final = "dataset"
"""Settings of the data set that is written are fields of this."""
UNKNOWN: Final = "???"
"""Stands in the data set where a person must say which column it is."""
_PROGRAMS: Final = (".eaf", ".vtt")


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a survey finds besides, one sentence each; see ``Survey``."""

    missing: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedVideos:
    """The videos of a study that have a place.

    Attributes:
        folder: of all videos.
        placement: their places.
    """

    folder: Path
    placement: Placement

    @property
    def naming(self) -> Naming:
        """How sessions are named."""
        return Naming(template=self.placement.session_name)

    def recordings(self) -> list[Recording]:
        """The videos with what is known of them."""
        return [self._recording(place) for place in self.placement.places]

    def _recording(self, place: Place) -> Recording:
        start = parse_moment(place.start) if place.start else None
        return Recording(
            path=self.folder / place.path,
            where=place.path,
            session=place.session,
            participant=place.participant,
            camera=place.camera,
            part=place.part,
            start=None if isinstance(start, str) else start,
        )

    def footage(self, cameras: Iterable[str], findings: Findings) -> tuple[Footage, ...]:
        """The sessions, each with the files of the first of some cameras that it has."""
        recordings = self.recordings()
        sessions: dict[tuple[str, ...], Footage] = {}
        for camera in cameras:
            of_camera = [recording for recording in recordings if recording.camera == camera]
            try:
                footage, _ = assemble(of_camera, self.naming, None)
            except DatasetError as error:
                findings.unclear.append(error.within(DATA_SET).as_text())
                continue
            for session in footage:
                sessions.setdefault(session.identity, session)
        return tuple(sessions.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedAnnotations:
    """Annotations as far as they can be read.

    Attributes:
        path: the file, or the folder of an annotation program's files.
        csv: its cells, where it is a CSV.
        headers: which of its columns is which; None = it is no CSV.
        reading: its rows; None = none can be read.
    """

    path: Path
    csv: CsvFile | None = None
    headers: Headers | None = None
    reading: Reading | None = None

    @property
    def unknown_columns(self) -> list[Field]:
        """Fields that must have a column and have none, or of which several may be it."""
        if self.headers is None:
            return []
        return _unknown(self.headers)

    @property
    def columns(self) -> dict[str, str | None]:
        """The column of each field; ``UNKNOWN`` = a person must say it, None = there is none."""
        if self.headers is None:
            return default_columns()
        unknown = self.unknown_columns
        return {
            name: UNKNOWN if name in unknown else self.headers.names.get(name) for name in FIELDS
        }

    @property
    def is_undecided(self) -> bool:
        """Whether a person must say how times are written."""
        return self.reading is not None and self.reading.question != ""

    def counts(self, name: Literal["kind", "annotator"]) -> Counter[str]:
        """How many rows have each kind, or annotator."""
        if self.reading is None:
            return Counter()
        values = [getattr(row, name) for row in self.reading.rows.rows]
        return Counter(value for value in values if value)


def default_columns() -> dict[str, str | None]:
    """The columns that annotations have where nothing else is said."""
    columns = Columns()
    return {name: getattr(columns, name) for name in FIELDS}


def find_annotations(path: Path, named: Mapping[Field, str]) -> SurveyedAnnotations:
    """Find out which columns annotations have; their rows are not read yet.

    Args:
        path: a CSV, or files of an annotation program, which say themselves what is what.
        named: columns that a person named; "" = there is none.

    Raises:
        DatasetError: the file cannot be read, or has not the columns that were named.
    """
    if path.is_dir() or path.suffix.lower() in _PROGRAMS:
        return SurveyedAnnotations(path=path)
    csv = read_csv(path, fits=lambda header: not _unknown(find_columns(header, named)))
    for name, column in named.items():
        if column:
            chosen(f"columns.{name}", column, csv.header)
    return SurveyedAnnotations(path=path, csv=csv, headers=find_columns(csv.header, named))


def _unknown(headers: Headers) -> list[Field]:
    """Fields that must be known and are not."""
    whose: tuple[Field, Field] = ("session", "participant")
    unknown = [name for name in whose if name in headers.unclear]
    nobody = not any(name in headers.names for name in whose)
    if nobody and not unknown:
        unknown.append("session")
    if "onset" not in headers.names:
        unknown.append("onset")
    return unknown


def known_names(annotations: SurveyedAnnotations) -> KnownNames:
    """Participants and sessions of the rows; empty where their columns are not known."""
    csv, headers = annotations.csv, annotations.headers
    if csv is None or headers is None or annotations.unknown_columns:
        return KnownNames()
    indices = {
        name: csv.header.index(headers.names[name])
        for name in ("participant", "session")
        if name in headers.names
    }
    pairs = []
    for _, cells in csv.rows:
        if len(cells) != len(csv.header):
            continue
        values = {name: cells[index] for name, index in indices.items()}
        if all(values.values()):
            session = without_suffix(values.get("session", ""), SUFFIXES)
            pairs.append((values.get("participant", ""), session))
    return KnownNames.of(pairs)


def read_found(
    annotations: SurveyedAnnotations,
    videos: SurveyedVideos,
    footage: Sequence[Footage],
    findings: Findings,
) -> SurveyedAnnotations:
    """Read annotations as a run does, and list what cannot be read or has no video.

    Args:
        annotations: the file with its columns.
        videos: with a place.
        footage: the sessions of these.
        findings: where it is listed.
    """
    source = annotations.path.name
    unknown = annotations.unknown_columns
    for name, sentence in _about_columns(annotations).items():
        kind = findings.missing if name in unknown else findings.unclear
        kind.append(sentence)
    if unknown:
        return annotations
    if _lacks_participants(annotations, videos):
        findings.unclear.append(
            f"{source}: sessions are numbered within participants, but no column names participants"
        )
        return annotations
    lengths = _lengths(videos, footage, findings)
    try:
        reading = _reading(annotations, videos, lengths)
    except DatasetError as error:
        findings.unclear.append(error.within(DATA_SET).as_text())
        return annotations
    findings.unclear += [f"{source}, {problem}" for problem in reading.rows.problems]
    matched = _match(reading.rows, lengths, videos.naming)
    free = [item.name for item in footage if item.identity not in matched.identities]
    _list_strays(source, matched, free, findings)
    if reading.rows.clock:
        _list_unknown_starts(source, matched, footage, findings)
    if free:
        findings.notes.append(_about_free(source, free))
    if reading.question:
        findings.unclear.append(reading.question)
    else:
        _list_outside(source, reading, lengths, findings)
    return replace(annotations, reading=reading)


def _about_columns(annotations: SurveyedAnnotations) -> dict[Field, str]:
    """One sentence per field whose column a person must say."""
    csv, headers = annotations.csv, annotations.headers
    if csv is None or headers is None:
        return {}
    sentences: dict[Field, str] = {}
    for name in FIELDS:
        which = ""
        if name in headers.unclear:
            which = f"may be {' or '.join(headers.unclear[name])}"
        elif name in annotations.unknown_columns:
            which = "has no column with a usual name"
        if which:
            sentences[name] = Text(
                f"{annotations.path.name}: {name} {which}; found: {', '.join(csv.header)}. "
                "Say which it is with ",
                Setting(f"columns.{name}", "NAME"),
                ".",
            )
    return sentences


def _lacks_participants(annotations: SurveyedAnnotations, videos: SurveyedVideos) -> bool:
    """Whether rows would have to name participants and do not."""
    if annotations.headers is None or "participant" in annotations.headers.names:
        return False
    return videos.placement.session_name == NUMBERED_WITHIN


def _lengths(videos: SurveyedVideos, footage: Sequence[Footage], findings: Findings) -> Lengths:
    """How long the sessions are, as their videos announce it; lists files that cannot be read."""
    headers: dict[Path, Header] = {}
    for place in videos.placement.places:
        header = read_header(videos.folder / place.path)
        headers[videos.folder / place.path] = header
        if header == Header():
            findings.unclear.append(f"{place.path}: cannot be read as a video")
    return Lengths(footage, videos.naming, headers)


def _reading(annotations: SurveyedAnnotations, videos: SurveyedVideos, lengths: Lengths) -> Reading:
    """The rows, read as a run reads them."""
    table = Table()
    if annotations.headers is not None:
        names = annotations.headers.names
        table = Table(
            columns=Columns(
                session=names.get("session"),
                participant=names.get("participant"),
                onset=names["onset"],
                offset=names.get("offset"),
                kind=names.get("kind"),
                annotator=names.get("annotator"),
            )
        )
    reading = read_within(annotations.path, table, lengths)
    if reading.rows.by_video:
        rows = sessions_of_videos(reading.rows, videos.recordings())
        return replace(reading, rows=rows, table=table)
    question = reading.question
    if isinstance(question, Text):
        question = question.within(DATA_SET)
    return replace(reading, question=question)


@dataclass(slots=True, kw_only=True)
class _MatchedRows:
    """Which sessions the rows of a file are of.

    Attributes:
        identities: sessions that have a row.
        stray_lines: of sessions without a video, by name.
        without_start: sessions that have a row, and whose start is not known.
    """

    identities: set[tuple[str, ...]] = field(default_factory=set)
    stray_lines: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    without_start: set[str] = field(default_factory=set)


def _match(rows: AnnotationTable, lengths: Lengths, naming: Naming) -> _MatchedRows:
    matched = _MatchedRows()
    all_rows: list[Row | Problem] = [*rows.rows, *rows.problems]
    for row in all_rows:
        session = lengths.session_of(row.session, row.participant)
        identity = naming.identity(row.session, row.participant)
        if session is not None:
            matched.identities.add(session.identity)
            if session.start is None:
                matched.without_start.add(session.name)
        elif all(identity):
            matched.stray_lines[naming.name(identity)].append(row.line)
    return matched


def _list_strays(
    source: str, matched: _MatchedRows, free: Sequence[str], findings: Findings
) -> None:
    """List rows that belong to no video; ``free`` are the sessions that have no row."""
    for name, lines in matched.stray_lines.items():
        no_video = f"no video of session {name!r}{did_you_mean(name, free)}"
        findings.unclear.append(f"{source}, {some_lines(lines)}: {no_video}")


def _list_unknown_starts(
    source: str, matched: _MatchedRows, footage: Sequence[Footage], findings: Findings
) -> None:
    """List sessions whose clock times cannot be placed, or only if nobody paused the recording."""
    paused = [session.name for session in footage if session.start and _may_pause(session)]
    if paused:
        findings.notes.append(
            f"{source} has clock times, but not every file has a start: {some(paused)}; a pause "
            "between the files of a session would move all times after it, so give each its start "
            "in the list"
        )
    if matched.without_start:
        sessions = some(sorted(matched.without_start))
        findings.unclear.append(
            Text(
                f"{source} has clock times, but no start is known of {sessions}; give ",
                Setting("starts"),
            )
        )


def _about_free(source: str, sessions: Sequence[str]) -> str:
    return Text(
        f"no row of {source}: {some(sessions)} (",
        Setting(f"{DATA_SET}.unlisted"),
        " says what that means)",
    )


def _may_pause(session: Footage) -> bool:
    """Whether a file without a start follows another.

    Chapters of one GoPro recording follow each other without a pause.
    """
    chapters = [GOPRO.search(part.path.name) for part in session.parts]
    recording_numbers = {chapter and chapter["number"] for chapter in chapters}
    if all(chapters) and len(recording_numbers) == 1:
        return False
    return any(part.start_s is None for part in session.parts[1:])


def _list_outside(source: str, reading: Reading, lengths: Lengths, findings: Findings) -> None:
    """List times that do not lie inside their videos."""
    outside = lengths.outside(reading.rows.rows)
    for time in outside:
        findings.unclear.append(
            f"{source}, line {time.row.line}: {time.time_s:.1f} s of session {time.session!r}, "
            f"which has {time.length_s:.1f} s of video"
        )
    may_be_clock = reading.table.time_format == "hh:mm:ss" and not lengths.starts_known
    if outside and may_be_clock:
        findings.notes.append(
            Text(
                "if these are clock times, say when the sessions began: ",
                Setting("starts", "CSV"),
            )
        )
