"""Detectors against their peers, on frames that lie ready; the same weights and limits."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.agreement import check_faces
from benchmarks.bars import Bar, per_frame, ratios
from benchmarks.contenders.detection import OurDetector, Peer, PeersDetector
from benchmarks.material import Choices, scaled
from benchmarks.run import Result, Run
from benchmarks.turns import Turns, measured

FRAMES: Final = 48
BATCH: Final = 16
FULL: Final = ("detector.resolution=full", "detector.long_side_px=null")
PAIRS: Final[dict[str, tuple[Peer, tuple[str, ...], int]]] = {
    "mtcnn": ("facenet-pytorch", ("detector=mtcnn",), 360),
    "retinaface_mnet025": ("batch-face", ("detector=retinaface_mnet025", *FULL), 360),
    "retinaface_mnet025_1080p": ("batch-face", ("detector=retinaface_mnet025", *FULL), 1080),
    "scrfd_500m": ("insightface", ("detector=scrfd_500m",), 360),
}
"""Peer, our settings, height of the frames."""


def run(run: Run) -> Result:
    """Measure pair by pair."""
    contenders: dict[str, Turns] = {}
    bars = []
    for name, (peer, overrides, height_px) in PAIRS.items():
        choices = Choices(overrides=overrides, device=run.device)
        frames = run.shortened(FRAMES if height_px < 1080 else FRAMES // 3)
        clip = run.clip
        if height_px == 1080:
            clip = run.folder / "high.mp4"
            scaled(run.clip, clip, size_px=(1920, 1080), frames=frames)
        mine, theirs = f"ours_{name}", f"{peer}_{name}"
        shared: dict[str, Any] = {
            "choices": choices,
            "clip": clip,
            "frames": frames,
            "batch": BATCH,
        }
        turns = measured(
            [
                OurDetector(name=mine, **shared),
                PeersDetector(name=theirs, peer=peer, **shared),
            ],
            repeats=run.repeats,
        )
        check_faces(turns)
        contenders |= turns
        note = f"a frame: ours {per_frame(turns[mine])}, {peer} {per_frame(turns[theirs])}"
        what = f"{name}: {peer}'s time over ours"
        bars.append(Bar(what=what, values=ratios(turns[theirs], turns[mine]), note=note))
    return Result(
        what=f"decoded frames to faces with landmarks, batches of {BATCH}",
        contenders=contenders,
        bars=bars,
        more={"clip": run.clip.name},
    )
