"""Runs in MLflow. Only explicit client calls: no global active run, so parallel jobs cannot mix theirs up."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from ferbench.errors import TrackingError
from ferbench.places import store_uri
from ferbench.tracking.record import Input, Record
from ferbench.tracking.view import VIEW_TAG, view_tag

PARENT_TAG = "mlflow.parentRunId"
KIND_TAG = "ferbench.kind"
_VALUE_LIMIT = 6000
_TAG_LIMIT = 8000


def _client(uri: str) -> Any:
    """An MLflow client; importing mlflow takes more than a second, so it happens here and not above."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)


class MlflowStore:
    """One tracking store and one experiment in it."""

    def __init__(self, *, uri: str | None, root: Path) -> None:
        self.root = root.resolve()
        self.uri = uri or store_uri(self.root)
        if self.uri.startswith("file:") or "://" not in self.uri:
            raise TrackingError(
                f"tracking.uri={self.uri!r} is a folder; MLflow no longer keeps runs in plain files. "
                "Use sqlite:///<absolute path>/mlflow.db (the default), or a server's http address."
            )
        self._lazy: Any = None

    @property
    def client(self) -> Any:
        """The MLflow client."""
        if self._lazy is None:
            self._lazy = _client(self.uri)
        return self._lazy

    def prepare(self, experiment: str) -> str:
        """Create store and experiment where they are missing; return the experiment's id.

        Only one process does this at a time: two that create the same sqlite file break it for good.

        Raises:
            TrackingError: the store cannot be opened.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        lock = self.root / ".ferbench" / "store.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=300):
                found = self.client.get_experiment_by_name(experiment)
                identifier = found.experiment_id if found else self._create(experiment)
                if found and found.lifecycle_stage == "deleted":
                    self.client.restore_experiment(identifier)
                if not found or VIEW_TAG not in found.tags:
                    self.client.set_experiment_tag(identifier, VIEW_TAG, view_tag())
                self._write_ahead()
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise TrackingError(
                f"the MLflow store {self.uri} cannot be used: {str(error).splitlines()[0]}. "
                "If its first creation was interrupted, move the file away and start again."
            ) from error
        return str(identifier)

    def _create(self, experiment: str) -> str:
        """Create an experiment; where the store is a local file, its artifacts go beside it, wherever we are now."""
        folder = None
        if self.uri.startswith("sqlite:"):
            name = re.sub(r"[^\w.-]+", "_", experiment).strip(".") or "unnamed"
            folder = (self.root / "mlruns" / "artifacts" / name).as_uri()
        return str(self.client.create_experiment(experiment, artifact_location=folder))

    def _write_ahead(self) -> None:
        """Let readers and writers of a local sqlite file go on beside each other."""
        if self.uri.startswith("sqlite:///"):
            with sqlite3.connect(self.uri.removeprefix("sqlite:///"), timeout=30) as database:
                database.execute("PRAGMA journal_mode=WAL")

    def start(self, experiment_id: str, name: str, tags: Mapping[str, str], *, parent: str | None = None) -> str:
        """Create a run; return its id."""
        all_tags = {**tags, "mlflow.source.name": "ferbench", "mlflow.source.type": "LOCAL"}
        if parent:
            all_tags[PARENT_TAG] = parent
        run = self.client.create_run(experiment_id, run_name=name, tags=_clip(all_tags))
        return str(run.info.run_id)

    def log(self, run_id: str, record: Record) -> None:
        """Log everything of a record in few calls, and end the run."""
        self.log_numbers(run_id, params=record.params, metrics=record.metrics, tags=record.tags)
        self.log_inputs(run_id, record.inputs)
        if record.artifacts.is_dir():
            self.client.log_artifacts(run_id, str(record.artifacts))
        self.end(run_id, failed=record.failed)

    def log_numbers(
        self, run_id: str, *, params: Mapping[str, str], metrics: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """Log params, metrics and tags in one call."""
        from mlflow.entities import Metric, Param, RunTag

        now_ms = int(time.time() * 1000)
        too_long = [name for name, value in params.items() if len(value) > _VALUE_LIMIT]
        if too_long:
            raise TrackingError(f"params too long for MLflow ({_VALUE_LIMIT} characters): {', '.join(too_long)}")
        self.client.log_batch(
            run_id,
            metrics=[Metric(name, value, now_ms, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in params.items()],
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
            self.client.log_inputs(run_id, entries)

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Log files as artifacts below a folder."""
        for path in files:
            self.client.log_artifact(run_id, str(path), folder)

    def end(self, run_id: str, *, failed: bool) -> None:
        """End a run."""
        self.client.set_terminated(run_id, "FAILED" if failed else "FINISHED")


def _clip(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags within MLflow's length limit, cut where they are too long."""
    return {name: value[:_TAG_LIMIT] for name, value in tags.items()}
