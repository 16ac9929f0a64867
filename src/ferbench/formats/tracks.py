"""Events and matches as tracks that annotation programs show.

One per label, or hits, false alarms and misses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ferbench.formats.marks import Span, Track
from ferbench.types import Annotation, Event

HIT, FALSE_ALARM, MISSED = "hit", "false alarm", "missed"


def event_tracks(events: Sequence[Event]) -> tuple[Track, ...]:
    """Events of one session, a track per label.

    None = one empty track, so that a file says that nothing was found.
    """
    labels = sorted({event.label for event in events}) or ["events"]
    return tuple(
        Track(
            name=label, spans=tuple(sorted(_of(event) for event in events if event.label == label))
        )
        for label in labels
    )


def match_tracks(
    events: Sequence[Event],
    annotations: Sequence[Annotation],
    matches: Sequence[tuple[int, int]],
    *,
    scored_events: Collection[int],
    scored_annotations: Collection[int],
) -> tuple[Track, ...]:
    """What came of the events and annotations of one session.

    Tracks ``hit``, ``false alarm``, ``missed``.

    A hit is the event's stretch, a miss the annotation's; texts are labels and kinds. What was not
    observed is left out.

    Args:
        events: of the session.
        annotations: likewise.
        matches: pairs of positions in both.
        scored_events: positions of the events that count.
        scored_annotations: likewise.
    """
    kind_of = {e: annotations[a].kind for e, a in matches}
    found = {a for _, a in matches}
    hits = [_of(events[e], kind_of[e]) for e in kind_of]
    alarms = [_of(events[e]) for e in scored_events if e not in kind_of]
    missed = [annotations[a] for a in scored_annotations if a not in found]
    return (
        Track(name=HIT, spans=tuple(sorted(hits))),
        Track(name=FALSE_ALARM, spans=tuple(sorted(alarms))),
        Track(
            name=MISSED,
            spans=tuple(
                sorted(Span(onset_s=m.onset_s, offset_s=m.offset_s, text=m.kind) for m in missed)
            ),
        ),
    )


def _of(event: Event, kind: str = "") -> Span:
    text = f"{event.label}: {kind}" if kind else event.label
    return Span(onset_s=event.onset_s, offset_s=event.offset_s, text=text)
