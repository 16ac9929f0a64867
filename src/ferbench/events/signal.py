"""From the expressions of the chosen faces to one value per frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.labels import canonical
from ferbench.types import F64, I64, Expressions, Signal, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionSignal:
    """One signal per wanted expression of the chosen face.

    A frame has no value (NaN) where no face was chosen, where the chosen face was not classified, and where its
    logits are NaN.

    Attributes:
        labels: wanted expressions, in any spelling that ferbench knows; kept in ferbench's own.
        kind: ``probability`` = softmax over all labels of the model; ``top`` = 1 where the label has the largest
            logit (of equal ones the first), else 0.
        smooth_s: width of a centred moving average, seconds; 0 = none. It weighs frames by the time they are on
            screen inside the window, leaves out frames without a value and gives them none. At the ends of the video
            the window is cut off.
    """

    version: ClassVar[str] = "1"
    labels: tuple[str, ...] = ("surprise",)
    kind: Literal["probability", "top"] = "probability"
    smooth_s: float = 0.0

    def __post_init__(self) -> None:
        """Bring the labels to ferbench's spelling and check the rest."""
        if isinstance(self.labels, str) or not self.labels:
            raise ConfigError(f"labels: expected a list of at least one expression, got {self.labels!r}")
        labels = tuple(canonical(label) for label in self.labels)
        if len(set(labels)) < len(labels):
            raise ConfigError(f"labels: expected each expression once, got {', '.join(labels)}")
        object.__setattr__(self, "labels", labels)
        if self.kind not in ("probability", "top"):
            raise ConfigError(f"kind: expected probability or top, got {self.kind!r}")
        if not (math.isfinite(self.smooth_s) and self.smooth_s >= 0):
            raise ConfigError(f"smooth_s: expected a finite number of seconds, 0 or more, got {self.smooth_s!r}")

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest value that a signal can have: probabilities."""
        return 0.0, 1.0

    def build(self, expressions: Expressions, chosen: I64, timeline: Timeline) -> tuple[Signal, ...]:
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
            raise DataError(f"chosen: expected shape ({timeline.video.num_frames},), got {chosen.shape}")
        row = expressions.rows_of(chosen)
        scores = self._scores(expressions)
        signals = []
        for label in self.labels:
            value = np.full(len(chosen), np.nan)
            value[row >= 0] = scores[row[row >= 0], expressions.labels.index(label)]
            if self.smooth_s > 0:
                value = moving_average(value, timeline.edges_s, width_s=self.smooth_s)
            signals.append(Signal(timeline=timeline, value=value, label=label))
        return tuple(signals)

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


def moving_average(value: F64, edges_s: F64, *, width_s: float) -> F64:
    """Centred moving average over true time; frames without a value are left out and stay without one.

    Frame i is constant from ``edges_s[i]`` to ``edges_s[i + 1]``. Its result is the mean of what is defined within
    ``width_s / 2`` of its centre, rounded to 1e-9 (the accuracy of the running integral).

    Args:
        value: f64 (T,), NaN = undefined.
        edges_s: f64 (T+1,), strictly rising.
        width_s: width of the window, above 0.
    """
    defined = ~np.isnan(value)
    lasts_s = np.diff(edges_s) * defined
    time_s = np.concatenate(([0.0], np.cumsum(lasts_s)))
    area = np.concatenate(([0.0], np.cumsum(np.where(defined, value, 0.0) * lasts_s)))
    centre_s = (edges_s[:-1] + edges_s[1:]) / 2
    low, high = centre_s - width_s / 2, centre_s + width_s / 2
    spent_s = np.interp(high, edges_s, time_s) - np.interp(low, edges_s, time_s)
    summed = np.interp(high, edges_s, area) - np.interp(low, edges_s, area)
    result = value.copy()  # a window inside the frame sees nothing else
    wider = defined & (np.diff(edges_s) < width_s)
    result[wider] = np.round(summed[wider] / spent_s[wider], 9)
    return result
