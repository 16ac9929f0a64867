"""What is done to the values of a signal, whatever they are: smoothing, and a baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from ferbench.checks import check_choice, check_seconds, check_seconds_above_0, check_share
from ferbench.errors import DataError
from ferbench.events.baseline import quantile_over
from ferbench.types import F64, Signal

Smoothing = Literal["centred", "causal"]
Baseline = Literal["none", "rolling", "centred", "video", "others"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Smoothing and baseline, the fields that all signals share.

    Attributes:
        smooth_s: width of a moving average, seconds; 0 = none. It weighs frames by the time they
            are on screen inside the window, leaves out frames without a value and gives them none.
            At the ends of the video the window is cut off.
        smooth: where its window lies: ``centred`` on the frame, or ``causal``, ending with the
            frame, as a live program sees it.
        baseline: what is subtracted from the (smoothed) values, so that they say how far the face
            is from the person's own neutral level; they are no probabilities then. A time-weighted
            quantile (see ``baseline.quantile_over``): ``rolling`` of the last ``baseline_s`` up to
            and with the frame (causal), ``centred`` of the ``baseline_s`` around it, ``video`` of
            all of the video's values, ``others`` of all values of the participant's other sessions
            in the run (leave one session out; a participant with a single session has no signal).
        baseline_s: width of the window of ``rolling`` and ``centred``, seconds.
        baseline_quantile: which quantile, 0 to 1; 0.5 = the median.
    """

    smooth_s: float = 0.0
    smooth: Smoothing = "centred"
    baseline: Baseline = "none"
    baseline_s: float = 60.0
    baseline_quantile: float = 0.5

    def check_treatment(self) -> None:
        """Raise ConfigError where a field of the treatment cannot be used."""
        check_seconds("smooth_s", self.smooth_s)
        check_choice("smooth", self.smooth, get_args(Smoothing))
        check_choice("baseline", self.baseline, get_args(Baseline))
        check_seconds_above_0("baseline_s", self.baseline_s)
        check_share("baseline_quantile", self.baseline_quantile)

    def apply_participant_baseline(
        self, signals: tuple[Signal, ...], *, others: tuple[tuple[Signal, ...], ...]
    ) -> tuple[Signal, ...]:
        """Subtract the baseline of the participant's other sessions, where that is asked for.

        Args:
            signals: of a video, one per label.
            others: those of each video of the other sessions.

        Raises:
            DataError: there is no other session in which the label has a value.
        """
        if self.baseline != "others":
            return signals
        every_signal = [signal for video in others for signal in video]
        result = []
        for signal in signals:
            same_label = [other for other in every_signal if other.label == signal.label]
            value = signal.value - self._level_of(same_label)
            result.append(replace(signal, value=value))
        return tuple(result)

    def treated(self, value: F64, edges_s: F64) -> F64:
        """Values smoothed and less the baseline of their own video, f64 (T,)."""
        if self.smooth_s > 0:
            causal = self.smooth == "causal"
            value = moving_average(value, edges_s, width_s=self.smooth_s, causal=causal)
        if self.baseline in ("rolling", "centred", "video"):
            value = value - self._neutral(value, edges_s, window=self._window)
        return value

    def _level_of(self, signals: Sequence[Signal]) -> float:
        """The baseline over all values of some signals, as if their videos followed each other.

        Raises:
            DataError: they have no value.
        """
        value = np.concatenate([np.empty(0), *(signal.value for signal in signals)])
        if np.isnan(value).all():
            raise DataError(
                "'others' needs another session of the participant with a face in this run, "
                "and there is none",
                key="baseline",
                hint="use another baseline, or leave the session out",
            )
        lasts_s = [np.diff(signal.timeline.edges_s) for signal in signals]
        edges_s = np.cumsum(np.concatenate(([0.0], *lasts_s)))
        return float(self._neutral(value, edges_s, window=(math.inf, math.inf))[0])

    @property
    def _window(self) -> tuple[float, float]:
        """Seconds behind and ahead of a frame that the baseline of one video takes in."""
        if self.baseline == "video":
            return math.inf, math.inf
        if self.baseline == "rolling":
            return self.baseline_s, 0.0
        return self.baseline_s / 2, self.baseline_s / 2

    def _neutral(self, value: F64, edges_s: F64, *, window: tuple[float, float]) -> F64:
        """The baseline at each frame, f64 (T,), of a window in seconds behind and ahead."""
        return quantile_over(
            value, edges_s, share=self.baseline_quantile, behind_s=window[0], ahead_s=window[1]
        )


def moving_average(value: F64, edges_s: F64, *, width_s: float, causal: bool = False) -> F64:
    """Moving average over true time; frames without a value are left out and stay without one.

    Frame i is constant from ``edges_s[i]`` to ``edges_s[i + 1]``. Its result is the mean of what is
    defined within ``width_s / 2`` of its centre, or (causal) in the ``width_s`` before its end,
    rounded to 1e-9 (the accuracy of the running integral).

    Args:
        value: f64 (T,), NaN = undefined.
        edges_s: f64 (T+1,), strictly rising.
        width_s: width of the window, above 0.
        causal: the window ends with the frame.
    """
    defined = ~np.isnan(value)
    lasts_s = np.diff(edges_s) * defined
    time_s = np.concatenate(([0.0], np.cumsum(lasts_s)))
    area = np.concatenate(([0.0], np.cumsum(np.where(defined, value, 0.0) * lasts_s)))
    if causal:
        stop_s = edges_s[1:]
        start_s = stop_s - width_s
    else:
        centre_s = (edges_s[:-1] + edges_s[1:]) / 2
        stop_s = centre_s + width_s / 2
        start_s = centre_s - width_s / 2
    spent_s = np.interp(stop_s, edges_s, time_s) - np.interp(start_s, edges_s, time_s)
    summed = np.interp(stop_s, edges_s, area) - np.interp(start_s, edges_s, area)
    result = value.copy()  # a window inside the frame sees nothing else
    wider = defined & (np.diff(edges_s) < width_s)
    result[wider] = np.round(summed[wider] / spent_s[wider], 9)
    return result
