"""The event touches the annotation with its margins: a detection as ERR@HRI 2.0 means it.

What differs from the challenge's published evaluator: one event counts for one annotation and the
other way round, and only within a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ferbench.scoring.matching.criterion import check_seconds
from ferbench.scoring.matching.pairwise import Pairwise, Which
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOverlap(Pairwise):
    """The event touches [onset - before_s, offset + after_s].

    The frame scores of the challenge's 2024 edition belong to it, at 30 frames per second.

    Attributes:
        before_s: seconds before the annotation's onset.
        after_s: seconds after its offset.
        tolerance_s: what both ends are stretched by.
    """

    needs_extent: ClassVar[bool] = False
    frame_rate_hz: ClassVar[float | None] = 30.0
    before_s: float = 1.0
    after_s: float = 1.0
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the values."""
        Pairwise.__post_init__(self)
        check_seconds(before_s=self.before_s, after_s=self.after_s, tolerance_s=self.tolerance_s)

    def __str__(self) -> str:
        return (
            f"it touches the time from {self.before_s:g} s before the annotation's onset to "
            f"{self.after_s:g} s after its offset"
        )

    def allowed(self, event_s: F64, annotation_s: F64) -> Which:
        """See ``Pairwise``."""
        begins: Which = event_s[0] <= annotation_s[1] + self.after_s + self.tolerance_s
        ends: Which = event_s[1] >= annotation_s[0] - self.before_s - self.tolerance_s
        return begins & ends

    def least_shift_s(self, *, longest_event_s: float, longest_annotation_s: float) -> float:
        """As long as the longest event and the longest annotation with its margins together."""
        around_s = self.before_s + self.after_s
        return longest_event_s + longest_annotation_s + around_s
