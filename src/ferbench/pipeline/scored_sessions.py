"""From a session's result to what scores and statistics need of it."""

from __future__ import annotations

import numpy as np

from ferbench.pipeline.recipe import Recipe
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.scored_session import ScoredSession
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import Stretches, included, intersection, runs_of


def scored_session(
    result: SessionResult, recipe: Recipe, *, with_profile: bool = True
) -> ScoredSession:
    """What counts of one annotated session.

    The rule's events at every level are kept where the criterion has curves over thresholds.

    Args:
        result: of ``evaluate``; annotated.
        recipe: that it was made with.
        with_profile: also the rule's events at every level.
    """
    session = result.session
    recorded = [(part.picture_start_s, part.end_s) for part in result.parts]
    observed = intersection(recorded, recorded if session.observed is None else session.observed)
    visible = [stretch for part in result.parts for stretch in _visible(part)]
    annotations = session.annotations or ()
    profile = None
    if with_profile and not recipe.scoring.no_curves:
        profile = _profile(result, recipe, observed)
    return ScoredSession(
        session_id=session.session_id,
        participant=session.participant,
        events=tuple(result.events[i] for i in result.scored_events),
        annotations=tuple(annotations[j] for j in result.scored_annotations),
        observed=observed,
        visible=intersection(visible, observed),
        profile=profile,
    )


def _profile(result: SessionResult, recipe: Recipe, observed: Stretches) -> ThresholdSweep | None:
    """The rule's events at every level that may be chosen, as far as they count.

    None where the rule cannot tell.
    """
    profiles = []
    for part in result.parts:
        for signal in part.signals:
            profile = recipe.event.threshold_sweep(signal, start_s=part.start_s)
            if profile is None:
                return None
            profiles.append(profile)
    # A level at or below the signal's least value detects everything, and is refused (see Recipe).
    whole = ThresholdSweep.joined(profiles).above(recipe.signal_span[0])
    if result.session.observed is None:
        return whole
    stamp_s = whole.onset_s
    if recipe.scoring.stamp == "trigger":
        stamp_s = whole.trigger_s
    return whole.rows(included(observed, stamp_s))


def _visible(part: PartResult) -> list[tuple[float, float]]:
    """Stretches with a signal, seconds of the session."""
    defined = np.any([~np.isnan(signal.value) for signal in part.signals], axis=0)
    ends_s = part.analysis.timeline.edges_s[runs_of(defined)] + part.start_s
    return [(from_s, to_s) for from_s, to_s in ends_s.tolist()]
