"""From a session's result to what statistics need of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferbench.pipeline.recipe import Recipe
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.counts import joined
from ferbench.scoring.matching.one_to_one import TOLERANCE_S
from ferbench.scoring.scored_session import Evidence
from ferbench.threshold_sweep import ThresholdSweep

Stretches = Sequence[tuple[float, float]]


def evidence_of(result: SessionResult, recipe: Recipe, *, profile: bool) -> Evidence:
    """What counts of one annotated session.

    Args:
        result: of ``evaluate``; annotated.
        recipe: that it was made with.
        profile: also the rule's events at every level.
    """
    session = result.session
    recorded = [(part.start_s, part.end_s) for part in result.parts]
    observed = both(recorded, recorded if session.observed is None else session.observed)
    annotations = session.annotations or ()
    return Evidence(
        session_id=session.session_id,
        participant=session.participant,
        events=tuple(result.events[i] for i in result.scored_events),
        annotations=tuple(annotations[j] for j in result.scored_annotations),
        observed=observed,
        visible=both([stretch for part in result.parts for stretch in _visible(part)], observed),
        profile=_profile(result, recipe, observed) if profile else None,
    )


def _profile(result: SessionResult, recipe: Recipe, observed: Stretches) -> ThresholdSweep | None:
    """The rule's events at every level that may be chosen, as far as they count.

    None where the rule cannot tell.
    """
    rule = recipe.event
    found = [
        rule.threshold_sweep(signal, start_s=part.start_s)
        for part in result.parts
        for signal in part.signals
    ]
    profiles = [profile for profile in found if profile is not None]
    if len(profiles) < len(found):
        return None
    # A level at or below the signal's least value detects everything, and is refused (see Recipe).
    whole = ThresholdSweep.joined(profiles).above(recipe.signal.span[0])
    if result.session.observed is None:
        return whole
    stamp_s = whole.trigger_s if recipe.scoring.stamp == "trigger" else whole.onset_s
    inside = [
        (stamp_s >= from_s - TOLERANCE_S) & (stamp_s <= to_s + TOLERANCE_S)
        for from_s, to_s in observed
    ]
    return whole.rows(np.any(inside, axis=0) if inside else np.zeros(len(stamp_s), bool))


def _visible(part: PartResult) -> list[tuple[float, float]]:
    """Stretches with a signal, seconds of the session."""
    defined = np.any([~np.isnan(signal.value) for signal in part.signals], axis=0)
    steps = np.flatnonzero(np.diff(np.concatenate(([False], defined, [False])).astype(np.int8)))
    edges_s = part.analysis.timeline.edges_s[steps] + part.start_s
    return list(zip(edges_s[::2].tolist(), edges_s[1::2].tolist(), strict=True))


def both(one: Stretches, other: Stretches) -> tuple[tuple[float, float], ...]:
    """Time that lies in stretches of both, in order; stretches that touch are one.

    >>> both([(0, 5), (7, 9)], [(1, 8)])
    ((1, 5), (7, 8))
    """
    left, right, found = joined(one), joined(other), []
    i = j = 0
    while i < len(left) and j < len(right):
        from_s, to_s = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if from_s < to_s:
            found.append((from_s, to_s))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)
