"""Predictions that are watched while they are made, in a window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.rendering.ink import enlarged
from ferbench.rendering.layout import FerbenchLayout
from ferbench.rendering.overlay import overlay_of_seen, overlay_of_tables
from ferbench.rendering.pace import Pace
from ferbench.rendering.player import Player
from ferbench.rendering.window import ScreenWindow
from ferbench.types import Timeline, VideoInfo
from ferbench.video.sampling import Sampling
from ferbench.video.seeking import SeekableVideo, file_clock

if TYPE_CHECKING:
    from ferbench.pipeline.watching import Seen
    from ferbench.protocols import Selector
    from ferbench.rendering.player import Window
    from ferbench.results import Analysis
    from ferbench.types import F64, I64

LATE_S: Final = 0.1
"""A frame that is so much too late is left out, where the video's own speed is asked for."""


class Watched:
    """Shows frames with what was found in them; a context manager.

    Attributes:
        is_watched: False = the user closed the window; what is predicted then is not shown.
    """

    def __init__(
        self,
        selector: Selector,
        *,
        target_fps: float | None,
        realtime: bool,
        window: Window | None = None,
    ) -> None:
        """Open the window.

        Args:
            selector: which face is the participant.
            target_fps: frames per second that are looked at; None = all.
            realtime: show frames at their time, and leave out what comes too late.
            window: another window than that of the screen.

        Raises:
            ConfigError: no window can be opened here.
        """
        self._selector, self._target_fps, self._realtime = selector, target_fps, realtime
        self._own = ScreenWindow("ferbench predict") if window is None else None
        self._window: Window = window or self._own  # type: ignore[assignment]
        self.is_watched = True
        self._edges_s: F64 = np.zeros(1)
        self._began: float | None = None
        self._num_seen = 0

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.__exit__()

    def begin(self, video: Path) -> None:
        """What is seen from now on is of this video.

        Raises:
            VideoError: it cannot be read.
        """
        edges_s = file_clock(video).edges_s
        sampling = Sampling(self._target_fps)
        for number, start_s in enumerate(edges_s[:-1].tolist()):
            sampling.takes(number, start_s - float(edges_s[0]))
        self._edges_s = sampling.edges_s(edges_s)
        self._began, self._num_seen = None, 0

    def see(self, seen: Seen) -> None:
        """Show frames."""
        self._num_seen += len(seen.rgb)
        if not self.is_watched:
            return
        height, width = seen.rgb.shape[1:3]
        count = min(len(seen.rgb), len(self._edges_s) - 1 - seen.first)
        overlay = overlay_of_seen(
            seen.first, self._edges_s, seen.faces, seen.expressions, self._chosen(seen)
        )
        layout = FerbenchLayout(overlay, (height, width))
        for offset in range(count):
            frame = seen.first + offset
            if not self._is_time(frame):
                continue
            picture = enlarged(seen.rgb[offset], layout.zoom)
            layout.draw(picture, frame)
            self._window.show(picture)
            self._obey(0.0)
            if not self.is_watched:
                return

    def end(self, video: Path, analysis: Analysis) -> None:
        """Of a video whose tables were stored nothing was seen: play it.

        Raises:
            VideoError: a frame cannot be decoded.
        """
        if self._num_seen or not self.is_watched:
            return
        clock = file_clock(video)
        chosen = self._selector.select(analysis.faces, analysis.timeline)
        overlay = overlay_of_tables(
            analysis.timeline, analysis.faces, analysis.expressions, chosen, clock
        )
        player = Player(
            SeekableVideo(video, clock),
            lambda hw: FerbenchLayout(overlay, hw),
            self._window,
            Pace(clock.edges_s[: len(overlay.row) + 1]),
            events=(),
        )
        player.run(until_end=True)
        if self._own is not None:
            self.is_watched = self._own.is_open

    def _chosen(self, seen: Seen) -> I64:
        height, width = seen.rgb.shape[1:3]
        count = len(seen.rgb)
        video = VideoInfo(
            video_id="",
            path=Path(),
            sha256="",
            num_frames=count,
            width_px=width,
            height_px=height,
            fps_hz=25.0,
        )
        timeline = Timeline(video=video, edges_s=np.arange(count + 1, dtype=np.float64))
        return self._selector.select(seen.faces, timeline)

    def _is_time(self, frame: int) -> bool:
        """Wait until a frame's time; False = it is over."""
        if not self._realtime:
            return True
        now = time.monotonic()
        since_first_s = float(self._edges_s[frame] - self._edges_s[0])
        if self._began is None:
            self._began = now - since_first_s
        early_s = self._began + since_first_s - now
        if early_s > 0:
            self._obey(early_s)
        return early_s > -LATE_S and self.is_watched

    def _obey(self, wait_s: float) -> None:
        """Do what keys say for so long."""
        until = time.monotonic() + wait_s
        is_paused = False
        while self.is_watched:
            left_s = until - time.monotonic()
            command = self._window.command(0.05 if is_paused else max(0.0, left_s))
            if command == "quit":
                self.is_watched = False
            elif command == "pause":
                is_paused = not is_paused
            if not is_paused and time.monotonic() >= until:
                return
