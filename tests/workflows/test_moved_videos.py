"""Videos of a run that lie elsewhere now: found by what is in them, not by what they are called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ferbench.errors import ConfigError, DatasetError
from ferbench.tracking.record import Input
from ferbench.types import LoadedDataset, Part, Session
from ferbench.workflows.reproduction.inputs import changed_inputs
from ferbench.workflows.reproduction.moved_videos import found_by_digest, moved_to, with_found

FLAT = {"videos": "gone", "recursive": False, "manifest": None}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    return sha(path.read_bytes())


def video(name: str, content: bytes) -> Input:
    return Input(name=name, sha256=sha(content), kind="video")


@pytest.fixture
def archive(tmp_path) -> Path:
    """Two videos under other names in folders, and one of a run's names with other content."""
    for name, content in (("a/one.mp4", b"\0anna"), ("b/two.mp4", b"\0ben"), ("cleo.mp4", b"\0x")):
        (tmp_path / "archive" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "archive" / name).write_bytes(content)
    return tmp_path / "archive"


RUN = (video("anna.mp4", b"\0anna"), video("ben.mp4", b"\0ben"), video("cleo.mp4", b"\0cleo"))


def test_links_have_the_names_of_the_run(archive, tmp_path):
    moved = moved_to(archive, FLAT, RUN, digest_of, tmp_path / "links")
    assert moved.place == {"dataset.videos": str(tmp_path / "links")}
    assert not moved.files
    there = {path.name: path.read_bytes() for path in (tmp_path / "links").iterdir()}
    assert there == {"anna.mp4": b"\0anna", "ben.mp4": b"\0ben", "cleo.mp4": b"\0x"}


def test_videos_of_a_list_are_placed_and_changed_ones_told(archive):
    listed = {**FLAT, "manifest": "list.csv"}
    moved = moved_to(archive, listed, RUN, digest_of, archive / "none")
    assert not moved.place
    parts = tuple(Part(path=Path("/old place") / item.name) for item in RUN)
    session = Session(session_id="s", parts=parts, participant="p", camera="", observed=None)
    loaded = with_found(LoadedDataset(sessions=(session,)), moved.files)
    assert [part.path.name for part in loaded.sessions[0].parts] == [
        "one.mp4",
        "two.mp4",
        "cleo.mp4",
    ]
    (change,) = changed_inputs(RUN, loaded, digest_of)
    assert (change.name, change.recorded, change.now) == ("cleo.mp4", sha(b"\0cleo"), sha(b"\0x"))
    assert change.stops


def test_a_name_that_two_videos_have_places_none(archive):
    """The list says which is which by folders that are gone; none is taken for the other."""
    twins = (video("a.mp4", b"\0anna"), video("a.mp4", b"\0ben"))
    moved = moved_to(archive, {**FLAT, "manifest": "list.csv"}, twins, digest_of, archive / "none")
    parts = tuple(Part(path=Path(f"/old/{folder}/a.mp4")) for folder in ("p1", "p2"))
    session = Session(session_id="s", parts=parts, participant="p", camera="", observed=None)
    loaded = with_found(LoadedDataset(sessions=(session,)), moved.files)
    assert [part.path for part in loaded.sessions[0].parts] == [part.path for part in parts]
    assert [change.stops for change in changed_inputs(twins, loaded, digest_of)] == [True]


@pytest.mark.parametrize("names", [("../a.mp4",), ("a.mp4", "a.mp4"), ("",)])
def test_names_that_are_none_of_files_make_no_links(names, archive, tmp_path):
    wanted = [video(name, b"\0anna") for name in names]
    moved = moved_to(archive, FLAT, wanted, digest_of, tmp_path / "links")
    assert moved.place == {"dataset.videos": str(archive)}
    assert not (tmp_path / "links").exists()


def test_folders_that_are_read_stay_and_others_are_told(archive, tmp_path):
    deep = {**FLAT, "recursive": True}
    moved = moved_to(archive, deep, RUN, digest_of, tmp_path / "links")
    assert moved.place == {"dataset.videos": str(archive)}
    with pytest.raises(DatasetError, match="has none of the 1 video of the run"):
        moved_to(archive, FLAT, [video("z.mp4", b"z")], digest_of, tmp_path / "links")
    with pytest.raises(ConfigError, match="no folder of videos"):
        moved_to(archive, {"clips": []}, RUN, digest_of, tmp_path / "links")


def test_no_other_file_is_read_where_names_agree(archive):
    read = []

    def noted(path: Path) -> str:
        read.append(path.name)
        return digest_of(path)

    found_by_digest(archive, [video("one.mp4", b"\0anna")], noted)
    assert read == ["one.mp4"]
