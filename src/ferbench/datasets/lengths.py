"""How long sessions are, and which way of reading a file's times fits into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

import av

from ferbench.datasets.annotation_table import AnnotationTable, Row, Table
from ferbench.datasets.annotations import read_annotations
from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.naming import Finder, Naming, without_suffix
from ferbench.datasets.recordings import Footage
from ferbench.datasets.time_units import names_other_unit
from ferbench.datasets.times import Clock, TimeFormat, since
from ferbench.errors import DatasetError, VideoError
from ferbench.video.container import opened, video_stream

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
class Header:
    """What a video's container announces; None = nothing, or it cannot be read."""

    length_s: float | None = None
    rate_hz: float | None = None


def read_header(path: Path) -> Header:
    """Length and average frame rate as announced; nothing is decoded."""
    try:
        with opened(path) as container:
            rate = video_stream(container, path).average_rate
            length = container.duration
    except VideoError:
        return Header()
    return Header(
        length_s=length / av.time_base if length else None, rate_hz=float(rate) if rate else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A row whose time is not inside its session's video.

    Seconds of the session, and how long that is.
    """

    row: Row
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
        names = (session, without_suffix(session, SUFFIXES))
        found = (self._finder.find(self._naming.identity(name, participant)) for name in names)
        return next((item for item in found if item is not None), None)

    def reach(self, rows: Iterable[Row]) -> float:
        """The largest share of its session's video after which a row begins.

        0 where none can be judged.
        """
        shares = [0.0]
        for row in rows:
            item = self.session_of(row.session, row.participant) if row.kept else None
            length_s = None if item is None else self._length_s[item.identity]
            onset_s = None if item is None else _seconds(row.onset, item)
            if onset_s is not None and length_s:
                shares.append(onset_s / length_s)
        return max(shares)

    def num_judged(self, rows: Iterable[Row]) -> int:
        """How many rows have a session whose length is known, and a time on it."""
        found = 0
        for row in rows:
            item = self.session_of(row.session, row.participant) if row.kept else None
            if item is not None and self._length_s[item.identity] is not None:
                found += _seconds(row.onset, item) is not None
        return found

    def outside(self, rows: Iterable[Row]) -> list[Outside]:
        """Rows whose times lie outside their session's video.

        Rows that cannot be judged are not among them.
        """
        found: list[Outside] = []
        for row in rows:
            item = self.session_of(row.session, row.participant) if row.kept else None
            length_s = None if item is None else self._length_s[item.identity]
            if item is None or length_s is None:
                continue
            for time in (row.onset, row.offset):
                time_s = _seconds(time, item)
                if time_s is not None and not -TOLERATED_S <= time_s <= length_s + TOLERATED_S:
                    found.append(
                        Outside(row=row, session=item.name, time_s=time_s, length_s=length_s)
                    )
                    break
        return found


def _length_s(item: Footage, headers: Mapping[Path, Header]) -> float | None:
    """Where the last part ends, seconds of the session; None = a length is not known."""
    end_s = 0.0
    for part in item.parts:
        length_s = headers[part.path].length_s
        if length_s is None:
            return None
        end_s = max(end_s, (end_s if part.start_s is None else part.start_s) + length_s)
    return end_s


def _seconds(time: float | Clock, item: Footage) -> float | None:
    if not isinstance(time, Clock):
        return time
    return None if item.start is None else since(time, item.start)


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
    """Read annotations; where their times can be read in several ways, take the one that fits into
    the videos.

    Time codes take the videos' frame rate where all have the same.

    Raises:
        DatasetError: the file cannot be read in any way.
    """
    try:
        rows = read_annotations(path, table, starts_known=lengths.starts_known)
    except DatasetError as error:
        named = [name for name in (table.columns.onset, table.columns.offset) if name is not None]
        possible = [] if any(map(names_other_unit, named)) else _possible(path, table, lengths)
        if not possible:
            raise
        reason = str(error)
    else:
        return Reading(rows=rows, table=replace(table, time_format=rows.time_format))
    if len(possible) == 1:
        [(one, rows)] = possible
        return Reading(
            rows=rows, table=one, why=f"the videos have {one.frame_rate_hz:g} frames per second"
        )
    num_outside = [len(lengths.outside(rows.rows)) for _, rows in possible]
    few = [_FEW * lengths.num_judged(rows.rows) if all(num_outside) else 0 for _, rows in possible]
    fitting = [k for k, number in enumerate(num_outside) if number <= few[k]]
    if len(fitting) == 1:
        one, rows = possible[fitting[0]]
        most = f"all but {num_outside[fitting[0]]}" if num_outside[fitting[0]] else "all"
        if one.time_format == "milliseconds" and lengths.reach(rows.rows) < _REACHED:
            reason += ". As milliseconds all would lie at the very beginning of their videos; are they frame numbers?"
        else:
            return Reading(
                rows=rows, table=one, why=f"only so do {most} times lie inside their videos"
            )
    return Reading(rows=possible[0][1], table=table, question=reason)


def _possible(path: Path, table: Table, lengths: Lengths) -> list[tuple[Table, AnnotationTable]]:
    """Ways of reading that leave the same rows out; empty = the file is wrong in another way."""
    found: list[tuple[Table, AnnotationTable]] = []
    formats: tuple[TimeFormat, ...] = get_args(TimeFormat)
    for time_format in formats:
        coded = time_format == "hh:mm:ss:ff"
        clock_useless = time_format == "clock" and not lengths.starts_known
        if time_format == "auto" or (coded and lengths.rate_hz is None) or clock_useless:
            continue
        one = replace(
            table, time_format=time_format, frame_rate_hz=lengths.rate_hz if coded else None
        )
        try:
            found.append((one, read_annotations(path, one, starts_known=lengths.starts_known)))
        except DatasetError:  # not written so
            continue
    fewest = min((len(rows.problems) for _, rows in found), default=0)
    best = [(one, rows) for one, rows in found if len(rows.problems) == fewest]
    left_out = {tuple(problem.line for problem in rows.problems) for _, rows in best}
    coded_only = len(best) == 1 and best[0][0].frame_rate_hz is not None
    return best if len(left_out) == 1 and (len(best) > 1 or coded_only) else []
