"""The one way of measuring: contenders take turns, each in a process of its own.

A process of its own, because numbers of threads are settings of a process (torch's, OpenCV's), idle
threads of one library disturb another's, and the most memory that was held is counted per process.
One that is not having its turn waits and uses nothing. Who goes first changes with every round, so
that other load on the machine hits all. The first round is not counted.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, Protocol

import numpy as np

F32 = np.ndarray[Any, np.dtype[np.float32]]


class BenchmarkError(Exception):
    """A measurement that cannot be made, or that would compare different things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a contender did in its turn.

    Attributes:
        units: frames (of a model: faces) that went through.
        seconds: of its parts, where it measures them itself: processor seconds on a CPU, seconds of
            the clock on another device.
        boxes: f32 (frames, 4), the best face of each frame as x1, y1, x2, y2, NaN = none; None =
            it does not tell.
        labels: the label of that face, "" = none; () = it does not tell.
        faces: how many faces it found; None = it does not tell.
    """

    units: int
    seconds: Mapping[str, float] = field(default_factory=dict)
    boxes: F32 | None = None
    labels: tuple[str, ...] = ()
    faces: int | None = None


class Contender(Protocol):
    """Something to measure; it is sent to its process, so it holds plain values."""

    @property
    def name(self) -> str:
        """Its name in tables and files."""

    def ready(self) -> Callable[[], Done]:
        """Load everything, and return what is timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn.

    Attributes:
        done: what was done.
        wall_s: seconds of the clock.
        cpu_s: processor seconds of all threads.
        peak_mb: most memory that the process has held so far, MB.
    """

    done: Done
    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """All turns of a contender that count.

    Attributes:
        turns: in their order; round for round beside those of the others.
        first: the turn before, which does not count.
    """

    turns: tuple[Turn, ...]
    first: Turn

    @property
    def wall_s(self) -> float:
        """Median seconds of the clock."""
        return median(turn.wall_s for turn in self.turns)

    @property
    def cpu_s(self) -> float:
        """Median processor seconds."""
        return median(turn.cpu_s for turn in self.turns)

    @property
    def units(self) -> int:
        """Frames or faces of one turn."""
        return self.turns[0].done.units

    def seconds(self, part: str) -> float:
        """Median seconds of a part."""
        return median(turn.done.seconds[part] for turn in self.turns)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        parts = list(self.turns[0].done.seconds)
        told = {"faces": self.first.done.faces} if self.first.done.faces is not None else {}
        seconds = {"seconds": {part: round(self.seconds(part), 4) for part in parts}}
        return {
            "units": self.units,
            "median_wall_s": round(self.wall_s, 4),
            "median_cpu_s": round(self.cpu_s, 4),
            "per_s": round(self.units / self.wall_s, 1),
            "wall_s": [round(turn.wall_s, 4) for turn in self.turns],
            "cpu_s": [round(turn.cpu_s, 4) for turn in self.turns],
            "peak_mb": round(max(turn.peak_mb for turn in self.turns)),
            **(seconds if parts else {}),
            **told,
        }


def measured(contenders: Sequence[Contender], *, repeats: int) -> dict[str, Turns]:
    """Let contenders take turns.

    Args:
        contenders: with different names.
        repeats: rounds that count.

    Raises:
        BenchmarkError: one cannot be measured; with its own words.
    """
    names = [contender.name for contender in contenders]
    if len(set(names)) < len(names):
        raise BenchmarkError(f"expected different names of contenders, got {', '.join(names)}")
    processes: list[_Process] = []
    taken: dict[str, list[Turn]] = {name: [] for name in names}
    try:
        for contender in contenders:
            processes.append(_Process(contender))
        for number in range(repeats + 1):
            for process in processes if number % 2 else reversed(processes):
                taken[process.name].append(process.turn())
    finally:
        for process in processes:
            process.end()
    return {
        name: Turns(first=turns[0], turns=tuple(_without_boxes(turn) for turn in turns[1:]))
        for name, turns in taken.items()
    }


def _without_boxes(turn: Turn) -> Turn:
    return replace(turn, done=replace(turn.done, boxes=None, labels=()))


class _Process:
    """A contender in its process."""

    def __init__(self, contender: Contender) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = contender.name
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(contender, there), daemon=True)
        self._process.start()
        there.close()
        self._receive()

    def turn(self) -> Turn:
        self._here.send("turn")
        turn: Turn = self._receive()
        return turn

    def _receive(self) -> Any:
        try:
            what, value = self._here.recv()
        except EOFError as error:
            self._process.join()
            code = self._process.exitcode
            raise BenchmarkError(f"{self.name}: its process ended with {code}") from error
        if what == "error":
            raise BenchmarkError(f"{self.name}: {value}")
        return value

    def end(self) -> None:
        self._here.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _serve(contender: Contender, pipe: Connection) -> None:
    """Load a contender, then do a turn whenever one is asked for, until nobody asks any more."""
    try:
        work = contender.ready()
        pipe.send(("ready", None))
        while True:
            pipe.recv()
            gc.collect()
            pipe.send(("turn", _timed(work)))
    except EOFError:
        return
    except BenchmarkError as error:
        pipe.send(("error", str(error)))
    except BaseException as error:  # noqa: BLE001  told in the other process
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}:{last.lineno}"
        pipe.send(("error", f"{type(error).__name__}: {error} ({where})"))


def _timed(work: Callable[[], Done]) -> Turn:
    started, busy_s = time.perf_counter(), time.process_time()
    done = work()
    return Turn(
        wall_s=time.perf_counter() - started,
        cpu_s=time.process_time() - busy_s,
        done=done,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    )
