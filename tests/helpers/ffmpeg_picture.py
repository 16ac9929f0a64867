"""Clips that Debian's ``ffmpeg`` makes, and its own pictures of clips: a reference beside PyAV."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.reference import REQUIRED


def ffmpeg(*arguments: str) -> bytes:
    """Run ffmpeg and return what it writes to stdout; skips the test where there is no ffmpeg."""
    program = shutil.which("ffmpeg")
    if program is None:
        if REQUIRED:
            pytest.fail("ffmpeg not found")
        pytest.skip("ffmpeg not found")
    command = [program, "-nostdin", "-y", "-v", "error", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def ffmpeg_picture(path: Path, *, filters: str = "null", number: int = 0) -> np.ndarray:
    """A frame as ffmpeg shows it, turned as the container says, RGB u8 (H, W, 3)."""
    chosen = f"select=eq(n\\,{number}),{filters}"
    arguments = ["-i", f"file:{path}", "-vf", chosen, "-frames:v", "1"]
    ppm = ffmpeg(*arguments, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-")
    bgr = cv2.imdecode(np.frombuffer(ppm, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(bgr[..., ::-1], np.uint8)


def make(path: Path, *arguments: str, source: str = "testsrc2=s=96x64:r=25:d=0.24") -> Path:
    """A clip made of one of ffmpeg's own sources."""
    ffmpeg("-f", "lavfi", "-i", source, *arguments, str(path))
    return path


def mean_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Mean of the absolute differences, levels; infinite where the sizes differ."""
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.abs(ours.astype(int) - theirs).mean())
