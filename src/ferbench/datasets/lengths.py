"""How long sessions are, and which way of reading a file's times fits into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.naming import Finder, Naming, without_suffix
from ferbench.datasets.recordings import Footage
from ferbench.datasets.video_header import Header
from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, Table
from ferbench.formats.day_numbers import are_days
from ferbench.formats.dispatch import open_annotations
from ferbench.formats.time_units import names_other_unit
from ferbench.formats.times import Clock, TimeFormat, since
from ferbench.sentences import Text

TOLERATED_S: Final = 0.5
"""Seconds that a time may lie outside its video.

Headers announce lengths roughly, and people click late.
"""
_FEW: Final = 0.05
"""Share of rows that may lie outside their videos under the reading that is taken.

Slips, not another unit.
"""
_REACHED: Final = 0.1
"""Milliseconds are taken if they reach this share of a video.

Frame numbers read as milliseconds do not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A row whose time is not inside its session's video.

    Seconds of the session, and how long that is.
    """

    row: AnnotationRow
    session: str
    time_s: float
    length_s: float


class Lengths:
    """Sessions with the lengths that their videos' headers announce."""

    def __init__(
        self, footage: Sequence[Footage], naming: Naming, headers: Mapping[Path, Header]
    ) -> None:
        """Take the sessions and the headers of their files."""
        self._naming = naming
        self._finder = Finder((item.identity, item) for item in footage)
        self._length_s = {item.identity: _length_s(item, headers) for item in footage}
        rates = {headers[part.path].rate_hz for item in footage for part in item.parts}
        self.rate_hz = rates.pop() if len(rates) == 1 else None
        self.starts_known = any(item.start is not None for item in footage)

    def session_of(self, session: str, participant: str) -> Footage | None:
        """The session that a row's names mean. Raises DatasetError where it may be several."""
        for name in (session, without_suffix(session, SUFFIXES)):
            item = self._finder.find(self._naming.identity(name, participant))
            if item is not None:
                return item
        return None

    def _with_length(
        self, rows: Iterable[AnnotationRow]
    ) -> Iterator[tuple[AnnotationRow, Footage, float]]:
        """Annotations whose session's length is known, with both."""
        for row in rows:
            if not row.kept:
                continue
            item = self.session_of(row.session, row.participant)
            if item is None:
                continue
            length_s = self._length_s[item.identity]
            if length_s is not None:
                yield row, item, length_s

    def reach(self, rows: Iterable[AnnotationRow]) -> float:
        """The largest share of its session's video after which a row begins.

        0 where none can be judged.
        """
        shares = [0.0]
        for row, item, length_s in self._with_length(rows):
            onset_s = _seconds(row.onset, item)
            if onset_s is not None and length_s:
                shares.append(onset_s / length_s)
        return max(shares)

    def num_judged(self, rows: Iterable[AnnotationRow]) -> int:
        """How many rows have a session whose length is known, and a time on it."""
        onsets = [_seconds(row.onset, item) for row, item, _ in self._with_length(rows)]
        return len(onsets) - onsets.count(None)

    def outside(self, rows: Iterable[AnnotationRow]) -> list[Outside]:
        """Rows whose times lie outside their session's video.

        Rows that cannot be judged are not among them.
        """
        outside: list[Outside] = []
        for row, item, length_s in self._with_length(rows):
            times_s = [_seconds(row.onset, item), _seconds(row.offset, item)]
            outside_s = [time_s for time_s in times_s if _is_outside(time_s, length_s)]
            if outside_s and outside_s[0] is not None:
                outside.append(
                    Outside(row=row, session=item.name, time_s=outside_s[0], length_s=length_s)
                )
        return outside


def _is_outside(time_s: float | None, length_s: float) -> bool:
    return time_s is not None and not -TOLERATED_S <= time_s <= length_s + TOLERATED_S


def _length_s(item: Footage, headers: Mapping[Path, Header]) -> float | None:
    """Where the last part ends, seconds of the session; None = a length is not known."""
    end_s = 0.0
    for part in item.parts:
        length_s = headers[part.path].length_s
        if length_s is None:
            return None
        start_s = end_s if part.start_s is None else part.start_s
        end_s = max(end_s, start_s + length_s)
    return end_s


def _seconds(time: float | Clock, item: Footage) -> float | None:
    """Seconds of the session; None = not known when it began."""
    if not isinstance(time, Clock):
        return time
    if item.start is None:
        return None
    return since(time, item.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Annotations as they are read.

    Attributes:
        rows: the file's rows, under the first reading where several are possible.
        table: how the file is written; time_format auto = undecided.
        why: what decided.
        question: what a person must decide; "" = nothing.
    """

    rows: AnnotationTable
    table: Table
    why: str = ""
    question: str = ""


def read_within(path: Path, table: Table, lengths: Lengths) -> Reading:
    """Read annotations; of several ways to read their times take the one that fits the videos.

    Time codes take the videos' frame rate where all have the same.

    Raises:
        DatasetError: the file cannot be read in any way.
    """
    annotation_format, source = open_annotations(path, table, starts_known=lengths.starts_known)
    try:
        rows = annotation_format.read(source)
    except DatasetError as error:
        possible = _possible(annotation_format, source, lengths)
        if not possible:
            raise
        return _fitting(possible, lengths, table, error)
    return Reading(rows=rows, table=replace(table, time_format=rows.time_format))


Possible = tuple[Table, AnnotationTable]
"""A way of reading a file, and its rows then."""


def _possible(
    annotation_format: AnnotationFormat, source: Source, lengths: Lengths
) -> list[Possible]:
    """Ways of reading that leave the same rows out; empty = the file is wrong in another way."""
    columns = source.options.columns
    if names_other_unit(columns.onset) or names_other_unit(columns.offset or ""):
        return []
    readings: list[Possible] = []
    for options in _options(source.options, lengths):
        rows = _read_as(options, annotation_format, source)
        if rows is None:
            continue
        if options.time_format == "seconds" and _are_days(rows):
            return []
        readings.append((options, rows))
    return _with_fewest_refused(readings)


def _are_days(rows: AnnotationTable) -> bool:
    """Whether seconds look like days, as spreadsheets keep times: no reading of them is right."""
    onsets = [repr(row.onset) for row in rows.annotations]
    return bool(onsets) and are_days(onsets)


def _read_as(
    options: Table, annotation_format: AnnotationFormat, source: Source
) -> AnnotationTable | None:
    """The file's rows where it is written so; None = it is not."""
    try:
        return annotation_format.read(replace(source, options=options))
    except DatasetError:
        return None


def _with_fewest_refused(readings: Sequence[Possible]) -> list[Possible]:
    """Readings that refuse the same rows, and fewer than all others; a single one of time codes."""
    fewest = min((len(rows.refused) for _, rows in readings), default=0)
    best = [(options, rows) for options, rows in readings if len(rows.refused) == fewest]
    refused_lines = {tuple(row.line for row in rows.refused) for _, rows in best}
    is_single = len(best) == 1
    if len(refused_lines) != 1 or (is_single and best[0][0].frame_rate_hz is None):
        return []
    return best


def _options(table: Table, lengths: Lengths) -> Iterator[Table]:
    """The table with each time format that can be used."""
    formats: tuple[TimeFormat, ...] = get_args(TimeFormat)
    for time_format in formats:
        if time_format == "hh:mm:ss:ff":
            if lengths.rate_hz is not None:
                rate_hz = lengths.rate_hz
                yield replace(table, time_format=time_format, frame_rate_hz=rate_hz)
        elif time_format != "auto" and (time_format != "clock" or lengths.starts_known):
            yield replace(table, time_format=time_format, frame_rate_hz=None)


def _fitting(
    possible: Sequence[Possible], lengths: Lengths, table: Table, error: DatasetError
) -> Reading:
    """The only possible reading whose times lie inside the videos, else an open question.

    Args:
        possible: ways of reading.
        lengths: the videos'.
        table: how the file is described.
        error: why it cannot be read so.
    """
    if len(possible) == 1:
        [(options, rows)] = possible
        why = f"the videos have {options.frame_rate_hz:g} frames per second"
        return Reading(rows=rows, table=options, why=why)
    question = error.text()
    inside = _inside(possible, lengths)
    if len(inside) == 1:
        [(options, rows)] = inside
        milliseconds = options.time_format == "milliseconds"
        if not milliseconds or lengths.reach(rows.rows) >= _REACHED:
            num_outside = len(lengths.outside(rows.rows))
            most = f"all but {num_outside}" if num_outside else "all"
            why = f"only so do {most} times lie inside their videos"
            return Reading(rows=rows, table=options, why=why)
        question = Text(
            question,
            ". As milliseconds all would lie at the very beginning of their videos; are they frame "
            "numbers?",
        )
    return Reading(rows=possible[0][1], table=table, question=question)


def _inside(possible: Sequence[Possible], lengths: Lengths) -> list[Possible]:
    """Readings under which all times lie inside the videos, or few do not where none fits all."""
    num_outside = [len(lengths.outside(rows.rows)) for _, rows in possible]
    inside = []
    for reading, number in zip(possible, num_outside, strict=True):
        tolerated = 0.0
        if all(num_outside):
            tolerated = _FEW * lengths.num_judged(reading[1].rows)
        if number <= tolerated:
            inside.append(reading)
    return inside
