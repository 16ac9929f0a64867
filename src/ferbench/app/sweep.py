"""A sweep's beginning and end: one parent run, made before any cell; one table, after the last."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ferbench.app import console, status
from ferbench.app.binding import build
from ferbench.app.comparing import show
from ferbench.app.hydra_job import write_sweep
from ferbench.app.job import CLAIMS_FOLDER, RESULT_FILE
from ferbench.app.recording import predictions_tag
from ferbench.errors import FerbenchError
from ferbench.report.compare import Comparison, compare, format_number
from ferbench.report.files import write_csv
from ferbench.results import RunRow
from ferbench.tracking.mlflow_store import KIND_TAG, MlflowStore
from ferbench.tracking.settings import MlflowTracking


class SweepCallback(Callback):
    """Hydra calls this around a multirun; Hydra turns what it raises into warnings, so failures are passed on."""

    def __init__(self) -> None:
        self.store: MlflowStore | None = None
        self.parent = ""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create store, experiment and parent run, and leave a note for the cells."""
        del kwargs
        folder = Path(config.hydra.sweep.dir)
        swept, shared = split_overrides(list(config.hydra.overrides.task))
        swept += [f"{name}={values}" for name, values in (config.hydra.sweeper.get("params") or {}).items()]
        experiment_id = error = ""
        try:
            if "MlflowTracking" in str(config.tracking.get("_target_", "")):
                experiment_id = self._start(config, swept)
        except FerbenchError as problem:
            error = str(problem)
        write_sweep(folder, experiment_id=experiment_id, parent_run_id=self.parent, shared=shared, error=error)

    def _start(self, config: DictConfig, swept: list[str]) -> str:
        node: Any = OmegaConf.to_container(config.tracking, resolve=True)
        tracking: MlflowTracking = build(node, where="tracking")
        self.store = MlflowStore(uri=tracking.uri, root=Path(config.paths.root))
        chosen = config.hydra.runtime.choices.get("experiment")
        experiment_id = self.store.prepare(tracking.experiment_name(chosen))
        name = " ".join(["sweep", *(text if "/" not in text else text.partition("=")[0] for text in swept)])
        self.parent = self.store.start(experiment_id, name[:250], {KIND_TAG: "sweep"})
        status.when_abandoned(self._abandoned)
        return experiment_id

    def _abandoned(self, reason: str) -> None:
        if self.store:
            self.store.tag(self.parent, {"ferbench.ended_by": reason})
            self.store.end(self.parent, failed=True)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Collect the cells, print them as one table, put the best numbers on the parent, and close it."""
        del kwargs
        folder = Path(config.hydra.sweep.dir)
        rows, problems, notices = collect(folder)
        for notice in notices:
            console.error_console().print(f"note: {notice}", markup=False)
        for problem in problems:
            status.failed(problem)
            console.error_console().print(f"failed: {problem}", markup=False, style="red")
        comparison = compare(rows) if rows else None
        if comparison:
            show(comparison, "this sweep")
            console.output_console().print(closing_words(comparison, tracked=self.store is not None), markup=False)
        if self.store:
            try:
                self._close(config, folder, comparison, len(rows), problems)
            except FerbenchError as error:
                status.failed(str(error))
                console.error_console().print(f"{type(error).__name__}: {error}", markup=False, style="red")
        status.settled()

    def _close(
        self, config: DictConfig, folder: Path, comparison: Comparison | None, cells: int, problems: list[str]
    ) -> None:
        assert self.store is not None
        metrics = {"sweep/cells": float(cells), "sweep/failed": float(len(problems))}
        tags = dict(predictions_tag([claim.name for claim in (folder / CLAIMS_FOLDER).glob("*")]))
        if comparison:
            path, counts = folder / "compare.csv", folder / "counts.csv"
            write_csv(path, comparison.header, [comparison.cells(row) for row in comparison.rows])
            self.store.log_files(self.parent, [path, *([counts] if join_counts(folder, counts) else [])], "")
            tags["mlflow.note.content"] = f"A sweep of {cells} cells."
        if comparison and comparison.by:
            best = comparison.rows[0]
            metrics |= {n: v for n, v in best.metrics.items() if n.startswith(("event/", "quality/"))}
            tags["mlflow.note.content"] += (
                f" The numbers here are those of the best cell by {comparison.by}: {best.name} (chosen in-sample)."
            )
        self.store.log_numbers(self.parent, params={}, metrics=metrics, tags={n: v for n, v in tags.items() if v})
        overrides = folder / "overrides.txt"
        overrides.write_text("".join(f"{line}\n" for line in config.hydra.overrides.task), encoding="utf-8")
        self.store.log_files(self.parent, [overrides], "")
        self.store.end(self.parent, failed=bool(problems))


def split_overrides(overrides: list[str]) -> tuple[list[str], list[str]]:
    """Overrides that are swept, and those that all cells share."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    swept = [o.input_line for o in parsed if o.is_sweep_override() and o.input_line]
    return swept, [o.input_line for o in parsed if not o.is_sweep_override() and o.input_line]


def closing_words(comparison: Comparison, *, tracked: bool) -> str:
    """The best cell, what that is worth, and where to look."""
    lines = []
    if comparison.by:
        by, best = comparison.by, comparison.rows[0]
        value = format_number(best.metrics.get(by, math.nan)) or "undefined"
        same = sum(row.metrics.get(by) == best.metrics.get(by) for row in comparison.rows)
        tie = f" ({same} cells share it)" if same > 1 else ""
        words = "it was chosen on the data it is scored on (in-sample)"
        lines.append(f"best cell by {by}: {best.name} = {value}{tie}; {words}")
    else:
        lines.append("nothing is annotated, so no cell is better than another")
    if tracked:
        lines.append("look at the runs: ferbench ui    compare them again: ferbench compare")
    return "\n".join(lines)


def join_counts(folder: Path, target: Path) -> bool:
    """Write the counts tables of all cells as one, with a first column that names the cell; False = there are none."""
    header: list[str] = []
    rows: list[list[str]] = []
    for path in sorted(folder.glob(f"*/artifacts/{target.name}"), key=lambda p: int(p.parts[-3])):
        name = json.loads((path.parents[1] / RESULT_FILE).read_text(encoding="utf-8"))["name"]
        with path.open(encoding="utf-8", newline="") as stream:
            first, *others = csv.reader(stream)
        header = ["cell", *first]
        rows += [[name, *row] for row in others]
    if rows:
        write_csv(target, header, rows)
    return bool(rows)


def collect(folder: Path) -> tuple[list[RunRow], list[str], list[str]]:
    """Results of a sweep's cells, what went wrong (a sentence per cell), and what the data set left out."""
    rows, problems = [], []
    notices: dict[str, None] = {}
    failed: dict[str, list[str]] = {}
    cells = sorted((p for p in folder.iterdir() if p.is_dir() and p.name.isdigit()), key=lambda p: int(p.name))
    for cell in cells:
        path = cell / RESULT_FILE
        if not path.is_file():
            problems.append(f"cell {cell.name} ended without a result; see {cell / 'ferbench.log'}")
            continue
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["error"]:
            problems.append(f"cell {cell.name} ({result['name']}): {result['error']}")
            continue
        notices |= dict.fromkeys(result["notices"])
        for text in result["failed_sessions"]:
            failed.setdefault(text, []).append(cell.name)
        rows.append(
            RunRow(
                run_id=result["run_id"] or cell.name,
                name=result["name"],
                params=result["params"],
                metrics=result["metrics"],
            )
        )
    for text, where in failed.items():
        problems.append(
            f"session {text} (in {'all cells' if len(where) == len(cells) else 'cells ' + ', '.join(where)})"
        )
    return rows, problems, list(notices)
