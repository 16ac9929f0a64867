"""Where a store of MLflow's is, whether it is there, and the experiments in it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from ferbench.rights import make_folder
from ferbench.tracking.absence import is_locked
from ferbench.tracking.view import TAG_PREFIX, VIEW_KEY, view_tag

_PATIENCE_S: Final = 5.0
_LOCK_S: Final = 1.0
_BROKEN: Final = 500


def database_of(uri: str) -> Path | None:
    """The file of a local store; None = a server or another database."""
    from sqlalchemy.engine import make_url

    if not uri.startswith("sqlite:"):
        return None
    name = make_url(uri).database
    return Path(name).resolve() if name else None


def answers(uri: str) -> bool:
    """Whether a store can be asked now: a server is there, nobody else locks a sqlite file."""
    if uri.startswith("http"):
        return _server_answers(uri)
    database = database_of(uri)
    return database is None or not _is_locked_now(database)


def _is_locked_now(database: Path) -> bool:
    """Whether another process holds the lock of a sqlite file."""
    if not database.is_file():
        return False
    with closing(sqlite3.connect(database, timeout=_LOCK_S, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            return is_locked(error)
    return False


def _server_answers(uri: str) -> bool:
    """Whether a server answers within seconds, were it only that it knows nobody of this name."""
    import requests

    address = f"{uri.rstrip('/')}/api/2.0/mlflow/experiments/search?max_results=1"
    try:
        return requests.get(address, timeout=_PATIENCE_S).status_code < _BROKEN
    except requests.exceptions.SSLError:
        return True
    except requests.exceptions.RequestException:
        return False


def existing_or_new(client: Any, experiment: str, *, artifacts: Path | None) -> str:
    """The id of an experiment, created or restored where need be, and with its view.

    Args:
        client: MLflow's.
        experiment: its name.
        artifacts: the folder in which a new one gets a folder for its artifacts; None = the
            server has a place for them.
    """
    existing = client.get_experiment_by_name(experiment)
    if existing is None:
        identifier = _create(client, experiment, artifacts)
        client.set_experiment_tag(identifier, f"{TAG_PREFIX}{VIEW_KEY}", view_tag())
        return identifier
    identifier = str(existing.experiment_id)
    if existing.lifecycle_stage == "deleted":
        client.restore_experiment(identifier)
    if f"{TAG_PREFIX}{VIEW_KEY}" not in existing.tags:
        client.set_experiment_tag(identifier, f"{TAG_PREFIX}{VIEW_KEY}", view_tag())
    return identifier


def _create(client: Any, experiment: str, artifacts: Path | None) -> str:
    from mlflow.exceptions import MlflowException

    folder = None
    if artifacts is not None:
        name = re.sub(r"[^\w.-]+", "_", experiment).strip(".") or "unnamed"
        make_folder(artifacts / name)
        folder = (artifacts / name).as_uri()
    try:
        return str(client.create_experiment(experiment, artifact_location=folder))
    except MlflowException:  # another process or machine may have created it meanwhile
        found = client.get_experiment_by_name(experiment)
        if found is None:
            raise
        return str(found.experiment_id)
