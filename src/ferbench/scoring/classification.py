"""How often a classifier of expressions is right on labelled images, and how sure it is.

Accuracy, F1, balanced accuracy, confusion, log loss and the Brier score are scikit-learn's,
intervals and tests scipy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ferbench.scoring.answers import NO_FACE, OTHER, Answers
from ferbench.scoring.calibration import Calibration, calibration
from ferbench.types import I64

NoFace = Literal["wrong", "left_out"]
"""What becomes of images in which no face was found."""

LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of images with its interval (Wilson 1927, 95 %); NaN of none."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class.

    Attributes:
        name: the class.
        images: that show it.
        precision: share of the images said to show it that do; NaN = none is said to.
        recall: share of the images that show it that are said to.
        f1: of both; NaN = no image shows it, and none is said to.
    """

    name: str
    images: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassificationScores:
    """How good a model is on a set of images.

    Attributes:
        classes: what is compared.
        images: that are judged, with a face or not.
        no_face: of these, images in which no face was found.
        other_classes: images whose class the model does not know.
        broken: images that could not be decoded.
        accuracy: without a face counts as wrong.
        accuracy_found: of the images with a face.
        macro_f1: mean of the classes' F1, where no face is wrong.
        balanced_accuracy: mean of the classes' recall, where no face is wrong.
        log_loss: nats, mean over the images with a face.
        brier: mean over the images with a face of the squared distance between probabilities and
            truth, 0 to 2.
        calibration: confidence and how often it was right, of the images with a face.
        confusion: i64 (K, K + 2), rows are true, columns said; then: another label, no face.
        by_class: each class.
    """

    classes: tuple[str, ...]
    images: int
    no_face: int
    other_classes: int
    broken: int
    accuracy: Share
    accuracy_found: Share
    macro_f1: float
    balanced_accuracy: float
    log_loss: float
    brier: float
    calibration: Calibration
    confusion: I64
    by_class: tuple[ClassScore, ...]

    def headline(self, no_face: NoFace) -> Share:
        """The accuracy by what becomes of images without a face."""
        return self.accuracy if no_face == "wrong" else self.accuracy_found


def classification_scores(found: Answers) -> ClassificationScores:
    """All numbers of a model's answers; undefined is NaN."""
    right, seen = found.is_right, found.has_face
    confidence = found.probability[seen].max(axis=1, initial=0.0)
    by_class = _by_class(found)
    log_loss, brier = _proper_scores(found)
    return ClassificationScores(
        classes=found.classes,
        images=len(found.place),
        no_face=int((~seen).sum()),
        other_classes=found.other_classes,
        broken=found.broken,
        accuracy=share(int(right.sum()), len(right)),
        accuracy_found=share(int(right[seen].sum()), int(seen.sum())),
        macro_f1=_mean([each.f1 for each in by_class]),
        balanced_accuracy=_mean([each.recall for each in by_class if each.images]),
        log_loss=log_loss,
        brier=brier,
        calibration=calibration(confidence, right[seen], unknown=int((~seen).sum())),
        confusion=_confusion(found),
        by_class=by_class,
    )


def share(count: int, of: int) -> Share:
    """A share with its interval.

    >>> share(8, 10)
    Share(value=0.8, low=0.4901624715550793, high=0.9433178485456247, of=10)
    """
    if not of:
        return Share(value=math.nan, low=math.nan, high=math.nan, of=0)
    from scipy.stats import binomtest

    interval = binomtest(count, of).proportion_ci(confidence_level=LEVEL, method="wilson")
    return Share(value=count / of, low=float(interval.low), high=float(interval.high), of=of)


def _by_class(found: Answers) -> tuple[ClassScore, ...]:
    if not len(found.truth):
        return ()
    from sklearn.metrics import precision_recall_fscore_support

    scores = precision_recall_fscore_support(
        found.truth, found.said, labels=range(len(found.classes)), zero_division=np.nan
    )
    precision, recall, f1, images = (np.asarray(values) for values in scores)
    return tuple(
        ClassScore(
            name=name,
            images=int(images[k]),
            precision=float(precision[k]),
            recall=float(recall[k]),
            f1=float(f1[k]),
        )
        for k, name in enumerate(found.classes)
    )


def _proper_scores(found: Answers) -> tuple[float, float]:
    """Log loss and Brier score of the images with a face and a class that the model knows."""
    used = found.has_face & (found.truth >= 0)
    if not used.any() or len(found.classes) < 2:
        return math.nan, math.nan
    from sklearn.metrics import brier_score_loss, log_loss

    truth, probability = found.truth[used], found.probability[used]
    total = probability.sum(axis=1, keepdims=True)
    probability = probability / total
    labels = range(len(found.classes))
    brier = brier_score_loss(truth, probability, labels=labels, scale_by_half=False)
    return float(log_loss(truth, probability, labels=labels)), float(brier)


def _confusion(found: Answers) -> I64:
    """Counts i64 (K, K + 2)."""
    from sklearn.metrics import confusion_matrix

    known = found.truth >= 0
    size = len(found.classes)
    if not known.any():
        return np.zeros((size, size + 2), np.int64)
    columns = [*range(size), OTHER, NO_FACE]
    table: I64 = confusion_matrix(found.truth[known], found.said[known], labels=columns)
    return table[:size].astype(np.int64)


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan
