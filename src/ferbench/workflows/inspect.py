"""Inspect: what each module of recorded runs gave, out of their stored tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferbench.errors import DataError
from ferbench.places import default_root
from ferbench.results import RunRow
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.store import Store
from ferbench.wording import plural
from ferbench.workflows.inspection.calibration import FrameLabels, read_labels
from ferbench.workflows.inspection.crops import CropRequest, contact_sheets
from ferbench.workflows.inspection.findings import Findings
from ferbench.workflows.inspection.gather import (
    all_boxes,
    all_calibrations,
    all_classifications,
    all_detections,
    all_events,
    all_labels,
    edges_of,
)
from ferbench.workflows.inspection.groups import groups_by
from ferbench.workflows.inspection.recorded import InspectedRun, open_recorded
from ferbench.workflows.inspection.regressions import all_regressions, with_classes
from ferbench.workflows.inspection.result import Inspection
from ferbench.workflows.progress import OnProgress, untold


def inspect(
    *runs: str,
    labels: str | Path | None = None,
    crops: bool = False,
    uri: str | None = None,
    root: Path | None = None,
    allow_targets: Sequence[str] = (),
    on_progress: OnProgress = untold,
) -> Inspection:
    """Look at what detector, preprocessing, classifier and event rule of recorded runs gave.

    Everything comes out of stored tables; nothing is computed anew.

    Args:
        runs: ids, beginnings of ids, or names of runs, sweeps or experiments; none = the newest.
        labels: CSV of frame labels (session, frame, label), for calibration; None = no calibration.
        crops: also cut out some faces as the networks saw them, which decodes the videos again:
            the result then holds images of people's faces.
        uri: the store; None = where runs are recorded.
        root: the folder that holds them; None = the default one.
        allow_targets: packages outside ferbench that components of the runs may come from.
        on_progress: with ``crops``, told how far the videos are.

    Raises:
        TrackingError: there is no such store or run, or its files cannot be read.
        CacheError: a run's tables are no longer stored; says what computes them anew.
        DataError: there is no run with results.
        FormatError: the frame labels cannot be read.
    """
    place = root or default_root()
    store = open_store(uri, root=place)
    rows, what, where = _rows(store, runs)
    of_frames: FrameLabels = {} if labels is None else read_labels(Path(labels))
    notes: list[str] = []
    opened = [
        open_recorded(store, row, root=place, allow_targets=tuple(allow_targets)) for row in rows
    ]
    notes += [*_failed(rows), *_missing(opened)]
    detectors, models = groups_by("faces", opened), groups_by("expressions", opened)
    classifiers = with_classes(models, notes)
    detections = all_detections(detectors)
    said = all_classifications(classifiers)
    findings = Findings(
        what=what,
        where=where,
        num_runs=len(opened),
        detections=detections,
        edges=edges_of(detections, said),
        boxes=all_boxes(detectors, notes),
        classifications=said,
        calibrations=all_calibrations(classifiers, of_frames) if of_frames else {},
        labels=all_labels(classifiers, notes),
        regressions=all_regressions(models),
        events=all_events(opened, notes),
        sheets=contact_sheets(
            CropRequest(groups=tuple(classifiers), allow_targets=tuple(allow_targets)),
            notes,
            on_progress=on_progress,
        )
        if crops
        else (),
        notes=tuple(dict.fromkeys(notes)),
    )
    return Inspection(findings=findings)


def _rows(store: Store, targets: Sequence[str]) -> tuple[list[RunRow], str, str]:
    """Runs with results, each once, oldest first; what they are, and where they are recorded.

    Raises:
        TrackingError: there is no such run.
        DataError: none has results.
    """
    found = [runs_of(store, target) for target in targets or (_newest(store),)]
    rows = {row.run_id: row for each in found for row in each.runs if row.metrics}
    what = ", ".join(each.what for each in found)
    if not rows:
        raise DataError(f"{what} has no run with results ({found[0].where})")
    in_order = sorted(rows.values(), key=lambda row: row.started_unix_s)
    return in_order, what, "; ".join(dict.fromkeys(each.where for each in found))


def _newest(store: Store) -> str | None:
    """The newest run, or the sweep that it is a cell of; None = there is none."""
    for row in store.search(list(store.experiments())):
        if row.kind in ("run", "cell") and row.metrics:
            return row.parent or row.run_id
    return None


def _failed(rows: Sequence[RunRow]) -> list[str]:
    """Which sessions of which runs have no result, and why."""
    told = [(row.name, row.tags.get("sessions.failed", "")) for row in rows]
    return [f"{name}: sessions failed: {reasons}" for name, reasons in told if reasons]


def _missing(runs: Sequence[InspectedRun]) -> list[str]:
    return [
        f"{run.row.name}: {plural(run.missing, 'video')} without stored tables left out"
        for run in runs
        if run.missing
    ]
