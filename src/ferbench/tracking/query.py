"""Find runs in the store again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferbench.errors import TrackingError
from ferbench.results import RunRow
from ferbench.tracking.mlflow_store import KIND_TAG, PARENT_TAG, MlflowStore


def runs_of(store: MlflowStore, target: str | None) -> tuple[str, list[RunRow]]:
    """Runs to compare, and in words what they are.

    Args:
        store: where to look.
        target: a run's id (or its first characters, at least 6), a sweep's id or name, an experiment's name;
            None = the newest sweep, or without one the newest experiment's runs.

    Raises:
        TrackingError: nothing of that name; says what there is.
    """
    client = store.client
    experiments = [e for e in client.search_experiments() if e.name != "Default"]
    if not experiments:
        raise TrackingError(f"the store {store.uri} holds no runs of ferbench yet; start with 'ferbench run'")
    ids = [e.experiment_id for e in experiments]
    if target is None:
        newest = _search(client, ids, "", limit=1)
        if not newest:
            raise TrackingError(f"the store {store.uri} holds no runs yet; start with 'ferbench run'")
        parent = _sweep_of(newest[0])
        if parent:
            return _cells(client, client.get_run(parent))
        name = next(e.name for e in experiments if e.experiment_id == newest[0].info.experiment_id)
        return f"experiment {name}", _plain(_search(client, [newest[0].info.experiment_id], ""))
    by_name = [e.experiment_id for e in experiments if target in (e.name, e.experiment_id)]
    if by_name:
        return f"experiment {target}", _plain(_search(client, by_name, ""))
    run = _find(client, ids, target)
    if run is None:
        names = ", ".join(e.name for e in experiments)
        raise TrackingError(f"no run, sweep or experiment {target!r}; experiments: {names}; run ids: see 'ferbench ui'")
    if run.data.tags.get(KIND_TAG) == "sweep":
        return _cells(client, run)
    return f"run {run.info.run_name}", [_row(run)]


def newest_experiment(store: MlflowStore) -> str | None:
    """Id of the experiment of the newest run; None = no runs."""
    ids = [e.experiment_id for e in store.client.search_experiments()]
    newest = _search(store.client, ids, "", limit=1)
    return str(newest[0].info.experiment_id) if newest else None


def _search(client: Any, ids: Sequence[str], query: str, *, limit: int = 50000) -> list[Any]:
    order = ["attributes.start_time DESC"]
    found: list[Any] = []
    token = None
    while len(found) < limit:
        page = client.search_runs(
            list(ids), query, max_results=min(1000, limit - len(found)), order_by=order, page_token=token
        )
        found.extend(page)
        token = page.token
        if not token:
            break
    return found


def _sweep_of(run: Any) -> str:
    """Id of the sweep that a run is, or is a cell of; "" = neither."""
    if run.data.tags.get(KIND_TAG) == "sweep":
        return str(run.info.run_id)
    return str(run.data.tags.get(PARENT_TAG, ""))


def _cells(client: Any, parent: Any) -> tuple[str, list[RunRow]]:
    query = f"tags.`{PARENT_TAG}` = '{parent.info.run_id}'"
    runs = _search(client, [parent.info.experiment_id], query)
    return f"{parent.info.run_name}", [_row(run) for run in runs]


def _plain(runs: list[Any]) -> list[RunRow]:
    return [_row(run) for run in runs if run.data.tags.get(KIND_TAG) != "sweep"]


def _find(client: Any, ids: Sequence[str], target: str) -> Any:
    """A run by id, by the beginning of its id, or by name (the newest of that name)."""
    for run in _search(client, ids, ""):
        if run.info.run_name == target or (len(target) >= 6 and run.info.run_id.startswith(target)):
            return run
    return None


def _row(run: Any) -> RunRow:
    return RunRow(
        run_id=run.info.run_id,
        name=run.info.run_name,
        params=dict(run.data.params),
        metrics={name: value for name, value in run.data.metrics.items() if value == value},
    )
