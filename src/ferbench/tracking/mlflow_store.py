"""Runs in MLflow. Only explicit client calls.

No global active run, so parallel jobs cannot mix theirs up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock

from ferbench.errors import TrackingError
from ferbench.owner import this_process
from ferbench.places import store_uri
from ferbench.results import RunKind, RunRow
from ferbench.rights import make_folder
from ferbench.secret_texts import masked
from ferbench.sentences import Setting, Text
from ferbench.tracking.mlflow_artifacts import Artifacts
from ferbench.tracking.mlflow_client import (
    INTERRUPTED_STEP,
    KEPT,
    SERVER_STEP,
    create_whole,
    explained,
    go_on,
    is_kept,
    new_client,
    while_others_do,
    write_ahead,
)
from ferbench.tracking.mlflow_places import answers, database_of, existing_or_new
from ferbench.tracking.mlflow_rows import (
    KIND_TAG,
    PARENT_TAG,
    clipped,
    data_set,
    first_tags,
    found_rows,
    inputs_of_run,
    shortened,
)
from ferbench.tracking.mlflow_schema import check_schema
from ferbench.tracking.record import Input, Record
from ferbench.tracking.store import PREDICTIONS_TAG, RECORD_TAG
from ferbench.tracking.view import SWEEP_KEY, TAG_PREFIX, sweep_view_tag


class MlflowStore:
    """One MLflow store: a local sqlite file, a server, or another database."""

    has_pages: ClassVar[bool] = True

    def __init__(self, *, uri: str | None, root: Path) -> None:
        self.root = root.resolve()
        self.uri = uri or store_uri(self.root)
        if self.uri.startswith("file:") or "://" not in self.uri:
            raise TrackingError(
                Text(
                    *(Setting("tracking.uri", self.uri), " is a folder; MLflow no longer keeps "),
                    *("runs in plain files. Use ", Setting("tracking", "files")),
                    " for plain files, sqlite:///<absolute path>/mlflow.db, or a server's http "
                    "address",
                )
            )
        self._lazy: Any = None

    @property
    def client(self) -> Any:
        """The MLflow client."""
        if self._lazy is None:
            self.check()
            self._lazy = new_client(self.uri)
        return self._lazy

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as an address; connections stay behind."""
        return (partial(MlflowStore, uri=self.uri, root=self.root), ())

    def exists(self) -> bool:
        """Whether it has been created; a server or another database counts as that."""
        database = database_of(self.uri)
        return database is None or database.is_file()

    def check(self) -> None:
        """Look at a database before MLflow opens it, and changes what is older.

        Raises:
            StoreAwayError: it does not answer.
            TrackingError: it is of another MLflow, or cannot be opened.
        """
        if not self.is_server:
            with explained(self.uri, "opening", self._step):
                check_schema(self.uri)

    def answers(self) -> bool:
        """Whether it can be reached now; says nothing about what it will answer."""
        return answers(self.uri)

    def prepare(self, experiment: str) -> str:
        """Create store and experiment where they are missing; return the experiment's id.

        One process at a time: two that create the same sqlite file break it for good.

        Raises:
            StoreAwayError: it does not answer.
            TrackingError: the store cannot be opened.
        """
        with explained(self.uri, "opening", self._step):
            if self.is_server:
                return self._experiment(experiment)
            database = database_of(self.uri)
            beside = database or self.root / ".ferbench" / "store"
            lock = beside.with_name(f"{beside.name}.lock")
            make_folder(lock.parent)
            with FileLock(lock, timeout=300):
                if database and not database.exists():
                    create_whole(database)
                identifier = self._experiment(experiment)
                if database:
                    write_ahead(database)
            return identifier

    def _experiment(self, name: str) -> str:
        is_local = self.uri.startswith("sqlite:")
        artifacts = self.root / "mlruns" / "artifacts" if is_local else None
        return existing_or_new(self.client, name, artifacts=artifacts)

    @property
    def is_server(self) -> bool:
        """Whether it is reached by http; else it is a database."""
        return self.uri.startswith("http")

    @property
    def _step(self) -> str:
        return SERVER_STEP if database_of(self.uri) is None else INTERRUPTED_STEP

    def start(self, experiment_id: str, name: str, *, kind: RunKind, parent: str = "") -> str:
        """Create a run; return its id."""
        return self.create(experiment_id, name, tags=first_tags(kind, parent), at_s=time.time())

    def create(self, experiment_id: str, name: str, *, tags: Mapping[str, str], at_s: float) -> str:
        """Create a run that began at a time, in seconds since 1970; return its id."""
        with explained(self.uri, "starting a run", SERVER_STEP):
            run = self.client.create_run(
                experiment_id, start_time=int(at_s * 1000), run_name=masked(name), tags=dict(tags)
            )
            return str(run.info.run_id)

    def find(self, record: str) -> str:
        """The id of the run that ferbench called ``record`` before it had one.

        Deleted ones too; "" = none.
        """
        from mlflow.entities import ViewType

        with explained(self.uri, "searching", SERVER_STEP):
            every = self.client.search_experiments(view_type=ViewType.ALL)
            found = self.client.search_runs(
                [str(one.experiment_id) for one in every],
                f"tags.`{RECORD_TAG}` = '{record}'",
                run_view_type=ViewType.ALL,
                max_results=1,
            )
        return str(found[0].info.run_id) if found else ""

    def log(self, run_id: str, record: Record) -> None:
        """Log everything of a record in few calls, and end the run.

        Raises:
            TrackingError: the store refuses; the run's Hydra folder has its files all the same.
        """
        self.log_numbers(run_id, params=record.params, metrics=record.metrics, tags=record.tags)
        self.log_inputs(run_id, record.inputs)
        if record.artifacts.is_dir():
            with explained(self.uri, "logging files", KEPT):
                self.client.log_artifacts(run_id, str(record.artifacts))
        self.end(run_id, failed=record.failed)

    def log_numbers(
        self,
        run_id: str,
        *,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        at_s: float | None = None,
    ) -> None:
        """Log params, metrics and tags in one call, as of a time; None = now."""
        from mlflow.entities import Metric, Param, RunTag

        now_ms = int((time.time() if at_s is None else at_s) * 1000)
        with explained(self.uri, "logging", KEPT):
            self.client.log_batch(
                run_id,
                metrics=[Metric(name, value, now_ms, 0) for name, value in metrics.items()],
                params=[Param(name, shortened(value)) for name, value in params.items()],
                tags=[RunTag(name, value) for name, value in clipped(tags).items()],
            )

    def log_inputs(self, run_id: str, inputs: Iterable[Input]) -> None:
        """Log input files as data sets, by digest; file names only, no folders."""
        entries = [data_set(item) for item in inputs]
        if entries:
            with explained(self.uri, "logging inputs", KEPT):
                while_others_do(lambda: self.client.log_inputs(run_id, entries))

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Log files as artifacts below a folder."""
        with explained(self.uri, "logging files", KEPT):
            for path in files:
                self.client.log_artifact(run_id, str(path), folder)

    def show_sweep(self, experiment_id: str, run_id: str, params: Sequence[str]) -> None:
        """Save a view of the runs table in the experiment's tags."""
        tag = sweep_view_tag(run_id, params)
        with explained(self.uri, "saving a view", KEPT):
            self.client.set_experiment_tag(experiment_id, f"{TAG_PREFIX}{SWEEP_KEY}", tag)

    def views(self, experiment_id: str) -> frozenset[str]:
        """Keys of the saved views of the runs table."""
        with explained(self.uri, "reading an experiment", SERVER_STEP):
            tags = self.client.get_experiment(experiment_id).tags
        saved = (name for name in tags if name.startswith(TAG_PREFIX))
        return frozenset(name.removeprefix(TAG_PREFIX) for name in saved)

    def end(self, run_id: str, *, failed: bool, at_s: float | None = None) -> None:
        """End a run, as of a time; None = now."""
        now_ms = int((time.time() if at_s is None else at_s) * 1000)
        with explained(self.uri, "ending a run", KEPT):
            self.client.set_terminated(run_id, "FAILED" if failed else "FINISHED", now_ms)

    def known(self, run_id: str) -> str:
        """The id, where there is such a run that is not deleted."""
        with explained(self.uri, "reading a run", SERVER_STEP):
            return run_id if is_kept(self.client, run_id) else ""

    def reopen(self, run_id: str, *, kind: RunKind, owner: str = "") -> None:
        """Let a run go on that was ended, as that of a process; "" = of this one."""
        del kind
        with explained(self.uri, "going on with a run", SERVER_STEP):
            go_on(self.client, run_id, owner or str(this_process()))

    def location(self, run_id: str) -> str:
        """The folder of a run's artifacts; of a server the run's page."""
        return self._artifacts().location(run_id)

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts; of a server it is fetched to a temporary folder."""
        return self._artifacts().file(run_id, name)

    def artifacts(self, run_id: str, *, only: Sequence[str]) -> AbstractContextManager[Path]:
        """The run's own folder of artifacts; of a server a temporary one with what is asked for."""
        return self._artifacts().folder(run_id, only)

    def _artifacts(self) -> Artifacts:
        return Artifacts(client=self.client, uri=self.uri, next_step=SERVER_STEP)

    def inputs(self, run_id: str) -> tuple[Input, ...]:
        """The data sets that were logged."""
        with explained(self.uri, "reading a run", SERVER_STEP):
            return inputs_of_run(self.client.get_run(run_id))

    def logged_predictions(self, experiment_id: str) -> frozenset[str]:
        """Keys (first 12 digits) whose prediction tables some run of the experiment has."""
        rows = self._search([experiment_id], f"tags.`{PREDICTIONS_TAG}` != ''", None)
        return frozenset(key for row in rows for key in row.tags[PREDICTIONS_TAG].split(","))

    def experiments(self) -> dict[str, str]:
        """Names of the experiments by id, without MLflow's own empty one."""
        with explained(self.uri, "searching", SERVER_STEP):
            every = self.client.search_experiments()
        return {str(one.experiment_id): str(one.name) for one in every if one.name != "Default"}

    def unended(self, experiment_ids: Sequence[str]) -> list[RunRow]:
        """Runs of these experiments that nobody has ended, newest first."""
        return self._search(experiment_ids, "attributes.status = 'RUNNING'", None)

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        kind: RunKind | None = None,
        parent: str = "",
        limit: int | None = None,
    ) -> list[RunRow]:
        """Runs, newest first."""
        asked = {KIND_TAG: kind, PARENT_TAG: parent}
        conditions = [f"tags.`{name}` = '{value}'" for name, value in asked.items() if value]
        return self._search(experiment_ids, " and ".join(conditions), limit)

    def _search(self, experiment_ids: Sequence[str], query: str, limit: int | None) -> list[RunRow]:
        with explained(self.uri, "searching", SERVER_STEP):
            return found_rows(self.client, experiment_ids, query, limit)
