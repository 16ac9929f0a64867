"""What a reader of a video's times should know, in sentences."""

from __future__ import annotations

from typing import Final

import numpy as np

from ferbench.sentences import Setting, Text
from ferbench.types import Timeline

LONG_FRAME_S: Final = 10.0
"""A frame that is on screen for longer is told."""


def begins_late(timeline: Timeline) -> bool:
    """Whether the picture begins at least a frame after its file."""
    video = timeline.video
    frame_s = timeline.duration_s / video.num_frames
    return video.picture_start_s >= frame_s * (1 - 1e-6)


def is_counted_from_picture(timeline: Timeline) -> bool:
    """Whether times were asked for from the first frame, although the picture begins later."""
    return bool(timeline.edges_s[0] != timeline.video.picture_start_s)


def counted_from(*, picture: bool) -> Text:
    """What times of a late picture are counted from, as the end of a sentence."""
    if picture:
        zero = Setting("reader.time_zero", "first_frame")
        return Text("times count from the first picture (", zero, "), so players show them later")
    return Text("times count from the file's start, as players show them")


def start_note(timeline: Timeline) -> Text | None:
    """A sentence on a picture that begins later than its file; None = it does not."""
    if not begins_late(timeline):
        return None
    late = f"the picture begins {timeline.video.picture_start_s:.3f} s after its file: "
    return Text(late, counted_from(picture=is_counted_from_picture(timeline)))


def video_notes(timeline: Timeline) -> list[str]:
    """All sentences on a video."""
    late = start_note(timeline)
    return [*([] if late is None else [late]), *other_notes(timeline)]


def other_notes(timeline: Timeline) -> list[str]:
    """Sentences on streams, jumps and drift of the clock, and on frames that stay long."""
    notes = list(timeline.notes)
    lasts_s = np.diff(timeline.edges_s)
    longest = int(np.argmax(lasts_s))
    if lasts_s[longest] > LONG_FRAME_S:
        count = int(np.count_nonzero(lasts_s > LONG_FRAME_S))
        more = f"; {count} last more than {LONG_FRAME_S:g} s" if count > 1 else ""
        notes.append(
            f"a frame is on screen for {lasts_s[longest]:.1f} s, "
            f"from {timeline.edges_s[longest]:.1f} s on{more}"
        )
    return notes
