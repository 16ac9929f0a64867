"""What a sweep leaves below its root, and what it must not leave there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from ferbench.atomic import is_part
from ferbench.owner import fate_of
from ferbench.places import cache_dir, records_dir
from ferbench.results import RunRow
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.store import DIED, ERROR_TAG, SUPERSEDED_TAG, Store

OF_A_MACHINE: Final = ("speed/", "work/", "run/")
"""Numbers that tell how long something took, or who did it."""
_TIMED: Final = ("profile.csv", "compare.csv")
"""Tables with such numbers, or with run ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What one root holds.

    Attributes:
        root: the folder.
        store: its records.
    """

    root: Path
    store: Store

    @classmethod
    def below(cls, root: Path, tracking: str) -> Left:
        """Of a root whose runs were recorded with ``tracking=mlflow`` or ``files``."""
        if tracking == "mlflow":
            return cls(root=root, store=MlflowStore(uri=None, root=root))
        return cls(root=root, store=FilesStore(folder=records_dir(root)))

    def rows(self) -> list[RunRow]:
        """All records, newest first."""
        if not self.store.exists():
            return []
        return self.store.search(list(self.store.experiments()))

    def sweeps(self) -> list[Path]:
        """Folders of sweeps."""
        notes = self.root.glob("mlruns/hydra/sweeps/*/*/sweep.json")
        return sorted(path.parent for path in notes)

    def has_ended(self) -> bool:
        """Whether the newest sweep came to its end."""
        sweeps = self.sweeps()
        return bool(sweeps and json.loads((sweeps[-1] / "sweep.json").read_text())["ended"])

    def stage_tables(self) -> dict[str, str]:
        """Digest and inode of every stored table: one that is made again has others."""
        cache = cache_dir(self.root)
        return {
            path.relative_to(cache).as_posix(): f"{_sha(path)} {path.stat().st_ino}"
            for path in cache.rglob("*.parquet")
            if not is_part(path.name)
        }

    def finished_cells(self) -> dict[str, str]:
        """Digest of ``result.json`` of each cell that its store says is finished, by run id."""
        finished = {row.run_id for row in self.rows() if row.state == "finished"}
        digests = {}
        for path in self.root.glob("mlruns/hydra/sweeps/*/*/*/result.json"):
            run_id = json.loads(path.read_text())["run_id"]
            if run_id in finished:
                digests[run_id] = _sha(path)
        return digests

    def results(self) -> dict[str, Any]:
        """Everything that an undisturbed sweep must leave equally, by what it is."""
        [sweep] = [folder for folder in self.sweeps() if (folder / "counts.csv").is_file()]
        cells = {}
        for path in sorted(sweep.glob("*/result.json")):
            outcome = json.loads(path.read_text())
            cells[path.parent.name] = (
                outcome["name"],
                outcome["params"],
                _of_the_data(outcome["metrics"]),
            )
        [parent] = [row for row in counted(self.rows()) if row.kind == "sweep"]
        recorded = [row for row in counted(self.rows()) if row.kind == "cell"]
        place = Path(self.store.location(parent.run_id))
        return {
            "cells": cells,
            "tables": {
                path.relative_to(cache_dir(self.root)).as_posix(): pq.read_table(path).to_pydict()
                for path in cache_dir(self.root).rglob("*.parquet")
            },
            "files of cells": _texts(sweep),
            "predictions": _texts(place / "predictions"),
            "parent": (dict(parent.params), _of_the_data(parent.metrics)),
            "recorded": sorted(
                (row.name, sorted(row.params.items()), sorted(_of_the_data(row.metrics).items()))
                for row in recorded
            ),
        }

    def debris(self) -> list[str]:
        """What must not be left: half files, held locks, runs that nobody ended, cells twice."""
        faults = [f"half file {path}" for path in self.root.rglob(".*") if is_part(path.name)]
        for path in self.root.rglob("*.held"):
            if fate_of(" ".join(path.read_text().split()[:4])) != "ended":
                faults.append(f"lock held: {path}")
        rows = self.rows()
        faults += [f"running: {row.run_id} {row.name}" for row in rows if row.state == "running"]
        names = [row.name for row in counted(rows) if row.kind == "cell"]
        faults += [f"{names.count(name)} x {name}" for name in set(names) if names.count(name) > 1]
        for row in rows:
            is_explained = row.state == "finished" or row.tags.get(ERROR_TAG) == DIED
            if not is_explained:
                faults.append(f"{row.state} without a reason: {row.run_id} {row.name}")
        return faults


def graphs_of(root: Path) -> Path:
    """Where a root keeps graphs of networks, which take seconds to make."""
    return cache_dir(root) / "graphs"


def counted(rows: Iterable[RunRow]) -> list[RunRow]:
    """Records without those of cells that were run again, and of sweeps that had no cell yet."""
    kept = [row for row in rows if SUPERSEDED_TAG not in row.tags]
    parents = {row.parent for row in kept}
    return [row for row in kept if row.kind != "sweep" or row.run_id in parents]


def _of_the_data(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: each for name, each in metrics.items() if not name.startswith(OF_A_MACHINE)}


def _texts(folder: Path) -> dict[str, str]:
    """Digests of the tables below a folder, by their place."""
    paths = [path for path in folder.rglob("*") if path.suffix in (".csv", ".parquet")]
    return {
        path.relative_to(folder).as_posix(): _sha(path) for path in paths if path.name not in _TIMED
    }


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
