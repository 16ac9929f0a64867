"""Names in place of absolute folders."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from ferbench.folder_names import FolderNames, shown_value
from ferbench.results import Report, Work
from ferbench.workflows.recording import write_description

CONFIG = {
    "paths": {"root": "/data/anna's/root", "cache": "/scratch/anna/cache"},
    "dataset": {
        "videos": "/data/anna's study, 2/videos",
        "annotations": ["/data/anna's study, 2/errors.csv", "relative/errors.csv"],
        "pattern": r"(?P<session>[^/]+)\.[^./]+$",
        "suffixes": [".mp4"],
        "recursive": False,
    },
    "tracking": {"uri": "sqlite:////data/anna/mlflow.db", "other": "http://127.0.0.1:5000/anna"},
}


@pytest.mark.parametrize("near", ["", "mlruns/artifacts/x/config.yaml"])
def test_the_root_that_named_folders_shows_them_again(tmp_path, near, monkeypatch):
    monkeypatch.setenv("FERBENCH_HOME", str(tmp_path if not near else tmp_path / "elsewhere"))
    hidden = FolderNames(tmp_path).hidden_value(CONFIG)
    assert "anna's" not in str(hidden)
    assert "/data" not in str(hidden)
    assert hidden["dataset"]["videos"].endswith("/videos")
    assert hidden["dataset"]["pattern"] == CONFIG["dataset"]["pattern"]
    assert hidden["tracking"]["uri"].startswith("sqlite:///folder-")
    assert hidden["tracking"]["other"] == CONFIG["tracking"]["other"]
    place = tmp_path / near if near else tmp_path.parent / "downloaded.yaml"
    assert shown_value(hidden, place) == CONFIG


def test_the_same_folder_has_the_same_name_in_every_record(tmp_path):
    first = FolderNames(tmp_path).hidden_value(CONFIG)
    assert FolderNames(tmp_path).hidden_value(CONFIG) == first
    assert (
        first["dataset"]["videos"].split("/")[0]
        == (first["dataset"]["annotations"][0].split("/")[0])
    )


def test_another_root_gives_other_names_and_knows_none_of_these(tmp_path, monkeypatch):
    monkeypatch.setenv("FERBENCH_HOME", str(tmp_path / "two"))
    hidden = FolderNames(tmp_path / "one").hidden_value(CONFIG)
    other = FolderNames(tmp_path / "two").hidden_value(CONFIG)
    assert hidden["dataset"]["videos"] != other["dataset"]["videos"]
    unknown = []
    shown_value(hidden, tmp_path / "two" / "config.yaml", unknown.append)
    assert unknown == [
        "paths.root",
        "paths.cache",
        "dataset.videos",
        "dataset.annotations",
        "tracking.uri",
    ]


def test_overrides_have_the_names_of_the_configuration_and_further_ones(tmp_path):
    folders = FolderNames(tmp_path)
    hidden = folders.hidden_value(CONFIG)
    lines = folders.hidden_lines(
        [
            "dataset.videos='/data/anna\\'s study, 2/videos'",
            "dataset.videos='/data/anna's study, 2/videos'",
            "hydra.run.dir=/scratch/ben/out",
            "dataset.annotations=[/scratch/ben/a.csv,/scratch/ben/b.csv]",
            "tracking.uri=sqlite:////data/carl/mlflow.db",
            "event.enter=0.5",
        ]
    )
    assert lines[1] == f"dataset.videos='{hidden['dataset']['videos']}'"
    assert not [word for word in ("ben", "carl") if word in str(lines)]
    assert lines[5] == "event.enter=0.5"
    assert shown_value(lines, tmp_path / "x")[2:5] == [
        "hydra.run.dir=/scratch/ben/out",
        "dataset.annotations=[/scratch/ben/a.csv,/scratch/ben/b.csv]",
        "tracking.uri=sqlite:////data/carl/mlflow.db",
    ]


def test_a_folder_whose_name_is_no_text_is_found_again(tmp_path):
    path = os.fsdecode(b"/data/m\xfcller/videos")
    hidden = FolderNames(tmp_path).hidden_value(path)
    assert shown_value(hidden, tmp_path / "x") == path


def test_records_of_a_run_hide_odd_folders_of_its_overrides(tmp_path):
    videos = "/data/Ann O'Neil/P07, first/videos"
    report = Report(
        sessions=(), scores=(), counts=(), failures=(), notices=(), work=Work(), wall_s=0.0
    )
    write_description(
        tmp_path,
        report,
        root=tmp_path / "root",
        config_yaml=f'dataset:\n  videos: "{videos}"\n',
        overrides=(f'dataset.videos="{videos}"',),
    )
    asked = (tmp_path / "overrides.txt").read_text()
    assert re.fullmatch(r'dataset\.videos="folder-[0-9a-f]{12}/videos"\n', asked)


def test_processes_that_start_at_once_share_one_key(tmp_path):
    (tmp_path / ".ferbench" / "folders").mkdir(parents=True)
    with ThreadPoolExecutor(8) as pool:
        hidden = list(
            pool.map(lambda _: FolderNames(tmp_path).hidden_value("/data/x/y.mp4"), range(40))
        )
    assert len(set(hidden)) == 1
