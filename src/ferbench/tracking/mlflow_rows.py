"""What MLflow keeps of a run, and its limits."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ferbench.errors import TrackingError
from ferbench.json_texts import json_of
from ferbench.owner import OWNER_TAG, this_process
from ferbench.results import RunKind, RunRow, RunState
from ferbench.secret_texts import masked
from ferbench.tracking.record import Input, input_of

PARENT_TAG: Final = "mlflow.parentRunId"
KIND_TAG: Final = "ferbench.kind"
_PAGE: Final = 1000
_VALUE_LIMIT: Final = 6000
_TAG_LIMIT: Final = 8000
_STATES: Final[Mapping[str, RunState]] = {
    "FINISHED": "finished",
    "RUNNING": "running",
    "SCHEDULED": "running",
}


def first_tags(kind: RunKind, parent: str) -> dict[str, str]:
    """What a run has from its beginning on; ``parent`` is the sweep of a cell."""
    tags = {KIND_TAG: kind, "mlflow.source.name": "ferbench", "mlflow.source.type": "LOCAL"}
    if parent:
        tags[PARENT_TAG] = parent
    return {**tags, OWNER_TAG: str(this_process())}


_CONTEXT: Final = "mlflow.data.context"


def data_set(item: Input) -> Any:
    """A file that a run read, as MLflow lists it."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    listed = Dataset(
        name=item.name[:500],
        digest=item.sha256[:36],
        source_type="local",
        source=json.dumps({"file": item.name, "sha256": item.sha256}),
    )
    return DatasetInput(listed, tags=[InputTag(_CONTEXT, item.kind)])


def inputs_of_run(run: Any) -> tuple[Input, ...]:
    """The files that a run of MLflow's read.

    Raises:
        TrackingError: it has data sets that ferbench did not list.
    """
    try:
        return tuple(_input(listed) for listed in run.inputs.dataset_inputs)
    except ValueError as error:
        short = run.info.run_id[:8]
        raise TrackingError(f"run {short} has inputs that cannot be read: {error}") from error


def _input(listed: Any) -> Input:
    kinds = [tag.value for tag in listed.tags if tag.key == _CONTEXT]
    source = json_of(listed.dataset.source)
    sha256 = source.get("sha256") if isinstance(source, dict) else None
    return input_of({"name": listed.dataset.name, "sha256": sha256, "kind": next(iter(kinds), "")})


def run_row(run: Any) -> RunRow:
    """A run of MLflow's; numbers that are NaN are not there."""
    tags = dict(run.data.tags)
    return RunRow(
        run_id=run.info.run_id,
        name=run.info.run_name,
        params=dict(run.data.params),
        metrics={name: value for name, value in run.data.metrics.items() if not math.isnan(value)},
        tags=tags,
        kind=tags.get(KIND_TAG, "run"),
        parent=tags.get(PARENT_TAG, ""),
        state=_STATES.get(run.info.status, "failed"),
        experiment_id=str(run.info.experiment_id),
        started_unix_s=run.info.start_time / 1000,
    )


def found_rows(
    client: Any, experiment_ids: Sequence[str], query: str, limit: int | None
) -> list[RunRow]:
    """Runs of these experiments that a query of MLflow's finds, newest first; None = all."""
    rows: list[RunRow] = []
    token = None
    while experiment_ids and (limit is None or len(rows) < limit):
        page = client.search_runs(
            list(experiment_ids),
            query,
            max_results=_PAGE if limit is None else min(_PAGE, limit - len(rows)),
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        rows.extend(run_row(run) for run in page)
        token = page.token
        if not token:
            break
    return rows


def shortened(value: str) -> str:
    """A param within MLflow's length limit, secrets masked.

    Where its end goes, a digest keeps different ones apart.
    """
    value = masked(value)
    if len(value) <= _VALUE_LIMIT:
        return value
    mark = f"... (sha256 {hashlib.sha256(value.encode()).hexdigest()[:12]})"
    return value[: _VALUE_LIMIT - len(mark)] + mark


def clipped(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags within MLflow's length limit, secrets masked, cut where they are too long."""
    return {name: masked(value)[:_TAG_LIMIT] for name, value in tags.items()}
