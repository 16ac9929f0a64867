"""Find runs in the store again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from ferbench.errors import TrackingError
from ferbench.owner import OWNER_TAG, fate_of
from ferbench.places import records_dir
from ferbench.results import RunRow
from ferbench.sentences import Action, Text
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.store import DIED, ERROR_TAG, RECORD_TAG, SUPERSEDED_TAG, Store

FILES: Final = "files"
_START: Final = Text("start with '", Action("evaluate"), "'")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsFound:
    """Runs to compare: ``what`` they are, ``where`` that was recorded and when, and the runs.

    Of runs that nobody has ended, those whose process is gone have ``died``.
    """

    what: str
    where: str
    runs: tuple[RunRow, ...]


def open_store(uri: str | None, *, root: Path) -> Store:
    """An existing store; never creates one.

    Args:
        uri: an MLflow address, a folder of ``tracking=files``, or the word ``files`` for the
            default one of these. None = the MLflow store of ``root``, or where there is none, the
            default folder.
        root: the folder that holds runs.

    Raises:
        TrackingError: there is none, and says what there is; or it is of another MLflow.
    """
    files = FilesStore(folder=records_dir(root))
    if uri is None:
        default = MlflowStore(uri=None, root=root)
        if not default.exists() and not files.exists():
            raise TrackingError(f"{root} holds no runs of ferbench yet", hint=_START)
        return _checked(default) if default.exists() else files
    store = _named(uri, files, root)
    if not store.exists():
        raise TrackingError(
            f"there is no store at {store.uri}; expected sqlite:///<path of an MLflow database>, "
            "a server's http address, a folder of records in plain files, or the word "
            f"{FILES} for the folder {files.uri}"
        )
    return _checked(store)


def _checked(store: MlflowStore | FilesStore) -> Store:
    """A store whose form is today's, before anything opens it that would change it."""
    if isinstance(store, MlflowStore):
        store.check()
    return store


def existing_stores(uri: str | None, *, root: Path) -> list[Store]:
    """The stores that there are; none is created.

    Args:
        uri: see ``open_store``; None = both of ``root``: MLflow's and the plain files.
        root: the folder that holds runs.

    Raises:
        TrackingError: there is none at ``uri``.
    """
    if uri is not None:
        return [open_store(uri, root=root)]
    both: list[Store] = [MlflowStore(uri=None, root=root), FilesStore(folder=records_dir(root))]
    return [store for store in both if store.exists()]


def other_runs(store: Store, *, root: Path) -> str:
    """How to see the runs of ``tracking=files`` where another store is shown.

    "" = there are none.
    """
    files = FilesStore(folder=records_dir(root))
    if store.uri == files.uri or not files.exists():
        return ""
    return Text("more runs are in plain files: ", Action("compare", settings={"uri": FILES}))


def _named(uri: str, files: FilesStore, root: Path) -> MlflowStore | FilesStore:
    if uri == FILES:
        return files
    if "://" in uri or uri.startswith("file:"):
        return MlflowStore(uri=uri, root=root)
    path = Path(uri)
    if path.is_file():
        return MlflowStore(uri=f"sqlite:///{path.resolve().as_posix()}", root=root)
    return FilesStore(folder=path)


def runs_of(store: Store, target: str | None) -> RunsFound:
    """Runs to compare, newest first.

    Args:
        store: where to look.
        target: a run's id (or its first characters, at least 6), a sweep's id or name, an
            experiment's name; None = the newest sweep with results, or where there is no sweep the
            runs of the newest experiment.

    Raises:
        TrackingError: nothing of that name; says what there is.
    """
    experiments = store.experiments()
    if not experiments:
        raise TrackingError(f"the store {store.uri} holds no runs of ferbench yet", hint=_START)
    ids = list(experiments)
    if target is None:
        sweep = _newest_sweep(store, experiments)
        if sweep is not None:
            return sweep
        newest = store.search(ids, kind="run", limit=1)
        if not newest:
            raise TrackingError(f"the store {store.uri} holds no runs yet", hint=_START)
        return _experiment(store, newest[0].experiment_id, experiments)
    for identifier, name in experiments.items():
        if target in (name, identifier):
            return _experiment(store, identifier, experiments)
    run = run_named(store.search(ids), target)
    if run is None:
        names = ", ".join(experiments.values())
        raise TrackingError(
            f"no run, sweep or experiment {target!r}; experiments: {names}",
            hint=Text(
                *("the first column of '", Action("compare", "<experiment>")),
                "' has the ids of its runs",
            ),
        )
    if run.kind == "sweep":
        return _cells(store, run, experiments)
    where = _where(run, experiments)
    return RunsFound(what=f"run {run.name}", where=where, runs=with_deaths([run]))


def _newest_sweep(store: Store, experiments: dict[str, str]) -> RunsFound | None:
    """The newest sweep with results, or, where none has any, the newest; None = there is none."""
    sweeps = store.search(list(experiments), kind="sweep")
    for sweep in sweeps:
        found = _cells(store, sweep, experiments)
        if any(row.metrics for row in found.runs):
            return found
    return _cells(store, sweeps[0], experiments) if sweeps else None


def newest_run(store: Store) -> RunRow | None:
    """The newest run of all experiments; None = no runs."""
    newest = store.search(list(store.experiments()), limit=1)
    return newest[0] if newest else None


def _cells(store: Store, sweep: RunRow, experiments: dict[str, str]) -> RunsFound:
    cells = _counted(store.search([sweep.experiment_id], parent=sweep.run_id))
    where = f"sweep {sweep.run_id[:8]} of {_where(sweep, experiments)}"
    if with_deaths([sweep])[0].state == "died" or sweep.tags.get(ERROR_TAG) == DIED:
        where = f"{where}; {DIED}"
    return RunsFound(what=sweep.name, where=where, runs=with_deaths(cells))


def _experiment(store: Store, identifier: str, experiments: dict[str, str]) -> RunsFound:
    rows = _counted(store.search([identifier]))
    runs = with_deaths(row for row in rows if row.kind in ("run", "cell"))
    return RunsFound(what=f"experiment {experiments[identifier]}", where=store.uri, runs=runs)


def _counted(rows: Iterable[RunRow]) -> list[RunRow]:
    """Runs without the records of cells that their sweep has run again."""
    return [row for row in rows if SUPERSEDED_TAG not in row.tags]


def with_deaths(rows: Iterable[RunRow]) -> tuple[RunRow, ...]:
    """Runs, of which those that nobody has ended have ``died`` where their process is gone."""
    return tuple(replace(row, state="died") if _has_died(row) else row for row in rows)


def _has_died(row: RunRow) -> bool:
    return row.state == "running" and fate_of(row.tags.get(OWNER_TAG, "")) == "ended"


def _where(run: RunRow, experiments: dict[str, str]) -> str:
    begun = datetime.fromtimestamp(run.started_unix_s).astimezone()
    return f"experiment {experiments[run.experiment_id]}, {begun:%Y-%m-%d %H:%M}"


def run_named(runs: Iterable[RunRow], target: str) -> RunRow | None:
    """A run by id, by the beginning of its id, or by name (the newest of that name).

    The id that it had while its store was away counts too.
    """
    for run in runs:
        ids = (run.run_id, run.tags.get(RECORD_TAG, ""))
        if run.name == target or (
            len(target) >= 6 and any(each.startswith(target) for each in ids)
        ):
            return run
    return None
