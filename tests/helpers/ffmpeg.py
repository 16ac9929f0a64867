"""Clips made and described by FFmpeg's own programs: an independent reference for readers."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ferbench.types import Timeline

PICTURE = "testsrc2=s=64x48:r=30"


def make(path: Path, *arguments: str) -> Path:
    """Run ffmpeg with some arguments; the last one, the output, is ``path``."""
    _run("ffmpeg", "-y", "-v", "error", *arguments, str(path))
    return path


def picture(seconds: float, *, rate: int = 30, size: str = "64x48") -> list[str]:
    """Input arguments of a moving test picture."""
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


def shown_s(path: Path, stream: str = "v:0") -> list[float]:
    """When ffprobe says that frames are shown, seconds from the container's start."""
    told = probe(path, stream, "frame=best_effort_timestamp_time:format=start_time")
    start = Fraction(told["format"]["start_time"])
    return [float(Fraction(f["best_effort_timestamp_time"]) - start) for f in told["frames"]]


def probe(path: Path, stream: str, entries: str) -> dict[str, Any]:
    """What ffprobe tells of a stream."""
    out = _run(
        *("ffprobe", "-v", "error", "-of", "json", "-select_streams", stream),
        *("-show_entries", entries, str(path)),
    )
    told: dict[str, Any] = json.loads(out)
    return told


def played(path: Path) -> tuple[str, list[float]]:
    """Size of the stream that ffmpeg plays by itself, and its frames' times, seconds."""
    out = _run(
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        *["-an", "-fps_mode", "passthrough"],
        *["-f", "framecrc", "-"],
    )
    size, base, times = "", Fraction(1), []
    for line in out.splitlines():
        if line.startswith("#dimensions"):
            size = line.split()[-1]
        elif line.startswith("#tb"):
            base = Fraction(line.split()[-1])
        elif not line.startswith("#"):
            times.append(float(int(line.split(",")[2]) * base))
    return size, times


def _run(program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def timeline_of(reader: Any, path: Path, *, keep: bool = False) -> Timeline:
    """The timeline that a reader gives."""
    with reader.open(path, batch_frames=16, threads=1, keep_damaged=keep) as video:
        for _ in video:
            pass
        timeline: Timeline = video.timeline(video_id="clip", sha256="0" * 64)
    return timeline
