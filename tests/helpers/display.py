"""A screen without a monitor (Xvfb): what it shows, and keys that are pressed on it."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

SIZE = (1280, 960)  # width, height


@dataclass(frozen=True)
class Screen:
    """A running X server without a window manager: keys go to the window below the pointer."""

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}

    def picture(self) -> np.ndarray:
        """What is on the screen, u8 (H, W, 3), BGR."""
        path = self.folder / "screen.png"
        size = f"{SIZE[0]}x{SIZE[1]}"
        command = ["ffmpeg", "-y", "-v", "error", "-f", "x11grab", "-draw_mouse", "0"]
        command += ["-video_size", size, "-i", self.name, "-frames:v", "1", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return cv2.imread(str(path))

    def wait_for(self, is_so: Callable[[np.ndarray], bool], *, seconds: float = 30) -> np.ndarray:
        """The first picture of the screen for which something is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            picture = self.picture()
            if is_so(picture):
                return picture
            time.sleep(0.1)
        raise AssertionError("the screen never showed what was expected")

    def press(self, key: str) -> None:
        """Press and release a key, by its X name: space, Right, q."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        xtest = ctypes.CDLL(ctypes.util.find_library("Xtst"))
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XStringToKeysym.restype = ctypes.c_ulong
        x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
        display = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        assert display.value, f"no display {self.name}"
        code = x11.XKeysymToKeycode(display, x11.XStringToKeysym(key.encode()))
        code &= 0xFF
        assert code, f"no key {key}"
        xtest.XTestFakeMotionEvent(display, 0, 60, 60, 0)
        for is_down in (1, 0):
            xtest.XTestFakeKeyEvent(display, code, is_down, 0)
        x11.XSync(display, 0)
        x11.XCloseDisplay(display)


@contextmanager
def running_screen(folder: Path) -> Iterator[Screen]:
    """Starts an X server; skips where there is none and none is required."""
    if shutil.which("Xvfb") is None:
        assert not os.environ.get("FERBENCH_REQUIRE_ORACLES"), "no Xvfb on this machine"
        pytest.skip("no Xvfb on this machine")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        number = os.read(reader, 20).decode().strip()
        assert number, "Xvfb did not start"
        yield Screen(f":{number}", folder)
    finally:
        os.close(reader)
        server.terminate()
        server.wait(timeout=30)


@contextmanager
def pressing(screen: Screen, key: str) -> Iterator[None]:
    """Presses a key every half second; what comes before a window is there goes nowhere."""
    is_over = threading.Event()

    def press() -> None:
        while not is_over.wait(0.5):
            screen.press(key)

    presser = threading.Thread(target=press)
    presser.start()
    try:
        yield
    finally:
        is_over.set()
        presser.join()
