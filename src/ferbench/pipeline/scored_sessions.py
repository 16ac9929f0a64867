"""From a session's result to what scores and statistics need of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.pipeline.recipe import Recipe
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.counts import joined
from ferbench.scoring.matching.one_to_one import TOLERANCE_S
from ferbench.scoring.scored_session import ScoredSession
from ferbench.threshold_sweep import Profile

Stretches = Sequence[tuple[float, float]]


def scored_session(result: SessionResult, recipe: Recipe) -> ScoredSession:
    """What counts of one annotated session.

    The rule's events at every level are kept where the criterion has curves over thresholds.

    Args:
        result: of ``evaluate``; annotated.
        recipe: that it was made with.
    """
    session = result.session
    recorded = [(part.start_s, part.end_s) for part in result.parts]
    observed = both(recorded, recorded if session.observed is None else session.observed)
    visible = [stretch for part in result.parts for stretch in _visible(part)]
    annotations = session.annotations or ()
    profile = None
    if not recipe.scoring.no_curves:
        profile = _profile(result, recipe, observed)
    return ScoredSession(
        session_id=session.session_id,
        participant=session.participant,
        events=tuple(result.events[i] for i in result.scored_events),
        annotations=tuple(annotations[j] for j in result.scored_annotations),
        observed=observed,
        visible=both(visible, observed),
        profile=profile,
    )


def _profile(result: SessionResult, recipe: Recipe, observed: Stretches) -> Profile | None:
    """The rule's events at every level that may be chosen, as far as they count.

    None where the rule cannot tell.
    """
    profiles = []
    for part in result.parts:
        for signal in part.signals:
            profile = recipe.event.profile(signal, start_s=part.start_s)
            if profile is None:
                return None
            profiles.append(profile)
    # A level at or below the signal's least value detects everything, and is refused (see Recipe).
    whole = Profile.joined(profiles).above(recipe.signal.span[0])
    if result.session.observed is None:
        return whole
    stamp_s = whole.onset_s
    if recipe.scoring.stamp == "trigger":
        stamp_s = whole.trigger_s
    inside = np.zeros(len(stamp_s), np.bool_)
    for from_s, to_s in observed:
        inside |= (stamp_s >= from_s - TOLERANCE_S) & (stamp_s <= to_s + TOLERANCE_S)
    return whole.rows(inside)


def _visible(part: PartResult) -> list[tuple[float, float]]:
    """Stretches with a signal, seconds of the session."""
    defined: NDArray[np.bool_] = np.any(
        [~np.isnan(signal.value) for signal in part.signals], axis=0
    )
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
