"""The window: an event's time near an annotation's onset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.scoring.matching.criterion import OnsetWindow, Pairs, check_seconds, check_stamp
from ferbench.scoring.matching.duplicates import Duplicates, check_duplicates, in_any_window
from ferbench.scoring.matching.many_draws import Counting, at_points
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.scored_session import Stamp, stamp_s
from ferbench.timespans import TOLERANCE_S
from ferbench.types import Annotation, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The event's time lies in [onset - pre_s, onset + post_s] (see ``one_to_one.match``).

    For point annotations. With ``stamp=onset`` and equal ``pre_s`` and ``post_s`` it is the onset
    collar of sed_eval.

    Attributes:
        pre_s: window before an annotation's onset, seconds.
        post_s: window after it, seconds.
        stamp: an event's time: ``trigger`` (when the rule became true) or ``onset``.
        duplicates: further events in the window of an annotation that has a match are
            ``false_alarm`` or ``ignored``.
        tolerance_s: what both ends are stretched by.
    """

    version: ClassVar[str] = "1"
    needs_extent: ClassVar[bool] = False
    frame_rate_hz: ClassVar[float | None] = None
    no_curves: ClassVar[str] = ""
    pre_s: float = 0.5
    post_s: float = 5.0
    stamp: Stamp = "trigger"
    duplicates: Duplicates = "false_alarm"
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the values."""
        check_seconds(pre_s=self.pre_s, post_s=self.post_s, tolerance_s=self.tolerance_s)
        check_stamp(self.stamp)
        check_duplicates(self.duplicates)

    def __str__(self) -> str:
        return (
            f"its {self.stamp} is from {self.pre_s:g} s before to {self.post_s:g} s after the "
            "annotation's onset"
        )

    @property
    def moved_by(self) -> Stamp:
        """See ``Criterion``."""
        return self.stamp

    @property
    def onset_window(self) -> OnsetWindow:
        """See ``Criterion``."""
        return OnsetWindow(self.pre_s, self.post_s, self.tolerance_s)

    def stamp_s(self, event: Event) -> float:
        """See ``Criterion``."""
        return stamp_s(event, self.stamp)

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return match(
            [self.stamp_s(event) for event in events],
            [annotation.onset_s for annotation in annotations],
            pre_s=self.pre_s,
            post_s=self.post_s,
            tolerance_s=self.tolerance_s,
        )

    def ignored(
        self, events: Sequence[Event], annotations: Sequence[Annotation], pairs: Pairs
    ) -> tuple[int, ...]:
        """See ``Criterion``."""
        if self.duplicates == "false_alarm":
            return ()
        times_s = np.array([self.stamp_s(event) for event in events], np.float64)
        onsets_s = np.sort([annotation.onset_s for annotation in annotations])
        low_s, high_s = self.onset_window.around(onsets_s)
        matched = {event for event, _ in pairs}
        inside = np.flatnonzero(in_any_window(times_s, low_s, high_s)).tolist()
        return tuple(event for event in inside if event not in matched)

    def count_matches(self) -> Counting:
        """See ``Criterion``."""
        return at_points(
            self.pre_s, self.post_s, tolerance_s=self.tolerance_s, duplicates=self.duplicates
        )

    def least_shift_s(self, *, longest_event_s: float, longest_annotation_s: float) -> float:
        """The window's width; how long events and annotations last does not matter."""
        del longest_event_s, longest_annotation_s
        return self.pre_s + self.post_s
