"""Events and matches as tracks that annotation programs show.

One per label, or hits, false alarms and misses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ferbench.types import Annotation, Event

HIT, FALSE_ALARM, MISSED = "hit", "false alarm", "missed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of a session with a text, to be written: seconds, 0 or more, onset <= offset."""

    onset_s: float
    offset_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Spans that belong together: a tier, or the behaviours of one subject."""

    name: str
    spans: tuple[Span, ...]


def without_overlaps(spans: Sequence[Span]) -> list[list[Span]]:
    """Spans in as few lists as possible, in time order, so that none overlaps another in its list.

    >>> three = [Span(onset_s=a, offset_s=a + 2, text="") for a in (0, 1, 2)]
    >>> [len(spans) for spans in without_overlaps(three)]
    [2, 1]
    """
    lists: list[list[Span]] = []
    for span in sorted(spans):
        for spans_before in lists:
            if spans_before[-1].offset_s <= span.onset_s:
                spans_before.append(span)
                break
        else:
            lists.append([span])
    return lists


def event_tracks(events: Sequence[Event]) -> tuple[Track, ...]:
    """Events of one session, a track per label.

    No event = one empty track, so that a file says that nothing was found.
    """
    labels = sorted({event.label for event in events}) or ["events"]
    tracks = []
    for label in labels:
        spans = sorted(_span_of(event) for event in events if event.label == label)
        tracks.append(Track(name=label, spans=tuple(spans)))
    return tuple(tracks)


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
    kind_of_event = {event: annotations[annotation].kind for event, annotation in matches}
    matched = {annotation for _, annotation in matches}
    missed = [annotations[k] for k in scored_annotations if k not in matched]
    spans = {
        HIT: [_span_of(events[k], kind) for k, kind in kind_of_event.items()],
        FALSE_ALARM: [_span_of(events[k]) for k in scored_events if k not in kind_of_event],
        MISSED: [Span(onset_s=a.onset_s, offset_s=a.offset_s, text=a.kind) for a in missed],
    }
    return tuple(Track(name=name, spans=tuple(sorted(spans[name]))) for name in spans)


def _span_of(event: Event, kind: str = "") -> Span:
    text = f"{event.label}: {kind}" if kind else event.label
    return Span(onset_s=event.onset_s, offset_s=event.offset_s, text=text)
