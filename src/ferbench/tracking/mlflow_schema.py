"""The form of the tables in an MLflow database, which each MLflow reads in its own form only.

MLflow changes an older database by itself where tables are missing in it. Here nothing is changed
that nobody asked for.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ferbench.errors import TrackingError
from ferbench.rights import close_file
from ferbench.secret_texts import masked
from ferbench.sentences import Action, Text

if TYPE_CHECKING:
    from sqlalchemy import Engine

_REVISION: Final = re.compile(r"^revision\s*=\s*['\"](\w+)['\"]", re.MULTILINE)
_BEFORE: Final = re.compile(r"^down_revision\s*=\s*['\"](\w+)['\"]", re.MULTILINE)
_TIMEOUT_S: Final = 10
_LOCK_TIMEOUT_S: Final = 60
_TIMEOUTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {"timeout": _LOCK_TIMEOUT_S},
    "postgresql": {"connect_timeout": _TIMEOUT_S},
    "mysql": {"connect_timeout": _TIMEOUT_S},
}
_COUNTED: Final = ("experiments", "runs", "metrics", "latest_metrics", "params", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """An older store in today's form.

    Attributes:
        database: the file.
        backup: a copy of it as it was.
        before: its form as it was.
        after: its form now.
        counts: rows of each table, the same in both.
    """

    database: Path
    backup: Path
    before: str
    after: str
    counts: Mapping[str, int]


@lru_cache(maxsize=1)
def _forms() -> tuple[str, frozenset[str]]:
    """The newest form that the installed MLflow knows, and all forms that it knows."""
    package = find_spec("mlflow")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("mlflow")
    scripts = Path(package.origin).parent / "store" / "db_migrations" / "versions"
    every, before = set(), set()
    for path in scripts.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        every.update(_REVISION.findall(text))
        before.update(_BEFORE.findall(text))
    (newest,) = every - before
    return newest, frozenset(every)


def check_schema(uri: str) -> None:
    """See whether MLflow can use a database as it is, before MLflow does anything to it.

    An empty or missing one can be used: its tables are made.

    Raises:
        TrackingError: it is of an older MLflow, or of a newer one.
        SQLAlchemyError, ImportError: it cannot be reached.
    """
    found = _form(uri)
    newest, known = _forms()
    if found in ("", newest):
        return
    if found not in known:
        raise TrackingError(
            f"the MLflow store {masked(uri)} is of a newer MLflow (form {found})",
            hint="update MLflow, or choose another store",
        )
    raise TrackingError(
        f"the MLflow store {masked(uri)} is of an older MLflow (form {found}, expected {newest}); "
        "nothing was changed",
        hint=_how_to_migrate(uri),
    )


def _how_to_migrate(uri: str) -> str:
    if uri.startswith("sqlite:"):
        return Text("copy and migrate it with ", Action("migrate_runs"))
    return "copy it first (PostgreSQL: pg_dump), then migrate it with 'mlflow db upgrade <address>'"


def _form(uri: str) -> str:
    """The form of a database; "" = it has no tables of MLflow."""
    from sqlalchemy import inspect, text
    from sqlalchemy.engine import make_url

    address = make_url(uri)
    if address.drivername.startswith("sqlite") and not Path(address.database or "").is_file():
        return ""
    engine = _engine(uri)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
            return str(row[0]) if row else ""
    finally:
        engine.dispose()


def _engine(uri: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    kind = make_url(uri).get_backend_name()
    return create_engine(uri, poolclass=NullPool, connect_args=dict(_TIMEOUTS.get(kind, {})))


def migrate(database: Path) -> Migrated:
    """Bring an older sqlite store into today's form, after a copy. The caller holds its lock.

    Raises:
        TrackingError: it is no older store, or its migration failed: it is then as it was.
    """
    uri = f"sqlite:///{database.as_posix()}"
    before, (newest, known) = _form(uri), _forms()
    if before == newest:
        raise TrackingError(f"{database} is in today's form already ({newest})")
    if before not in known:
        raise TrackingError(f"{database} is no store of an older MLflow (form {before or 'none'})")
    counts = _counts(database)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    backup = database.with_name(f"{database.name}.backup-{stamp}-{before}")
    _copy(database, backup)
    try:
        _upgrade(uri)
        if _counts(database) != counts:
            raise TrackingError(f"rows were lost: {counts} became {_counts(database)}")
    except Exception as error:
        _copy(backup, database)
        (reason, *_) = str(error).splitlines() or [""]
        raise TrackingError(
            f"{database} could not be migrated ({type(error).__name__}: {reason}); it is as it "
            f"was, and so is its copy {backup}"
        ) from error
    return Migrated(
        database=database, backup=backup, before=before, after=_form(uri), counts=counts
    )


def _upgrade(uri: str) -> None:
    """MLflow's own migration, as ``mlflow db upgrade`` does it."""
    import logging

    from mlflow.store.db.utils import _upgrade_db

    for chatty in ("alembic", "mlflow"):  # after the import, which sets their levels
        logging.getLogger(chatty).setLevel(logging.WARNING)
    engine = _engine(uri)
    try:
        _upgrade_db(engine)
    finally:
        engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """Copy a whole database, also what still stands in its journal."""
    with (
        closing(sqlite3.connect(source, timeout=_LOCK_TIMEOUT_S)) as reader,
        closing(sqlite3.connect(target, timeout=_LOCK_TIMEOUT_S)) as writer,
    ):
        reader.backup(writer)
    close_file(target)


def _counts(database: Path) -> dict[str, int]:
    """Rows of the tables that hold runs."""
    with closing(sqlite3.connect(database, timeout=_LOCK_TIMEOUT_S)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {str(name) for (name,) in rows}
        return {
            name: int(connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0])
            for name in _COUNTED
            if name in tables
        }
