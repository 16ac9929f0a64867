"""Numbers of an agreement as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from ferbench.scoring.agreement.frames import row_shares
from ferbench.scoring.agreement.segments import MEASURES, PairCounts
from ferbench.thesis.grade_counts import Grades
from ferbench.workflows.agreement.parts import EmotionAgreement, SegmentAgreement

NUMBER_COLUMNS: Final = ("part", "first", "second", "measure", "value", "n")
NumberRow = tuple[str, str, str, str, float, int]
"""A row of ``NUMBER_COLUMNS``."""


def segment_rows(segments: SegmentAgreement) -> Iterator[NumberRow]:
    """Shares of segments, of all sessions."""
    for (first, second), pair in segments.pairs.items():
        for measure in MEASURES:
            share = segments.share(measure, first, second)
            yield "segments", first, second, measure, share, _divisor(measure, pair.counts)


def _divisor(measure: str, counts: PairCounts) -> int:
    """Segments that a share of ``MEASURES`` is of."""
    divisors = {
        "overall": counts.compared,
        "true": counts.both + counts.second_only,
        "false": counts.neither + counts.first_only,
    }
    return divisors[measure]


def event_rows(segments: SegmentAgreement) -> Iterator[NumberRow]:
    """Events per session."""
    part = "events per session"
    for model, events in segments.events.items():
        yield part, model, "", "max", events.maximum, events.sessions
        yield part, model, "", "mean", events.mean, events.sessions
        yield part, model, "", "sample_sd", events.sample_sd, events.sessions


def expression_rows(emotions: EmotionAgreement) -> Iterator[NumberRow]:
    """Shares of frames."""
    for (first, second), counts in emotions.pairs.items():
        overall = emotions.overall(first, second)
        yield "expressions", first, second, "overall", overall, int(counts.table.sum())


def total_rows(emotions: EmotionAgreement) -> Iterator[NumberRow]:
    """Share of each expression among a model's frames."""
    for model, totals in emotions.totals.items():
        all_frames = int(totals.sum())
        for name, frames in zip(emotions.classes, totals.tolist(), strict=True):
            share = frames / all_frames if all_frames else math.nan
            yield "expressions", model, "", name, share, frames


def grade_rows(grades: Grades) -> Iterator[NumberRow]:
    """Counts of graded events."""
    for model, counts in grades.models.items():
        for measure in ("tp", "fp", "fn"):
            value = float(getattr(counts, measure))
            yield "grades", model, "", measure, value, counts.total


def matrix_table(emotions: EmotionAgreement) -> tuple[Sequence[str], list[Sequence[object]]]:
    """Header and rows of all matrices.

    Frames of a class of the first model, and shares of what the second says.
    """
    rows: list[Sequence[object]] = []
    for (first, second), counts in emotions.pairs.items():
        shares = row_shares(counts.table)
        for k, name in enumerate(emotions.classes):
            frames = int(counts.table[k].sum())
            rows.append([first, second, name, frames, *shares[k].tolist()])
    return ["first", "second", "class", "frames", *emotions.classes], rows
