"""Parallel sweeps into MLflow on PostgreSQL, whose server is killed twice; nothing lost or doubled.

The first time it comes back after a while, and runs deliver what waits by themselves; the second
time it comes back when all have ended, for ``ferbench sync``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from soak.servers import MlflowServer, postgres
from soak.small_study import copy_weights, make_study

SMALL: Final = {"workers": 2, "sweeps": 2, "cells": 2, "away_s": 0.0}
FULL: Final = {"workers": 8, "sweeps": 3, "cells": 4, "away_s": 20.0}
_EXPERIMENTS: Final = 4
"""Workers share experiments, so that some create the same one at the same moment."""
_FIRST_KILL: Final = 0.2
_LAST_KILL: Final = 0.6
"""Shares of the cells that have ended then, at least."""
_BETWEEN: Final = 0.1
"""Share of the cells that end while the server is back, and deliver what waits."""
_LONGEST_S: Final = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    """A process that runs sweeps, one after the other.

    Attributes:
        number: which one.
        folder: of its sweeps.
        process: a shell that starts each when the one before has ended.
    """

    number: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def experiment(self) -> str:
        """Where its sweeps are recorded."""
        return _experiment(self.number)


def _experiment(worker: int) -> str:
    return f"study {worker % _EXPERIMENTS}"


def run(
    folder: Path,
    tell: Callable[[str], None],
    *,
    workers: int,
    sweeps: int,
    cells: int,
    away_s: float,
) -> dict[str, object]:
    """Do it, and compare what the server has with what the cells left in their folders.

    Args:
        folder: for everything.
        tell: told how far it is.
        workers: processes that run sweeps at the same time.
        sweeps: of each, one after the other.
        cells: of each sweep.
        away_s: how long the server is away the first time; 0 = only the last time.
    """
    places = {"FERBENCH_HOME": str(folder / "home"), "FERBENCH_MODELS": str(folder / "models")}
    environment = {**os.environ, **places, "CI": "1"}
    copy_weights(folder / "models")
    settings = [*make_study(folder / "study", clips=1, frames=12), "signal.labels=[happiness]"]
    settings += ["detector=scrfd_500m", "model=mini_xception", "report.timelines=0"]
    _run(["run", *settings, "tracking=none"], environment, folder / "warm.txt")
    tell("tables of the clip are stored")
    with postgres(folder / "postgres") as database:
        server = MlflowServer(folder=folder, database=database)
        started: list[_Worker] = []
        try:
            server.start()
            tell(f"MLflow on PostgreSQL at {server.address}")
            settings += [f"tracking.uri={server.address}", "tracking.patience_s=5"]
            for number in range(workers):
                sizes = {"sweeps": sweeps, "cells": cells}
                started.append(_start(number, folder, environment, settings, **sizes))
            waited = _through_kills(server, started, tell, cells * sweeps * workers, away_s)
            synced = _synced(environment, folder, tell)
            counted = _checked(server, started, sweeps=sweeps, cells=cells)
        finally:
            server.kill()
            for worker in started:
                _stop(worker.process)
    return {**counted, "records_that_waited_at_the_end": waited, "delivered_by_sync": synced}


def _start(
    number: int,
    folder: Path,
    environment: Mapping[str, str],
    settings: list[str],
    *,
    sweeps: int,
    cells: int,
) -> _Worker:
    place = folder / "sweeps" / str(number)
    place.mkdir(parents=True)
    commands = []
    for sweep in range(sweeps):
        levels = [f"{0.4 + 0.01 * (cell + cells * sweep):.2f}" for cell in range(cells)]
        swept = [f"event.enter={','.join(levels)}", f"tracking.experiment={_experiment(number)}"]
        commands.append(["run", "-m", *settings, *swept, f"hydra.sweep.dir={place}/{sweep}"])
    program = (
        "import json, subprocess, sys\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    code = subprocess.call([sys.executable, '-m', 'ferbench.app.main', *command])\n"
        "    if code:\n"
        "        sys.exit(code)\n"
    )
    with (place / "screen.txt").open("wb") as screen:
        process = subprocess.Popen(
            [sys.executable, "-c", program, json.dumps(commands)],
            stdout=screen,
            stderr=screen,
            env=dict(environment),
            start_new_session=True,
        )
    return _Worker(number=number, folder=place, process=process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a worker with its sweep, where something did not hold."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _through_kills(
    server: MlflowServer,
    workers: list[_Worker],
    tell: Callable[[str], None],
    num_cells: int,
    away_s: float,
) -> int:
    """Kill the server once or twice while the workers go on; how many records wait in the end."""
    begun_s, least = time.monotonic(), _LAST_KILL * num_cells
    if away_s:
        tell(f"killed after {_ended_cells(workers, _FIRST_KILL * num_cells)} cells")
        server.kill()
        time.sleep(away_s)
        server.start()
        tell(f"there again, with {_num_ended(workers)} cells at their end")
        least = max(least, _num_ended(workers) + _BETWEEN * num_cells)
    tell(f"killed for good after {_ended_cells(workers, least)} cells")
    server.kill()
    for worker in workers:
        code = worker.process.wait(timeout=_LONGEST_S)
        assert code == 0, (worker.folder / "screen.txt").read_text()
    tell(f"all workers have ended, after {time.monotonic() - begun_s:.0f} s")
    outbox = workers[0].folder.parents[1] / "home" / "mlruns" / "outbox"
    waiting = len(list(outbox.glob("*/[!.]*/*/entry.json")))
    assert waiting, "the server was killed too late: nothing waits"
    server.start()
    return len({path.parents[1] for path in outbox.glob("*/[!.]*/*/entry.json")})


def _num_ended(workers: list[_Worker]) -> int:
    return sum(len(list(worker.folder.glob("*/*/result.json"))) for worker in workers)


def _ended_cells(workers: list[_Worker], least: float) -> int:
    """Wait until so many cells have ended."""
    end_s = time.monotonic() + _LONGEST_S
    while _num_ended(workers) < least:
        for worker in workers:
            assert worker.process.poll() in (None, 0), (worker.folder / "screen.txt").read_text()
        assert time.monotonic() < end_s, "the workers do not come on"
        time.sleep(0.05)
    return _num_ended(workers)


def _run(arguments: list[str], environment: Mapping[str, str], screen: Path) -> str:
    """A command to its end; what it said."""
    with screen.open("wb") as file:
        code = subprocess.call(
            [sys.executable, "-m", "ferbench.app.main", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environment),
        )
    text = screen.read_text()
    assert code == 0, text
    return text


def _synced(environment: Mapping[str, str], folder: Path, tell: Callable[[str], None]) -> int:
    """Deliver what waits, twice; how many records the first time."""
    last = _run(["sync"], environment, folder / "sync.txt").splitlines()[-1]
    tell(f"ferbench sync: {last}")
    again = _run(["sync"], environment, folder / "sync.txt").splitlines()[-1]
    assert again == "0 records delivered", again
    return int(last.split()[0])


def _checked(
    server: MlflowServer, workers: list[_Worker], *, sweeps: int, cells: int
) -> dict[str, object]:
    """Compare what MLflow's own client finds with what the cells left."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=server.address)
    runs = {}
    for experiment in client.search_experiments():
        found: Any = client.search_runs([experiment.experiment_id], max_results=5000)
        runs.update({run.info.run_id: (experiment.name, run) for run in found})
    kinds = Counter(run.data.tags["ferbench.kind"] for _, run in runs.values())
    expected = {"sweep": sweeps * len(workers), "cell": cells * sweeps * len(workers)}
    assert kinds == expected, f"expected {expected}, the server has {dict(kinds)}"
    for name, run in runs.values():
        assert run.info.status == "FINISHED", (name, run.info)
        assert run.info.end_time >= run.info.start_time
        texts = {**run.data.tags, **run.data.params, "ferbench.record": ""}
        assert "away-" not in json.dumps(texts), texts
    cells_seen = _compared_cells(server, workers, runs)
    assert cells_seen == expected["cell"]
    return {
        "cells": kinds["cell"],
        "sweeps": kinds["sweep"],
        "experiments": len({name for name, _ in runs.values()}),
        "lost": 0,
        "doubled": 0,
        "artifacts": sum(path.is_file() for path in server.artifacts.rglob("*")),
    }


def _compared_cells(
    server: MlflowServer, workers: list[_Worker], runs: Mapping[str, tuple[str, Any]]
) -> int:
    """Each cell that left a result is once in the store, under its sweep, in its experiment."""
    by_place: dict[tuple[str, str, str], list[Any]] = {}
    for name, run in runs.values():
        if run.data.tags["ferbench.kind"] == "cell":
            parent = runs[run.data.tags["mlflow.parentRunId"]]
            assert parent[0] == name, "a cell is in the experiment of its sweep"
            place = (name, parent[1].info.run_id, run.data.params["event.enter"])
            by_place.setdefault(place, []).append(run)
    assert all(len(found) == 1 for found in by_place.values()), "a cell is there twice"
    by_id = {run.info.run_id: run for _, run in runs.values()}
    seen = set()
    for worker in workers:
        for path in worker.folder.glob("*/*/result.json"):
            result = json.loads(path.read_text())
            run = _run_of(result["run_id"], by_id)
            assert runs[run.info.run_id][0] == worker.experiment
            assert run.data.metrics == result["metrics"], path
            assert run.data.params.items() >= result["params"].items(), path
            _same_files(path.parent / "artifacts", _artifacts(server, run))
            seen.add(run.info.run_id)
    return len(seen)


def _run_of(run_id: str, runs: Mapping[str, Any]) -> Any:
    """The run that a cell's result names: by the store's id, or by ferbench's."""
    if run_id in runs:
        return runs[run_id]
    (found,) = (run for run in runs.values() if run.data.tags["ferbench.record"] == run_id)
    return found


def _artifacts(server: MlflowServer, run: Any) -> Path:
    return server.artifacts / str(run.info.experiment_id) / str(run.info.run_id) / "artifacts"


def _same_files(left: Path, stored: Path) -> None:
    """All files of a cell are in the store, byte for byte."""
    names = sorted(path.relative_to(left) for path in left.rglob("*") if path.is_file())
    assert names, left
    for name in names:
        assert (stored / name).is_file(), f"{stored / name} is missing"
        same = (stored / name).read_bytes() == (left / name).read_bytes()
        assert same, f"{stored / name} is another file than {left / name}"
