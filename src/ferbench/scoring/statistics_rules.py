"""What statistics are made with, whatever the criterion: draws, seeds, intervals, lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from ferbench.checks import check_at_least_1
from ferbench.errors import ConfigError
from ferbench.scoring.matching.criterion import Criterion, check_seconds
from ferbench.scoring.uncertainty.chance import NULLS, NullName
from ferbench.scoring.uncertainty.intervals import METHODS, Method
from ferbench.sentences import Setting, Text

WHEN = ("final", "all", "none")


class Extent(NamedTuple):
    """The time around an onset that belongs to an annotation.

    Attributes:
        pre_s: seconds before the onset.
        post_s: seconds after it.
    """

    pre_s: float
    post_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsRules:
    """How chance levels, intervals and everything beside the scores are made.

    None of it changes which events match.

    Attributes:
        pre_s: where the criterion has no window: the time before an annotation's onset that belongs
            to it in agreement, in breakdowns by visible face and in pictures of lags, seconds.
        post_s: and the time after it.
        tolerances_s: where the criterion has a window: further values of its ``post_s`` for which
            counts are tabled.
        segment_s: length of the segments of segment scores and segment agreement, seconds.
        frame_rate_hz: of the frame scores of ERR@HRI 2024; None = as the criterion says, 0 = there
            are none.
        frame_tolerance: of these, in frames.
        intervals: when chance levels, intervals and their pictures are made: ``final`` = for single
            runs and for the best cell of a sweep, ``all`` = also for every cell (without pictures),
            ``none``. Changes no score.
        chance: null detectors that the scores stand beside: ``circular``, ``jitter``, ``swap``
            (docs/scoring.md); the one that is hardest to beat makes the chance level and p.
        jitter_s: half the length of the jitter's stretches, seconds; twice the width of the
            criterion's window where that is more.
        surrogates: draws of each null detector.
        draws: of the bootstrap over participants.
        confidence: of the intervals.
        method: of the intervals (see ``uncertainty.intervals``).
        seed: of all random numbers.
        false_alarm_rates_per_min: at which recall is told, false alarms per minute.
        alpha: p up to which a participant counts as above chance, and of which least detectable
            effects are told.
        time_bins: into how many equal parts each session is cut for scores over time.
        time_bin_s: length of the parts instead, seconds; None = ``time_bins``.
        robustness: also F1 and p under neighbouring settings: window, threshold, baseline. Changes
            no score.
    """

    version: ClassVar[str] = "5"
    pre_s: float = 0.5
    post_s: float = 5.0
    tolerances_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    segment_s: float = 5.0
    frame_rate_hz: float | None = None
    frame_tolerance: int = 1
    intervals: Literal["final", "all", "none"] = field(default="final", compare=False)
    chance: tuple[NullName, ...] = NULLS
    jitter_s: float = 30.0
    surrogates: int = 1000
    draws: int = 2000
    confidence: float = 0.95
    method: Method = "expanded"
    seed: int = 0
    false_alarm_rates_per_min: tuple[float, ...] = (0.1, 0.5, 1.0, 2.0)
    alpha: float = 0.05
    time_bins: int = 4
    time_bin_s: float | None = None
    robustness: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "tolerances_s", tuple(self.tolerances_s))
        object.__setattr__(self, "chance", tuple(self.chance))
        rates = tuple(self.false_alarm_rates_per_min)
        object.__setattr__(self, "false_alarm_rates_per_min", rates)
        self._check_rates(rates)
        check_seconds(pre_s=self.pre_s, post_s=self.post_s)
        for post_s in self.tolerances_s:
            check_seconds(tolerances_s=post_s)
        self._check_segments_and_frames()
        self._check_chance()
        self._check_draws()
        self._check_alpha_and_bins()

    def extent(self, criterion: Criterion) -> Extent:
        """The time around an onset that belongs to an annotation: the window, if there is one."""
        window = criterion.onset_window
        if window is None:
            return Extent(self.pre_s, self.post_s)
        return Extent(window.pre_s, window.post_s)

    def unused(self, criterion: Criterion) -> tuple[str, ...]:
        """The fields that were set, and that change nothing with a criterion."""
        without_effect = ["pre_s", "post_s"]
        if criterion.onset_window is None:
            without_effect = ["tolerances_s", "false_alarm_rates_per_min"]
        if self.frame_rate_for(criterion) is None:
            without_effect.append("frame_tolerance")
        defaults = StatisticsRules()
        return tuple(
            name for name in without_effect if getattr(self, name) != getattr(defaults, name)
        )

    def frame_rate_for(self, criterion: Criterion) -> float | None:
        """Frames per second of the frame scores; None = there are none."""
        rate_hz = self.frame_rate_hz
        if rate_hz is None:
            rate_hz = criterion.frame_rate_hz
        return rate_hz or None

    def _check_segments_and_frames(self) -> None:
        if not (math.isfinite(self.segment_s) and self.segment_s > 0):
            raise ConfigError(
                key="segment_s", expected="a finite number of seconds above 0", got=self.segment_s
            )
        rate_hz = self.frame_rate_hz
        if rate_hz is not None and not (math.isfinite(rate_hz) and rate_hz >= 0):
            raise ConfigError(
                key="frame_rate_hz",
                expected="a finite number, 0 (no frame scores) or more, or null",
                got=rate_hz,
            )
        if self.frame_tolerance < 0:
            raise ConfigError(
                key="frame_tolerance", expected="0 or more frames", got=self.frame_tolerance
            )

    def _check_chance(self) -> None:
        is_twice = len(set(self.chance)) < len(self.chance)
        if is_twice or not self.chance or not set(self.chance) <= set(NULLS):
            raise ConfigError(
                key="chance",
                expected=f"one or more of {', '.join(NULLS)}, each once",
                got=list(self.chance),
                hint=Text("none are made with ", Setting("intervals", "none")),
            )
        if not (math.isfinite(self.jitter_s) and self.jitter_s > 0):
            raise ConfigError(
                key="jitter_s", expected="a finite number of seconds above 0", got=self.jitter_s
            )

    def _check_rates(self, rates: tuple[float, ...]) -> None:
        above_0 = all(math.isfinite(rate) and rate > 0 for rate in rates)
        if not rates or not above_0 or len(set(rates)) < len(rates):
            raise ConfigError(
                key="false_alarm_rates_per_min",
                expected="one or more finite numbers above 0, each once",
                got=list(rates),
            )

    def _check_draws(self) -> None:
        if self.intervals not in WHEN:
            raise ConfigError(key="intervals", expected="final, all or none", got=self.intervals)
        for name in ("surrogates", "draws"):
            number = getattr(self, name)
            if number < 1:
                hint = Text("none are made with ", Setting("intervals", "none"))
                raise ConfigError(key=name, expected="at least 1", got=number, hint=hint)
        if not 0 < self.confidence < 1:
            raise ConfigError(
                key="confidence", expected="a number between 0 and 1", got=self.confidence
            )
        if self.method not in METHODS:
            expected = f"one of {', '.join(METHODS)}"
            raise ConfigError(key="method", expected=expected, got=self.method)
        if self.seed < 0:
            raise ConfigError(key="seed", expected="0 or more", got=self.seed)

    def _check_alpha_and_bins(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigError(key="alpha", expected="a number between 0 and 1", got=self.alpha)
        check_at_least_1("time_bins", self.time_bins, of="part")
        length_s = self.time_bin_s
        if length_s is not None and not (math.isfinite(length_s) and length_s > 0):
            raise ConfigError(
                key="time_bin_s",
                expected="a finite number of seconds above 0, or null (equal parts)",
                got=length_s,
            )
