"""The segment rule of the thesis.

Runs of positive frames, at most one event per segment of fixed length.

Source: T. Deelstra's bachelor thesis, as its published program behaves
(github.com/TimDeelstra/FER). The rule counts rows, not seconds: both lengths are rounded up to
whole rows at the video's average rate, so a segment is not exactly ``segment_s`` long (5.005 s at
29.97 Hz). What differs: a value per row and a threshold instead of a label, and an unusable rate is
an error instead of an empty result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.checks import check_finite, check_seconds, check_seconds_above_0
from ferbench.errors import ConfigError
from ferbench.events.refractory import outside_refractory, sweep_outside_refractory
from ferbench.events.timecode import check_rate
from ferbench.threshold_sweep import ThresholdSweep, records
from ferbench.types import F64, I64, Event, Signal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentResult:
    """What the rule found, one entry per segment.

    Attributes:
        flags: i64 (floor(rows / segment_rows) + 1,), 1 = the segment has an event. Where the rows
            fill their segments exactly, the last flag belongs to a segment without rows and is 0.
        trigger_rows: i64, same length: row (from 0) at which the segment's run became long enough,
            -1 = none.
        segment_rows: rows per segment.
        run_rows: a run must be longer than this.
    """

    flags: I64
    trigger_rows: I64
    segment_rows: int
    run_rows: int


def segment_flags(
    positive: NDArray[np.bool_],
    fps: float,
    *,
    segment_s: float = 5.0,
    run_s: float = 0.2,
    whole_runs: bool = False,
) -> SegmentResult:
    """Find the segments that contain a long enough run of positive rows.

    A segment has ceil(segment_s * fps) rows. It is flagged when more than ceil(run_s * fps)
    positive rows follow each other inside it. A last, shorter segment counts like the others.

    Args:
        positive: bool (N,), one entry per row.
        fps: rows per second.
        segment_s: length of a segment in seconds, above 0.
        run_s: length in seconds that a run must exceed, at least 0.
        whole_runs: a run across a border is one run, of the segment in which it becomes long
            enough; else it is two.

    Raises:
        DataError: the rate is not a finite number above 0.
        ConfigError: a length that cannot be used.

    >>> segment_flags(np.ones(6, bool), 25.0).trigger_rows
    array([5])
    """
    check_rate(fps)
    _check_lengths(segment_s, run_s)
    segment_rows, run_rows = math.ceil(segment_s * fps), math.ceil(run_s * fps)
    row = np.arange(len(positive), dtype=np.int64)
    segment = row // segment_rows
    last_other = np.maximum.accumulate(np.where(positive, -1, row))
    before = last_other if whole_runs else np.maximum(last_other, segment * segment_rows - 1)
    long_enough = np.flatnonzero(row - before == run_rows + 1)
    hit, first = np.unique(segment[long_enough], return_index=True)
    trigger_rows = np.full(len(positive) // segment_rows + 1, -1, np.int64)
    trigger_rows[hit] = long_enough[first]
    return SegmentResult(
        flags=(trigger_rows >= 0).astype(np.int64),
        trigger_rows=trigger_rows,
        segment_rows=segment_rows,
        run_rows=run_rows,
    )


def _check_lengths(segment_s: float, run_s: float) -> None:
    check_seconds_above_0("segment_s", segment_s)
    check_seconds("run_s", run_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """At most one event per segment.

    One run of positive frames that is long enough (see ``segment_flags``).

    An event spans its segment (a last one ends with the video) and triggers at the end of the frame
    that made the run long enough. Frames without a value are not positive.

    Attributes:
        segment_s: length of a segment, seconds; rounded up to whole frames at the video's average
            rate.
        run_s: a run must have more frames than this lasts (rounded up to whole frames), seconds.
        enter: a frame is positive when its value is at least this.
        whole_runs: a run across a border is one run, of the segment in which it becomes long
            enough; else, as in the thesis, it is two runs.
        refractory_s: at last, events that trigger sooner than this after the one before are
            dropped, seconds; 0 = none (see ``outside_refractory``).
    """

    version: ClassVar[str] = "1"
    segment_s: float = 5.0
    run_s: float = 0.2
    enter: float = 0.5
    whole_runs: bool = False
    refractory_s: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_lengths(self.segment_s, self.run_s)
        if self.run_s >= self.segment_s:
            raise ConfigError(
                key="run_s",
                expected=f"less than a segment ({self.segment_s:g} s), as no run is longer",
                got=self.run_s,
            )
        check_finite("enter", self.enter)
        check_seconds("refractory_s", self.refractory_s)

    @property
    def level(self) -> float:
        """Signal value that makes an event."""
        return self.enter

    @property
    def least_s(self) -> float:
        """Seconds of video that an event needs at least."""
        return self.run_s

    def segments(self, signal: Signal) -> tuple[int, ...]:
        """1 for each segment with a run that is long enough, else 0.

        Raises:
            DataError: the video's average rate is not a finite number above 0.
        """
        segments = segment_flags(
            signal.value >= self.enter,
            signal.timeline.video.fps_hz,
            segment_s=self.segment_s,
            run_s=self.run_s,
            whole_runs=self.whole_runs,
        )
        return tuple(int(flag) for flag in segments.flags)

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session.

        Raises:
            DataError: the video's average rate is not a finite number above 0.
        """
        edges_s, value = signal.timeline.edges_s, signal.value
        segments = segment_flags(
            value >= self.enter,
            signal.timeline.video.fps_hz,
            segment_s=self.segment_s,
            run_s=self.run_s,
            whole_runs=self.whole_runs,
        )
        events = []
        for index in np.flatnonzero(segments.flags):
            first = int(index) * segments.segment_rows
            stop = min(first + segments.segment_rows, len(value))
            trigger_row = segments.trigger_rows[index]
            event = Event(
                session_id=session_id,
                onset_s=start_s + float(edges_s[first]),
                offset_s=start_s + float(edges_s[stop]),
                trigger_s=start_s + float(edges_s[trigger_row + 1]),
                label=signal.label,
                peak=float(np.nanmax(value[first:stop])),
            )
            events.append(event)
        return outside_refractory(events, self.refractory_s)

    def threshold_sweep(self, signal: Signal, *, start_s: float) -> ThresholdSweep:
        """What ``detect`` finds at every level ``enter``.

        Args:
            signal: of one part.
            start_s: the part's place in the session.

        Raises:
            DataError: the video's average rate is not a finite number above 0.
        """
        edges_s, fps = signal.timeline.edges_s, check_rate(signal.timeline.video.fps_hz)
        segment_rows = math.ceil(self.segment_s * fps)
        needed = math.ceil(self.run_s * fps) + 1  # rows of a run that is long enough
        value = np.where(np.isnan(signal.value), -np.inf, signal.value)
        row = np.arange(needed - 1, len(value))
        if not self.whole_runs:
            row = row[row % segment_rows >= needed - 1]
        if not len(row):
            return ThresholdSweep.of([])
        run_start = row - (needed - 1)
        high = np.lib.stride_tricks.sliding_window_view(value, needed).min(axis=1)[run_start]
        segment = row // segment_rows
        if self.whole_runs:
            low = np.concatenate(([-np.inf], value))[run_start]
            below, upto, row = _first_of_ranges(low, high, row, segment)
        else:
            is_record = records(high, segment)
            row, upto = row[is_record], high[is_record]
            same_segment = np.diff(segment[is_record], prepend=-1) == 0
            below = np.where(same_segment, np.roll(upto, 1), -np.inf)
        first = row // segment_rows * segment_rows
        sweep = ThresholdSweep(
            floor=-math.inf,
            below=below,
            upto=upto,
            onset_s=start_s + edges_s[first],
            offset_s=start_s + edges_s[np.minimum(first + segment_rows, len(value))],
            trigger_s=start_s + edges_s[row + 1],
        )
        return sweep_outside_refractory(sweep, self.refractory_s)


def _first_of_ranges(low: F64, high: F64, row: I64, segment: I64) -> tuple[F64, F64, I64]:
    """Which row triggers at which levels: below f64, upto f64, row i64.

    Args:
        low: f64 (R,); with a row, a run becomes long enough at the levels low < level <= high.
        high: f64 (R,).
        row: i64 (R,), rising.
        segment: i64 (R,), which segment each is in; of its rows, the first that triggers counts.
    """
    some = np.flatnonzero(low < high)
    low, high, row = low[some], high[some], row[some]
    triggers: list[tuple[float, float, int]] = []
    border = np.flatnonzero(np.diff(segment[some], prepend=-1, append=-1))
    for start, stop in pairwise(border.tolist()):
        of_segment = slice(start, stop)
        ends = np.unique(np.concatenate([low[of_segment], high[of_segment]]))
        # Between two neighbouring ends nothing changes: who triggers at an end, does so down to
        # the next lower one.
        inside = (low[of_segment, None] < ends) & (ends <= high[of_segment, None])
        first = np.where(inside.any(axis=0), inside.argmax(axis=0), -1)
        changes = np.flatnonzero(np.diff(first, prepend=-2, append=-2)).tolist()
        for end, next_change in pairwise(changes):
            if first[end] < 0:
                continue
            trigger_row = int(row[start + first[end]])
            triggers.append((float(ends[end - 1]), float(ends[next_change - 1]), trigger_row))
    below, upto, rows = np.array(triggers, np.float64).reshape(-1, 3).T
    return below, upto, rows.astype(np.int64)
