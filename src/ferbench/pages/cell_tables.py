"""What a page of runs shows of one run beside its numbers: events, hits, a curve, its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["hit", "false alarm", "not scored", "ignored"]
OUTCOMES: tuple[Outcome, ...] = ("hit", "false alarm", "not scored", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event as a run's tables have it.

    Attributes:
        onset_s: seconds of the session.
        offset_s: seconds of the session.
        label: expression.
        outcome: what it counted as; ``not scored`` also where the session is not annotated.
    """

    onset_s: float
    offset_s: float
    label: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnnotation:
    """An annotation that counted.

    Attributes:
        onset_s: seconds of the session.
        kind: what was annotated; "" = nothing is said.
        found: whether an event matched it.
    """

    onset_s: float
    kind: str
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTables:
    """One session of a run, by time.

    Attributes:
        participant: who; "" = not known.
        counts: tp, fp and fn; None = not annotated.
        events: all of them.
        annotations: those that counted.
    """

    participant: str
    counts: tuple[int, int, int] | None
    events: tuple[ShownEvent, ...]
    annotations: tuple[ShownAnnotation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTables:
    """One run.

    Attributes:
        sessions: by name.
        curve: recall and precision at every threshold that was looked at; () = not stored.
        place: address of the folder with its session pages, relative to the page; "" = none.
        pages: names of the session pages in it.
    """

    sessions: dict[str, SessionTables]
    curve: tuple[tuple[float, float], ...] = ()
    place: str = ""
    pages: frozenset[str] = field(default_factory=frozenset)


NOTHING = CellTables(sessions={})
"""Of a run whose tables are not there."""
