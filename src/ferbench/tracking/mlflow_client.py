"""MLflow's client, and how a local store is created; mlflow is imported when it is first needed."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ferbench.errors import StoreAwayError, TrackingError
from ferbench.owner import OWNER_TAG
from ferbench.rights import close_file
from ferbench.sentences import Setting, Text
from ferbench.system_errors import next_step as of_the_system
from ferbench.tracking.absence import is_absence, is_locked
from ferbench.tracking.store import HOW_ENDED

Made = TypeVar("Made")

LOCK_PATIENCE_S: Final = 60.0
"""How long a lock of a sqlite file is waited for; MLflow itself waits for 20 s."""
SERVER_STEP: Final = Text(
    *("Check that the server runs and that ", Setting("tracking.uri"), " is its address, "),
    *("or record nothing with ", Setting("tracking", "none")),
)
INTERRUPTED_STEP: Final = (
    "If the creation of a store was interrupted, move its file away and start again."
)
KEPT: Final = "The run's own files are kept in its folder below mlruns/hydra."
_ATTEMPTS: Final = 6

# Before anything imports mlflow: a server that is down is told of after seconds, not minutes. And
# nothing is sent again by itself: where only the answer was lost, a run would be created twice.
for _name, _value in {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}.items():
    os.environ.setdefault(_name, _value)


def new_client(uri: str) -> Any:
    """An MLflow client; mlflow is imported here and not above, as that takes more than a second."""
    from mlflow.tracking import MlflowClient

    for chatty in ("alembic", "mlflow"):  # after the import, which sets their levels
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # stacks of what is told
    return _PatientClient(MlflowClient(tracking_uri=uri))


class _PatientClient:
    """MLflow's client, whose calls wait for the lock of a sqlite file. What failed was undone."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(_patiently, getattr(self._client, name))


def _patiently(call: Callable[..., Made], *arguments: Any, **settings: Any) -> Made:
    end = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            return call(*arguments, **settings)
        except Exception as error:
            if not is_locked(error) or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.1, 0.5))  # not all at once again


@contextmanager
def explained(uri: str, what: str, next_step: str) -> Iterator[None]:
    """Turn what MLflow, its database or the network raise into a TrackingError.

    Raises:
        StoreAwayError: what was raised may be gone by itself in a while.
        TrackingError: it will not.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
        lines = str(error).splitlines()
        reason = lines[0] if lines else type(error).__name__
        message = Text(f"{what} in the MLflow store {uri} failed: {reason}")
        if not of_the_system(error):
            message = Text(*message.parts, ". ", next_step)
        kind = StoreAwayError if is_absence(error) else TrackingError
        raise kind(message) from error


def while_others_do(action: Callable[[], object]) -> None:
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


def is_kept(client: Any, run_id: str) -> bool:
    """Whether a store has a run, and nobody has deleted it."""
    from mlflow.exceptions import MlflowException

    try:
        return bool(client.get_run(run_id).info.lifecycle_stage == "active")
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise


def go_on(client: Any, run_id: str, owner: str) -> None:
    """Let a run that was ended go on as a process's, without how it ended."""
    client.update_run(run_id, status="RUNNING")
    client.set_tag(run_id, OWNER_TAG, owner)
    tags = client.get_run(run_id).data.tags
    for tag in HOW_ENDED:
        if tag in tags:
            client.delete_tag(run_id, tag)


def create_whole(database: Path) -> None:
    """Create a local store under another name first: an interruption leaves none that is half made.

    Takes seconds. The caller holds a lock.
    """
    draft, copy = (database.with_name(f".{database.name}.{name}") for name in ("draft", "copy"))
    for left_over in (draft, copy):
        left_over.unlink(missing_ok=True)
    try:
        new_client(f"sqlite:///{draft.as_posix()}").search_experiments()
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))  # MLflow keeps the draft open
        close_file(copy)
        copy.replace(database)
    finally:
        copy.unlink(missing_ok=True)
        with suppress(PermissionError):  # Windows
            draft.unlink(missing_ok=True)


def write_ahead(database: Path) -> None:
    """Let readers and writers of a local sqlite file go on beside each other."""
    with closing(sqlite3.connect(database, timeout=LOCK_PATIENCE_S)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
