"""The loop that renders: decode a frame, hide faces, draw, encode.

One thread decodes while the other draws and hands frames to the encoder, which has threads of its
own. A few frames are on their way at a time, so memory is the same for any length.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ferbench.errors import VideoError
from ferbench.rendering.clips import Clip, stretches_s
from ferbench.rendering.ink import enlarged
from ferbench.rendering.mp4 import Mp4
from ferbench.rendering.sound import sound_of
from ferbench.video.container import REPLACE

if TYPE_CHECKING:
    from ferbench.video.buffers import Pixels
    from ferbench.video.seeking import SeekableVideo

Item = TypeVar("Item")
AHEAD: Final = 4
"""Frames that wait to be drawn on."""


class Layout(Protocol):
    """Draws on frames.

    Attributes:
        zoom: whole factor by which pictures are enlarged before they are drawn on.
    """

    zoom: int

    def draw(self, picture: Pixels, frame: int, title: str = "") -> None:
        """Draw on a frame, u8 (H, W, 3), RGB, in place."""


Treatment = Callable[["Pixels", int], None]
"""Changes a picture, u8 (H, W, 3), RGB, in place, as it came from the video, before anything is
drawn on it; the second argument is the frame's number in the video, from 0. Frames come in rising
order within a clip; clips may overlap.
"""


def render_clips(
    video: SeekableVideo,
    clips: tuple[Clip, ...],
    out: Path,
    *,
    layout_for: Callable[[tuple[int, int]], Layout],
    treat: Treatment | None = None,
    on_frames: Callable[[int], None] = lambda _: None,
) -> None:
    """Write clips of a video one after the other.

    Args:
        video: the source.
        clips: at least one.
        out: an .mp4, written as it comes (see ``atomic.replacing``).
        layout_for: makes the layout for pictures of a height and width.
        treat: see ``Treatment``; None = pictures are drawn on as they are.
        on_frames: told how many frames were done.

    Raises:
        VideoError: decoding stops before the last frame of a clip.
    """
    with ExitStack() as stack:
        writer = _Writer(video, clips, out, layout_for, stack)
        for clip in clips:
            with closing(ahead(_pictures(video, clip))) as pictures:
                for index, rgb in pictures:
                    if treat is not None:
                        treat(rgb, index)
                    writer.write(rgb, index, clip)
                    on_frames(1)
            writer.end_clip(clip)


class _Writer:
    """Draws on frames and writes them at their times."""

    def __init__(
        self,
        video: SeekableVideo,
        clips: tuple[Clip, ...],
        out: Path,
        layout_for: Callable[[tuple[int, int]], Layout],
        stack: ExitStack,
    ) -> None:
        self._edges_s = video.clock.edges_s
        self._is_whole = len(clips) == 1 and not clips[0].title
        self._out, self._layout_for, self._stack = out, layout_for, stack
        heard_s = None if self._is_whole else stretches_s(clips, self._edges_s)
        self._sound = sound_of(video.path, stack, stretches_s=heard_s)
        self._begun_s = 0.0  # where the clip begins, seconds of what is written
        self._layout: Layout | None = None
        self._mp4: Mp4 | None = None

    def write(self, rgb: Pixels, index: int, clip: Clip) -> None:
        """The next frame."""
        if self._layout is None or self._mp4 is None:
            self._layout = self._layout_for((rgb.shape[0], rgb.shape[1]))
            self._mp4 = self._stack.enter_context(self._begun(rgb, self._layout.zoom))
        picture = enlarged(rgb, self._layout.zoom)
        self._layout.draw(picture, index, clip.title)
        shift_s = self._shift_s(clip)
        self._mp4.picture(
            picture,
            start_s=float(self._edges_s[index]) + shift_s,
            end_s=float(self._edges_s[index + 1]) + shift_s,
        )

    def end_clip(self, clip: Clip) -> None:
        """The next frame is of the next clip."""
        self._begun_s += float(self._edges_s[clip.last] - self._edges_s[clip.first])

    def _shift_s(self, clip: Clip) -> float:
        """From times of the video to those of what is written."""
        if self._is_whole:
            return 0.0
        return self._begun_s - float(self._edges_s[clip.first])

    def _begun(self, rgb: Pixels, zoom: int) -> Mp4:
        height, width = rgb.shape[:2]
        count = len(self._edges_s) - 1
        return Mp4(
            self._out,
            hw=(height * zoom, width * zoom),
            rate_hz=count / float(self._edges_s[-1] - self._edges_s[0]),
            sound=self._sound,
        )


def _pictures(video: SeekableVideo, clip: Clip) -> Generator[tuple[int, Pixels], None, None]:
    """The frames of a clip with their numbers.

    Raises:
        VideoError: one is missing.
    """
    expected = clip.first
    for picture in video.pictures(clip.first):
        if picture.index != expected:
            break
        yield picture.index, picture.rgb()
        expected += 1
        if expected == clip.last:
            return
    raise VideoError(
        f"{video.path}: frame {expected} cannot be decoded; expected all from {clip.first} to "
        f"{clip.last - 1}",
        hint=REPLACE,
    )


class _End:
    """What comes after the last item: an error, or nothing."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The same items, made in a thread of their own, a few before they are asked for.

    What making them raises is raised here. When the generator is closed, the thread ends.
    """
    made: queue.Queue[Item | _End] = queue.Queue(maxsize=AHEAD)
    is_over = threading.Event()

    def make() -> None:
        end = _End()
        try:
            for item in items:
                if not _put(made, item, is_over):
                    break
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are used
            end = _End(error)
        finally:
            items.close()
        _put(made, end, is_over)

    thread = threading.Thread(target=make, name="ferbench-decode", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        is_over.set()
        thread.join()


def _put(made: queue.Queue[Item | _End], item: Item | _End, is_over: threading.Event) -> bool:
    """Put an item where there is room for it; False = nobody wants it any more."""
    while not is_over.is_set():
        try:
            made.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
