"""Most memory of a pass over 60 minutes of video, against one over 2 minutes (takes long)."""

from __future__ import annotations

from typing import Final

from benchmarks.bars import Bar
from benchmarks.contenders.whole import Whole
from benchmarks.material import CLIP_FRAMES, Choices, looped, scaled
from benchmarks.run import Result, Run
from benchmarks.suites.pass_retinaface import CHOICES
from benchmarks.turns import Contender, measured

SIZE_PX: Final = (192, 108)
MINUTES: Final = (2, 60)
RATE_HZ: Final = 24


def run(run: Run) -> Result:
    """Measure, and compare with the bar."""
    choices = Choices(overrides=CHOICES, device=run.device)
    small = scaled(
        run.clip, run.folder / "small.mp4", size_px=SIZE_PX, frames=run.shortened(CLIP_FRAMES)
    )
    contenders: list[Contender] = []
    for minutes in MINUTES:
        times = round(minutes * 60 * RATE_HZ / CLIP_FRAMES)
        clip = looped(small, run.folder / f"{minutes}_min.mp4", times=times)
        contenders.append(Whole(name=f"{minutes}_min", choices=choices, clip=clip, tells=False))
    turns = measured(contenders, repeats=1)
    short, long = (turns[f"{minutes}_min"] for minutes in MINUTES)
    bar = Bar(
        what="resident memory, 60 min of video over 2 min",
        values=tuple(b.peak_mb - a.peak_mb for a, b in zip(short.turns, long.turns, strict=True)),
        unit="MB",
        most=100.0,
        note=(
            f"{short.turns[0].peak_mb:.0f} MB after {short.units} frames, "
            f"{long.turns[0].peak_mb:.0f} MB after {long.units}"
        ),
    )
    return Result(
        what=f"most resident memory of a process that makes a cold pass, {SIZE_PX} pixels",
        contenders=turns,
        bars=[bar],
        more={"clip": f"{run.clip.name}, made smaller, repeated", "settings": CHOICES},
    )
