"""One run of a benchmark: what it is asked for, its material, and where its result goes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.bars import Bar
from benchmarks.machine import machine, provenance
from benchmarks.turns import Turns

RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a benchmark gets.

    Attributes:
        clip: the demo's clip of one face, 640 x 360, 472 frames.
        folder: for files that are made; it is deleted afterwards.
        repeats: rounds that count.
        device: where networks run.
        frames: at most so many frames of each clip, for trying out; 0 = all.
        only: choices that ``models`` measures; () = all.
    """

    clip: Path
    folder: Path
    repeats: int = 3
    device: str = "cpu"
    frames: int = 0
    only: tuple[str, ...] = ()

    def shortened(self, frames: int) -> int:
        """A number of frames, or fewer where something is only tried out."""
        return min(frames, self.frames) if self.frames else frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a benchmark gives.

    Attributes:
        what: what was measured, in a sentence.
        contenders: their turns by name.
        bars: lines of the table.
        more: further figures.
    """

    what: str
    contenders: Mapping[str, Turns] = field(default_factory=dict)
    bars: Sequence[Bar] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


def write(name: str, run: Run, result: Result, *, to: Path = RESULTS) -> Path:
    """Write a result as ``<name>_<kind of device>.json``; a run of few frames as a trial."""
    plain = {
        "what": result.what,
        "repeats": run.repeats,
        "frames_at_most": run.frames or None,
        **provenance(),
        "machine": machine(run.device),
        "bars": [bar.plain() for bar in result.bars],
        "contenders": {each: turns.plain() for each, turns in result.contenders.items()},
        **result.more,
    }
    kind = run.device.partition(":")[0]
    path = to / f"{name}_{kind}.json"
    to.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return path


def bars_of(path: Path) -> list[Bar]:
    """The bars of a result that was written."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    return [Bar.from_plain(bar) for bar in plain.get("bars", [])]
