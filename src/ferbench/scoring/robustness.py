"""F1 and its chance level under neighbouring settings: does a result hang on a choice?

A window, a threshold and a baseline are chosen somehow, and others would have chosen otherwise. All
combinations of neighbouring values are scored, each beside its own chance level. The p of so many
settings depend on each other and are not corrected: they say how a result holds, not that the best
of them was found.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.assessment import NullRules, assess

WINDOW_FACTORS: Final = (0.5, 1.0, 2.0)
"""Times the window's ``post_s``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """Events under another setting of what finds them.

    Attributes:
        threshold: the event rule's level; NaN = it has none, or it is not known.
        baseline: what is subtracted from the signal; "" = not known.
        sessions: with these events.
        is_own: these are the settings of the run itself.
    """

    threshold: float
    baseline: str
    sessions: Sequence[ScoredSession]
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessCell:
    """F1 under one combination of settings.

    Attributes:
        post_s: window after an onset, seconds; NaN = matching is not by a window.
        threshold: see ``Variant``.
        baseline: see ``Variant``.
        events: that counted.
        f1: NaN = undefined.
        chance: of the null detector that is hardest to beat; NaN = undefined.
        p: how often it is as good; NaN = undefined.
        is_own: the run's own settings.
    """

    post_s: float
    threshold: float
    baseline: str
    events: int
    f1: float
    chance: float
    p: float
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """F1 under all combinations.

    Attributes:
        cells: one for each.
        alpha: p up to which one counts as above chance.
    """

    cells: tuple[RobustnessCell, ...]
    alpha: float

    @property
    def above(self) -> int:
        """How many are above chance."""
        return sum(cell.p <= self.alpha for cell in self.cells)

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest F1; NaN = none is defined."""
        defined = [cell.f1 for cell in self.cells if not math.isnan(cell.f1)]
        return min(defined, default=math.nan), max(defined, default=math.nan)

    def varied(self) -> list[str]:
        """What differs between the cells."""
        names = {"post_s": "window", "threshold": "threshold", "baseline": "baseline"}
        return [
            title
            for name, title in names.items()
            if len({str(getattr(cell, name)) for cell in self.cells}) > 1
        ]


def robustness_of(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
    variants: Sequence[Variant] = (),
) -> Robustness | None:
    """Score every variant with every window.

    Args:
        sessions: as they are.
        criterion: the run's own.
        rules: null detectors and seed, as of the run's own scores.
        variants: with other events, one of them the run's own; none = the window alone is varied.

    Returns:
        None = the rules do not ask for it.
    """
    if not rules.robustness:
        return None
    own = Variant(threshold=math.nan, baseline="", sessions=sessions, is_own=True)
    cells = [
        _cell(variant, changed, rules, is_own=variant.is_own and changed == criterion)
        for variant in variants or [own]
        for changed in _windows(criterion)
    ]
    return Robustness(cells=tuple(cells), alpha=rules.alpha)


def _windows(criterion: Any) -> list[Criterion]:
    """The criterion with each width of its window; alone where it has none."""
    window = criterion.onset_window
    if window is None or not window.post_s:
        return [criterion]
    widths = [factor * window.post_s for factor in WINDOW_FACTORS]
    return [dataclasses.replace(criterion, post_s=post_s) for post_s in widths]


def _cell(
    variant: Variant, criterion: Criterion, rules: StatisticsRules, *, is_own: bool
) -> RobustnessCell:
    assessment = assess(
        variant.sessions,
        criterion=criterion,
        nulls=NullRules(names=rules.chance, half_width_s=rules.jitter_s, draws=rules.surrogates),
        draws=0,
        level=rules.confidence,
        method=rules.method,
        seed=rules.seed,
    )
    measured = assessment.measured[MAIN]
    window = criterion.onset_window
    return RobustnessCell(
        post_s=math.nan if window is None else window.post_s,
        threshold=variant.threshold,
        baseline=variant.baseline,
        events=sum(len(session.events) for session in variant.sessions),
        f1=measured.value,
        chance=measured.chance.mean if measured.chance else math.nan,
        p=measured.chance.p if measured.chance else math.nan,
        is_own=is_own,
    )
