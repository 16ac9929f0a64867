"""What the model said of the participant's face over time, as curves beside the signals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferbench.labels import channel_of
from ferbench.results import PartResult
from ferbench.types import F64, Regression


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One output of a model over the frames of a video.

    Attributes:
        name: of the channel.
        low: least value of its range, -inf = not told.
        high: largest value of its range.
        value: f64 (T,), NaN = no face.
    """

    name: str
    low: float
    high: float
    value: F64


def chosen_curves(part: PartResult) -> tuple[Curve, ...]:
    """What suits one axis with the signals of a video.

    All classes; where the signals are regressions, or the model has no classes, all regressions
    with the range of the first of them.
    """
    channels = part.analysis.expressions.channels
    of_signals = [channels.regression(channel_of(signal.label)) for signal in part.signals]
    first = next((each for each in of_signals if each), None)
    if first is None and channels.labels:
        named = zip(channels.labels, part.chosen_probs().T, strict=True)
        return tuple(Curve(name=name, low=0.0, high=1.0, value=value) for name, value in named)
    first = first or next(iter(channels.regressions), None)
    return tuple(
        _curve(part, each)
        for each in channels.regressions
        if first and (each.low, each.high) == (first.low, first.high)
    )


def _curve(part: PartResult, regression: Regression) -> Curve:
    expressions = part.analysis.expressions
    row = expressions.rows_of(part.chosen)
    value = np.full(len(part.chosen), np.nan)
    value[row >= 0] = expressions.regressed_of(regression.name)[row[row >= 0]]
    return Curve(name=regression.name, low=regression.low, high=regression.high, value=value)
