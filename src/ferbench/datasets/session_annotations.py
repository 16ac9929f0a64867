"""The annotations of one session: its rows, with times in seconds from the session's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import starmap
from typing import Final

from ferbench.datasets.matching import Matched
from ferbench.datasets.naming import Finder, Naming
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.times import Clock, since
from ferbench.sentences import Setting, Text
from ferbench.types import Annotation

_HALF_DAY_S: Final = 43200.0
_MINUTE_S: Final = 60.0
_LONGEST_SESSION_S: Final = 3 * 3600.0


def annotations_of(item: Matched) -> tuple[tuple[Annotation, ...], list[RefusedRow]]:
    """A session's annotations in order of time, and all its rows that cannot be used."""
    annotations: list[Annotation] = []
    refused = list(item.refused)
    for row in filter(_is_kept, item.rows):
        annotation = _annotation(row, item.footage)
        if isinstance(annotation, Annotation):
            annotations.append(annotation)
        else:
            refused.append(row.refused(annotation))
    refused.sort(key=lambda problem: problem.place)
    return tuple(sorted(annotations)), refused


def in_seconds(
    table: AnnotationTable, footage: Sequence[Footage], naming: Naming
) -> AnnotationTable:
    """A table of clock times as seconds of their sessions; rows without a session are refused."""
    sessions = Finder((item.identity, item) for item in footage)
    rows: list[AnnotationRow] = []
    refused = list(table.refused)
    for row in table.rows:
        item = sessions.find(naming.identity(row.session, row.participant))
        placed: Annotation | str = "a clock time, and no video of its session says when it began"
        if item is not None and row.kept:
            placed = _annotation(row, item)
        if isinstance(placed, Annotation):
            rows.append(replace(row, onset=placed.onset_s, offset=placed.offset_s))
        elif row.kept:
            refused.append(row.refused(placed))
        else:
            rows.append(row)
    return replace(table, rows=tuple(rows), refused=tuple(refused), time_format="seconds")


def _is_kept(row: AnnotationRow) -> bool:
    return row.kept


def _annotation(row: AnnotationRow, footage: Footage) -> Annotation | str:
    """A row's annotation, or why the row cannot be used."""
    onset_s = _session_seconds(row.onset, footage)
    offset_s = _session_seconds(row.offset, footage)
    if onset_s is None or offset_s is None:
        return "a clock time, but the start of its session on the clock is not known"
    if onset_s < 0:
        return f"{-onset_s:g} s before the start of its session"
    if onset_s > _HALF_DAY_S and not _is_day_certain(row, footage):
        hours = f"{onset_s / 3600:.1f} hours"
        return f"{hours} after the start of its session, or before it; write times with dates"
    if offset_s < onset_s:
        return "ends before it begins"
    return Annotation(
        session_id=footage.name,
        onset_s=onset_s,
        offset_s=offset_s,
        kind=row.kind,
        annotator=row.annotator,
        reacted=row.reacted,
    )


def is_on_clock(row: AnnotationRow) -> bool:
    """Whether a row's times are clock times."""
    return isinstance(row.onset, Clock)


def _is_day_certain(row: AnnotationRow, footage: Footage) -> bool:
    """Whether the clock leaves no doubt about the day."""
    return not is_on_clock(row) or (_has_date(row.onset) and _has_date(footage.start))


def _has_date(moment: float | Clock | None) -> bool:
    return isinstance(moment, Clock) and moment.date is not None


def _session_seconds(moment: float | Clock, footage: Footage) -> float | None:
    """Seconds of the session; None = not known."""
    if not isinstance(moment, Clock):
        return moment
    if footage.start is None:
        return None
    return since(moment, footage.start)


def check_minutes(matched: Sequence[Matched], source: str) -> None:
    """Refuse times that were read as minutes and seconds, but are the clock's hours and minutes.

    Spreadsheets hide seconds: 10:15 may be 10:15:20. It is where all lie shortly after their
    session's start so.

    Args:
        matched: sessions with their rows.
        source: the file's name, for messages.

    Raises:
        DatasetError: all times of sessions with a known start lie from a minute before to three
            hours after it.
    """
    onsets = _onsets_with_starts(matched)
    if not onsets or not all(starmap(_may_be_of_clock, onsets)):
        return
    first_onset, _ = onsets[0]
    assert not isinstance(first_onset, Clock)
    minutes, seconds = divmod(first_onset, 60)
    raise DatasetError(
        f"{source}: times such as {minutes:02.0f}:{seconds:02.0f} are minutes and seconds, or "
        "hours and minutes of the clock: all lie shortly after the starts of their sessions",
        hint=Text(
            "write clock times with seconds, or say ",
            Setting("format.time_format", "mm:ss"),
        ),
    )


def _onsets_with_starts(matched: Sequence[Matched]) -> list[tuple[float | Clock, Clock]]:
    """Rows' onsets with the starts of their sessions, where these are known."""
    onsets = []
    for item in matched:
        if item.footage.start is not None:
            onsets += [(row.onset, item.footage.start) for row in item.rows if row.kept]
    return onsets


def _may_be_of_clock(onset: float | Clock, start: Clock) -> bool:
    """Whether minutes and seconds, taken as hours and minutes, lie shortly after a start."""
    if isinstance(onset, Clock) or onset % 1:
        return False
    of_day_s = onset * 60
    if of_day_s >= 2 * _HALF_DAY_S:
        return False
    after_start_s = since(Clock(of_day_s=of_day_s), start)
    return -_MINUTE_S <= after_start_s <= _LONGEST_SESSION_S
