"""What a video is, once it has been decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a fully decoded video is.

    Attributes:
        video_id: short name for people.
        path: where it was read from; never part of a key.
        sha256: digest of the file's bytes.
        num_frames: frames that came out of the decoder (not the header's count).
        width_px: width of the picture as shown: upright, with square pixels.
        height_px: height of the picture as shown.
        fps_hz: average frame rate, frames per second of timeline.
        rotation_deg: rotation that was applied, counter-clockwise: 0, 90, 180 or 270.
        mirrored: whether left and right then changed places.
        picture_notes: what a reader of the numbers should know of how the stored picture became
            the shown one, a sentence each: pixels that were stretched, colours that were or were
            not converted.
        picture_start_s: seconds from the container's start to the first frame, also where the
            timeline is not counted from the container's start.
    """

    video_id: str
    path: Path
    sha256: str
    num_frames: int
    width_px: int
    height_px: int
    fps_hz: float
    rotation_deg: int = 0
    mirrored: bool = False
    picture_notes: tuple[str, ...] = ()
    picture_start_s: float = 0.0
