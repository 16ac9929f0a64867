"""Clips whose pictures hold their own number, so that a screenshot tells which frame is shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 12
SIZE = (BITS * 16, 96)  # width, height
READ_JS = """(bits) => {
  const player = document.getElementById("player");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [player.videoWidth, player.videoHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(player, 0, 0);
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    const x = Math.round(((bit + 0.5) * canvas.width) / bits);
    const [red, green, blue] = context.getImageData(x, canvas.height / 2, 1, 1).data;
    number = 2 * number + (red + green + blue > 384 ? 1 : 0);
  }
  return number;
}"""
"""JavaScript: the number in the picture that the page's player shows."""


def picture(number: int) -> np.ndarray:
    """A number as bars, the highest bit at the left, RGB u8."""
    bits = [(number >> (BITS - 1 - bit)) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 255, SIZE[0] // BITS)
    return np.repeat(np.tile(row, (SIZE[1], 1))[:, :, None], 3, axis=2)


def write_numbered(
    path: Path,
    times_ms: list[int],
    *,
    codec: str = "libx264",
    sound_s: float = 0.0,
    sound_from_ms: int = 0,
    last_ms: int = 40,
) -> Path:
    """A clip whose frame i holds the number i and is shown from ``times_ms[i]`` on.

    Args:
        path: the file; its suffix says the container.
        times_ms: of the frames.
        codec: of the pictures.
        sound_s: seconds of silence; 0 = no sound.
        sound_from_ms: where the sound begins.
        last_ms: how long the last frame lasts, where the container keeps that.
    """
    base = Fraction(1, 1000)
    options = {"g": "12", "bf": "2"} if codec == "libx264" else {"deadline": "realtime", "g": "12"}
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = base
        sound = None
        if sound_s:
            sound = container.add_stream("aac" if codec == "libx264" else "libopus", rate=48000)
        packets = []
        for number, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = time_ms, base
            packets += stream.encode(frame)
        packets += stream.encode()
        if packets:
            packets[-1].duration = last_ms
        for packet in packets:
            container.mux(packet)
        if sound is not None:
            _write_silence(container, sound, sound_s, sound_from_ms)
    return path


def _write_silence(container, sound, seconds: float, from_ms: int) -> None:
    for k in range(round(seconds * 50)):
        samples = np.zeros((1, 960), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
        frame.pts = from_ms * 48 + k * 960
        container.mux(sound.encode(frame))
    container.mux(sound.encode())
