"""What models say of labelled images, compared in the classes that both know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.types import F32, F64, I64

Bools = NDArray[np.bool_]

OtherClasses = Literal["left_out", "wrong"]
"""What becomes of images whose class the model does not know, and of what it says beyond those."""

OTHER: Final = -1
NO_FACE: Final = -2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a model says of labelled images, in classes that both know.

    Attributes:
        classes: what is compared, sorted.
        place: i64 (N,), the images that are judged, by their place among all.
        truth: i64 (N,), position of their label in ``classes``; -1 = the model has no such class.
        said: i64 (N,), position of the model's label; -1 = it said another one; -2 = no face.
        probability: f64 (N, K), of each class; NaN without a face.
        other_classes: images whose class the model does not know.
        broken: images that could not be decoded.
    """

    classes: tuple[str, ...]
    place: I64
    truth: I64
    said: I64
    probability: F64
    other_classes: int
    broken: int

    @property
    def has_face(self) -> Bools:
        """Whether a face was found, bool (N,)."""
        has_face: Bools = self.said != NO_FACE
        return has_face

    @property
    def is_right(self) -> Bools:
        """Whether the label is the image's, bool (N,); without a face it is not."""
        is_right: Bools = (self.said == self.truth) & (self.truth >= 0)
        return is_right


def answers(
    truth: Sequence[str],
    labels: Sequence[str],
    logits: F32,
    broken: Sequence[int],
    *,
    others: OtherClasses = "left_out",
) -> Answers:
    """Compare in the classes that both have.

    Args:
        truth: the label of each image.
        labels: of the model, in the order of its logits.
        logits: f32 (N, K), NaN where no face was found.
        broken: images that could not be decoded; they are not judged.
        others: ``left_out``: images of other classes are not judged, and the model chooses among
            the common classes only. ``wrong``: both count as wrong.
    """
    classes = tuple(sorted(set(truth) & set(labels)))
    position = {name: place for place, name in enumerate(classes)}
    true = np.array([position.get(name, OTHER) for name in truth], np.int64)
    is_whole = np.ones(len(truth), np.bool_)
    is_whole[list(broken)] = False
    judged = is_whole & (true >= 0) if others == "left_out" else is_whole
    place = np.flatnonzero(judged)
    if others == "left_out":
        columns = np.array([list(labels).index(name) for name in classes], np.int64)
        names = list(classes)
    else:
        columns, names = np.arange(len(labels)), list(labels)
    probability = _softmax(logits[place][:, columns].astype(np.float64))
    said = _said(probability, np.array([position.get(name, OTHER) for name in names], np.int64))
    common = [names.index(name) for name in classes]
    return Answers(
        classes=classes,
        place=place,
        truth=true[place],
        said=said,
        probability=probability[:, common],
        other_classes=int((is_whole & (true == OTHER)).sum()),
        broken=len(set(broken)),
    )


def _softmax(logits: F64) -> F64:
    if not logits.size:
        return logits
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: F64 = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def _said(probability: F64, position: I64) -> I64:
    """Position of the top label in the compared classes."""
    said = np.full(len(probability), NO_FACE, np.int64)
    known = ~np.isnan(probability).any(axis=1)
    if known.any():
        said[known] = position[probability[known].argmax(axis=1)]
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Two models on the same images.

    Attributes:
        images: that both are judged on.
        only_first: images that only the first is right on.
        only_second: images that only the second is right on.
        p: exact two-sided p of McNemar's test (1947): that both counts come from a fair coin.
    """

    images: int
    only_first: int
    only_second: int
    p: float


def mcnemar(first: Answers, second: Answers) -> PairedTest:
    """Whether two models differ on the images that both are judged on; p is 1 where none differs.

    An image without a face counts as wrong.
    """
    _, one, two = np.intersect1d(first.place, second.place, return_indices=True)
    right_one, right_two = first.is_right[one], second.is_right[two]
    only_first = int((right_one & ~right_two).sum())
    only_second = int((~right_one & right_two).sum())
    differing = only_first + only_second
    p = 1.0
    if differing:
        from scipy.stats import binomtest

        p = float(binomtest(only_first, differing, 0.5).pvalue)
    return PairedTest(images=len(one), only_first=only_first, only_second=only_second, p=p)
