"""Counts of graded events: which of the detections of several models a human calls true.

Source: the numbers of T. Deelstra's bachelor thesis, as its published program computes them
(github.com/TimDeelstra/FER, convert_grade_file). A missed event of a model can only be one that
another model found and that was graded true; so a model's false negatives grow with the number of
models, and there is no recall in the usual sense.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_Time = tuple[tuple[str, str], str]
"""Session, and time as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedEvents:
    """The graded events of one model in one session.

    Attributes:
        session: participant and session.
        model: the model.
        events: time (as written) and whether the grade is "true", in the order of the sheet.
    """

    session: tuple[str, str]
    model: str
    events: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCounts:
    """Events of one model.

    Attributes:
        tp: graded true.
        fp: all others.
        fn: times graded true that only other models listed.
        total: ``tp + fp``.
    """

    tp: int
    fp: int
    fn: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grades:
    """A whole sheet.

    Attributes:
        sessions: how many different sessions.
        true_times: different (session, time) that some model has as true.
        false_times: different ones that some model has as false; where grades contradict each
            other, a time is both.
        times: different ones.
        models: counts by model, sorted by name.
    """

    sessions: int
    true_times: int
    false_times: int
    times: int
    models: dict[str, GradeCounts]

    def __repr__(self) -> str:
        """``Grades: 3 models, 4 sessions, 22 different times, of these 13 true``."""
        return (
            f"Grades: {len(self.models)} models, {self.sessions} sessions, "
            f"{self.times} different times, of these {self.true_times} true"
        )

    def to_frame(self) -> DataFrame:
        """A row per model: ``model``, ``tp``, ``fp``, ``fn``, ``total``."""
        from pandas import DataFrame

        rows = [
            (model, counts.tp, counts.fp, counts.fn, counts.total)
            for model, counts in self.models.items()
        ]
        return DataFrame(rows, columns=["model", "tp", "fp", "fn", "total"])


def count_grades(rows: Sequence[GradedEvents]) -> Grades:
    """Count what was graded; where a model has a session twice, its last row counts."""
    last_rows = {(row.session, row.model): row for row in rows}.values()
    listed: dict[str, set[_Time]] = defaultdict(set)
    true_times: set[_Time] = set()
    false_times: set[_Time] = set()
    true_events: dict[str, int] = defaultdict(int)
    all_events: dict[str, int] = defaultdict(int)
    for row in last_rows:
        times = {(row.session, time) for time, _ in row.events}
        times_graded_true = {(row.session, time) for time, is_true in row.events if is_true}
        times_graded_false = {(row.session, time) for time, is_true in row.events if not is_true}
        listed[row.model] |= times
        true_times |= times_graded_true
        false_times |= times_graded_false
        true_events[row.model] += sum(is_true for _, is_true in row.events)
        all_events[row.model] += len(row.events)
    counts = {
        model: GradeCounts(
            tp=true_events[model],
            fp=all_events[model] - true_events[model],
            fn=len(true_times - listed[model]),
            total=all_events[model],
        )
        for model in sorted(listed)
    }
    return Grades(
        sessions=len({row.session for row in last_rows}),
        true_times=len(true_times),
        false_times=len(false_times),
        times=len(true_times | false_times),
        models=counts,
    )
