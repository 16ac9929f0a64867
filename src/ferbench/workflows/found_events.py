"""Events that were found in predictions, session by session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.timespans import LATE_PICTURE_S
from ferbench.types import Event
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvents:
    """What one table of predictions holds.

    Attributes:
        session_id: the video's name.
        events: in time order, seconds of the video from its container's start.
        timecodes: HH:MM:SS:FF of each event's first frame, frames counted from 1.
        segments: flags of a rule that works on segments; None = another rule.
        duration_s: seconds of video.
        valid_s: of these, seconds with a value.
        picture_start_s: where these begin, seconds of the video.
        note: what is odd about the question for this video; "" = nothing.
    """

    session_id: str
    events: tuple[Event, ...]
    timecodes: tuple[str, ...]
    segments: tuple[int, ...] | None
    duration_s: float
    valid_s: float
    picture_start_s: float = 0.0
    note: str = ""

    @property
    def end_s(self) -> float:
        """Where its last frame ends, seconds of the video."""
        return self.picture_start_s + self.duration_s

    @property
    def observed(self) -> tuple[tuple[float, float], ...] | None:
        """What of the session was recorded, where its picture begins late; None = all of it."""
        if self.picture_start_s <= LATE_PICTURE_S:
            return None
        return ((self.picture_start_s, self.end_s),)

    def as_json(self) -> dict[str, Any]:
        """``segments`` and ``events`` as plain values."""
        events = []
        for index, (event, timecode) in enumerate(zip(self.events, self.timecodes, strict=True)):
            times = {
                "onset_s": event.onset_s,
                "offset_s": event.offset_s,
                "trigger_s": event.trigger_s,
            }
            events.append({"index": index, "timecode": timecode, **times, "label": event.label})
        segments = None if self.segments is None else list(self.segments)
        return {"segments": segments, "events": events}

    def lines(self) -> list[str]:
        """A line per event."""
        lines = []
        for index, (event, timecode) in enumerate(zip(self.events, self.timecodes, strict=True)):
            extent = f"{event.onset_s:.3f} to {event.offset_s:.3f} s"
            trigger = f"trigger {event.trigger_s:.3f} s"
            lines.append(f"{index}  {timecode}  {event.label}  {extent}, {trigger}")
        return lines

    def total(self) -> str:
        """How many events, and in how many segments."""
        count = plural(len(self.events), "event")
        if self.segments is None:
            return count
        return f"{count} in {plural(len(self.segments), 'segment')}"


@dataclass(frozen=True, slots=True, repr=False)
class Events(Sequence[Event]):
    """Events of one or more sessions; a sequence of all of them.

    Attributes:
        sessions: what each session holds, also those without events.
    """

    sessions: tuple[SessionEvents, ...]

    def _all(self) -> tuple[Event, ...]:
        return tuple(event for session in self.sessions for event in session.events)

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, index: Any) -> Any:
        return self._all()[index]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._all())

    def __repr__(self) -> str:
        duration_s = sum(session.duration_s for session in self.sessions)
        count = plural(len(self), "event")
        return f"Events: {count} in {plural(len(self.sessions), 'session')}, {duration_s:.1f} s"

    def to_frame(self) -> pd.DataFrame:
        """One row per event, as the CSV of ``events.csv``, times in seconds of the session."""
        import pandas as pd

        rows = []
        for session in self.sessions:
            for event, timecode in zip(session.events, session.timecodes, strict=True):
                rows.append(
                    {
                        "session": event.session_id,
                        "label": event.label,
                        "onset_s": event.onset_s,
                        "offset_s": event.offset_s,
                        "trigger_s": event.trigger_s,
                        "peak": event.peak,
                        "timecode": timecode,
                    }
                )
        return pd.DataFrame(rows, columns=list(COLUMNS))


COLUMNS = ("session", "label", "onset_s", "offset_s", "trigger_s", "peak", "timecode")
