"""What of an agreement goes into a tracking store: metrics ``agree/...``, tables and pictures."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Final

from ferbench.results import RunRow
from ferbench.scoring.agreement.frames import frame_agreement
from ferbench.tracking.store import NOTE_TAG, Store
from ferbench.workflows.agree import Agreement
from ferbench.workflows.agree_files import write_all

MAX_METRICS: Final = 900
"""MLflow takes 1000 metrics in one call."""
FOLDER: Final = "agreement"
EXPERIMENT: Final = "agreement"


def metrics_of(found: Agreement) -> dict[str, float]:
    """Numbers by name; undefined ones are left out and counted in ``agree/undefined``.

    ``agree/<measure>/<first>/<second>`` for each pair, and ``agree/<measure>_mean`` over the pairs
    that have a value. Of very many models only the means.
    """
    values: dict[str, dict[tuple[str, str], float]] = {}
    sizes = {"undefined": float(found.undefined)}
    if found.segments is not None:
        own = found.segments
        sizes |= {"sessions": float(len(own.sheet)), "models": float(len(own.models))}
        values["overall"] = {
            pair: own.share("overall", *pair) for pair in combinations(own.models, 2)
        }
        values |= {
            name: {pair: own.share(name, *pair) for pair in own.pairs} for name in ("true", "false")
        }
    if found.emotions is not None:
        shown = found.emotions
        sizes |= {"videos": float(shown.videos), "models": float(len(shown.models))}
        pairs = combinations(shown.models, 2)
        values["expressions"] = {pair: frame_agreement(shown.pairs[pair].table) for pair in pairs}
    if found.grades is not None:
        sizes |= {
            f"{name}/{_safe(model)}": float(getattr(counts, name))
            for model, counts in found.grades.models.items()
            for name in ("tp", "fp", "fn")
        }
    defined = {
        name: {p: v for p, v in own.items() if not math.isnan(v)} for name, own in values.items()
    }
    means = {f"{name}_mean": fmean(own.values()) for name, own in defined.items() if own}
    single = {
        f"{name}/{_safe(a)}/{_safe(b)}": v
        for name, own in defined.items()
        for (a, b), v in own.items()
    }
    shown_pairs = single if len(single) <= MAX_METRICS else {}
    return {f"agree/{name}": value for name, value in (sizes | means | shown_pairs).items()}


def _safe(model: str) -> str:
    """A model's name as part of a metric's name in MLflow."""
    return re.sub(r"[^\w. :-]", "_", model)


def record(found: Agreement, store: Store, *, runs: Sequence[RunRow], experiment_id: str) -> str:
    """Log numbers, tables and pictures; return the id of the run that has them.

    Runs of one sweep: on the sweep's own run. Everything else: on a new run of kind ``agreement``.

    Args:
        found: the numbers.
        store: where to.
        runs: what was compared; () = files.
        experiment_id: where a new run goes.
    """
    parents = {run.parent for run in runs}
    parent = parents.pop() if len(parents) == 1 else ""
    run_id = parent or store.start(
        experiment_id, f"agreement of {found.source}"[:250], kind="agreement"
    )
    tags = {} if parent else {NOTE_TAG: f"How far the models of {found.source} agree."}
    store.log_numbers(run_id, params={}, metrics=metrics_of(found), tags=tags)
    with tempfile.TemporaryDirectory(prefix="ferbench-agreement-") as scratch:
        store.log_files(run_id, write_all(found, Path(scratch)), FOLDER)
    if not parent:
        store.end(run_id, failed=False)
    return run_id
