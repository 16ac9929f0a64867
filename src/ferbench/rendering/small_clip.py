"""Small MP4s of stretches of a video, with their sound, to be carried within a page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ferbench.errors import VideoError
from ferbench.rendering.clips import Clip, stretches_s
from ferbench.rendering.mp4 import Mp4
from ferbench.rendering.sound import sound_of
from ferbench.video.container import REPLACE
from ferbench.video.seeking import SeekableVideo, file_clock

if TYPE_CHECKING:
    from ferbench.rendering.render import Treatment
    from ferbench.video.buffers import Pixels

HEIGHT_PX: Final = 288
"""Of the pictures, at most."""


class SmallClips:
    """Cuts clips out of one video."""

    def __init__(self, path: Path, *, treat: Treatment | None = None) -> None:
        """Look at the video's frames, without decoding any.

        Args:
            path: the video.
            treat: changes pictures before they are made smaller; None = nothing does.

        Raises:
            VideoError: the file cannot be read as a video, or has no frames.
        """
        self._video = SeekableVideo(path, file_clock(path))
        self._edges_s = self._video.clock.edges_s
        self._treat = treat
        if len(self._edges_s) < 2:
            raise VideoError(f"{path}: expected a video with frames, got none", hint=REPLACE)

    @property
    def end_s(self) -> float:
        """Where the last frame ends, seconds from the container's start."""
        return float(self._edges_s[-1])

    def cut(self, from_s: float, to_s: float, out: Path) -> tuple[float, float]:
        """Write the frames that are shown between two times as an MP4.

        Args:
            from_s: seconds from the container's start.
            to_s: likewise.
            out: an .mp4.

        Returns:
            Where the clip begins and ends, by its frames.

        Raises:
            VideoError: a frame cannot be decoded.
        """
        clip = self._frames(from_s, to_s)
        stretch_s = stretches_s((clip,), self._edges_s)[0]
        with ExitStack() as stack:
            sound = sound_of(self._video.path, stack, stretches_s=[stretch_s])
            mp4: Mp4 | None = None
            expected = clip.first
            for picture in self._video.pictures(clip.first):
                if picture.index != expected or expected == clip.last:
                    break
                small = self._small(picture.rgb(), picture.index)
                if mp4 is None:
                    rate_hz = self._video.clock.num_frames / float(
                        self._edges_s[-1] - self._edges_s[0]
                    )
                    hw = (small.shape[0], small.shape[1])
                    mp4 = stack.enter_context(Mp4(out, hw=hw, rate_hz=rate_hz, sound=sound))
                starts_s = float(self._edges_s[expected]) - stretch_s[0]
                ends_s = float(self._edges_s[expected + 1]) - stretch_s[0]
                mp4.picture(small, start_s=starts_s, end_s=ends_s)
                expected += 1
        if expected < clip.last:
            raise VideoError(
                f"{self._video.path}: frame {expected} cannot be decoded; expected all from "
                f"{clip.first} to {clip.last - 1}",
                hint=REPLACE,
            )
        return stretch_s

    def _frames(self, from_s: float, to_s: float) -> Clip:
        """The frame that is shown at the beginning to the one at the end; at least one."""
        last_frame = len(self._edges_s) - 2
        first = int(np.searchsorted(self._edges_s, from_s, side="right")) - 1
        first = min(max(first, 0), last_frame)
        stop = int(np.searchsorted(self._edges_s, to_s, side="left"))
        return Clip(first, min(max(stop, first + 1), last_frame + 1))

    def _small(self, rgb: Pixels, index: int) -> Pixels:
        if self._treat is not None:
            self._treat(rgb, index)
        height, width = rgb.shape[:2]
        if height <= HEIGHT_PX:
            return rgb
        size = (max(2, round(width * HEIGHT_PX / height / 2) * 2), HEIGHT_PX)
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
