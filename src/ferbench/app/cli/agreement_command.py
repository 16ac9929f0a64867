"""``ferbench agreement``: find what is meant, compare, print, write, record."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferbench.app.cli.agreement_show import Form, show
from ferbench.app.console import error_console
from ferbench.errors import ConfigError, DataError, FormatError
from ferbench.places import default_root
from ferbench.results import RunRow
from ferbench.thesis.grades import (
    GradeBlock,
    GradeSheet,
    is_grades,
    read_grades,
    sorted_blocks,
    write_grades,
)
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.settings import MlflowTracking
from ferbench.tracking.store import Store
from ferbench.workflows.agree import Agreement, agree
from ferbench.workflows.agree_files import write_all
from ferbench.workflows.agree_record import EXPERIMENT, record
from ferbench.workflows.agree_runs import from_runs
from ferbench.workflows.agree_sources import from_frames, from_grades, from_results
from ferbench.workflows.find_events import kind_of

SEGMENT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to compare, and what to do with the numbers.

    Attributes:
        source: file, folder, or a run, sweep or experiment; None = the newest sweep.
        fps: of a folder: rows per second.
        video: of a folder: the videos' folder.
        models: which and in which order; None = all, sorted.
        max_events: leave out sessions with more events of a model; None = take all.
        segment_s: of runs without the windowed rule: seconds per segment; None = 5.
        uri: of runs: the store.
        out: folder for tables and pictures; None = none are written.
        form: what to print.
        record: log to the store; None = where runs are compared.
    """

    source: str | None
    fps: float | None
    video: Path | None
    models: Sequence[str] | None
    max_events: int | None
    segment_s: float | None
    uri: str | None
    out: Path | None
    form: Form
    record: bool | None


def run(request: Request) -> None:
    """Do it.

    Raises:
        FerbenchError: nothing can be compared, or an option is for other material.
    """
    if request.out is not None and request.out.is_file():
        raise ConfigError(f"--out: {request.out} is a file; expected the name of a folder")
    path = None if request.source is None else Path(request.source)
    store: Store | None = None
    runs: tuple[RunRow, ...] = ()
    sheet: GradeSheet | None = None
    if path is not None and path.exists():
        found, sheet = _of_path(path, request)
    else:
        found, store, runs = _of_runs(request)
    show(found, request.form)
    if request.out is not None:
        _write(found, sheet, request.out)
    if request.record if request.record is not None else bool(runs):
        _record(found, store, runs)


def _of_path(path: Path, request: Request) -> tuple[Agreement, GradeSheet | None]:
    _refuse(request, ("segment_s", "uri"), "is for recorded runs")
    if path.is_dir():
        material = from_frames(path, fps=request.fps, video=request.video)
        if material.sheet is None:
            _refuse(request, ("max_events",), "needs the frame rate, by --fps or --video")
        return agree(material, models=request.models, max_events=request.max_events), None
    _refuse(request, ("fps", "video"), "is for a folder of the thesis' frame CSVs")
    kind = kind_of(path)
    if kind == "grades":
        _refuse(
            request, ("models", "max_events"), "is not for a grade file, which counts as a whole"
        )
        return from_grades(path)
    if kind != "results":
        raise ConfigError(
            f"{path} is neither a Results.csv nor a grade file of the thesis; expected one of these, a folder of the "
            "thesis' frame CSVs, or a recorded run, sweep or experiment"
        )
    return agree(from_results(path), models=request.models, max_events=request.max_events), None


def _of_runs(request: Request) -> tuple[Agreement, Store, tuple[RunRow, ...]]:
    source = request.source
    if source is not None and (source.lower().endswith(".csv") or "/" in source or "\\" in source):
        raise ConfigError(f"there is no file or folder {source}")
    _refuse(request, ("fps", "video"), "is for a folder of the thesis' frame CSVs")
    store = open_store(request.uri, root=default_root())
    found = runs_of(store, source)
    if not found.runs:
        raise DataError(f"{found.what} has no runs to compare ({found.where})")
    segment_s = SEGMENT_S if request.segment_s is None else request.segment_s
    material = from_runs(store, found.runs, what=found.what, segment_s=segment_s)
    return agree(material, models=request.models, max_events=request.max_events), store, found.runs


def _refuse(request: Request, names: Sequence[str], why: str) -> None:
    for name in names:
        if getattr(request, name) is not None:
            raise ConfigError(f"--{name.removesuffix('_s').replace('_', '-')} {why}; leave it out")


def _write(found: Agreement, sheet: GradeSheet | None, folder: Path) -> None:
    target = folder / f"{found.stem}_sorted.csv"
    placed = sheet is not None and _write_sorted(sheet, target)
    written = [*write_all(found, folder), *([target] if placed else [])]
    error_console().print(
        f"wrote {', '.join(path.name for path in written)} to {folder}", markup=False
    )


def _write_sorted(sheet: GradeSheet, target: Path) -> bool:
    """Write the sorted sheet; False = it would be the same as the sheet, or cannot be sorted.

    Raises:
        ConfigError: another file, or one with other grades, is in its place.
    """
    say = error_console().print
    try:
        blocks = sorted_blocks(sheet.blocks)
    except FormatError as error:
        say(f"note: no {target.name}: {error}", markup=False)
        return False
    if left := _sessions(sheet.blocks) - _sessions(blocks):
        names = ", ".join("/".join(key) for key in sorted(left))
        say(
            f"note: not in {target.name}, as in the thesis, for want of a model: {names}",
            markup=False,
        )
    if blocks == sheet.blocks:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        write_grades(part, blocks)
        if target.exists() and target.read_bytes() != part.read_bytes():
            if not is_grades(target):
                raise ConfigError(
                    f"{target} is there and is another kind of file; choose another folder with --out"
                )
            if read_grades(target).is_graded:
                raise ConfigError(
                    f"{target} is there and has other grades in it; move it away, or choose another folder with --out"
                )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return True


def _sessions(blocks: Sequence[GradeBlock]) -> set[tuple[str, str]]:
    return {(block.participant, block.session) for block in blocks}


def _record(found: Agreement, store: Store | None, runs: tuple[RunRow, ...]) -> None:
    if store is None:
        target = MlflowTracking().target(default_root(), chosen=EXPERIMENT)
        store, experiment_id = target.store, target.store.prepare(target.experiment)
    else:
        experiment_id = runs[0].experiment_id
    run_id = record(found, store, runs=runs, experiment_id=experiment_id)
    where = "the sweep's run" if any(run.parent == run_id for run in runs) else "run"
    error_console().print(
        f"recorded on {where} {run_id[:8]}: {store.location(run_id)}/agreement", markup=False
    )
