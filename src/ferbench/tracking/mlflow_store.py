"""Runs in MLflow. Only explicit client calls.

No global active run, so parallel jobs cannot mix theirs up.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from filelock import FileLock

from ferbench.errors import TrackingError
from ferbench.places import store_uri
from ferbench.results import RunKind, RunRow, RunState
from ferbench.tracking.record import Input, Record
from ferbench.tracking.store import PREDICTIONS_TAG
from ferbench.tracking.view import VIEW_TAG, view_tag

# Before anything imports mlflow: no telemetry, and a server that is down is told of after seconds,
# not minutes.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}.items():
    os.environ.setdefault(_name, _value)

PARENT_TAG: Final = "mlflow.parentRunId"
KIND_TAG: Final = "ferbench.kind"
_VALUE_LIMIT: Final = 6000
_TAG_LIMIT: Final = 8000
_PAGE: Final = 1000
_STATES: Final[Mapping[str, RunState]] = {
    "FINISHED": "finished",
    "RUNNING": "running",
    "SCHEDULED": "running",
}
_SERVER_STEP: Final = (
    "Check that the server runs and that tracking.uri is its address, or run with tracking=none."
)
_ATTEMPTS: Final = 6
_KEPT = "The run's own files are kept in its folder below mlruns/hydra."


def _client(uri: str) -> Any:
    """An MLflow client; importing mlflow takes more than a second, so it happens here and not
    above.
    """
    from mlflow.tracking import MlflowClient

    for chatty in ("alembic", "mlflow"):  # after the import, which sets their levels
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return MlflowClient(tracking_uri=uri)


@contextmanager
def _explained(uri: str, what: str, next_step: str) -> Iterator[None]:
    """Turn what MLflow, its database or the network raise into a TrackingError."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrackingError(
            f"{what} in the MLflow store {uri} failed: {reason}. {next_step}"
        ) from error


def _while_others_do(action: Callable[[], object]) -> None:
    """Do what fails where another process creates the same row of the database at that moment.

    Then it is there.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for attempt in range(_ATTEMPTS):
        try:
            action()
        except (MlflowException, SQLAlchemyError) as error:
            if "IntegrityError" not in str(error) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # not all at once again
        else:
            return


class MlflowStore:
    """One MLflow store: a local sqlite file, a server, or another database."""

    has_pages: ClassVar[bool] = True

    def __init__(self, *, uri: str | None, root: Path) -> None:
        self.root = root.resolve()
        self.uri = uri or store_uri(self.root)
        if self.uri.startswith("file:") or "://" not in self.uri:
            raise TrackingError(
                f"tracking.uri={self.uri!r} is a folder; MLflow no longer keeps runs in plain files. "
                "Use tracking=files for plain files, sqlite:///<absolute path>/mlflow.db, or a server's http address."
            )
        self._lazy: Any = None

    @property
    def client(self) -> Any:
        """The MLflow client."""
        if self._lazy is None:
            self._lazy = _client(self.uri)
        return self._lazy

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as an address; connections stay behind."""
        return (_again, (self.uri, self.root))

    def exists(self) -> bool:
        """Whether it has been created.

        Of a server or another database this is taken for granted.
        """
        database = self._database()
        return database is None or database.is_file()

    def prepare(self, experiment: str) -> str:
        """Create store and experiment where they are missing; return the experiment's id.

        Only one process does this at a time: two that create the same sqlite file break it for
        good.

        Raises:
            TrackingError: the store cannot be opened.
        """
        database = self._database()
        lock = (
            database.with_name(f"{database.name}.lock")
            if database
            else self.root / ".ferbench" / "store.lock"
        )
        step = "If the creation of a store was interrupted, move its file away and start again."
        with _explained(self.uri, "opening", step if database else _SERVER_STEP):
            lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock, timeout=300):
                if database and not database.exists():
                    _create_whole(database)
                found = self.client.get_experiment_by_name(experiment)
                identifier = found.experiment_id if found else self._create(experiment)
                if found and found.lifecycle_stage == "deleted":
                    self.client.restore_experiment(identifier)
                if not found or VIEW_TAG not in found.tags:
                    self.client.set_experiment_tag(identifier, VIEW_TAG, view_tag())
                if database:
                    _write_ahead(database)
        return str(identifier)

    def _database(self) -> Path | None:
        """The file of a local store; None = a server or another database."""
        from sqlalchemy.engine import make_url

        if not self.uri.startswith("sqlite:"):
            return None
        name = make_url(self.uri).database
        return Path(name).resolve() if name else None

    def _create(self, experiment: str) -> str:
        """Create an experiment; where the store is a local file, its artifacts go beside it,
        wherever we are now.
        """
        from mlflow.exceptions import MlflowException

        folder = None
        if self.uri.startswith("sqlite:"):
            name = re.sub(r"[^\w.-]+", "_", experiment).strip(".") or "unnamed"
            folder = (self.root / "mlruns" / "artifacts" / name).as_uri()
        try:
            return str(self.client.create_experiment(experiment, artifact_location=folder))
        except MlflowException:  # another machine may have created it on the server meanwhile
            found = self.client.get_experiment_by_name(experiment)
            if found is None:
                raise
            return str(found.experiment_id)

    def start(self, experiment_id: str, name: str, *, kind: RunKind, parent: str = "") -> str:
        """Create a run; return its id."""
        tags = {KIND_TAG: kind, "mlflow.source.name": "ferbench", "mlflow.source.type": "LOCAL"}
        if parent:
            tags[PARENT_TAG] = parent
        with _explained(self.uri, "starting a run", _SERVER_STEP):
            return str(self.client.create_run(experiment_id, run_name=name, tags=tags).info.run_id)

    def log(self, run_id: str, record: Record) -> None:
        """Log everything of a record in few calls, and end the run.

        Raises:
            TrackingError: the store refuses; the files of the run are in its Hydra folder all the
                same.
        """
        self.log_numbers(run_id, params=record.params, metrics=record.metrics, tags=record.tags)
        self.log_inputs(run_id, record.inputs)
        if record.artifacts.is_dir():
            with _explained(self.uri, "logging files", _KEPT):
                self.client.log_artifacts(run_id, str(record.artifacts))
        self.end(run_id, failed=record.failed)

    def log_numbers(
        self,
        run_id: str,
        *,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> None:
        """Log params, metrics and tags in one call."""
        from mlflow.entities import Metric, Param, RunTag

        now_ms = int(time.time() * 1000)
        with _explained(self.uri, "logging", _KEPT):
            self.client.log_batch(
                run_id,
                metrics=[Metric(name, value, now_ms, 0) for name, value in metrics.items()],
                params=[Param(name, _shortened(value)) for name, value in params.items()],
                tags=[RunTag(name, value) for name, value in _clip(tags).items()],
            )

    def log_inputs(self, run_id: str, inputs: Iterable[Input]) -> None:
        """Log input files as data sets, by digest; file names only, no folders."""
        import json

        from mlflow.entities import Dataset, DatasetInput, InputTag

        entries = [
            DatasetInput(
                Dataset(
                    name=item.name[:500],
                    digest=item.sha256[:36],
                    source_type="local",
                    source=json.dumps({"file": item.name, "sha256": item.sha256}),
                ),
                tags=[InputTag("mlflow.data.context", item.kind)],
            )
            for item in inputs
        ]
        if entries:
            with _explained(self.uri, "logging inputs", _KEPT):
                _while_others_do(lambda: self.client.log_inputs(run_id, entries))

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Log files as artifacts below a folder."""
        with _explained(self.uri, "logging files", _KEPT):
            for path in files:
                self.client.log_artifact(run_id, str(path), folder)

    def end(self, run_id: str, *, failed: bool) -> None:
        """End a run."""
        with _explained(self.uri, "ending a run", _KEPT):
            self.client.set_terminated(run_id, "FAILED" if failed else "FINISHED")

    def location(self, run_id: str) -> str:
        """The folder of a run's artifacts; of a server the run's page."""
        from mlflow.utils.file_utils import local_file_uri_to_path

        with _explained(self.uri, "reading a run", _SERVER_STEP):
            info = self.client.get_run(run_id).info
        if self.uri.startswith("http"):
            return f"{self.uri.rstrip('/')}/#/experiments/{info.experiment_id}/runs/{run_id}"
        uri = str(info.artifact_uri)
        return str(local_file_uri_to_path(uri)) if uri.startswith("file:") else uri

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts; of a server it is fetched to a temporary folder."""
        if not self.uri.startswith("http"):
            path = Path(self.location(run_id)) / name
        else:
            above = Path(name).parent.as_posix()
            with _explained(self.uri, "reading a run's files", _SERVER_STEP):
                there = self.client.list_artifacts(run_id, None if above == "." else above)
                if name not in {item.path for item in there}:
                    raise TrackingError(f"run {run_id[:8]} has no {name}")
                path = Path(
                    self.client.download_artifacts(
                        run_id, name, tempfile.mkdtemp(prefix="ferbench-")
                    )
                )
        if not path.is_file():
            raise TrackingError(f"run {run_id[:8]} has no {name}")
        return path

    def logged_predictions(self, experiment_id: str) -> frozenset[str]:
        """Keys (first 12 digits) whose prediction tables some run of the experiment has."""
        rows = self._search([experiment_id], f"tags.`{PREDICTIONS_TAG}` != ''", None)
        return frozenset(key for row in rows for key in row.tags[PREDICTIONS_TAG].split(","))

    def experiments(self) -> dict[str, str]:
        """Names of the experiments by id, without MLflow's own empty one."""
        with _explained(self.uri, "searching", _SERVER_STEP):
            found = self.client.search_experiments()
        return {str(e.experiment_id): str(e.name) for e in found if e.name != "Default"}

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        kind: RunKind | None = None,
        parent: str = "",
        limit: int | None = None,
    ) -> list[RunRow]:
        """Runs, newest first."""
        wanted = {KIND_TAG: kind, PARENT_TAG: parent}
        query = " and ".join(
            f"tags.`{name}` = '{value}'" for name, value in wanted.items() if value
        )
        return self._search(experiment_ids, query, limit)

    def _search(self, experiment_ids: Sequence[str], query: str, limit: int | None) -> list[RunRow]:
        rows: list[RunRow] = []
        token = None
        while experiment_ids and (limit is None or len(rows) < limit):
            size = _PAGE if limit is None else min(_PAGE, limit - len(rows))
            with _explained(self.uri, "searching", _SERVER_STEP):
                page = self.client.search_runs(
                    list(experiment_ids),
                    query,
                    max_results=size,
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
            rows.extend(_row(run) for run in page)
            token = page.token
            if not token:
                break
        return rows


def _again(uri: str, root: Path) -> MlflowStore:
    return MlflowStore(uri=uri, root=root)


def _row(run: Any) -> RunRow:
    tags = dict(run.data.tags)
    return RunRow(
        run_id=run.info.run_id,
        name=run.info.run_name,
        params=dict(run.data.params),
        metrics={name: value for name, value in run.data.metrics.items() if value == value},
        tags=tags,
        kind=tags.get(KIND_TAG, "run"),
        parent=tags.get(PARENT_TAG, ""),
        state=_STATES.get(run.info.status, "failed"),
        experiment_id=str(run.info.experiment_id),
        started_unix_s=run.info.start_time / 1000,
    )


def _shortened(value: str) -> str:
    """A param within MLflow's length limit.

    Where its end goes, a digest keeps different ones apart.
    """
    if len(value) <= _VALUE_LIMIT:
        return value
    mark = f"... (sha256 {hashlib.sha256(value.encode()).hexdigest()[:12]})"
    return value[: _VALUE_LIMIT - len(mark)] + mark


def _clip(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags within MLflow's length limit, cut where they are too long."""
    return {name: value[:_TAG_LIMIT] for name, value in tags.items()}


def _create_whole(database: Path) -> None:
    """Create a local store under another name first, so that an interruption leaves none that is
    half made.

    Takes seconds. The caller holds a lock.
    """
    draft, copy = (database.with_name(f".{database.name}.{name}") for name in ("draft", "copy"))
    for left_over in (draft, copy):
        left_over.unlink(missing_ok=True)
    try:
        _client(f"sqlite:///{draft.as_posix()}").search_experiments()
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))  # MLflow keeps the draft open
        copy.replace(database)
    finally:
        copy.unlink(missing_ok=True)
        with suppress(PermissionError):  # Windows
            draft.unlink(missing_ok=True)


def _write_ahead(database: Path) -> None:
    """Let readers and writers of a local sqlite file go on beside each other."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
