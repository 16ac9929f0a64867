"""A folder with odd recordings: ``predict``, ``run`` and ``init`` take or name each file."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def folder(warm_root, tmp_path):
    place = tmp_path / "videos"
    place.mkdir()
    shutil.copy(warm_root.clip, place / "P01.mp4")
    shutil.copy(warm_root.clip, place / "P02.MOV")  # FFmpeg goes by the content
    for name in ("P03", "P04.mp4.part", "P05.lrv", "P06.bak", ".P07.mp4"):
        shutil.copy(warm_root.clip, place / name)
    (place / "._P01.mp4").write_bytes(b"\x00\x05\x16\x07" + bytes(80))
    (place / "notes.txt").write_text("nothing\n")
    return place


LEFT_OUT = (
    "its name has no ending, though it is a video by its content (mov): P03",
    "a copy or download that has not finished: P04.mp4.part",
    "the ending .lrv is not among those that are taken: P05.lrv",
    "its name ends in .bak, though it is a video by its content (mov): P06.bak",
    "hidden, as its name begins with a dot: .P07.mp4",
    "what macOS keeps beside one: ._P01.mp4",
)


def told(text):
    return " ".join(text.split())


def test_predict(ferbench, folder, tmp_path):
    ended = ferbench("predict", folder, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {"P01.csv", "P02.csv"}
    assert [text for text in LEFT_OUT if text not in told(ended.err)] == []
    (folder / "P08.mp4").write_text("no video")
    (folder / "P09.mp4").touch()
    ended = ferbench("predict", folder, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "failed: P08.mp4" in ended.err
    assert "failed: P09.mp4: the file is empty (0 bytes)" in told(ended.err)


def test_run(ferbench, folder):
    ended = ferbench("run", f"dataset.videos={folder}", "tracking=none")
    assert ended.code == 0, ended.err
    assert [text for text in LEFT_OUT if text not in told(ended.out + ended.err)] == []
    assert "dataset.suffixes lists the endings" in told(ended.out + ended.err)


def test_init(ferbench, folder, tmp_path):
    ended = ferbench("init", folder, "--out", tmp_path / "conf")
    assert ended.code == 1, "somebody must look at recordings that are left out"
    assert [text for text in LEFT_OUT if text not in told(ended.out + ended.err)] == []
    for name in ("P03", "P04.mp4.part", "P05.lrv", "P06.bak", ".P07.mp4"):
        (folder / name).unlink()
    ended = ferbench("init", folder, "--out", tmp_path / "conf2")
    assert ended.code == 0, ended.out
    assert "._P01.mp4" in ended.out
