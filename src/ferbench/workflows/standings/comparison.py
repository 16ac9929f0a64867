"""A measured accuracy beside the one that the model's authors publish."""

from __future__ import annotations

from typing import Final

from ferbench.protocols import Model
from ferbench.scoring.classification import ClassificationScores, Share
from ferbench.types.labelled_images import LabelledImages
from ferbench.weights.accuracy import PublishedAccuracy, published_accuracies

_MEASURED_ON: Final = {"RAF-DB": "test", "FER-2013": "test", "AffectNet": "validation"}
"""The part of a data set that accuracies are published of."""
_CLASSES: Final = 7
"""Of an accuracy whose number of classes is not told."""


def published_for(
    model: Model, images: LabelledImages, scores: ClassificationScores
) -> PublishedAccuracy | None:
    """The accuracy that authors publish on the same data, part and classes; None = there is none.

    A data set in folders without parts is taken for the right one.
    """
    if images.split not in ("", _MEASURED_ON.get(images.name)):
        return None
    for item in model.weights_files():
        for told in published_accuracies(item.accuracy):
            classes = told.classes or _CLASSES
            if told.data_set == images.name and classes == len(scores.classes):
                return told
    return None


def is_clearly_below(measured: Share, published: PublishedAccuracy | None) -> bool:
    """Whether a published accuracy lies above the whole interval of the measured one."""
    return published is not None and measured.high < published.value
