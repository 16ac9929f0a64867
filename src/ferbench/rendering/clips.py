"""Which stretches of a video are rendered: all of it, or a clip per event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferbench.events.timecode import clock_code, timecode

if TYPE_CHECKING:
    from ferbench.rendering.overlay import Overlay
    from ferbench.types import F64, Event


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames from ``first`` to ``last``, the latter not included, with a title."""

    first: int
    last: int
    title: str = ""


def whole(overlay: Overlay) -> tuple[Clip, ...]:
    """All frames that have a row, as one clip without a title."""
    return (Clip(0, len(overlay.row)),)


def clips_of_events(
    overlay: Overlay, *, context_s: float, thesis_rate_hz: float | None = None
) -> tuple[Clip, ...]:
    """A clip per event, in their order: the event and some seconds around it.

    Args:
        overlay: with the events.
        context_s: seconds before the onset and after the offset, as far as the video goes.
        thesis_rate_hz: frames per second of the time codes of the thesis' titles; None = ferbench's
            titles.
    """
    clips = []
    for number, event in enumerate(overlay.events):
        first = overlay.first_frame(event.onset_s - context_s)
        last = max(overlay.first_frame(event.offset_s + context_s), first + 1)
        last = min(last, len(overlay.row))
        if first < last:
            clips.append(Clip(first, last, _title(overlay, number, event, thesis_rate_hz)))
    return tuple(clips)


def _title(overlay: Overlay, number: int, event: Event, thesis_rate_hz: float | None) -> str:
    if thesis_rate_hz is not None:
        code = timecode(overlay.first_frame(event.onset_s) + 1, thesis_rate_hz)
        return f"detection: {number}\ntimestamp: {code}"
    count = len(overlay.events)
    at = clock_code(event.onset_s)
    return f"{overlay.session_id} · event {number + 1} of {count} · {event.label} · {at}"


def stretches_s(clips: tuple[Clip, ...], edges_s: F64) -> list[tuple[float, float]]:
    """From and to of each clip, seconds of the file.

    Args:
        clips: of a video.
        edges_s: f64 (T+1,) of its frames.
    """
    return [(float(edges_s[clip.first]), float(edges_s[clip.last])) for clip in clips]
