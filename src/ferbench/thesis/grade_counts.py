"""Counts of graded events: which of the detections of several models a human calls true.

Source: as ``segments`` (convert_grade_file). A missed event of a model can only be one that another
model found and that was graded true; so a model's false negatives grow with the number of models,
and there is no recall in the usual sense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
    """One model: ``tp`` + ``fp`` = ``total`` events.

    ``fn`` = times graded true that only others listed.
    """

    tp: int
    fp: int
    fn: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
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


def count_grades(rows: Sequence[GradedEvents]) -> Grades:
    """Count what was graded; where a model has a session twice, its last row counts."""
    last = {(row.session, row.model): row for row in rows}
    listed: dict[str, set[tuple[tuple[str, str], str]]] = {
        row.model: set() for row in last.values()
    }
    true: dict[str, set[tuple[tuple[str, str], str]]] = {model: set() for model in listed}
    false: set[tuple[tuple[str, str], str]] = set()
    tp = dict.fromkeys(listed, 0)
    total = dict.fromkeys(listed, 0)
    for row in last.values():
        for time, is_true in row.events:
            at = (row.session, time)
            listed[row.model].add(at)
            (true[row.model] if is_true else false).add(at)
            tp[row.model] += is_true
            total[row.model] += 1
    all_true = set().union(*true.values())
    return Grades(
        sessions=len({session for session, _ in last}),
        true_times=len(all_true),
        false_times=len(false),
        times=len(set().union(*listed.values())),
        models={
            model: GradeCounts(
                tp=tp[model],
                fp=total[model] - tp[model],
                fn=len(all_true - listed[model]),
                total=total[model],
            )
            for model in sorted(listed)
        },
    )
