"""One session as statistics see it.

What was found, what was marked, and the time in which both count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation, Event

Stamp = Literal["trigger", "onset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A scored session; only events and annotations that count (see ``EventScoring.observed``).

    Attributes:
        session_id: its name.
        participant: whose it is (the unit of resampling); "" = unknown, then the session stands for
            itself.
        events: in time order, seconds of the session.
        annotations: in time order.
        observed: stretches [from_s, to_s) that were recorded and observed, finite, in order, apart.
        visible: of these, the stretches with a signal (a face was chosen); None = not known.
        profile: the rule's events at every level; None = not known (events from a file).
    """

    session_id: str
    participant: str
    events: tuple[Event, ...]
    annotations: tuple[Annotation, ...]
    observed: tuple[tuple[float, float], ...]
    visible: tuple[tuple[float, float], ...] | None = None
    profile: ThresholdSweep | None = None

    @property
    def cluster(self) -> str:
        """The unit of resampling."""
        return self.participant or f"session {self.session_id}"

    @property
    def unplaced(self) -> bool:
        """Whether something counts in it, but not in which time."""
        return bool(self.events or self.annotations) and not self.observed

    @property
    def observed_s(self) -> float:
        """Seconds that count; NaN = not known."""
        return math.nan if self.unplaced else sum(to_s - from_s for from_s, to_s in self.observed)


def stamps_s(session: Evidence, stamp: Stamp) -> list[float]:
    """Times of the events that matching goes by, seconds of the session."""
    return [event.trigger_s if stamp == "trigger" else event.onset_s for event in session.events]
