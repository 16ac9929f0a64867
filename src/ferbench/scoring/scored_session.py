"""One session as scores and statistics see it: only what counts, and the time in which it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import total_s
from ferbench.types import Annotation, Event

Stamp = Literal["trigger", "onset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSession:
    """A session with the events and annotations that count (see ``session_outcome.counted``).

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
        if self.unplaced:
            return math.nan
        return total_s(self.observed)

    @property
    def visible_s(self) -> float:
        """Of these, seconds with a signal; NaN = not known."""
        if self.visible is None:
            return math.nan
        return total_s(self.visible)


def stamp_s(event: Event, stamp: Stamp) -> float:
    """The time of an event that matching goes by, seconds of the session."""
    if stamp == "trigger":
        return event.trigger_s
    return event.onset_s


def stamps_s(session: ScoredSession, stamp: Stamp) -> list[float]:
    """Times of a session's events, seconds of the session."""
    return [stamp_s(event, stamp) for event in session.events]
