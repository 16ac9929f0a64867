"""Videos and settings that contenders share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import torch

from benchmarks.turns import BenchmarkError
from ferbench.config.choices import settings_for
from ferbench.config.settings import Settings
from ferbench.errors import FerbenchError

CLIP_FRAMES: Final = 472
CLIP: Final = "WolfgangLanger_Pexels.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A configuration, as a run takes it; plain values, so that it can be sent to a process.

    Attributes:
        overrides: such as ``detector=scrfd_500m`` or ``detector.min_score=0.6``.
        device: where networks run.
    """

    overrides: tuple[str, ...] = ()
    device: str = "cpu"

    def settings(self) -> Settings:
        """The objects of it.

        Raises:
            ConfigError: a setting that there is not.
        """
        groups = dict(each.split("=", 1) for each in self.overrides if "." not in each)
        single = [each for each in self.overrides if "." in each]
        return settings_for(groups, settings=[*single, f"runtime.device={self.device}"]).settings

    def why_not(self) -> str:
        """Why this configuration cannot be; "" = it can."""
        try:
            self.settings()
        except FerbenchError as error:
            return str(error)
        return ""

    def but(self, *overrides: str) -> Choices:
        """With further overrides."""
        return Choices(overrides=(*self.overrides, *overrides), device=self.device)


def decoded(clip: Path) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    """RGB u8 (H, W, 3), frame by frame, with one thread."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            picture: Any = frame.to_ndarray(format="rgb24")
            yield picture


def spread(clip: Path, count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """RGB u8 (count, H, W, 3): frames evenly spread over a clip."""
    frames = list(decoded(clip))
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).astype(int))
    return np.stack([frames[number] for number in chosen])


def as_tensor(frames: Sequence[Any] | np.ndarray[Any, Any], device: torch.device) -> torch.Tensor:
    """RGB u8 (N, 3, H, W), as the readers give it, of RGB u8 (N, H, W, 3)."""
    return torch.from_numpy(np.ascontiguousarray(np.stack(list(frames)).transpose(0, 3, 1, 2))).to(
        device
    )


def scaled(
    clip: Path, to: Path, *, size_px: tuple[int, int] | None = None, frames: int = 0
) -> Path:
    """Write a clip of another size, or of fewer frames, as H.264.

    Args:
        clip: what is shown.
        to: the file that is written.
        size_px: width and height; None = as they are.
        frames: how many; 0 = all.
    """
    with av.open(str(clip)) as source, av.open(str(to), "w") as target:
        shown = source.streams.video[0]
        width_px, height_px = size_px or (shown.width, shown.height)
        options = {"preset": "veryfast", "crf": "18"}
        stream = target.add_stream("libx264", rate=shown.average_rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        for number, frame in enumerate(source.decode(shown)):
            if frames and number == frames:
                break
            picture = frame.reformat(width=width_px, height=height_px, format="yuv420p")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            for packet in stream.encode(picture):
                target.mux(packet)
        for packet in stream.encode():
            target.mux(packet)
    return to


def looped(clip: Path, to: Path, *, times: int) -> Path:
    """Write a clip several times over into one file, its packets as they are."""
    with av.open(str(to), "w") as target:
        stream = None
        shift = 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                shown = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(shown)
                shift = _appended(source, shown, target, stream, shift)
    return to


def _appended(source: Any, shown: Any, target: Any, stream: Any, shift: int) -> int:
    """Copy all packets later by ``shift``; return the shift of the next time."""
    end: int | None = None
    first: int | None = None
    for packet in source.demux(shown):
        if packet.dts is None:
            continue
        first = packet.dts if first is None else first
        end = max(end or 0, packet.dts + (packet.duration or 0))
        packet.pts += shift - first
        packet.dts += shift - first
        packet.stream = stream
        target.mux(packet)
    if end is None or first is None:
        raise BenchmarkError(f"{source.name} has no packets to repeat")
    return shift + end - first


def times_for(frames: int) -> int:
    """How often the demo's clip is shown in at least so many frames."""
    return -(-frames // CLIP_FRAMES)
