"""From what a model said of the chosen faces to one value per frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError, DataError
from ferbench.events.treatment import Treatment
from ferbench.fingerprint import KEY_AS_WITHOUT
from ferbench.labels import channel_name, falling
from ferbench.types import F64, I64, Channels, Expressions, Faces, Pictures, Signal, Timeline

Kind = Literal["probability", "top"]
Direction = Literal["rising", "falling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionSignal(Treatment):
    """One signal per wanted channel of the chosen face, treated as ``Treatment`` says.

    A frame has no value (NaN) where no face was chosen, where the chosen face was not classified,
    and where the model's output is NaN.

    Attributes:
        labels: wanted channels of the model, in any spelling that ferbench knows; kept in
            ferbench's own. Classes only, or regressions with the same range only, because one
            threshold holds for all of them.
        kind: of classes: ``probability`` = softmax over all classes of the model; ``top`` = 1 where
            the class has the largest logit (of equal ones the first), else 0. A regression is taken
            as it is, in its own units.
        direction: ``rising`` = events where values are high; ``falling`` = where they are low: the
            signal, called ``falling valence``, is minus the value (after smoothing and baseline),
            so that levels count how far below 0, or below the baseline, the channel is.
    """

    version: ClassVar[str] = "1"
    labels: tuple[str, ...] = ("surprise",)
    kind: Kind = "probability"
    direction: Direction = field(default="rising", metadata={KEY_AS_WITHOUT: "rising"})

    def __post_init__(self) -> None:
        """Bring the labels to ferbench's spelling and check the rest."""
        object.__setattr__(self, "labels", _channels(self.labels))
        check_choice("kind", self.kind, get_args(Kind))
        check_choice("direction", self.direction, get_args(Direction))
        self.check_treatment()

    def span_of(self, channels: Channels) -> tuple[float, float]:
        """Smallest and largest value that a signal can have.

        Probabilities, or a regression's own range; with a baseline, differences of two of these;
        with ``falling`` minus that.

        Args:
            channels: of the model.

        Raises:
            ConfigError: the model lacks a label, or the labels do not go together.
        """
        self._check_fits(channels)
        low, high = channels.range_of(self.labels[0])
        if self.baseline != "none":
            low, high = low - high, high - low
        return (low, high) if self.direction == "rising" else (-high, -low)

    @property
    def needs_pictures(self) -> bool:
        """Whether the pixels' table is needed: no."""
        return False

    def build(
        self,
        expressions: Expressions,
        chosen: I64,
        timeline: Timeline,
        faces: Faces | None = None,
        pictures: Pictures | None = None,
    ) -> tuple[Signal, ...]:
        """One Signal per wanted label, in the order of ``labels``; see ``direction``.

        Args:
            expressions: what the model said of the classified faces.
            chosen: i64 (T,), row in Faces per frame, -1 = none.
            timeline: of the video, T frames.
            faces: not looked at.
            pictures: not looked at.

        Raises:
            ConfigError: the model lacks a label, or the labels do not go together.
            DataError: ``chosen`` does not have one row per frame.
        """
        del faces, pictures
        self._check_fits(expressions.channels)
        if chosen.shape != (timeline.video.num_frames,):
            raise DataError(
                f"chosen: expected shape ({timeline.video.num_frames},), got {chosen.shape}"
            )
        row = expressions.rows_of(chosen)
        classified = row >= 0
        said = self._said(expressions)
        signals = []
        for channel in self.labels:
            label, value = channel, np.full(len(chosen), np.nan)
            value[classified] = said[channel][row[classified]]
            value = self.treated(value, timeline.edges_s)
            if self.direction == "falling":
                value, label = -value, falling(label)
            signals.append(Signal(timeline=timeline, value=value, label=label))
        return tuple(signals)

    def _check_fits(self, channels: Channels) -> None:
        """Raise ConfigError unless the model has all labels, and one threshold suits them."""
        channels.check_has(self.labels, key="labels")
        regressions = [name for name in self.labels if channels.regression(name)]
        if self.kind == "top" and regressions:
            raise ConfigError(
                f"top is for classes, and {', '.join(regressions)} is none: its value is taken as "
                "it is",
                key="kind",
                expected="probability",
                got=self.kind,
            )
        kinds = {(name in regressions, *channels.range_of(name)) for name in self.labels}
        if len(kinds) > 1:
            told = [str(channels.regression(name) or f"{name} (a class)") for name in self.labels]
            raise ConfigError(
                "one threshold holds for all labels, so they must be classes, or have the same "
                f"range; got {', '.join(told)}",
                key="labels",
                hint="make a run of each",
            )

    def _said(self, expressions: Expressions) -> dict[str, F64]:
        """Values of each wanted label for each classified face, f64 (M,)."""
        if expressions.channels.regression(self.labels[0]):
            return {label: expressions.regressed_of(label) for label in self.labels}
        scores = self._scores(expressions)
        return {label: scores[:, expressions.labels.index(label)] for label in self.labels}

    def _scores(self, expressions: Expressions) -> F64:
        """The value of each class for each classified face, f64 (M, K)."""
        undefined = np.isnan(expressions.logits).any(axis=1)
        if self.kind == "probability":
            scores = expressions.probs()
        else:
            scores = np.zeros(expressions.logits.shape)
            if len(scores):
                scores[np.arange(len(scores)), expressions.logits.argmax(axis=1)] = 1.0
        scores[undefined] = np.nan
        return scores


def _channels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels in ferbench's spelling. Raises ConfigError: none, one twice, or no possible name."""
    if isinstance(labels, str) or not labels:
        raise ConfigError(key="labels", expected="a list of at least one expression", got=labels)
    names = tuple(channel_name(label) for label in labels)
    if len(set(names)) < len(names):
        raise ConfigError(key="labels", expected="each expression once", got=labels)
    return names
