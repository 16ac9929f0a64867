"""What of an agreement goes into a tracking store: metrics ``agree/...``, tables and pictures."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from ferbench.places import default_root
from ferbench.report.figures import PLAIN, PictureStyle
from ferbench.thesis.grade_counts import Grades
from ferbench.tracking.settings import MlflowTracking
from ferbench.tracking.store import NOTE_TAG, Store
from ferbench.workflows.agreement.files import write_numbers
from ferbench.workflows.agreement.parts import EmotionAgreement, Pair, SegmentAgreement
from ferbench.workflows.agreement.result import Agreement
from ferbench.workflows.tracked_run import ended_whatever_happens

MAX_METRICS: Final = 900
"""MLflow takes 1000 metrics in one call."""
FOLDER: Final = "agreement"
EXPERIMENT: Final = "agreement"
_MAX_NAME: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAgreement:
    """Where an agreement was recorded.

    Attributes:
        run_id: the run that has it.
        on_sweep: it is the run of the sweep whose cells were compared.
        location: folder or address of tables and pictures.
    """

    run_id: str
    on_sweep: bool
    location: str


def metrics_of(agreement: Agreement) -> dict[str, float]:
    """Numbers by name; undefined ones are left out and counted in ``agree/undefined``.

    ``agree/<measure>/<first>/<second>`` for each pair, and ``agree/<measure>_mean`` over the pairs
    that have a value. Of very many models only the means.
    """
    metrics = {"undefined": float(agreement.undefined)}
    shares: dict[str, dict[Pair, float]] = {}
    if agreement.segments is not None:
        metrics["sessions"] = float(len(agreement.segments.sheet))
        metrics["models"] = float(len(agreement.segments.models))
        shares |= _segment_shares(agreement.segments)
    if agreement.emotions is not None:
        metrics["videos"] = float(agreement.emotions.videos)
        metrics["models"] = float(len(agreement.emotions.models))
        shares["expressions"] = _expression_shares(agreement.emotions)
    if agreement.grades is not None:
        metrics |= _grade_metrics(agreement.grades)
    metrics |= _share_metrics(shares)
    return {f"agree/{name}": value for name, value in metrics.items()}


def _segment_shares(segments: SegmentAgreement) -> dict[str, dict[Pair, float]]:
    """Shares by measure and pair: ``overall`` of each two models once."""
    return {
        "overall": {pair: segments.share("overall", *pair) for pair in segments.unordered_pairs},
        "true": {pair: segments.share("true", *pair) for pair in segments.pairs},
        "false": {pair: segments.share("false", *pair) for pair in segments.pairs},
    }


def _expression_shares(emotions: EmotionAgreement) -> dict[Pair, float]:
    return {pair: emotions.overall(*pair) for pair in emotions.unordered_pairs}


def _grade_metrics(grades: Grades) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for model, counts in grades.models.items():
        for name in ("tp", "fp", "fn"):
            metrics[f"{name}/{_safe(model)}"] = float(getattr(counts, name))
    return metrics


def _share_metrics(shares: Mapping[str, Mapping[Pair, float]]) -> dict[str, float]:
    """Means of each measure, and the shares themselves unless there are too many."""
    means: dict[str, float] = {}
    single: dict[str, float] = {}
    for measure, share_of_pair in shares.items():
        defined = {pair: share for pair, share in share_of_pair.items() if not math.isnan(share)}
        if defined:
            means[f"{measure}_mean"] = fmean(defined.values())
        for (first, second), share in defined.items():
            single[f"{measure}/{_safe(first)}/{_safe(second)}"] = share
    return means | single if len(single) <= MAX_METRICS else means


def _safe(model: str) -> str:
    """A model's name as part of a metric's name in MLflow."""
    return re.sub(r"[^\w. :-]", "_", model)


def record_agreement(
    agreement: Agreement, *, root: Path | None = None, style: PictureStyle = PLAIN
) -> RecordedAgreement:
    """Log numbers, tables and pictures.

    Cells of one sweep: on the sweep's own run. Everything else: on a new run of kind ``agreement``,
    of files in the default MLflow store.

    Args:
        agreement: the numbers.
        root: of files: the folder that holds runs; None = the usual one.
        style: how pictures are drawn.

    Raises:
        TrackingError: the store cannot be used.
    """
    store, experiment_id, sweep_id = _target(agreement, root)
    name = f"agreement of {agreement.source}"
    tags: dict[str, str] = {}
    run_id = sweep_id
    if not sweep_id:
        run_id = store.start(experiment_id, name[:_MAX_NAME], kind="agreement")
        tags[NOTE_TAG] = f"How far the models of {agreement.source} agree."
    with (
        nullcontext() if sweep_id else ended_whatever_happens(store, run_id),
        tempfile.TemporaryDirectory(prefix="ferbench-agreement-") as scratch,
    ):
        store.log_numbers(run_id, params={}, metrics=metrics_of(agreement), tags=tags)
        files = write_numbers(agreement, Path(scratch), style)
        store.log_files(run_id, files, FOLDER)
    location = f"{store.location(run_id)}/{FOLDER}"
    return RecordedAgreement(run_id=run_id, on_sweep=bool(sweep_id), location=location)


def _target(agreement: Agreement, root: Path | None) -> tuple[Store, str, str]:
    """Store, experiment, and the run of the sweep whose cells were compared ("" = none)."""
    if agreement.runs is None:
        target = MlflowTracking().target(root or default_root(), chosen=EXPERIMENT)
        return target.store, target.store.prepare(target.experiment), ""
    rows = agreement.runs.rows
    parents = {row.parent for row in rows}
    sweep_id = parents.pop() if len(parents) == 1 else ""
    return agreement.runs.store, rows[0].experiment_id, sweep_id
