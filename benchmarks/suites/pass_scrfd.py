"""The whole way with SCRFD-500M and mini-XCEPTION, against insightface, which only detects."""

from __future__ import annotations

from typing import Final

from benchmarks.agreement import check_faces
from benchmarks.bars import Bar, per_frame, ratios
from benchmarks.contenders.insightface_loop import InsightfaceLoop
from benchmarks.contenders.network_alone import NetworkAlone
from benchmarks.contenders.whole import Whole
from benchmarks.material import CLIP_FRAMES, Choices, scaled
from benchmarks.run import Result, Run
from benchmarks.turns import Contender, measured

CHOICES: Final = ("detector=scrfd_500m", "model=mini_xception")
CANVASES: Final = {"square": 1.4, "tight": 2.0}
"""And by how much ours has to be faster with each."""
LEAST_OVERLAP: Final = 0.8
"""Of the faces of two canvases, whose networks see other scales."""


def run(run: Run) -> Result:
    """Measure, and compare with the bars."""
    plain = Choices(overrides=CHOICES, device=run.device)
    clip, frames = run.clip, run.shortened(CLIP_FRAMES)
    if run.frames:
        clip = scaled(clip, run.folder / "clip.mp4", frames=frames)
    ours = {"square": plain}
    why_not = plain.but("detector.canvas=tight").why_not()
    if not why_not:
        ours = {canvas: plain.but(f"detector.canvas={canvas}") for canvas in CANVASES}
    contenders: list[Contender] = [
        *(
            Whole(name=f"ours_{canvas}", choices=choices, clip=clip)
            for canvas, choices in ours.items()
        ),
        InsightfaceLoop(name="insightface_detects", choices=plain, clip=clip, classify=False),
        InsightfaceLoop(name="insightface_loop", choices=plain, clip=clip, classify=True),
        *(
            NetworkAlone(
                name=f"detector_alone_{canvas}",
                choices=choices,
                clip=clip,
                network="detector",
                units=frames,
            )
            for canvas, choices in ours.items()
        ),
    ]
    turns = measured(contenders, repeats=run.repeats)
    check_faces(turns, least_overlap=LEAST_OVERLAP)
    bars = []
    detects, loop = turns["insightface_detects"], turns["insightface_loop"]
    for canvas, least in CANVASES.items():
        what = f"SCRFD-500M {canvas} + mini-XCEPTION: insightface's over ours"
        if canvas not in ours:
            bars.append(Bar(what=what, values=(), least=least, note=f"no such setting: {why_not}"))
            continue
        whole, alone = turns[f"ours_{canvas}"], turns[f"detector_alone_{canvas}"]
        bars += [
            Bar(
                what=what,
                values=ratios(detects, whole),
                least=least,
                note=(
                    f"a frame: ours {per_frame(whole)}; insightface {per_frame(detects)} for "
                    f"detection, {per_frame(loop)} with the model"
                ),
            ),
            Bar(
                what="  ours over the detector's network alone",
                values=ratios(whole, alone),
                note=f"network alone, a lane per core: {per_frame(alone)} a frame",
            ),
        ]
    return Result(
        what="one cold pass, file to stored faces and expressions; 640x360, a face in every frame",
        contenders=turns,
        bars=bars,
        more={"clip": run.clip.name, "frames": frames, "settings": CHOICES},
    )
