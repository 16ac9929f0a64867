"""Passwords in addresses and what comes from the environment reach no file and no message."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from ferbench.config.choices import settings_for
from ferbench.config.saved import saved_settings
from ferbench.config.yaml_files import text_of_yaml
from ferbench.secret_texts import masked

SECRET = "hunter2-Zq9!x"
STORE = f"postgresql://ann:{SECRET}@localhost:1/db"
SERVER = f"http://ann:{SECRET}@localhost:1"


def holders(folder: Path, secret: str = SECRET) -> list[str]:
    """All files below a folder, databases among them, that have a text in name or content."""
    found = []
    for path in folder.rglob("*"):
        named = secret in path.name
        if named or (path.is_file() and secret.encode() in path.read_bytes()):
            found.append(str(path.relative_to(folder)))
    return found


@pytest.fixture
def study(tmp_path, warm_root) -> list[str]:
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copyfile(warm_root.clip, folder / "anna.mp4")
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.6\n")
    return [
        f"dataset.videos={folder}",
        f"dataset.annotations={tmp_path}/smiles.csv",
        "signal.labels=[happiness]",
        "report.timelines=0",
    ]


@pytest.fixture
def secret(monkeypatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)


def test_the_search_finds_what_is_there(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.yaml").write_text(f"uri: {STORE}")
    with sqlite3.connect(tmp_path / "b.db") as database:
        database.execute("create table t (v text)")
        database.execute("insert into t values (?)", (STORE,))
    assert sorted(holders(tmp_path)) == ["a/x.yaml", "b.db"]


@pytest.mark.parametrize("address", [STORE, SERVER, f"http://localhost:1?token={SECRET}"])
@pytest.mark.parametrize("sweep", [[], ["-m", "event.enter=0.5,0.6"]], ids=["run", "sweep"])
def test_a_store_that_is_down(address, sweep, study, warm_home, ferbench_run, recwarn):
    """A server may come back, and what waits for it does not tell its password either."""
    ended = ferbench_run(*sweep, *study, f"tracking.uri={address}", "tracking.patience_s=0")
    waits = address.startswith("http")
    assert ended.code == (0 if waits else 1), "the database's program is not installed"
    assert len(list(warm_home.glob("mlruns/outbox/*/*/*/entry.json"))) > 3 or not waits
    assert SECRET not in ended.out + ended.err
    assert not [warning for warning in recwarn if SECRET in str(warning.message)]
    assert holders(warm_home) == []
    notes = list(warm_home.rglob("overrides.yaml"))
    assert notes or sweep
    assert all("tracking.uri=" in note.read_text() for note in notes)


@pytest.mark.weights
@pytest.mark.parametrize("tracking", ["mlflow", "files"])
@pytest.mark.parametrize("sweep", [[], ["-m", "event.enter=0.5,0.6"]], ids=["run", "sweep"])
def test_what_comes_from_the_environment(
    tracking, sweep, study, warm_home, secret, ferbench_run, recwarn
):
    """A value, another that is taken from it, and a variable that is copied."""
    given = [f"tracking={tracking}", "tracking.experiment=x", "dataset.session_name={session}"]
    given += ["dataset.annotator=${oc.env:SECRET}", "hydra.job.env_copy=[SECRET]"]
    given += [r"dataset.format.tier=${dataset.annotator}"]
    ended = ferbench_run(*sweep, *study, *given)
    assert SECRET not in ended.out + ended.err
    assert not [warning for warning in recwarn if SECRET in str(warning.message)]
    assert holders(warm_home) == []
    files = [path.read_text() for path in warm_home.rglob("config.yaml")]
    assert any("annotator: ${oc.env:SECRET}" in text for text in files)


def test_a_message_does_not_tell_it(home, secret, ferbench_run):
    ended = ferbench_run("dataset.videos=/none/${oc.env:SECRET}")
    assert ended.code == 1
    assert "no such folder or file: /none/***" in ended.err
    assert SECRET not in ended.out + ended.err
    assert holders(home) == []


def test_a_stack_does_not_tell_it(home, secret, ferbench_run, monkeypatch):
    def broken(config):
        raise RuntimeError(f"a bug of ours with {config.dataset.videos}")

    monkeypatch.setattr("ferbench.app.hydra.task.run_hydra_job", broken)
    ended = ferbench_run("dataset.videos=${oc.env:SECRET}")
    assert ended.code == 1
    assert "RuntimeError: a bug of ours with ***" in ended.err
    assert SECRET not in ended.out + ended.err


def test_a_password_in_a_yaml(tmp_path, home, ferbench_run):
    (tmp_path / "conf" / "tracking").mkdir(parents=True)
    text = f"_target_: ferbench.tracking.settings.MlflowTracking\nuri: {STORE}\n"
    (tmp_path / "conf" / "tracking" / "lab.yaml").write_text(text)
    ended = ferbench_run(
        "--config-dir", str(tmp_path / "conf"), "tracking=lab", "dataset.videos=/none"
    )
    assert ended.code == 1
    assert SECRET not in ended.out + ended.err
    assert holders(home) == []
    chosen = settings_for({"tracking": "lab"}, config_dirs=[tmp_path / "conf"])
    assert chosen.settings.tracking.uri == STORE, "the program has it"


def test_the_password_reaches_the_store(home, ferbench_run):
    chosen = settings_for({"tracking": "mlflow"}, settings=[f"tracking.uri={STORE}"])
    assert chosen.settings.tracking.uri == STORE
    assert SECRET not in masked(text_of_yaml(chosen.config))


@pytest.mark.weights
def test_a_runs_configuration_can_be_read_again(study, warm_home, monkeypatch, ferbench_run):
    """What the environment says is named in it, not told."""
    folder = study[0].partition("=")[2]
    monkeypatch.setenv("STUDY", folder)
    ended = ferbench_run("dataset.videos=${oc.env:STUDY}", *study[1:], "tracking=none")
    assert ended.code == 0, ended.err
    [path] = warm_home.rglob("artifacts/config.yaml")
    assert "videos: ${oc.env:STUDY}" in path.read_text()
    assert saved_settings(path).dataset.videos == folder


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mysql+pymysql://a:b@c@host/db x@y", "mysql+pymysql://a:***@host/db x@y"),
        ("'postgresql://u:p%40q@h/d'", "'postgresql://u:***@h/d'"),
        ("http://127.0.0.1:5000/a", "http://127.0.0.1:5000/a"),
        ("http://h:5000, https://h/x@y", "http://h:5000, https://h/x@y"),
        ("sqlite:////tmp/a:b.db", "sqlite:////tmp/a:b.db"),
        ("a=http://u:p@h1,http://v:q@h2", "a=http://u:***@h1,http://v:***@h2"),
        ("x://h/d?user=a&password=b&y=1", "x://h/d?user=a&password=***&y=1"),
    ],
)
def test_passwords_in_addresses(text, told):
    assert masked(text) == told
