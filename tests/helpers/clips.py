"""Clips made of noise: sound ones of any kind, and damaged copies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def picture(i: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Noise that hardly compresses, with flat corners: top left red, top right green, bottom left
    blue.
    """
    image = np.random.default_rng(i).integers(0, 255, (height, width, 3)).astype(np.uint8)
    h, w = height // 3, width // 3
    image[:h, :w], image[:h, -w:], image[-h:, :w] = (220, 20, 20), (20, 220, 20), (20, 20, 220)
    return image


def write_clip(
    path: Path, frames: int = 60, *, size=(64, 48), codec="libx264", pts=None, time_base=None,
    rotate=0, pix="yuv420p", muxer=None, audio=False, options=None,
) -> Path:  # fmt: skip
    """A clip of noise; ``pts`` lists the frames' times in ``time_base`` (default: 30 fps)."""
    fast = {
        "libx264": {"preset": "ultrafast", "g": "15", "bf": "2"},
        "libx265": {"preset": "ultrafast"},
    }
    fast["libvpx-vp9"] = {"deadline": "realtime", "cpu-used": "8"}
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=30, options=options or fast.get(codec, {}))
        stream.width, stream.height, stream.pix_fmt = *size, pix
        if time_base:
            stream.codec_context.time_base = time_base
        if rotate:
            stream.set_display_rotation(rotate)
        if audio:
            sound = container.add_stream("aac", rate=8000)
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(i, *size), format="rgb24")
            if pts:
                frame.pts, frame.time_base = pts[i], time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio:
            write_sound(container, sound, seconds=5)
    return path


def write_sound(container, stream, seconds: int) -> None:
    for i in range(seconds * 8):
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 8000, i * 1000
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def damaged_copy(
    clip: Path, path: Path, *, keep_share: float = 1.0, noise_at: float | None = None
) -> Path:
    data = bytearray(clip.read_bytes())
    if noise_at is not None:
        at = int(len(data) * noise_at)
        data[at : at + 20_000] = np.random.default_rng(0).bytes(20_000)
    path.write_bytes(data[: int(len(data) * keep_share)])
    return path


def shrink(source: Path, target: Path, *, frames: int, width: int, height: int) -> None:
    """Write the first frames of a video at another size, H.264, constant 30 Hz."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index, frame in enumerate(reader.decode(video=0)):
            if index == frames:
                break
            small = frame.reformat(width=width, height=height, format="yuv420p")
            small.pts, small.time_base = index, Fraction(1, 30)
            writer.mux(stream.encode(small))
        writer.mux(stream.encode())
