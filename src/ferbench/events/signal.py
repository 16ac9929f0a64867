"""From the expressions of the chosen faces to one value per frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.events.baseline import quantile_over
from ferbench.labels import expression_name
from ferbench.types import F64, I64, Expressions, Signal, Timeline

Baseline = Literal["none", "rolling", "centred", "video", "others"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionSignal:
    """One signal per wanted expression of the chosen face.

    A frame has no value (NaN) where no face was chosen, where the chosen face was not classified,
    and where its logits are NaN.

    Attributes:
        labels: wanted expressions, in any spelling that ferbench knows; kept in ferbench's own.
        kind: ``probability`` = softmax over all labels of the model; ``top`` = 1 where the label
            has the largest logit (of equal ones the first), else 0.
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

    version: ClassVar[str] = "1"
    labels: tuple[str, ...] = ("surprise",)
    kind: Literal["probability", "top"] = "probability"
    smooth_s: float = 0.0
    smooth: Literal["centred", "causal"] = "centred"
    baseline: Baseline = "none"
    baseline_s: float = 60.0
    baseline_quantile: float = 0.5

    def __post_init__(self) -> None:
        """Bring the labels to ferbench's spelling and check the rest."""
        if isinstance(self.labels, str) or not self.labels:
            raise ConfigError(
                f"labels: expected a list of at least one expression, got {self.labels!r}"
            )
        labels = tuple(expression_name(label) for label in self.labels)
        if len(set(labels)) < len(labels):
            raise ConfigError(f"labels: expected each expression once, got {', '.join(labels)}")
        object.__setattr__(self, "labels", labels)
        if self.kind not in ("probability", "top"):
            raise ConfigError(f"kind: expected probability or top, got {self.kind!r}")
        if not (math.isfinite(self.smooth_s) and self.smooth_s >= 0):
            raise ConfigError(
                f"smooth_s: expected a finite number of seconds, 0 or more, got {self.smooth_s!r}"
            )
        if self.smooth not in ("centred", "causal"):
            raise ConfigError(f"smooth: expected centred or causal, got {self.smooth!r}")
        if self.baseline not in get_args(Baseline):
            raise ConfigError(
                f"baseline: expected one of {', '.join(get_args(Baseline))}, got {self.baseline!r}"
            )
        if not (math.isfinite(self.baseline_s) and self.baseline_s > 0):
            raise ConfigError(
                f"baseline_s: expected a finite number of seconds above 0, got {self.baseline_s!r}"
            )
        if not 0 <= self.baseline_quantile <= 1:
            raise ConfigError(f"baseline_quantile: expected 0 to 1, got {self.baseline_quantile!r}")

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest value that a signal can have.

        Probabilities, or differences of two.
        """
        return (0.0 if self.baseline == "none" else -1.0), 1.0

    def build(
        self, expressions: Expressions, chosen: I64, timeline: Timeline
    ) -> tuple[Signal, ...]:
        """One Signal per wanted label, in the order of ``labels``.

        Args:
            expressions: what the model said of the classified faces.
            chosen: i64 (T,), row in Faces per frame, -1 = none.
            timeline: of the video, T frames.

        Raises:
            ConfigError: the model does not know one of the labels.
            DataError: ``chosen`` does not have one row per frame.
        """
        missing = [label for label in self.labels if label not in expressions.labels]
        if missing:
            raise ConfigError(
                f"signal.labels: the model has no {', '.join(missing)}; it has {', '.join(expressions.labels)}"
            )
        if chosen.shape != (timeline.video.num_frames,):
            raise DataError(
                f"chosen: expected shape ({timeline.video.num_frames},), got {chosen.shape}"
            )
        row = expressions.rows_of(chosen)
        scores = self._scores(expressions)
        signals = []
        for label in self.labels:
            value = np.full(len(chosen), np.nan)
            value[row >= 0] = scores[row[row >= 0], expressions.labels.index(label)]
            if self.smooth_s > 0:
                value = moving_average(
                    value, timeline.edges_s, width_s=self.smooth_s, causal=self.smooth == "causal"
                )
            if self.baseline in ("rolling", "centred", "video"):
                value = value - self._neutral(value, timeline.edges_s, window=self._window)
            signals.append(Signal(timeline=timeline, value=value, label=label))
        return tuple(signals)

    def apply_participant_baseline(
        self, signals: tuple[Signal, ...], *, others: tuple[tuple[Signal, ...], ...]
    ) -> tuple[Signal, ...]:
        """The signals less the baseline of the participant's other sessions, where that is asked
        for.

        Args:
            signals: of a video, one per label.
            others: those of each video of the other sessions.

        Raises:
            DataError: there is no other session in which the label has a value.
        """
        if self.baseline != "others":
            return signals
        settled = []
        for signal in signals:
            same = [other for video in others for other in video if other.label == signal.label]
            value = np.concatenate([other.value for other in same] or [np.empty(0)])
            if np.isnan(value).all():
                raise DataError(
                    "signal.baseline=others: the participant has no other session with a face in this run, so there "
                    "is no baseline; use another baseline, or leave the session out (dataset.only_sessions)"
                )
            ends_s = np.cumsum(
                [0.0, *(lasts_s for other in same for lasts_s in np.diff(other.timeline.edges_s))]
            )
            neutral = self._neutral(value, ends_s, window=(math.inf, math.inf))
            settled.append(replace(signal, value=signal.value - neutral[0]))
        return tuple(settled)

    @property
    def _window(self) -> tuple[float, float]:
        """Seconds behind and ahead of a frame that the baseline of one video takes in."""
        if self.baseline == "video":
            return math.inf, math.inf
        return (
            (self.baseline_s, 0.0)
            if self.baseline == "rolling"
            else (self.baseline_s / 2, self.baseline_s / 2)
        )

    def _neutral(self, value: F64, edges_s: F64, *, window: tuple[float, float]) -> F64:
        """The baseline at each frame, f64 (T,), of a window in seconds behind and ahead."""
        return quantile_over(
            value, edges_s, share=self.baseline_quantile, behind_s=window[0], ahead_s=window[1]
        )

    def _scores(self, expressions: Expressions) -> F64:
        """The value of each label for each classified face, f64 (M, K)."""
        undefined = np.isnan(expressions.logits).any(axis=1)
        if self.kind == "probability":
            scores = expressions.probs()
        else:
            scores = np.zeros(expressions.logits.shape)
            if len(scores):
                scores[np.arange(len(scores)), expressions.logits.argmax(axis=1)] = 1.0
        scores[undefined] = np.nan
        return scores


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
    high = edges_s[1:] if causal else (edges_s[:-1] + edges_s[1:]) / 2 + width_s / 2
    low = high - width_s if causal else (edges_s[:-1] + edges_s[1:]) / 2 - width_s / 2
    spent_s = np.interp(high, edges_s, time_s) - np.interp(low, edges_s, time_s)
    summed = np.interp(high, edges_s, area) - np.interp(low, edges_s, area)
    result = value.copy()  # a window inside the frame sees nothing else
    wider = defined & (np.diff(edges_s) < width_s)
    result[wider] = np.round(summed[wider] / spent_s[wider], 9)
    return result
