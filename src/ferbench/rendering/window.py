"""A window on the screen: shows pictures, tells keys.

It lives in a process of its own (``window_process``): OpenCV's windows stand still for ever where
PyAV was loaded first (both bring libxcb), and end their process where there is no display.
"""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np

from ferbench.errors import ConfigError
from ferbench.rendering.window_process import CLOSED, OPEN, serve

if TYPE_CHECKING:
    from ferbench.video.buffers import Pixels

Command = Literal[
    "pause",
    "step",
    "step_back",
    "later",
    "earlier",
    "next_event",
    "previous_event",
    "faster",
    "slower",
    "start",
    "end",
    "quit",
]
KEYS: Final[dict[int, Command]] = {
    ord(" "): "pause",
    ord("."): "step",
    ord(","): "step_back",
    ord("n"): "next_event",
    ord("p"): "previous_event",
    ord("+"): "faster",
    ord("="): "faster",
    ord("-"): "slower",
    ord("q"): "quit",
    27: "quit",  # Esc
    # Arrows, Home and End: X11, Windows, macOS.
    0xFF51: "earlier",
    0x250000: "earlier",
    0xF702: "earlier",
    0xFF53: "later",
    0x270000: "later",
    0xF703: "later",
    0xFF52: "faster",
    0x260000: "faster",
    0xF700: "faster",
    0xFF54: "slower",
    0x280000: "slower",
    0xF701: "slower",
    0xFF50: "start",
    0x240000: "start",
    0xF729: "start",
    0xFF57: "end",
    0x230000: "end",
    0xF72B: "end",
}
"""What the codes of keys mean that OpenCV tells."""
LARGEST_HW: Final = (900, 1600)
"""Larger pictures are made smaller."""
_OPENING_S: Final = 60.0
_CLOSING_S: Final = 5.0


class ScreenWindow:
    """A window of the screen; it closes with its context.

    Attributes:
        is_open: False = its user closed it.
    """

    def __init__(self, title: str) -> None:
        """Open a window of this title.

        Raises:
            ConfigError: no window can be opened here.
        """
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, title), daemon=True)
        self._process.start()
        theirs.close()
        self.is_open = self._opened()
        if not self.is_open:
            self.__exit__()
            raise ConfigError(
                "no window can be opened: there is no display here, or this OpenCV was built "
                "without windows (opencv-python-headless)",
                hint="render the video to a file and open that, or open the session's report page",
            )

    def __enter__(self) -> ScreenWindow:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
        self._connection.close()
        self._process.join(_CLOSING_S)
        if self._process.is_alive():
            self._process.kill()

    def show(self, rgb: Pixels) -> None:
        """Show a picture, u8 (H, W, 3), RGB."""
        height, width = rgb.shape[:2]
        scale = min(1.0, LARGEST_HW[0] / height, LARGEST_HW[1] / width)
        if scale < 1:
            size = (round(width * scale), round(height * scale))
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        try:
            self._connection.send(rgb.shape)
            self._connection.send_bytes(np.ascontiguousarray(rgb).data.cast("B"))
        except OSError:
            self.is_open = False

    def command(self, wait_s: float) -> Command | None:
        """What a key says, waiting so long for one at most; "quit" = the window was closed."""
        if not self.is_open:
            return "quit"
        try:
            code = self._connection.recv() if self._connection.poll(wait_s) else None
        except (EOFError, OSError):
            code = CLOSED
        if code == CLOSED:
            self.is_open = False
            return "quit"
        return None if code is None else command_of(code)

    def _opened(self) -> bool:
        try:
            return self._connection.poll(_OPENING_S) and self._connection.recv() == OPEN
        except (EOFError, OSError):
            return False


def command_of(code: int) -> Command | None:
    """What the code of a key means; None = nothing.

    >>> command_of(ord("q")), command_of(0x100000 | ord(" ")), command_of(ord("z"))
    ('quit', 'pause', None)
    """
    if code in KEYS:
        return KEYS[code]
    return KEYS.get(code & 0xFFFF)  # above are the keys that are held
