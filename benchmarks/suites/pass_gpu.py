"""RetinaFace mobilenet0.25 and POSTER V2 on a GPU, the clip 20,000 frames long, against its stages.

Where POSTER V2's weights are not here its numbers are random, which changes no time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks.bars import Bar, per_frame
from benchmarks.contenders.decoding import OurReader
from benchmarks.contenders.network_alone import NetworkAlone
from benchmarks.contenders.stages_alone import STAGES, StagesAlone
from benchmarks.contenders.whole import Whole
from benchmarks.material import CLIP_FRAMES, Choices, looped, scaled, times_for
from benchmarks.run import Result, Run
from benchmarks.turns import BenchmarkError, Turns, measured

DEVICE: Final = "cuda"
CHOICES: Final = ("detector=retinaface_mnet025", "model=poster_v2_rafdb")
FRAMES: Final = 20_000
ALONE_FRAMES: Final = 1888
"""Of the stages and networks alone: the clip four times."""


def run(run: Run) -> Result:
    """Measure, and compare with the bars.

    Raises:
        BenchmarkError: there is no GPU.
    """
    import torch

    if run.device.startswith("cuda") and not torch.cuda.is_available():
        raise BenchmarkError(
            "this benchmark needs a CUDA device, and torch sees none here; with --device cpu "
            "--frames 16 its steps can be tried"
        )
    choices = Choices(overrides=CHOICES, device=run.device)
    clip, alone_clip, frames = _clips(run)
    alone = run.shortened(ALONE_FRAMES)
    shared: dict[str, Any] = {"choices": choices, "clip": alone_clip}
    turns = measured(
        [
            Whole(name="ours", choices=choices, clip=clip, tells=False),
            OurReader(name="decoding_alone", choices=choices, clip=clip),
            StagesAlone(name="stages_alone", **shared),
            NetworkAlone(name="detector_alone", network="detector", units=alone, **shared),
            NetworkAlone(name="model_alone", network="model", units=alone, **shared),
        ],
        repeats=run.repeats,
    )
    ours = turns["ours"]
    if ours.units != frames or not ours.first.done.faces:
        raise BenchmarkError(
            f"expected {frames} frames with faces, got {ours.units} with {ours.first.done.faces}"
        )
    return Result(
        what=f"one cold pass over {frames} frames, file to stored faces and expressions",
        contenders=turns,
        bars=_bars(turns),
        more={"clip": f"{run.clip.name}, repeated", "frames": frames, "settings": CHOICES},
    )


def _clips(run: Run) -> tuple[Path, Path, int]:
    """The long clip, the one of the stages alone, and the frames of the long one."""
    once, frames_once = run.clip, CLIP_FRAMES
    if run.frames:
        frames_once = run.shortened(CLIP_FRAMES)
        once = scaled(run.clip, run.folder / "once.mp4", frames=frames_once)
    times = 2 if run.frames else times_for(FRAMES)
    long = looped(once, run.folder / "long.mp4", times=times)
    alone = looped(once, run.folder / "alone.mp4", times=1 if run.frames else 4)
    return long, alone, times * frames_once


def _bars(turns: dict[str, Turns]) -> list[Bar]:
    ours, decoding, stages = turns["ours"], turns["decoding_alone"], turns["stages_alone"]
    per_frame_s = {"decode": decoding.wall_s / decoding.units}
    for stage in STAGES[1:]:
        per_frame_s[stage] = stages.seconds(stage) / stages.units
    slowest = max(per_frame_s, key=lambda stage: per_frame_s[stage])
    told = ", ".join(f"{stage} {1e3 * seconds:.3f}" for stage, seconds in per_frame_s.items())
    networks = ", ".join(
        f"{name} {per_frame(turns[name])}" for name in ("detector_alone", "model_alone")
    )
    return [
        Bar(
            what="RetinaFace mnet0.25 + POSTER V2, end to end",
            values=tuple(turn.done.units / turn.wall_s for turn in ours.turns),
            unit="fps",
            least=5000,
            note=f"decoding alone gives {decoding.units / decoding.wall_s:.0f} fps",
        ),
        Bar(
            what=f"  over the slowest stage alone ({slowest})",
            values=tuple(
                turn.wall_s / turn.done.units / per_frame_s[slowest] for turn in ours.turns
            ),
            most=1.2,
            note=f"ms a frame, each alone: {told}; networks alone: {networks}",
        ),
    ]
