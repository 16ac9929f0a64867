"""Migrate: bring the store of an older MLflow into today's form, after a copy."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from ferbench.errors import TrackingError
from ferbench.places import default_root
from ferbench.tracking.mlflow_client import explained
from ferbench.tracking.mlflow_schema import Migrated, migrate

_PATIENCE_S = 60.0


def migrate_runs(database: str | Path | None = None, *, root: Path | None = None) -> Migrated:
    """Bring the sqlite store of an older MLflow into today's form.

    It is copied first, its rows are counted before and after, and a migration that fails leaves it
    as it was. End what uses the store before.

    Args:
        database: the file; None = ``mlflow.db`` of the root.
        root: the folder that holds runs; None = the default one.

    Raises:
        TrackingError: there is none, it is no older store, or it could not be migrated.
    """
    path = Path(database) if database is not None else (root or default_root()) / "mlflow.db"
    if not path.is_file():
        raise TrackingError(f"there is no database {path}")
    try:
        with (
            FileLock(path.with_name(f"{path.name}.lock"), timeout=_PATIENCE_S),
            explained(f"sqlite:///{path}", "migrating", "Is it a store of MLflow's?"),
        ):
            return migrate(path.resolve())
    except Timeout as error:
        raise TrackingError(f"{path} is in use by another process; end that first") from error
