"""Seconds until the library is imported, and until the help of a run is on the screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bars import Bar
from benchmarks.run import Result, Run
from benchmarks.turns import BenchmarkError, Done, measured

ROOT = Path(__file__).resolve().parents[2]
IMPORT = "import time; t = time.perf_counter(); import ferbench; print(time.perf_counter() - t)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A Python program in a process of its own.

    Attributes:
        name: in tables and files.
        arguments: of the interpreter.
        tells: it prints its own seconds; else the whole process counts.
    """

    name: str
    arguments: tuple[str, ...]
    tells: bool

    def ready(self) -> Callable[[], Done]:
        """Nothing to load."""

        def work() -> Done:
            started = time.perf_counter()
            ended = subprocess.run(
                [sys.executable, *self.arguments], capture_output=True, text=True, check=False
            )
            taken_s = time.perf_counter() - started
            if ended.returncode:
                raise BenchmarkError(ended.stderr.strip().splitlines()[-1])
            return Done(units=1, seconds={"s": float(ended.stdout) if self.tells else taken_s})

        return work


def run(run: Run) -> Result:
    """Measure, and compare with the bars."""
    turns = measured(
        [
            Command(name="import_ferbench", arguments=("-c", IMPORT), tells=True),
            Command(name="help_of_run", arguments=(str(ROOT / "run.py"), "--help"), tells=False),
        ],
        repeats=max(run.repeats, 5),
    )
    whats = {"import_ferbench": ("import ferbench", 0.3), "help_of_run": ("run.py --help", 1.0)}
    bars = []
    for name, (what, most) in whats.items():
        values = tuple(turn.done.seconds["s"] for turn in turns[name].turns)
        bars.append(Bar(what=what, values=values, unit="s", most=most))
    return Result(what="seconds of a start", contenders=turns, bars=bars)
