"""The rows of annotations in a survey: read as a run reads them, and what has no video."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferbench.datasets.by_video import sessions_of_videos
from ferbench.datasets.headers import FIELDS, Field
from ferbench.datasets.lengths import Lengths, Reading, read_within
from ferbench.datasets.name_words import GOPRO
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming, did_you_mean
from ferbench.datasets.recordings import Footage
from ferbench.datasets.video_header import Header, read_header
from ferbench.errors import DatasetError, FormatError
from ferbench.formats.annotation_table import (
    AnnotationRow,
    AnnotationTable,
    Columns,
    RefusedRow,
    Table,
    line_of,
    lines_of,
)
from ferbench.formats.reading import read_annotations
from ferbench.formats.sheet import Sheet
from ferbench.sentences import Setting, Text
from ferbench.wording import some
from ferbench.workflows.survey_annotations import SurveyedAnnotations
from ferbench.workflows.survey_videos import DATA_SET, Findings, SurveyedVideos


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
    _list_columns(annotations, findings)
    if annotations.unknown_columns:
        return annotations
    source = annotations.path.name
    if _lacks_participants(annotations, videos):
        findings.unclear.append(
            f"{source}: sessions are numbered within participants, but no column names participants"
        )
        return annotations
    lengths = _lengths(videos, footage, findings)
    try:
        reading = _reading(annotations, videos, lengths)
    except (DatasetError, FormatError) as error:
        findings.unclear.append(error.within(DATA_SET).text())
        return annotations
    findings.notes += _about_table(annotations, reading)
    _list_rows(source, reading, lengths, videos.naming, footage, findings)
    if reading.question:
        findings.unclear.append(reading.question)
    else:
        _list_outside(source, reading, lengths, findings)
    return replace(annotations, reading=reading)


def _about_table(annotations: SurveyedAnnotations, reading: Reading) -> list[str]:
    """What reading the rows told, without what is told of the file."""
    told = annotations.csv.notes if annotations.csv is not None else ()
    notes = [Text(f"{annotations.path.name}: ", note) for note in reading.rows.notes]
    new = [note for note, plain in zip(notes, reading.rows.notes, strict=True) if plain not in told]
    return [note.within(DATA_SET) for note in new]


def _list_rows(
    source: str,
    reading: Reading,
    lengths: Lengths,
    naming: Naming,
    footage: Sequence[Footage],
    findings: Findings,
) -> None:
    """List rows that cannot be used or have no video, and sessions without a row."""
    findings.unclear += [f"{source}, {problem}" for problem in reading.rows.refused]
    matched = _match(reading.rows, lengths, naming)
    free = [item.name for item in footage if item.identity not in matched.identities]
    _list_strays(source, matched, free, findings)
    if reading.rows.clock:
        _list_unknown_starts(source, matched, footage, findings)
    if free:
        findings.notes.append(_about_free(source, free))


def _list_columns(annotations: SurveyedAnnotations, findings: Findings) -> None:
    """List columns that a person must say."""
    unknown = annotations.unknown_columns
    for name, sentence in _about_columns(annotations).items():
        sentences = findings.missing if name in unknown else findings.unclear
        sentences.append(sentence)


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
                _elsewhere(csv),
            )
    return sentences


def _elsewhere(sheet: Sheet) -> str:
    """Where the header seems to be, if not where it was looked for."""
    if not sheet.hint:
        return ""
    hint = sheet.hint.within(DATA_SET) if isinstance(sheet.hint, Text) else sheet.hint
    return Text(" Or ", hint, ".")


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
        if header.ended:
            findings.unclear.append(f"{place.path}: {header.ended}")
        elif header == Header():
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
        recordings = videos.recordings()
        stems = [recording.path.stem for recording in recordings]
        rows = read_annotations(annotations.path, table, videos=stems)
        return replace(reading, rows=sessions_of_videos(rows, recordings), table=table)
    question = reading.question
    if isinstance(question, Text):
        question = question.within(DATA_SET)
    return replace(reading, question=question)


_Row = AnnotationRow | RefusedRow


@dataclass(slots=True, kw_only=True)
class _MatchedRows:
    """Which sessions the rows of a file are of.

    Attributes:
        identities: sessions that have a row.
        strays: of sessions without a video, by name.
        without_start: sessions that have a row, and whose start is not known.
    """

    identities: set[tuple[str, ...]] = field(default_factory=set)
    strays: dict[str, list[_Row]] = field(default_factory=lambda: defaultdict(list))
    without_start: set[str] = field(default_factory=set)


def _match(rows: AnnotationTable, lengths: Lengths, naming: Naming) -> _MatchedRows:
    matched = _MatchedRows()
    all_rows: list[_Row] = [*rows.rows, *rows.refused]
    for row in all_rows:
        session = lengths.session_of(row.session, row.participant)
        identity = naming.identity(row.session, row.participant)
        if session is not None:
            matched.identities.add(session.identity)
            if session.start is None:
                matched.without_start.add(session.name)
        elif all(identity):
            matched.strays[naming.name(identity)].append(row)
    return matched


def _list_strays(
    source: str, matched: _MatchedRows, free: Sequence[str], findings: Findings
) -> None:
    """List rows that belong to no video; ``free`` are the sessions that have no row."""
    for name, rows in matched.strays.items():
        no_video = f"no video of session {name!r}{did_you_mean(name, free)}"
        findings.unclear.append(f"{source}, {lines_of(rows)}: {no_video}")


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
            f"{source}, {line_of(time.row)}: {time.time_s:.1f} s of session {time.session!r}, "
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
