"""Counts of sessions as rows of a table, by the run's criterion and by windows of other widths."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ferbench.fingerprint import fingerprint
from ferbench.pipeline.recipe import Recipe
from ferbench.results import SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session
from ferbench.types import Counts, CountsRow, Session


def annotations_sha(sessions: Sequence[Session]) -> str:
    """Digest of what events of annotated sessions were scored against, however it was written."""
    return fingerprint([(s.session_id, repr(s.observed), s.annotations) for s in sessions])


def counts_rows(result: SessionResult, recipe: Recipe) -> list[CountsRow]:
    """Counts of a session by the run's criterion, and by wider or narrower windows beside it.

    Where matching is not by a window, there is one row, without a width.
    """
    return [
        CountsRow(
            session_id=result.session.session_id,
            participant=result.session.participant,
            threshold=recipe.event.level,
            pre_s=pre_s,
            post_s=post_s,
            counts=_counts(result, criterion),
            annotations_sha=annotations_sha([result.session]),
        )
        for criterion, pre_s, post_s in _criteria(recipe)
    ]


def _criteria(recipe: Recipe) -> list[tuple[Criterion, float, float]]:
    """The criteria of the counts table, each with its window; NaN = not by a window."""
    criterion = recipe.scoring
    window = criterion.onset_window
    if window is None:
        return [(criterion, math.nan, math.nan)]
    rows: list[tuple[Criterion, float, float]] = []
    for post_s in sorted({window.post_s, *recipe.statistics.tolerances_s}):
        as_wide = Window(
            pre_s=window.pre_s,
            post_s=post_s,
            stamp=criterion.stamp,
            duplicates=criterion.duplicates,
            tolerance_s=window.tolerance_s,
        )
        rows.append((as_wide, window.pre_s, post_s))
    return rows


def _counts(result: SessionResult, criterion: Criterion) -> Counts:
    return compare_session(
        result.events,
        result.session.annotations or (),
        criterion,
        observed=result.session.observed,
        observed_s=result.observed_s,
        valid_s=result.valid_s,
    ).counts
