"""Event and annotation share enough of the time that both take, as in ActivityNet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.matching.criterion import check_seconds
from ferbench.scoring.matching.pairwise import Pairwise, Which
from ferbench.timespans import TOLERANCE
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(Pairwise):
    """Temporal intersection over union, as in temporal action localisation.

    Nothing overlaps with a point annotation in this sense.

    Attributes:
        least_iou: intersection / union must be at least this, above 0, at most 1.
        tolerance: what that edge is lowered by.
    """

    least_iou: float = 0.5
    tolerance: float = TOLERANCE

    def __post_init__(self) -> None:
        """Check the values."""
        Pairwise.__post_init__(self)
        if not 0 < self.least_iou <= 1:
            raise ConfigError(
                key="least_iou", expected="a number above 0, at most 1", got=self.least_iou
            )
        check_seconds(tolerance=self.tolerance)

    def __str__(self) -> str:
        return f"intersection / union of the two is at least {self.least_iou:g}"

    def allowed(self, event_s: F64, annotation_s: F64) -> Which:
        """See ``Pairwise``."""
        begin_s = np.maximum(event_s[0], annotation_s[0])
        end_s = np.minimum(event_s[1], annotation_s[1])
        shared_s = end_s - begin_s
        lengths_s = (event_s[1] - event_s[0]) + (annotation_s[1] - annotation_s[0])
        union_s = lengths_s - np.maximum(shared_s, 0)
        some: Which = shared_s > 0
        enough: Which = shared_s >= (self.least_iou - self.tolerance) * union_s
        return some & enough

    def least_shift_s(self, *, longest_event_s: float, longest_annotation_s: float) -> float:
        """As long as the longest event and the longest annotation together."""
        return longest_event_s + longest_annotation_s
