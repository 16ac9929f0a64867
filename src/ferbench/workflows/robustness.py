"""A run's events under neighbouring thresholds and other baselines, from its stored tables."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Final

from ferbench.errors import FerbenchError
from ferbench.pipeline.evaluate import decide
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.scored_sessions import scored_session
from ferbench.protocols import SignalRule
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.robustness import Variant
from ferbench.scoring.scored_session import ScoredSession
from ferbench.workflows.inspection.event_shapes import neighbours

_BASELINES: Final = ("none", "rolling", "centred", "video")
_LARGEST_STEP: Final = 0.1
"""Of a threshold, from the run's own."""


def variants_of(results: Sequence[SessionResult], recipe: Recipe) -> list[Variant]:
    """The run's annotated sessions under each threshold and baseline; its own settings first.

    A combination that cannot be used is left out.

    Args:
        results: of all sessions, so that a baseline may know the participant's others.
        recipe: the run's own.
    """
    own_baseline = str(getattr(recipe.signal, "baseline", ""))
    variants = []
    for baseline, signal in _signals(recipe):
        analysed = [
            (result.session, tuple(_part(part, signal) for part in result.parts))
            for result in results
        ]
        for event in _rules(recipe):
            try:
                changed = dataclasses.replace(recipe, signal=signal, event=event)
            except FerbenchError:
                continue
            found, failures = decide(analysed, changed, is_drift_kept=True)
            if failures:
                continue
            is_own = baseline == own_baseline and event == recipe.event
            sessions = _scored(found, changed)
            level = event.level
            variants.append(
                Variant(threshold=level, baseline=baseline, sessions=sessions, is_own=is_own)
            )
    return sorted(variants, key=lambda variant: not variant.is_own)


def _signals(recipe: Recipe) -> list[tuple[str, SignalRule]]:
    """The signal's rule with each baseline, its own first; alone where it has none."""
    rule: Any = recipe.signal
    baseline = getattr(rule, "baseline", "")
    signals = [(baseline, rule)]
    if not baseline or math.isnan(recipe.event.level):  # events that no signal changes
        return signals
    for other in _BASELINES:
        if other != baseline:
            signals.append((other, dataclasses.replace(rule, baseline=other)))
    return signals


def _rules(recipe: Recipe) -> list[Any]:
    """The event rule at each threshold; alone where it has none."""
    rules = [
        each.rule
        for each in neighbours(recipe.event, span=recipe.signal_span)
        if each.setting == "enter"
        and each.rule is not None
        and abs(each.value - recipe.event.level) <= _LARGEST_STEP + 1e-9
    ]
    return rules or [recipe.event]


def _part(part: PartResult, signal: SignalRule) -> PartResult:
    """A video with the signals of another rule."""
    analysis = part.analysis
    signals = signal.build(
        analysis.expressions, part.chosen, analysis.timeline, analysis.faces, analysis.pictures
    )
    return dataclasses.replace(part, signals=signals)


def _scored(results: Sequence[SessionResult], recipe: Recipe) -> tuple[ScoredSession, ...]:
    """The annotated sessions."""
    return tuple(
        scored_session(result, recipe, with_profile=False)
        for result in results
        if result.counts is not None
    )
