"""``kill -9`` of a running sweep at random moments, and the same command again, to its end.

A round is a sweep in a root of its own that is killed until it comes to its end, or often enough:
the whole group of processes, or only the parent, whose helpers must then end by themselves.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from soak.left_by_sweep import Left, counted, graphs_of
from soak.small_study import copy_weights, make_study

SMALL: Final = {
    "kills": 5,
    "most": 5,
    "detectors": "scrfd_500m",
    "thresholds": 2,
    "clips": 2,
    "frames": 8,
    "stores": "files",
}
FULL: Final = {
    "kills": 50,
    "most": 10,
    "detectors": "retinaface_mnet025,scrfd_500m",
    "thresholds": 2,
    "clips": 2,
    "frames": 12,
    "stores": "mlflow,files",
}
_LONGEST_S: Final = 900.0
_GONE_S: Final = 60.0
"""Helpers of a killed parent must have ended after so long."""


@dataclass(slots=True, kw_only=True)
class _Pace:
    """How fast sweeps are on this machine.

    Attributes:
        first_s: seconds until one has left its note.
        rest_s: seconds from there to its end, as short as they were so far.
    """

    first_s: float
    rest_s: float

    def __str__(self) -> str:
        """``31.2 s to begin, then 20.0 s``."""
        return f"{self.first_s:.1f} s to begin, then {self.rest_s:.1f} s"


@dataclass(slots=True, kw_only=True)
class _Sweep:
    """A command in a root of its own.

    Attributes:
        root: of runs.
        command: the program and its arguments.
        models: folder of weights.
        left: what it leaves.
        tables: digests of the stage tables that were seen so far.
        finished: digests of the results of cells that were seen finished.
    """

    root: Path
    command: list[str]
    models: Path
    left: Left
    tables: dict[str, str] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in a group of its own, its messages in a file."""
        self.root.mkdir(exist_ok=True)
        places = {"FERBENCH_HOME": str(self.root), "FERBENCH_MODELS": str(self.models)}
        with (self.root / "screen.txt").open("ab") as screen:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
                env={**os.environ, **places, "CI": "1"},
                start_new_session=True,
            )

    def screen(self) -> str:
        """What it said."""
        return (self.root / "screen.txt").read_text(encoding="utf-8", errors="replace")

    def check_nothing_was_made_again(self) -> None:
        """What was whole before is still the same file.

        Raises:
            AssertionError: it is not.
        """
        tables, finished = self.left.stage_tables(), self.left.finished_cells()
        for before, now in ((self.tables, tables), (self.finished, finished)):
            again = {name for name, digest in before.items() if now.get(name) != digest}
            assert not again, f"made again: {again}"
        self.tables, self.finished = tables, finished


def run(
    folder: Path,
    tell: Callable[[str], None],
    *,
    kills: int,
    most: int,
    detectors: str,
    thresholds: int,
    clips: int,
    frames: int,
    stores: str,
    seed: int = 16,
) -> dict[str, object]:
    """Kill sweeps and let them go on.

    Args:
        folder: to work in.
        tell: told a line now and then.
        kills: in all.
        most: kills of one sweep.
        detectors: their names.
        thresholds: cells for each detector.
        clips: sessions.
        frames: of each clip.
        stores: where runs are recorded, ``mlflow`` or ``files``, in turns.
        seed: of the moments.

    Returns:
        What was counted.

    Raises:
        AssertionError: something was lost, made twice or left open.
    """
    study = make_study(folder / "study", clips=clips, frames=frames)
    models = copy_weights(folder / "models")
    num_cells = thresholds * len(detectors.split(","))
    chance = random.Random(seed)
    counts = {"rounds": 0, "kills": 0, "of the parent only": 0, "processes": 0, "set aside": 0}
    expected: dict[str, dict[str, Any]] = {}
    pace: dict[str, _Pace] = {}
    while counts["kills"] < kills:
        store = stores.split(",")[counts["rounds"] % len(stores.split(","))]
        settings = [*study, *_settings(store, detectors, thresholds)]
        if store not in expected:
            undisturbed = _sweep(folder / f"undisturbed-{store}", settings, models, store)
            pace[store] = _undisturbed(undisturbed)
            tell(f"undisturbed, {store}: {pace[store]}")
            expected[store] = undisturbed.left.results()
        sweep = _sweep(folder / f"round-{counts['rounds']}", settings, models, store)
        allowed = min(most, kills - counts["kills"])
        shutil.copytree(graphs_of(folder / f"undisturbed-{store}"), graphs_of(sweep.root))
        killed = _round(sweep, chance, counts, allowed, pace[store])
        _check(sweep, expected[store], cells=num_cells)
        rows = sweep.left.rows()
        counts["set aside"] += len(rows) - len(counted(rows))
        counts["rounds"] += 1
        tell(f"round {counts['rounds']}, {store}: killed {killed} times, held")
    return {
        **counts,
        "cells of each sweep": num_cells,
        "stage tables of each": len(sweep.tables),
    }


def _settings(store: str, detectors: str, thresholds: int) -> list[str]:
    enter = ",".join(f"0.{4 + number}" for number in range(thresholds))
    return [
        f"tracking={store}",
        f"detector={detectors}",
        f"event.enter={enter}",
        "signal.labels=[neutral]",
        "report.timelines=0",
    ]


def _sweep(root: Path, settings: list[str], models: Path, store: str) -> _Sweep:
    command = [sys.executable, "-m", "ferbench.app.main", "run", "-m", *settings]
    return _Sweep(root=root, command=command, models=models, left=Left.below(root, store))


def _undisturbed(sweep: _Sweep) -> _Pace:
    """Run it to its end."""
    started_s = time.monotonic()
    process = sweep.start()
    _wait_for_note(sweep, process, seconds=_LONGEST_S)
    noted_s = time.monotonic()
    assert process.wait(_LONGEST_S) == 0, sweep.screen()
    return _Pace(first_s=noted_s - started_s, rest_s=time.monotonic() - noted_s)


def _round(
    sweep: _Sweep,
    chance: random.Random,
    counts: dict[str, int],
    allowed: int,
    pace: _Pace,
) -> int:
    """Kill a sweep until it comes to its end, or ``allowed`` times; then it may end.

    Returns:
        How often it was killed.
    """
    killed = 0
    while True:
        process = sweep.start()
        counts["processes"] += 1
        if killed < allowed:
            _wait_for_a_moment(sweep, process, chance, pace)
        else:
            process.wait(_LONGEST_S)
        if process.poll() is not None:
            assert process.returncode == 0, sweep.screen()
            return killed
        is_group = chance.random() < 0.5
        _kill(process, whole_group=is_group)
        killed += 1
        counts["kills"] += 1
        counts["of the parent only"] += not is_group
        sweep.check_nothing_was_made_again()
        if sweep.left.has_ended():  # it was killed between its last word and its end
            return killed


def _wait_for_a_moment(
    sweep: _Sweep, process: subprocess.Popen[bytes], chance: random.Random, pace: _Pace
) -> None:
    """Until any moment of the sweep: mostly after it has left its note, or taken it up."""
    seconds = chance.uniform(0.5, 1.0) * pace.first_s
    noted_s = None
    if chance.random() > 0.2:
        _wait_for_note(sweep, process, seconds=10 * pace.first_s)
        noted_s = time.monotonic()
        seconds = chance.uniform(0, pace.rest_s)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
        if noted_s is not None:  # what goes on has less to do than a new sweep
            pace.rest_s = min(pace.rest_s, time.monotonic() - noted_s)


def _wait_for_note(sweep: _Sweep, process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Until the newest sweep has a note of this process, or the process has ended."""
    before = _notes(sweep)
    end_s = time.monotonic() + seconds
    while _notes(sweep) == before and process.poll() is None and time.monotonic() < end_s:
        time.sleep(0.01)


def _notes(sweep: _Sweep) -> set[int]:
    notes = sweep.root.glob("mlruns/hydra/sweeps/*/*/sweep.json")
    return {path.stat().st_mtime_ns for path in notes}


def _kill(process: subprocess.Popen[bytes], *, whole_group: bool) -> None:
    """End a command as a machine without memory does; nothing of its group may be left."""
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    end_s = time.monotonic() + _GONE_S
    while _group_is_there(process.pid):
        assert time.monotonic() < end_s, "a helper outlived its parent"
        time.sleep(0.02)


def _group_is_there(group: int) -> bool:
    """Whether a process of a group goes on; those that ended and wait for init do not."""
    for process in psutil.process_iter(["pid", "status"]):
        with suppress(ProcessLookupError, PermissionError):
            is_member = os.getpgid(process.info["pid"]) == group
            if is_member and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
    return False


def _check(sweep: _Sweep, expected: dict[str, Any], *, cells: int) -> None:
    """A sweep that went on left what an undisturbed one did, once, and nothing else.

    Raises:
        AssertionError: it did not.
    """
    sweep.check_nothing_was_made_again()
    assert sweep.left.debris() == []
    rows = counted(sweep.left.rows())
    assert [row.state for row in rows] == ["finished"] * (cells + 1), rows
    found = sweep.left.results()
    for what, each in expected.items():
        assert found[what] == each, f"{what} are not those of an undisturbed sweep"
    assert "Traceback" not in sweep.screen(), sweep.screen()
