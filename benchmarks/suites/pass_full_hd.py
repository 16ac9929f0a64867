"""The whole way on 1920 x 1080 at full resolution, against the thesis' way."""

from __future__ import annotations

from typing import Final

from benchmarks.agreement import check_faces
from benchmarks.bars import Bar, per_frame, ratios
from benchmarks.contenders.thesis_loop import ThesisLoop
from benchmarks.contenders.whole import Whole
from benchmarks.material import Choices, scaled
from benchmarks.run import Result, Run
from benchmarks.turns import measured

CHOICES: Final = (
    "detector=retinaface_mnet025",
    "detector.resolution=full",
    "detector.long_side_px=null",
    "model=mini_xception",
)
FRAMES: Final = 96


def run(run: Run) -> Result:
    """Measure, and compare with the bar."""
    choices = Choices(overrides=CHOICES, device=run.device)
    frames = run.shortened(FRAMES)
    clip = scaled(run.clip, run.folder / "full_hd.mp4", size_px=(1920, 1080), frames=frames)
    turns = measured(
        [
            Whole(name="ours", choices=choices, clip=clip),
            ThesisLoop(name="thesis_loop", choices=choices, clip=clip),
        ],
        repeats=run.repeats,
    )
    check_faces(turns)
    ours, thesis = turns["ours"], turns["thesis_loop"]
    bar = Bar(
        what="RetinaFace on 1080p, full resolution: thesis_loop over ours",
        values=ratios(thesis, ours),
        least=2.0,
        note=f"a frame: ours {per_frame(ours)}, thesis_loop {per_frame(thesis)}",
    )
    return Result(
        what="one cold pass over 1920x1080, every pixel looked at",
        contenders=turns,
        bars=[bar],
        more={"clip": f"{run.clip.name}, enlarged", "frames": frames, "settings": CHOICES},
    )
