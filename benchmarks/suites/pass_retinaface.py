"""The whole way with RetinaFace and mini-XCEPTION, against the thesis' way and the limits.

The limits, each single-threaded: the networks alone in one lane per core, and the stages alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.agreement import check_faces, overlaps
from benchmarks.bars import Bar, per_frame, ratios
from benchmarks.contenders.network_alone import NetworkAlone
from benchmarks.contenders.stages_alone import STAGES, StagesAlone
from benchmarks.contenders.thesis_loop import ThesisLoop
from benchmarks.contenders.whole import Whole
from benchmarks.machine import cores
from benchmarks.material import CLIP_FRAMES, Choices, scaled
from benchmarks.run import Result, Run
from benchmarks.turns import Contender, Turns, measured

CHOICES: Final = ("detector=retinaface_mnet025", "model=mini_xception")
STRIDE: Final = "runtime.detect_every=3"
"""Detect in every third frame."""
ON: Final = "RetinaFace mnet0.25 + mini-XCEPTION"


def run(run: Run) -> Result:
    """Measure, and compare with the bars."""
    choices = Choices(overrides=CHOICES, device=run.device)
    strided = choices.but(STRIDE)
    clip, frames = run.clip, run.shortened(CLIP_FRAMES)
    if run.frames:
        clip = scaled(clip, run.folder / "clip.mp4", frames=frames)
    contenders: list[Contender] = [
        Whole(name="ours", choices=choices, clip=clip),
        ThesisLoop(name="thesis_loop", choices=choices, clip=clip),
        NetworkAlone(
            name="detector_alone", choices=choices, clip=clip, network="detector", units=frames
        ),
        NetworkAlone(name="model_alone", choices=choices, clip=clip, network="model", units=frames),
        StagesAlone(name="stages_alone", choices=choices, clip=clip),
    ]
    why_not = strided.why_not()
    if not why_not:
        contenders.append(Whole(name="ours_stride_3", choices=strided, clip=clip))
    turns = measured(contenders, repeats=run.repeats)
    check_faces({name: each for name, each in turns.items() if name != "ours_stride_3"})
    bars = [*_whole(turns), _stride(turns, why_not), *_limits(turns)]
    return Result(
        what="one cold pass, file to stored faces and expressions; 640x360, a face in every frame",
        contenders=turns,
        bars=bars,
        more={"clip": run.clip.name, "frames": frames, "settings": CHOICES},
    )


def _whole(turns: dict[str, Turns]) -> list[Bar]:
    ours, thesis = turns["ours"], turns["thesis_loop"]
    network, model = turns["detector_alone"], turns["model_alone"]
    both = [
        whole.wall_s / (detector.wall_s + classifier.wall_s)
        for whole, detector, classifier in zip(ours.turns, network.turns, model.turns, strict=True)
    ]
    return [
        Bar(
            what=f"{ON}: thesis_loop's time over ours",
            values=ratios(thesis, ours),
            least=2.1,
            note=f"a frame: ours {per_frame(ours)}, thesis_loop {per_frame(thesis)}",
        ),
        Bar(
            what="  ours over the detector's network alone",
            values=ratios(ours, network),
            most=1.3,
            note=f"network alone, a lane per core: {per_frame(network)} a frame",
        ),
        Bar(
            what="  ours over both networks alone",
            values=tuple(both),
            note=f"mini-XCEPTION alone, a lane per core: {per_frame(model)} a face",
        ),
    ]


def _stride(turns: dict[str, Turns], why_not: str) -> Bar:
    what = "  with detector stride 3: thesis_loop's time over ours"
    if why_not:
        return Bar(what=what, values=(), least=3.5, note=f"no such setting yet: {why_not}")
    ours = turns["ours_stride_3"]
    return Bar(
        what=what,
        values=ratios(turns["thesis_loop"], ours),
        least=3.5,
        note=f"ours {per_frame(ours)} a frame; {_cost(turns['ours'], ours)}",
    )


def _cost(every: Turns, strided: Turns) -> str:
    """What the stride changes: boxes and labels against those of every frame."""
    boxes, others = every.first.done.boxes, strided.first.done.boxes
    assert boxes is not None
    assert others is not None
    overlap = float(np.nanmean(overlaps(boxes, others)))
    pairs = zip(every.first.done.labels, strided.first.done.labels, strict=True)
    same = np.mean([one == other for one, other in pairs])
    return f"boxes overlap by {overlap:.3f} on average, the same label in {same:.1%} of the frames"


def _limits(turns: dict[str, Turns]) -> list[Bar]:
    """The pass against its stages, and what is neither decoding nor networks."""
    ours, stages, count = turns["ours"], turns["stages_alone"], cores()
    over_sum, other = [], []
    networks = zip(turns["detector_alone"].turns, turns["model_alone"].turns, strict=True)
    for whole, alone, (detector, model) in zip(ours.turns, stages.turns, networks, strict=True):
        seconds = alone.done.seconds
        over_sum.append(whole.wall_s / (sum(seconds.values()) / count))
        needed_s = seconds["decode"] + detector.cpu_s + model.cpu_s
        other.append(100 * (1 - needed_s / count / whole.wall_s))
    sums = ", ".join(f"{stage} {stages.seconds(stage):.2f}" for stage in STAGES)
    total_s = sum(stages.seconds(stage) for stage in STAGES)
    return [
        Bar(
            what="  wall over CPU seconds of the stages alone / cores",
            values=tuple(over_sum),
            most=1.10,
            note=f"wall {ours.wall_s:.2f} s; CPU seconds {sums}: {total_s:.2f} / {count} cores",
        ),
        Bar(
            what="  CPU seconds of the pass over those of the stages alone",
            values=tuple(
                whole.cpu_s / sum(alone.done.seconds.values())
                for whole, alone in zip(ours.turns, stages.turns, strict=True)
            ),
            note="the same without waiting: other load on the machine disturbs it less",
        ),
        Bar(
            what="  share of the wall, neither decoding nor networks",
            values=tuple(other),
            unit="%",
            most=15.0,
            note=(
                f"CPU seconds needed: decoding {stages.seconds('decode'):.2f}, networks "
                f"{turns['detector_alone'].cpu_s:.2f} + {turns['model_alone'].cpu_s:.2f}; "
                f"the wall has {ours.wall_s:.2f} x {count}, the pass used {ours.cpu_s:.2f}"
            ),
        ),
    ]
