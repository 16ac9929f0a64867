"""BORIS's exports as tables (https://www.boris.unito.it), of version 8 and of older ones.

Tabular events have a row per START, STOP and POINT, aggregated events a row per state or point.
Columns as in BORIS 8.27.4 and in its own test files. BORIS adds an observation's time offset to the
times; here it is taken off again. The files of one observation follow each other, and its times run
on over them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow, Table
from ferbench.formats.boris_rows import (
    BorisRow,
    Rows,
    aggregated_events,
    header_at,
    tabular_events,
)
from ferbench.formats.program_files import ImportedFile, annotations_of, media_stem
from ferbench.formats.sheet import Sheet, fitted
from ferbench.formats.tracks import Span, Track, without_overlaps

_MEDIA: Final = ("Source", "Media file", "Media file path", "Media file name")
_NOT_A_FILE: Final = ("", "NA", "Not found")
_PLAYER: Final = re.compile(r"player ?#\d+:")
_COLUMNS: Final = (
    *("Observation id", "Observation date", "Description", "Observation duration"),
    *("Observation type", "Source", "Time offset (s)", "Media duration (s)", "FPS", "Subject"),
    *("Behavior", "Behavioral category", "Behavior type", "Time", "Media file name"),
    *("Image index", "Image file path", "Comment", "Code", "Modifier"),
)


def is_boris(rows: Rows) -> bool:
    """Whether a table is one of BORIS's exports."""
    return header_at(rows) is not None


def read_boris(path: Path, rows: Rows) -> ImportedFile:
    """The annotations in an export of BORIS.

    A session is named after the observation's media file; an observation with several files, or
    with none, keeps its own name. The behaviour is the kind. Where a session was observed several
    times, the observation's name is the annotator. Each annotation has all columns of its row (of a
    state in a tabular export: of its START).

    Args:
        path: the file, for what is told of it.
        rows: its rows (see ``is_boris``).
    """
    number = header_at(rows)
    assert number is not None
    header = rows[number][1]
    constant = _above_the_header(rows[:number])
    complete: list[BorisRow] = []
    refused: list[RefusedRow] = []
    for line, row in rows[number + 1 :]:
        cells = fitted(row, len(header))
        if len(cells) != len(header):
            reason = f"expected {len(header)} cells as in the header, got {len(cells)}"
            refused.append(RefusedRow(line=line, reason=reason))
        else:
            row_cells = constant | dict(zip(header, cells, strict=True))
            complete.append(BorisRow(line=line, cells=row_cells))
    if "Start (s)" in header:
        annotations, unusable = aggregated_events(complete)
    else:
        annotations, unusable = tabular_events(complete)
    sessions = _sessions(complete, path.stem)
    num_observations = Counter(sessions.values())
    annotations = [_of_session(row, sessions, num_observations) for row in annotations]
    refused += [replace(row, session=sessions[row.session]) for row in unusable]
    return ImportedFile(
        path=path,
        columns=tuple(dict.fromkeys((*constant, *header))),
        rows=tuple(annotations),
        refused=tuple(refused),
        sessions=frozenset(sessions.values()),
    )


def _above_the_header(rows: Rows) -> dict[str, str]:
    """What an older export tells of its only observation, above the table."""
    above = {cells[0]: cells[1] for _, cells in rows if len(cells) > 1 and cells[0]}
    return {name: above[name] for name in ("Observation id", "Time offset (s)") if name in above}


def _sessions(rows: Sequence[BorisRow], stem: str) -> dict[str, str]:
    """The session of each observation."""
    media: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        media[row.observation] |= _media_stems(row)
    sessions = {observation: observation or stem for observation in media}
    for observation, stems in media.items():
        if len(stems) == 1:
            [sessions[observation]] = stems
    return sessions


def _media_stems(row: BorisRow) -> set[str]:
    """Names of the video files of a row's observation."""
    listed = re.split(r"[;|]", _PLAYER.sub("", row.get(*_MEDIA)))
    return {media_stem(name) for name in listed if name.strip() not in _NOT_A_FILE}


def _of_session(
    row: AnnotationRow, sessions: Mapping[str, str], num_observations: Mapping[str, int]
) -> AnnotationRow:
    """A row of an observation as one of its session."""
    observation = row.session
    session = sessions[observation]
    annotator = observation if num_observations[session] > 1 else ""
    return replace(row, session=session, annotator=annotator)


def write_boris(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    """Write tabular events as BORIS 8 exports them.

    A START and a STOP per span, a POINT where it has no length.

    The observation is the session, the behaviour the span's text, the subject the track (where
    there are several; with a number where spans of one track overlap, as a behaviour of one subject
    cannot). ``Code`` and ``Modifier`` are there because BORIS' import wants columns time, subject,
    code, modifier, comment; it reads .xlsx and .ods only, so save the table as one first. Times to
    the microsecond.

    Args:
        path: the file, tab-separated (.tsv) or comma-separated; replaced as a whole.
        sessions: what to write, by session.
    """
    stream = io.StringIO(newline="")
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    writer = csv.DictWriter(stream, _COLUMNS, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    for session, tracks in sessions.items():
        for line in sorted(_lines_of(tracks)):
            writer.writerow(
                {
                    "Observation id": session,
                    "Observation type": "Media file(s)",
                    "Time offset (s)": "0.0",
                    "Subject": line.subject,
                    "Behavior": line.behaviour,
                    "Behavior type": line.status,
                    "Time": line.time_s,
                    "Code": line.behaviour,
                }
            )
    write_text(path, stream.getvalue())


@dataclass(frozen=True, slots=True, order=True)
class _Line:
    """A START, STOP or POINT to be written, in the order of its fields: a STOP before a START."""

    time_s: float
    begins: bool
    status: str
    subject: str
    behaviour: str


def _lines_of(tracks: Sequence[Track]) -> Iterator[_Line]:
    for track in tracks:
        name = track.name if len(tracks) > 1 else ""
        for number, spans in enumerate(without_overlaps(track.spans), start=1):
            parts = [name, str(number)] if number > 1 else [name]
            subject = " ".join(part for part in parts if part)
            for span in spans:
                yield from _lines_of_span(span, track.name, subject)


def _lines_of_span(span: Span, track: str, subject: str) -> Iterator[_Line]:
    behaviour = " ".join((span.text or track).split())
    onset_s, offset_s = round(span.onset_s, 6), round(span.offset_s, 6)
    if onset_s == offset_s:
        yield _Line(onset_s, True, "POINT", subject, behaviour)
    else:
        yield _Line(onset_s, True, "START", subject, behaviour)
        yield _Line(offset_s, False, "STOP", subject, behaviour)


def _recognises(cells: Sheet, options: Table) -> bool:
    del options
    return is_boris(_rows_of(cells))


def _rows_of(cells: Sheet) -> Rows:
    return ((0, cells.header), *cells.rows)


def _read(source: Source) -> AnnotationTable:
    files = []
    for path, cells in zip(source.files, source.cells, strict=True):
        file = read_boris(path, _rows_of(cells))
        files.append(replace(file, notes=(*cells.notes, *file.notes)))
    return annotations_of(files, source)


FORMAT: Final = AnnotationFormat(
    name="BORIS",
    suffixes=(".tsv", ".csv", ".txt"),
    read=_read,
    recognises=_recognises,
    endings=(".boris.tsv", ".boris.csv"),
    write=write_boris,
    one_session=False,
)
