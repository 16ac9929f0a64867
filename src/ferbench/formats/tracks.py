"""Events and matches as tracks that annotation programs show.

One per label, or hits, false alarms and misses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from ferbench.types import Annotation, Event

HIT, FALSE_ALARM, MISSED, IGNORED = "hit", "false alarm", "missed", "ignored"


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


@dataclass(frozen=True, slots=True)
class SessionTracks(Sequence[Track]):
    """The tracks of one session, and its video where that is known."""

    tracks: tuple[Track, ...]
    video: Path | None = None

    @overload
    def __getitem__(self, index: int) -> Track: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Track, ...]: ...

    def __getitem__(self, index: int | slice) -> Track | tuple[Track, ...]:
        """A track, or some."""
        return self.tracks[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.tracks)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cue:
    """A span as a file of subtitles has it: whole milliseconds, and a text on one line."""

    onset_ms: int
    offset_ms: int
    text: str


def cue_time(milliseconds: int, decimal_mark: str) -> str:
    """A time as subtitles write it, with as many hours as it has.

    >>> cue_time(3_723_045, "."), cue_time(45, ",")
    ('01:02:03.045', '00:00:00,045')
    """
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{decimal_mark}{thousandths:03d}"


def as_cues(tracks: Sequence[Track]) -> list[Cue]:
    """Spans as subtitles, in order of time, times rounded to milliseconds.

    Of several tracks, a cue's text begins with its track's name where it does not say the same.
    What is shorter than 1 ms is 1 ms long.
    """
    cues = []
    for track in tracks:
        for span in track.spans:
            text = span.text or track.name
            if len(tracks) > 1 and text != track.name:
                text = f"{track.name}: {text}"
            onset_ms = round(span.onset_s * 1000)
            offset_ms = max(round(span.offset_s * 1000), onset_ms + 1)
            cue = Cue(onset_ms=onset_ms, offset_ms=offset_ms, text=" ".join(text.split()))
            cues.append(cue)
    return sorted(cues)


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
    ignored: Collection[int] = (),
) -> tuple[Track, ...]:
    """What came of the events and annotations of one session.

    Tracks ``hit``, ``false alarm``, ``missed``, and ``ignored`` where there are such events.

    A hit is the event's stretch, a miss the annotation's; texts are labels and kinds. What was not
    observed is left out.

    Args:
        events: of the session.
        annotations: likewise.
        matches: pairs of positions in both.
        scored_events: positions of the events that count.
        scored_annotations: likewise.
        ignored: positions of events that count and are neither hits nor false alarms.
    """
    kind_of_event = {event: annotations[annotation].kind for event, annotation in matches}
    matched = {annotation for _, annotation in matches}
    missed = [annotations[k] for k in scored_annotations if k not in matched]
    no_hits = [k for k in scored_events if k not in kind_of_event]
    spans = {
        HIT: [_span_of(events[k], kind) for k, kind in kind_of_event.items()],
        FALSE_ALARM: [_span_of(events[k]) for k in no_hits if k not in ignored],
        MISSED: [Span(onset_s=a.onset_s, offset_s=a.offset_s, text=a.kind) for a in missed],
    }
    if ignored:
        spans[IGNORED] = [_span_of(events[k]) for k in ignored]
    return tuple(Track(name=name, spans=tuple(sorted(spans[name]))) for name in spans)


def _span_of(event: Event, kind: str = "") -> Span:
    text = f"{event.label}: {kind}" if kind else event.label
    return Span(onset_s=event.onset_s, offset_s=event.offset_s, text=text)
