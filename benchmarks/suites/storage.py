"""What is kept: bytes of every table per hour of video, of a run and of a cell of a sweep.

The demo's three clips are analysed and recorded in MLflow as a user does; nothing of it is made up.
Tables grow by their rows, so bytes per row are taken from all clips' rows against half of them, and
an hour has 90,000 frames (25 a second) with one face each. Then how long it takes to compare many
recorded runs (copies of one, under names of their own) and to list a cache of many files.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bars import Bar
from benchmarks.run import Result, Run
from benchmarks.turns import BenchmarkError
from ferbench.pipeline import tables
from ferbench.places import cache_dir, default_root, models_dir, store_uri
from ferbench.workflows.cache import list_cache
from ferbench.workflows.compare import compare

ROOT: Final = Path(__file__).resolve().parents[2]
FRAMES_OF_AN_HOUR: Final = 90_000
STAGES: Final = ("timeline", "faces", "expressions", "pictures")
CELLS: Final = ("0.45,0.55", "0.35,0.40,0.50,0.65")
RUNS: Final = (500, 2000)
FILES: Final = 10_000
_COPIED: Final = ("params", "metrics", "latest_metrics", "tags")


def run(run: Run) -> Result:
    """Measure."""
    home = run.folder / "home"
    _called(home, run, "signal=any_motion", "tracking=none")
    _called(home, run)
    of_a_run = _sizes(home)
    per_row = {stage: _of_table(_stored(home, stage)) for stage in STAGES}
    per_row["predictions"] = _predictions(home)
    sessions = _session_files(home)
    _called(home, run, "-m", f"event.enter={CELLS[0]}")
    before = _sizes(home)
    _called(home, run, "-m", f"event.enter={CELLS[1]}")
    num_cells = len(CELLS[1].split(","))
    of_a_cell = {name: (size - before[name]) / num_cells for name, size in _sizes(home).items()}
    compared = {str(count): _compared_s(home, count) for count in RUNS}
    hour = {
        name: each["fixed"] + each["per_row"] * FRAMES_OF_AN_HOUR for name, each in per_row.items()
    }
    return Result(
        what="bytes that are kept, of three clips with 664 frames, and what many of them take",
        bars=[
            *(
                Bar(what=f"{name}, an hour of video", values=(size / 1e6,), unit="MB")
                for name, size in hour.items()
            ),
            *(
                Bar(what=f"comparing {count} recorded runs", values=(seconds,), unit="s")
                for count, seconds in compared.items()
            ),
        ],
        more={
            "mlflow": metadata.version("mlflow"),
            "bytes_of_a_table": per_row,
            "bytes_an_hour": hour,
            "bytes_of_a_run_of_3_sessions": of_a_run,
            "bytes_of_a_session_in_a_run": sessions,
            "bytes_of_a_cell_of_3_sessions": of_a_cell,
            "compare_cpu_s": compared,
            "listing_cpu_s_per_10000_files": _listed_s(run.folder / "many"),
        },
    )


def _called(home: Path, run: Run, *arguments: str) -> None:
    """Call the program, as a user does, on the demo's clips."""
    command = [
        *(sys.executable, "-m", "ferbench.app.main", "run", "dataset=demo", *arguments),
        *(f"dataset.folder={run.clip.parent}", f"runtime.device={run.device}"),
    ]
    places = {"FERBENCH_HOME": str(home), "FERBENCH_MODELS": str(models_dir(default_root()))}
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-5:]
        raise BenchmarkError(f"{' '.join(arguments)} ended with {ended.returncode}: {last}")


def _stored(home: Path, stage: str) -> pa.Table:
    """The rows of a stage of all clips, one clip after the other."""
    paths = sorted((cache_dir(home) / stage).rglob("*.parquet"))
    return pa.concat_tables([tables.read(path)[0].replace_schema_metadata() for path in paths])


def _predictions(home: Path) -> dict[str, float]:
    """Bytes of each row, and without rows, of the Parquet and CSV that a run records of a video."""
    paths = sorted((home / "mlruns" / "artifacts").rglob("predictions/*/*.parquet"))
    rows = [pq.read_metadata(path).num_rows for path in paths]
    sizes = [path.stat().st_size + path.with_suffix(".csv").stat().st_size for path in paths]
    per_row, fixed = np.polyfit(rows, sizes, 1)
    return {"per_row": float(per_row), "fixed": float(fixed)}


def _of_table(table: pa.Table) -> dict[str, float]:
    """Bytes of each row, and of a table without rows."""
    whole, half = _written(table), _written(table.slice(0, table.num_rows // 2))
    per_row = (whole - half) / (table.num_rows - table.num_rows // 2)
    return {"per_row": per_row, "fixed": whole - per_row * table.num_rows}


def _written(table: pa.Table) -> int:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return int(sink.getvalue().size)


def _sizes(home: Path) -> dict[str, float]:
    """Bytes and files of each kind of place."""
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = store.execute("PRAGMA page_count").fetchone()[0]
        page_bytes = store.execute("PRAGMA page_size").fetchone()[0]
    artifacts = list(_files(home / "mlruns" / "artifacts"))
    hydra = list(_files(home / "mlruns" / "hydra"))
    return {
        "store": pages * page_bytes,
        "artifacts": sum(path.stat().st_size for path in artifacts),
        "artifact_files": len(artifacts),
        "hydra": sum(path.stat().st_size for path in hydra),
        "hydra_files": len(hydra),
        "cache_files": len(list(_files(cache_dir(home)))),
    }


def _session_files(home: Path) -> dict[str, float]:
    """Bytes of a session in the records of a run, by the folder of the artifacts."""
    sizes: dict[str, float] = {}
    for path in _files(home / "mlruns" / "artifacts"):
        folder = path.as_posix().rpartition("/artifacts/")[2].rpartition("/")[0].partition("/")[0]
        sizes[folder] = sizes.get(folder, 0.0) + path.stat().st_size / 3
    return sizes


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _compared_s(home: Path, count: int) -> float:
    """Processor seconds to compare so many runs of a sweep, of which most are copies of one."""
    other = home.parent / f"compared-{count}"
    shutil.copytree(home / "mlruns" / "artifacts", other / "mlruns" / "artifacts")
    shutil.copyfile(home / "mlflow.db", other / "mlflow.db")
    with closing(sqlite3.connect(other / "mlflow.db")) as store, store:
        _multiply(store, count)
    started = time.process_time()
    compared = compare(uri=store_uri(other), root=other)
    seconds = time.process_time() - started
    if len(compared.rows) != count:
        raise BenchmarkError(f"compared {len(compared.rows)} runs, expected {count}")
    return seconds


def _multiply(store: sqlite3.Connection, count: int) -> None:
    """Copy the newest cell of the newest sweep until the sweep has so many."""
    parent = store.execute(
        "SELECT tags.value FROM tags JOIN runs USING (run_uuid) "
        "WHERE tags.key = 'mlflow.parentRunId' ORDER BY start_time DESC"
    ).fetchone()[0]
    cells = [
        row[0]
        for row in store.execute(
            "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?", (parent,)
        )
    ]
    for _ in range(count - len(cells)):
        name = uuid.uuid4().hex
        for table, column in (("runs", "run_uuid"), *((each, "run_uuid") for each in _COPIED)):
            columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
            others = ", ".join(each for each in columns if each != column)
            store.execute(
                f"INSERT INTO {table} ({column}, {others}) "
                f"SELECT ?, {others} FROM {table} WHERE {column} = ?",
                (name, cells[-1]),
            )


def _listed_s(folder: Path) -> float:
    """Processor seconds to list a cache of many files."""
    for number in range(FILES):
        path = folder / "faces" / f"{number % 256:02x}" / f"{number:064x}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    started = time.process_time()
    listing: Any = list_cache(folder=folder)
    seconds = time.process_time() - started
    if listing.rows[0].files != FILES:
        raise BenchmarkError(f"listed {listing.rows[0].files} files, expected {FILES}")
    return seconds
