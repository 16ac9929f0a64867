"""How annotators are compared, and how much time what they marked takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from ferbench.errors import ConfigError
from ferbench.scoring.agreement.coded_intervals import CodedInterval
from ferbench.timespans import spans_of
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRules:
    """How annotators are compared.

    Attributes:
        before_s: a point counts as the time from so long before it,
        after_s: to so long after it.
        tolerance_s: how far apart two annotators' events may be, and the tolerance of the tolerant
            kappa.
        segment_s: length of the segments; the last one of a stretch may be shorter.
    """

    before_s: float = 0.0
    after_s: float = 0.0
    tolerance_s: float = 2.0
    segment_s: float = 5.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for field in fields(self):
            seconds = getattr(self, field.name)
            if not (math.isfinite(seconds) and seconds >= 0):
                expected = "a finite number of seconds, 0 or more"
                raise ConfigError(key=field.name, expected=expected, got=seconds)
        if self.segment_s == 0:
            expected = "a finite number of seconds, more than 0"
            raise ConfigError(key="segment_s", expected=expected, got=self.segment_s)

    def extent_of(self, interval: CodedInterval) -> tuple[float, float]:
        """The time that an interval counts as; a point has the time around it."""
        if interval.offset_s > interval.onset_s:
            return interval.onset_s, interval.offset_s
        return interval.onset_s - self.before_s, interval.onset_s + self.after_s

    def spans_of(self, intervals: Sequence[CodedInterval]) -> F64:
        """When an annotator says yes, as spans (see ``timespans``)."""
        return spans_of([self.extent_of(interval) for interval in intervals])

    def num_without_extent(self, intervals: Sequence[CodedInterval]) -> int:
        """How many intervals have no duration."""
        extents = [self.extent_of(interval) for interval in intervals]
        return sum(stop_s <= start_s for start_s, stop_s in extents)
