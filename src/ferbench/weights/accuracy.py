"""What authors publish of a model's accuracy, as the yaml of its weights says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE: Final = re.compile(
    r"(?P<percent>[0-9]+(?:\.[0-9]+)?) %(?: on (?P<data_set>[A-Za-z0-9-]+))?"
    r"(?:, (?P<classes>[0-9]+) classes)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAccuracy:
    """An accuracy that authors tell.

    Attributes:
        value: 0 to 1.
        data_set: what it was measured on.
        classes: how many; None = it is not told.
    """

    value: float
    data_set: str
    classes: int | None


def published_accuracies(text: str) -> tuple[PublishedAccuracy, ...]:
    """The accuracies of a sentence; () = it has none.

    A part without a data set is on that of the part before.

    Args:
        text: ``weights.accuracy`` of a model's yaml: ``N % on DATASET[, K classes]``, several of
            these with semicolons between them, and anything after it.

    >>> published_accuracies("60.95 % on AffectNet, 8 classes; 64.63 %, 7 classes (README)")[1]
    PublishedAccuracy(value=0.6463, data_set='AffectNet', classes=7)
    """
    found: list[PublishedAccuracy] = []
    for part in text.split(";"):
        match = _ONE.match(part.strip())
        if match is None:
            continue
        data_set = match["data_set"] or (found[-1].data_set if found else "")
        if data_set:
            value = round(float(match["percent"]) / 100, 6)
            classes = int(match["classes"]) if match["classes"] else None
            found.append(PublishedAccuracy(value=value, data_set=data_set, classes=classes))
    return tuple(found)
