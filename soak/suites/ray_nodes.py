"""A sweep on two Ray nodes of this machine, one of which is killed while it has a video in hand.

Its tables and numbers are those of the same sweep cell by cell, and no table is written twice.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import av
import pyarrow.parquet as pq

from soak.processes import below, kill_tree, title

SMALL: Final = {"clips": 2, "frames": 60, "cells": 4, "stored_before_kill": 0}
FULL: Final = {"clips": 6, "frames": 0, "cells": 24, "stored_before_kill": 2}
"""``frames`` of each clip, 0 = all; tables of so many videos are stored before the node dies."""

_SHARED: Final = Path(
    os.environ.get("FERBENCH_SHARED", Path(__file__).parents[2].parent / "shared")
)
_WEIGHTS: Final = {
    "mini_xception/emotion_model.hdf5": "emotion_model.hdf5",
    "retinaface/mobilenet0.25_Final.pth": "mobilenet0.25_official.pth",
    "scrfd/scrfd_500m_bnkps.onnx": "scrfd_500m_bnkps.onnx",
}
_SETTINGS: Final = {
    "detector": ("retinaface_mnet025", "scrfd_500m"),
    "model.input_px": ("48", "64"),
    "preprocessing": ("box", "square_margin"),
    "event": ("hysteresis", "windowed", "random"),
}
_OF_A_MACHINE: Final = ("speed/", "work/", "run/")
"""Numbers that tell how long something took, or who did it."""
_HEAD, _SECOND = "127.0.0.2", "127.0.0.3"
_PATIENCE_S: Final = 1800.0


def run(
    folder: Path,
    tell: Callable[[str], None],
    *,
    clips: int,
    frames: int,
    cells: int,
    stored_before_kill: int,
) -> dict[str, object]:
    """Run the sweep on the nodes and cell by cell, and compare; see ``soak``."""
    study = _study(folder, clips, frames) + _swept(cells)
    with (
        _nodes() as (address, environment, second),
        _Watch(folder / "ray" / ".ferbench" / "cache") as watch,
    ):
        on_ray = [f"hydra.launcher.{each}" for each in ("engine=ray", f"address={address}")]
        sweep = _started(folder / "ray", [*study, *on_ray], environment)
        killed = _kill_in_the_middle(second, watch, sweep, stored_before_kill)
        tell(f"the second node was killed with {killed} in hand, {watch.timelines} videos stored")
        text = _ended(sweep, folder / "ray")
    tell(text)
    serial = _started(folder / "serial", [*study, "hydra/launcher=basic"], dict(os.environ))
    _ended(serial, folder / "serial")
    tables = _tables(folder / "ray")
    assert "began again: its process or machine died" in text
    twice = [name for name, states in watch.seen.items() if len(states) != 1]
    assert not twice, twice
    assert watch.seen.keys() == tables.keys()
    assert tables == _tables(folder / "serial")
    results = _results(folder / "ray")
    assert len(results) == cells
    assert results == _results(folder / "serial")
    assert _decoded_by_cells(folder / "ray") == 0
    tell("tables and numbers are those of the sweep cell by cell")
    return {
        "videos": clips,
        "cells": cells,
        "tables": len(tables),
        "tables_written_twice": len(twice),
    }


def _study(folder: Path, clips: int, frames: int) -> list[str]:
    """Settings of a study of some of the sample clips."""
    videos = folder / "videos"
    videos.mkdir()
    found = sorted(
        path for path in (_SHARED / "samples").iterdir() if path.suffix in (".mp4", ".mov")
    )
    taken = sorted(found, key=lambda path: path.stat().st_size)[:clips]
    assert len(taken) == clips, f"expected {clips} clips in {_SHARED / 'samples'}"
    for path in taken:
        _cut(path, videos / path.name, frames)
    marks = [f"{path.stem},0.5" for path in taken]
    (folder / "marks.csv").write_text("\n".join(["session,onset_s", *marks]) + "\n")
    for target, name in _WEIGHTS.items():
        (folder / "models" / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_SHARED / "weights" / name, folder / "models" / target)
    named = [f"dataset.videos={videos}", f"dataset.annotations={folder / 'marks.csv'}"]
    return [*named, "tracking=none", "report.timelines=0", "signal.labels=[neutral]"]


def _cut(source: Path, target: Path, frames: int) -> None:
    """The first frames of a video, as they are; 0 = all of it."""
    if not frames:
        shutil.copyfile(source, target)
        return
    with av.open(str(source)) as given, av.open(str(target), "w") as cut:
        stream = cut.add_stream_from_template(given.streams.video[0])
        packets = (packet for packet in given.demux(video=0) if packet.dts is not None)
        for _, packet in zip(range(frames), packets, strict=False):
            packet.stream = stream
            cut.mux(packet)


def _swept(cells: int) -> list[str]:
    """Overrides of a sweep of so many cells."""
    overrides, left = [], cells
    for key, values in _SETTINGS.items():
        taken = values if left % len(values) == 0 and left > 1 else values[:1]
        overrides.append(f"{key}={','.join(taken)}")
        left //= len(taken)
    assert left == 1, f"{cells} cells are no product of the settings"
    return overrides


# Ray
# --------------------------------------------------------------------------------------------------


@contextmanager
def _nodes() -> Iterator[tuple[str, dict[str, str], int]]:
    """Two nodes; gives address, environment of who uses them, and the second one's process."""
    folder = Path(tempfile.mkdtemp(prefix="fer-", dir="/tmp"))  # sockets have short names
    environment = {
        **os.environ,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_worker_niceness": "0",
    }
    with socket.socket() as free:
        free.bind((_HEAD, 0))
        address = f"{_HEAD}:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    programs = []
    try:
        head = [f"--node-ip-address={_HEAD}", "--head", f"--port={port}", f"--temp-dir={folder}"]
        programs.append(_node(folder / "1.log", [*head, "--include-dashboard=false"], environment))
        _wait_for(lambda: _answers(address), programs[0], folder / "1.log")
        second = [f"--node-ip-address={_SECOND}", f"--address={address}"]
        programs.append(_node(folder / "2.log", second, environment))
        _wait_for(
            lambda: "Ray runtime started" in (folder / "2.log").read_text(),
            programs[1],
            folder / "2.log",
        )
        yield address, environment, programs[1].pid
    finally:
        for program in programs:
            kill_tree(program.pid)
            program.wait()
        shutil.rmtree(folder)


def _node(log: Path, how: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A node of one core, which is there as long as its process is."""
    ray = str(Path(sys.executable).parent / "ray")
    ports = ["--min-worker-port=0", "--max-worker-port=0"]
    size = ["--num-cpus=1", f"--object-store-memory={80 * 2**20}"]
    with log.open("wb") as written:
        return subprocess.Popen(
            [ray, "start", "--block", *ports, *size, *how],
            stdout=written,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def _wait_for(
    is_so: Callable[[], object], program: subprocess.Popen[Any], log: Path | None = None
) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not is_so():
        why = log.read_text() if log else ""
        assert program.poll() is None, f"it ended: {why}"
        assert time.monotonic() < end, f"it takes too long: {why}"
        time.sleep(0.05)


def _kill_in_the_middle(node: int, watch: _Watch, sweep: subprocess.Popen[str], stored: int) -> str:
    """Kill a node and all its processes once it decodes; gives the name of the task in its hand."""
    in_hand: list[str] = []

    def is_at_work() -> bool:
        titles = [title(pid) for pid in below(node) if below(pid)]
        in_hand[:] = [name for name in titles if "ferbench pass" in name]
        return bool(in_hand) and watch.timelines >= stored

    _wait_for(is_at_work, sweep)
    kill_tree(node)
    return in_hand[0]


# The sweep and what it left
# --------------------------------------------------------------------------------------------------


class _Watch:
    """Looks at the stored tables all the time.

    Attributes:
        seen: the states of each table by its place; one that was written again has two.
    """

    def __init__(self, cache: Path) -> None:
        self.seen: dict[str, set[tuple[int, int]]] = defaultdict(set)
        self._cache = cache
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on)

    @property
    def timelines(self) -> int:
        """Videos whose tables are stored."""
        return sum(name.startswith("timeline") for name in list(self.seen))

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._look()

    def _look_on(self) -> None:
        while not self._end.wait(0.1):
            self._look()

    def _look(self) -> None:
        for path in self._cache.rglob("*.parquet"):
            with suppress(OSError):
                if not path.name.startswith("."):
                    state = path.stat()
                    name = path.relative_to(self._cache).as_posix()
                    self.seen[name].add((state.st_ino, state.st_mtime_ns))


def _started(root: Path, settings: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    root.mkdir()
    places = {"FERBENCH_HOME": str(root), "FERBENCH_MODELS": str(root.parent / "models")}
    with (root / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "ferbench.app.main", "run", "-m", *settings],
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment, **places},
            cwd=root,
        )


def _ended(sweep: subprocess.Popen[str], root: Path) -> str:
    """What a sweep told until it ended well."""
    sweep.wait()
    text = (root / "log").read_text()
    assert sweep.returncode == 0, text
    return text


def _tables(root: Path) -> dict[str, dict[str, list[Any]]]:
    """Every stored table of stages, by its place in the cache."""
    cache = root / ".ferbench" / "cache"
    return {
        path.relative_to(cache).as_posix(): pq.read_table(path).to_pydict()
        for path in cache.rglob("*.parquet")
    }


def _outcomes(root: Path) -> list[dict[str, Any]]:
    cells = (root / "mlruns" / "hydra" / "sweeps").glob("*/*/*/result.json")
    ordered = sorted(cells, key=lambda path: int(path.parent.name))
    return [json.loads(path.read_text()) for path in ordered]


def _results(root: Path) -> list[tuple[str, dict[str, float]]]:
    """Name and numbers of every cell; numbers of a machine's speed are left out."""
    return [
        (
            cell["name"],
            {
                name: number
                for name, number in cell["metrics"].items()
                if not name.startswith(_OF_A_MACHINE)
            },
        )
        for cell in _outcomes(root)
    ]


def _decoded_by_cells(root: Path) -> float:
    return sum(cell["metrics"]["work/frames_decoded"] for cell in _outcomes(root))
