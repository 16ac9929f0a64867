"""From the expressions of the chosen faces to one value per frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError, DataError
from ferbench.events.treatment import Treatment
from ferbench.labels import expression_name
from ferbench.types import F64, I64, Expressions, Faces, Signal, Timeline

Kind = Literal["probability", "top"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionSignal(Treatment):
    """One signal per wanted expression of the chosen face, treated as ``Treatment`` says.

    A frame has no value (NaN) where no face was chosen, where the chosen face was not classified,
    and where its logits are NaN.

    Attributes:
        labels: wanted expressions, in any spelling that ferbench knows; kept in ferbench's own.
        kind: ``probability`` = softmax over all labels of the model; ``top`` = 1 where the label
            has the largest logit (of equal ones the first), else 0.
    """

    version: ClassVar[str] = "1"
    labels: tuple[str, ...] = ("surprise",)
    kind: Kind = "probability"

    def __post_init__(self) -> None:
        """Bring the labels to ferbench's spelling and check the rest."""
        object.__setattr__(self, "labels", _expressions(self.labels))
        check_choice("kind", self.kind, get_args(Kind))
        self.check_treatment()

    @property
    def needed_labels(self) -> tuple[str, ...]:
        """The expressions that the model must know."""
        return self.labels

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest value that a signal can have.

        Probabilities, or differences of two.
        """
        if self.baseline == "none":
            return 0.0, 1.0
        return -1.0, 1.0

    def build(
        self,
        expressions: Expressions,
        chosen: I64,
        timeline: Timeline,
        faces: Faces | None = None,
    ) -> tuple[Signal, ...]:
        """One Signal per wanted label, in the order of ``labels``.

        Args:
            expressions: what the model said of the classified faces.
            chosen: i64 (T,), row in Faces per frame, -1 = none.
            timeline: of the video, T frames.
            faces: not looked at.

        Raises:
            ConfigError: the model does not know one of the labels.
            DataError: ``chosen`` does not have one row per frame.
        """
        del faces
        self._check_known(expressions)
        if chosen.shape != (timeline.video.num_frames,):
            raise DataError(
                f"chosen: expected shape ({timeline.video.num_frames},), got {chosen.shape}"
            )
        row = expressions.rows_of(chosen)
        classified = row >= 0
        scores = self._scores(expressions)
        signals = []
        for label in self.labels:
            value = np.full(len(chosen), np.nan)
            column = expressions.labels.index(label)
            value[classified] = scores[row[classified], column]
            value = self.treated(value, timeline.edges_s)
            signals.append(Signal(timeline=timeline, value=value, label=label))
        return tuple(signals)

    def _check_known(self, expressions: Expressions) -> None:
        """Raise ConfigError unless the model has all labels."""
        missing = [label for label in self.labels if label not in expressions.labels]
        if missing:
            raise ConfigError(
                f"the model has no {', '.join(missing)}; it has {', '.join(expressions.labels)}",
                key="labels",
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


def _expressions(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels in ferbench's spelling. Raises ConfigError: none, one twice, or an unknown one."""
    if isinstance(labels, str) or not labels:
        raise ConfigError(key="labels", expected="a list of at least one expression", got=labels)
    names = tuple(expression_name(label) for label in labels)
    if len(set(names)) < len(names):
        raise ConfigError(key="labels", expected="each expression once", got=labels)
    return names
