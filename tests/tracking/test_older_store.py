"""A store of an older MLflow: refused as it is, migrated when told to, after a copy."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing

import pytest

from ferbench.errors import TrackingError
from ferbench.tracking.mlflow_schema import migrate
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.queued_store import QueuedStore
from ferbench.workflows.migrate_runs import migrate_runs
from ferbench.workflows.sync import waiting_records

BEFORE = 20
"""Steps of MLflow's own migration that are left out; some of them make tables."""

RUN = """INSERT INTO runs (run_uuid, name, experiment_id, user_id, status, start_time, end_time,
    artifact_uri, lifecycle_stage)
VALUES ('{0}', 'old {0}', 1, 'ann', 'FINISHED', 1000, 2000, '/nowhere', 'active')"""


def alembic_scripts():
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    return ScriptDirectory.from_config(_get_alembic_config("sqlite://"))


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A store as an older MLflow left it, made by MLflow's own migration up to there."""
    import sqlalchemy
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    path = tmp_path_factory.mktemp("older") / "mlflow.db"
    uri = f"sqlite:///{path}"
    engine = sqlalchemy.create_engine(uri)
    Base.metadata.create_all(engine)
    config = _get_alembic_config(uri)
    revision = [step.revision for step in alembic_scripts().walk_revisions()][BEFORE]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
            "VALUES (1, 'study', '/nowhere', 'active')"
        )
        for name in ("a" * 32, "b" * 32):
            database.execute(RUN.format(name))
            database.execute(
                "INSERT INTO params (key, value, run_uuid) VALUES ('x', '1', ?)", [name]
            )
        database.commit()
    return path, revision


@pytest.fixture
def root(older, tmp_path):
    shutil.copyfile(older[0], tmp_path / "mlflow.db")
    return tmp_path


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_is_told_and_not_touched(older, root):
    before = digest(root / "mlflow.db")
    uri = f"sqlite:///{root}/mlflow.db"
    head = alembic_scripts().get_current_head()
    told = rf"of an older MLflow \(form {older[1]}, expected {head}\); nothing was changed"
    for act in (
        lambda: MlflowStore(uri=uri, root=root).experiments(),
        lambda: MlflowStore(uri=uri, root=root).prepare("study"),
        lambda: QueuedStore(MlflowStore(uri=None, root=root)).prepare("study"),
    ):
        with pytest.raises(TrackingError, match=told):
            act()
    assert digest(root / "mlflow.db") == before
    assert waiting_records(root=root) == []


@pytest.mark.slow
def test_it_is_migrated_after_a_copy(older, root, monkeypatch, ferbench):
    monkeypatch.setenv("FERBENCH_HOME", str(root))
    refused = ferbench("compare")
    assert refused.code == 1
    assert "ferbench runs migrate" in refused.err
    assert "Traceback" not in refused.err
    doctor = ferbench("doctor")
    assert "ferbench runs migrate" in doctor.out
    ended = ferbench("runs", "migrate")
    assert ended.code == 0, ended.err
    assert "1 experiments, 2 runs, 0 metrics, 0 latest_metrics, 2 params, 0 tags" in ended.out
    [backup] = root.glob("mlflow.db.backup-*")
    assert backup.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(backup)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (older[1],)
        assert database.execute("SELECT COUNT(*) FROM runs").fetchone() == (2,)
    store = MlflowStore(uri=None, root=root)
    assert {row.name: row.params for row in store.search(list(store.experiments()))} == {
        "old " + "a" * 32: {"x": "1"},
        "old " + "b" * 32: {"x": "1"},
    }
    again = ferbench("runs", "migrate")
    assert again.code == 1
    assert "is in today's form already" in again.err


def test_a_migration_that_fails_leaves_it_as_it_was(older, root):
    path = root / "mlflow.db"
    from mlflow.store.db import utils  # which knows all tables of today

    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name FROM sqlite_master").fetchall()
        in_the_way = sorted(set(utils.Base.metadata.tables) - {name for (name,) in rows})
        assert in_the_way
        for name in in_the_way:
            database.execute(f"CREATE TABLE {name} (id INTEGER)")
        database.commit()
        before = "\n".join(database.iterdump())
    with pytest.raises(TrackingError, match=r"could not be migrated .* it is as it was"):
        migrate(path)
    with closing(sqlite3.connect(path)) as database:
        assert "\n".join(database.iterdump()) == before
    [backup] = root.glob("mlflow.db.backup-*")
    with closing(sqlite3.connect(backup)) as database:
        assert "\n".join(database.iterdump()) == before


def test_a_store_of_a_newer_mlflow(root):
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = 'fffffffffff0'")
        database.commit()
    with pytest.raises(TrackingError, match="of a newer MLflow"):
        MlflowStore(uri=None, root=root).experiments()
    with pytest.raises(TrackingError, match="no store of an older MLflow"):
        migrate_runs(root=root)


def test_a_file_that_is_none_ends_in_a_sentence(tmp_path, ferbench):
    notes = tmp_path / "notes.txt"
    notes.write_text("no database, but some text")
    ended = ferbench("runs", "migrate", notes)
    assert ended.code == 1
    assert "file is not a database" in ended.err
    assert "Is it a store of MLflow's?" in ended.err
    assert "Traceback" not in ended.err
    assert notes.read_text() == "no database, but some text"
    assert {path.name for path in tmp_path.glob("notes*")} <= {"notes.txt", "notes.txt.lock"}


def test_there_is_none(tmp_path):
    with pytest.raises(TrackingError, match="there is no database"):
        migrate_runs(root=tmp_path)
