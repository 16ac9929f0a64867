"""Whole runs under pseudonyms: no name reaches a record, an artifact, a table or the screen."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ferbench.config.saved import saved_settings
from ferbench.datasets.pseudonyms import read_pseudonyms
from ferbench.formats.grading_key import read_grading_key
from helpers.clips import shrink

NAMES = ("anna", "berta", "clara")
PATTERN = r'dataset.pattern="(?P<session>(?P<participant>[A-Za-z]+)_\d)"'


@pytest.fixture
def lab(tmp_path, samples, warm_root) -> Path:
    """Of one video nothing is in the cache, another is none."""
    folder = tmp_path / "lab"
    folder.mkdir()
    for name in ("Anna_1", "Anna_2", "Berta_1"):
        shutil.copyfile(warm_root.clip, folder / f"{name}.mp4")
    (folder / "Berta_2.mp4").write_bytes(b"no video")
    shrink(samples / "single_face.mp4", folder / "Berta_3.mp4", frames=4, width=64, height=36)
    rows = "session,onset_s\nAnna_1,0.6\nAnna_2,0.1\nBERTA_1,0.6\nClara_1,0.3\n"
    (folder / "marks.csv").write_text(rows)
    return folder


@pytest.fixture
def study(lab) -> list[str]:
    return [
        f"dataset.videos={lab}",
        f"dataset.annotations={lab}/marks.csv",
        "signal.labels=[happiness]",
        PATTERN,
        "statistics.draws=20",
        "statistics.surrogates=20",
    ]


@pytest.fixture
def keys(lab, study, warm_home, ferbench) -> Path:
    ended = ferbench("pseudonyms", lab / "keys.csv", *study[:2], PATTERN)
    assert ended.code == 0, ended.err
    assert "2 participants, 5 sessions, 5 videos; 12 new" in ended.out
    assert "Clara_1" in ended.err, "the owner is told in full"
    return lab / "keys.csv"


def contents(path: Path) -> list[str]:
    """A file's bytes as text, and what is packed in them."""
    texts = [path.name, path.read_bytes().decode("latin-1")]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        texts += [str(table.schema.metadata), str(table.to_pydict())]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                texts += [name, archive.read(name).decode("latin-1")]
    elif path.suffix == ".db":
        with sqlite3.connect(path) as database:
            texts += list(database.iterdump())
    return texts


def named_in(*places: Path) -> list[str]:
    """Where a name of a person is, among all files of some places."""
    files = []
    for place in places:
        files += (
            [path for path in place.rglob("*") if path.is_file()] if place.is_dir() else [place]
        )
    assert files
    return [
        f"{name}: {path}"
        for path in files
        for text in contents(path)
        for name in NAMES
        if name in text.lower()
    ]


def handed_on(root: Path, tracking: str) -> list[Path]:
    """Store and artifacts; what is left out stays on this machine: cache, Hydra's own notes."""
    if tracking == "files":
        return [root / "mlruns" / "files"]
    return [root / "mlflow.db", root / "mlruns" / "artifacts"]


@pytest.mark.weights
@pytest.mark.parametrize("tracking", ["mlflow", "files"])
def test_no_name_reaches_a_run_or_a_sweep(tracking, lab, study, keys, warm_home, ferbench_run):
    given = [*study, f"dataset.pseudonyms={keys}", f"tracking={tracking}"]
    ended = ferbench_run(*given)
    assert ended.code == 1, "Berta_2 cannot be decoded"
    sweep = ["-m", "event.enter=0.4,0.6", "dataset.only_participants=[anna]"]
    swept = ferbench_run(*given, *sweep, "statistics.intervals=final")
    assert swept.code == 0, swept.err
    assert named_in(*handed_on(warm_home, tracking)) == []
    of = read_pseudonyms(keys).of
    assert of["session", "Anna_1"] in ended.out
    assert of["session", "Berta_2"] in ended.err
    for name in NAMES:
        assert name not in (ended.out + ended.err).lower()
    artifacts = [path.name for place in handed_on(warm_home, tracking) for path in place.rglob("*")]
    assert f"{of['session', 'Anna_1']}.png" in artifacts
    assert {"sessions.csv", "profile.csv", "failures.csv", "notices.txt"} <= set(artifacts)


def test_the_search_finds_names_wherever_they_are(tmp_path):
    (tmp_path / "Anna.txt").touch()
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("create table t (v text)")
        database.execute("insert into t values ('of Berta')")
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("note", "clara" * 100)
    found = named_in(tmp_path)
    assert {line.partition(":")[0] for line in found} == set(NAMES)


@pytest.mark.weights
def test_the_numbers_are_the_same(study, keys, warm_home, ferbench_run):
    """Sessions stand in the order of their names, and have the same counts and times."""
    tables = []
    for more in ([], [f"dataset.pseudonyms={keys}"]):
        output = warm_home / "out" / str(len(more))
        ferbench_run(*study, *more, "tracking=none", f"hydra.run.dir={output}")
        text = (output / "artifacts" / "counts.csv").read_text()
        events = (output / "artifacts" / "events.csv").read_text()
        for (_, name), pseudonym in read_pseudonyms(keys).of.items():
            text, events = text.replace(pseudonym, name), events.replace(pseudonym, name)
        rows = [line.rpartition(",")[0] for line in text.splitlines()]  # the digest has the names
        tables.append((rows, events))
    assert len(tables[0][0]) > 3
    assert tables[0] == tables[1]


@pytest.mark.weights
def test_what_is_graded_has_pseudonyms(study, keys, warm_home, ferbench_run, ferbench, tmp_path):
    """Pages of sessions, blind pages, their clips' names and the key; cells by their own names."""
    output = warm_home / "sweep"
    place = f"hydra.sweep.dir={output}"
    given = [*study, f"dataset.pseudonyms={keys}", "tracking=none", "report.cell_pages=9"]
    swept = ferbench_run(*given, "-m", "event.enter=0.01,0.02", "event.exit=0.001", place)
    pages = sorted(output.rglob("sessions/*.html"))
    assert pages, swept.err
    of = read_pseudonyms(keys).of
    told = [
        json.loads(re.findall(r'id="page-data">(.*?)</script>', p.read_text())[0]) for p in pages
    ]
    assert {each["model"] for each in told} == {"enter=0.01", "enter=0.02"}
    assert {(each["participant"], each["session"]) for each in told} <= {
        (of["participant", name.partition("_")[0]], pseudonym)
        for (kind, name), pseudonym in of.items()
        if kind == "session"
    }
    models = [f"{path.parents[1].name}={path}" for path in sorted(output.rglob("events.csv"))]
    ended = ferbench("grade", *models, "--label", "happiness", "--out", tmp_path / "g" / "p.html")
    assert ended.code == 0, ended.err
    rows = [row for rows in read_grading_key(tmp_path / "g" / "p_key.csv").values() for row in rows]
    assert {row.session for row in rows} <= {each["session"] for each in told}
    assert {row.participant for row in rows} <= {each["participant"] for each in told}
    assert named_in(tmp_path / "g", *pages) == []


@pytest.mark.weights
def test_a_runs_configuration_can_be_read_again(study, keys, warm_home, ferbench_run):
    given = [*study, f"dataset.pseudonyms={keys}", "dataset.only_sessions=[Anna_2]"]
    assert ferbench_run(*given, "tracking=none").code == 0
    [path] = warm_home.rglob("artifacts/config.yaml")
    assert "nna_2" not in path.read_text()
    assert saved_settings(path).dataset.only_sessions == ("Anna_2",)


@pytest.mark.weights
def test_tables_of_predictions_are_named_by_pseudonyms(lab, keys, warm_home, ferbench, tmp_path):
    folder = tmp_path / "conf" / "dataset"
    folder.mkdir(parents=True)
    pattern = PATTERN.partition("=")[2].strip('"')
    lines = [
        "_target_: ferbench.datasets.study.Study",
        f"videos: {lab}",
        f"pattern: '{pattern}'",
        f"pseudonyms: {keys}",
    ]
    (folder / "lab.yaml").write_text("\n".join(lines))
    (lab / "Berta_2.mp4").unlink()
    out = tmp_path / "tables"
    given = ["--dataset", "lab", "--config-dir", tmp_path / "conf", "--out", out]
    ended = ferbench("predict", *given)
    assert ended.code == 0, ended.err
    of = read_pseudonyms(keys).of
    assert (out / f"{of['session', 'Anna_1']}.parquet").is_file()
    assert named_in(out) == []


def test_a_key_among_records_is_refused(study, keys, warm_home, ferbench_run, ferbench):
    target = warm_home / "mlruns" / "keys.csv"
    ended = ferbench("pseudonyms", target, *study[:2], PATTERN)
    assert ended.code == 1
    assert "among what is handed on" in ended.err
    assert not target.exists()
    target.parent.mkdir(exist_ok=True)
    keys.rename(target)
    ended = ferbench_run(*study, f"dataset.pseudonyms={target}")
    assert ended.code == 1
    assert "dataset.pseudonyms: " in ended.err


def test_what_is_there_stays_and_what_is_new_is_added(lab, study, keys, ferbench):
    before = read_pseudonyms(keys).of
    shutil.copyfile(lab / "Anna_1.mp4", lab / "Emma_1.mp4")
    ended = ferbench("pseudonyms", keys, *study[:2], PATTERN)
    assert "3 new" in ended.out
    after = read_pseudonyms(keys).of
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 3


def test_a_data_set_without_participants_of_its_own_is_refused(tmp_path, home, ferbench):
    ended = ferbench("pseudonyms", tmp_path / "keys.csv", "dataset=demo")
    assert ended.code == 1
    assert "a study" in ended.err
    assert not (tmp_path / "keys.csv").exists()
