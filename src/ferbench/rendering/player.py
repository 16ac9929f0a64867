"""Plays a video with what was found, at its own speed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol, cast

from ferbench.rendering.ink import enlarged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferbench.rendering.pace import Pace
    from ferbench.rendering.render import Layout, Treatment
    from ferbench.rendering.window import Command
    from ferbench.video.buffers import Pixels
    from ferbench.video.seeking import Picture, SeekableVideo

SEEK_S: Final = 5.0
"""What the arrows move by."""
AGAIN_S: Final = 1.0
"""While it plays, the event that began so shortly before is no earlier one."""
POLL_S: Final = 0.05
"""A key is waited for so long at most, so that a closed window is noticed."""
DECODED_AHEAD_S: Final = 2.0
"""Frames so much later are decoded up to; those beyond are sought."""


class Window(Protocol):
    """Shows pictures, tells keys."""

    def show(self, rgb: Pixels) -> None:
        """Show a picture, u8 (H, W, 3), RGB."""

    def command(self, wait_s: float) -> Command | None:
        """What a key says, waiting so long for one at most."""


class Frames:
    """Frames of a video in any order; going on is cheap, jumping seeks."""

    def __init__(self, video: SeekableVideo) -> None:
        self._video = video
        self._starts_s = video.clock.edges_s
        self._pictures: Iterator[Picture] = iter(())
        self._next = -1  # the frame that the next picture is of; -1 = none is open

    def rgb(self, index: int) -> Pixels | None:
        """A frame as a player shows it, u8 (H, W, 3); None = the video ends before it.

        Raises:
            VideoError: it cannot be decoded.
        """
        far = self._next < 0 or index < self._next
        if not far:
            far = self._starts_s[index] - self._starts_s[self._next] > DECODED_AHEAD_S
        if far:
            self._pictures = self._video.pictures(index)
        for picture in self._pictures:
            self._next = picture.index + 1
            if picture.index >= index:
                return picture.rgb()
        self._next = -1
        return None


class Player:
    """Shows frames when it is their time, and does what keys say."""

    def __init__(
        self,
        video: SeekableVideo,
        layout_for: Callable[[tuple[int, int]], Layout],
        window: Window,
        pace: Pace,
        *,
        events: Sequence[int],
        treat: Treatment | None = None,
    ) -> None:
        """Take what is played.

        Args:
            video: gives the frames.
            layout_for: makes what draws on pictures of a height and width.
            window: shows them.
            pace: says when.
            events: first frames of events, rising.
            treat: see ``render.Treatment``; None = pictures are drawn on as they are.
        """
        self._frames = Frames(video)
        self._layout_for, self._layout = layout_for, cast("Layout | None", None)
        self._window, self._pace = window, pace
        self._events = events
        self._treat = treat

    def run(self, *, until_end: bool = False) -> int:
        """Play until the user ends it, or the video ends; return how many frames were shown.

        Raises:
            VideoError: a frame cannot be decoded.
        """
        self._pace.play()
        on_screen, count = -1, 0
        while True:
            frame = self._pace.frame
            if frame != on_screen:
                self._show(frame)
                on_screen, count = frame, count + 1
            if self._pace.is_at_end and self._pace.is_playing:
                if until_end:
                    return count
                self._pace.pause()
            command = self._window.command(min(self._pace.wait_s, POLL_S))
            if command == "quit":
                return count
            if command is not None:
                self._do(command)

    def _show(self, frame: int) -> None:
        rgb = self._frames.rgb(frame)
        if rgb is None:
            return
        if self._treat is not None:
            self._treat(rgb, frame)
        if self._layout is None:
            self._layout = self._layout_for((rgb.shape[0], rgb.shape[1]))
        picture = enlarged(rgb, self._layout.zoom)
        self._layout.draw(picture, frame)
        self._window.show(picture)

    def _do(self, command: Command) -> None:
        pace = self._pace
        actions = {
            "pause": pace.pause if pace.is_playing else pace.play,
            "step": lambda: pace.step(1),
            "step_back": lambda: pace.step(-1),
            "later": lambda: pace.by_s(SEEK_S),
            "earlier": lambda: pace.by_s(-SEEK_S),
            "faster": lambda: pace.change_speed(1),
            "slower": lambda: pace.change_speed(-1),
            "start": lambda: pace.to_frame(0),
            "end": lambda: pace.to_frame(pace.last),
            "next_event": self._next_event,
            "previous_event": self._previous_event,
        }
        actions[command]()

    def _next_event(self) -> None:
        place = bisect_right(self._events, self._pace.frame)
        if place < len(self._events):
            self._pace.to_frame(self._events[place])

    def _previous_event(self) -> None:
        frame = self._pace.frame_at(self._pace.position_s - AGAIN_S * self._pace.speed)
        if not self._pace.is_playing:
            frame = self._pace.frame
        place = bisect_left(self._events, frame)
        if place:
            self._pace.to_frame(self._events[place - 1])
