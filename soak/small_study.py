"""A study of a few seconds that anybody's machine analyses, and the small weights for it."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

SHARED: Final = Path(
    os.environ.get("FERBENCH_SHARED", Path(__file__).resolve().parents[2] / "shared")
)
"""The reference data: real videos, and weights of networks."""
_WEIGHTS: Final = {
    "mini_xception/emotion_model.hdf5": "emotion_model.hdf5",
    "retinaface/mobilenet0.25_Final.pth": "mobilenet0.25_official.pth",
    "scrfd/scrfd_500m_bnkps.onnx": "scrfd_500m_bnkps.onnx",
}


def copy_weights(folder: Path) -> Path:
    """Put the weights of the smallest detectors and of mini-XCEPTION where a run looks for them."""
    for target, name in _WEIGHTS.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHARED / "weights" / name, folder / target)
    return folder


def make_study(folder: Path, *, clips: int, frames: int) -> list[str]:
    """Clips of a face that differ, with an annotation each.

    Args:
        folder: made; gets ``videos`` and ``smiles.csv``.
        clips: how many.
        frames: of each clip.

    Returns:
        The settings of a run that name them.
    """
    (folder / "videos").mkdir(parents=True)
    lines = ["session,onset_s"]
    for number in range(clips):
        _cut(folder / "videos" / f"p{number}.mp4", first=number * frames, frames=frames)
        lines.append(f"p{number},{0.1 + 0.1 * number:.1f}")
    (folder / "smiles.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"dataset.videos={folder}/videos", f"dataset.annotations={folder}/smiles.csv"]


def _cut(target: Path, *, first: int, frames: int) -> None:
    """Some frames of a real video, smaller."""
    source = SHARED / "samples" / "single_face.mp4"
    with av.open(str(source)) as original, av.open(str(target), "w") as made:
        stream = made.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        for number, frame in enumerate(original.decode(video=0)):
            if number >= first + frames:
                break
            if number >= first:
                small = frame.reformat(stream.width, stream.height, "yuv420p")
                small.pts, small.time_base = number - first, Fraction(1, 30)
                made.mux(stream.encode(small))
        made.mux(stream.encode())
