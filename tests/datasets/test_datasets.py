"""Sessions from a folder of videos by their names alone, files of folders, and the demo."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from ferbench.datasets.demo import Demo
from ferbench.datasets.files import SUFFIXES, num_below, video_files
from ferbench.datasets.study import Study
from ferbench.errors import DatasetError, WeightsError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.places import checkout_root
from ferbench.types import Annotation, Part, Session
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.published import PublishedFile

CSV = "session,onset_s,offset_s,kind\nb,3,4,smile\nb,1,2,smile\nstray,1,2,smile\nstray,3,4,smile\n"


def test_a_name_that_is_no_text_is_refused(tmp_path):
    try:
        (tmp_path / "caf\udce9.mp4").touch()
    except OSError:
        pytest.skip("this file system takes text names only")
    with pytest.raises(
        DatasetError, match=r"the file's name is no text .*\(1 of 1 videos\); rename it"
    ):
        video_files(tmp_path, suffixes=SUFFIXES, recursive=False)


@pytest.mark.parametrize("name", ["\x1b[31mred.mp4", "two\nlines.mp4", "bell\x07.mp4", "\x9b.mp4"])
def test_a_name_that_a_terminal_would_obey_is_refused(name, tmp_path):
    try:
        (tmp_path / name).touch()
    except OSError:
        pytest.skip("this file system takes no such names")
    for root in (tmp_path, tmp_path / name):
        with pytest.raises(DatasetError) as refused:
            video_files(root, suffixes=SUFFIXES, recursive=False)
        told = str(refused.value)
        assert told.endswith("the file's name has control characters (1 of 1 videos); rename it")
        assert told.isprintable()


@pytest.fixture
def videos(tmp_path) -> Path:
    """Videos b, a and C; a hidden one, a text, and one in a folder below."""
    folder = tmp_path / "videos"
    (folder / "below").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in (
        "b.mp4",
        "a.mov",
        "C.MKV",
        "._a.mov",
        "notes.txt",
        "below/d.webm",
        ".hidden/e.mp4",
    ):
        (folder / name).touch()
    (folder / "folder.mp4").mkdir()
    (tmp_path / "rows.csv").write_text(CSV, encoding="utf-8")
    return folder


def names(sessions) -> list[str]:
    return [session.session_id for session in sessions]


def test_videos_without_annotations(videos):
    dataset = Study(videos=str(videos))
    sessions = dataset.load().sessions
    assert names(sessions) == ["C", "a", "b"]
    assert sessions[1] == Session(
        session_id="a", participant="a", parts=(Part(path=videos / "a.mov"),), annotations=None
    )
    assert all(session.annotations is None for session in sessions)
    companion = "left out, no recording, but what macOS keeps beside one: ._a.mov"
    assert dataset.load().notices == (
        "videos in folders below videos: 1, not looked at (recursive=True looks there)",
        companion,
        "left out, a folder: folder.mp4",
    )
    assert Study(videos=str(videos), recursive=True).load().notices == (
        companion,
        "left out, a hidden folder with videos: .hidden",
    )


def test_what_may_be_a_recording_is_named_where_there_is_no_video(tmp_path):
    for name in ("P01.mp4.part", "P02.lrv"):
        (tmp_path / name).write_bytes(b"\0\0\0\x14ftypisom" + bytes(100))
    with pytest.raises(DatasetError) as raised:
        Study(videos=str(tmp_path)).load()
    assert "a copy or download that has not finished: P01.mp4.part" in str(raised.value)
    assert "the ending .lrv is not among those that are taken: P02.lrv" in str(raised.value)
    assert "suffixes lists the endings that are taken" in str(raised.value)


def test_folders_below(videos):
    assert names(Study(videos=str(videos), recursive=True).load().sessions) == ["C", "a", "b", "d"]


def test_one_file_and_suffixes(videos):
    assert names(Study(videos=str(videos / "b.mp4")).load().sessions) == ["b"]
    assert names(Study(videos=str(videos), suffixes=(".MOV",)).load().sessions) == ["a"]


def test_relative_and_home_paths(videos, monkeypatch):
    monkeypatch.chdir(videos.parent)
    [session] = Study(videos="videos/b.mp4", annotations="rows.csv").load().sessions
    assert len(session.annotations) == 2
    monkeypatch.setenv("HOME", str(videos.parent))
    monkeypatch.setenv("USERPROFILE", str(videos.parent))
    assert (
        Study(videos="~/videos/b.mp4", annotations="~/rows.csv").load().sessions[0].annotations
        == session.annotations
    )


@pytest.mark.parametrize(("unlisted", "expected"), [("unannotated", None), ("empty", ())])
def test_annotations(videos, unlisted, expected):
    dataset = Study(
        videos=str(videos), annotations=str(videos.parent / "rows.csv"), unlisted=unlisted
    )
    upper_c, a, b = dataset.load().sessions
    assert b.annotations == (
        Annotation(session_id="b", onset_s=1, offset_s=2, kind="smile"),
        Annotation(session_id="b", onset_s=3, offset_s=4, kind="smile"),
    )
    assert a.annotations == upper_c.annotations == expected
    told = dataset.load().notices[3:]
    assert told[0] == "rows.csv, lines 4, 5: no video is of session 'stray'; left out"
    assert [
        text.startswith("rows.csv has no row for C, a: taken as not annotated") for text in told[1:]
    ] == ([True] if unlisted == "unannotated" else [])


def test_column_names_are_handed_on(videos):
    (videos.parent / "other.csv").write_text("clip,from\na,1\n", encoding="utf-8")
    table = Table(columns=Columns(session="clip", onset="from"), time_format="seconds")
    dataset = Study(videos=str(videos), annotations=str(videos.parent / "other.csv"), format=table)
    assert dataset.load().sessions[1].annotations == (
        Annotation(session_id="a", onset_s=1, offset_s=1),
    )


def test_two_videos_of_one_name(videos):
    (videos / "a.avi").touch()
    with pytest.raises(DatasetError, match=r"a\.avi and a\.mov are the same session, 'a'"):
        Study(videos=str(videos)).load()


def test_nothing_to_use(videos, tmp_path):
    (tmp_path / "empty").mkdir()
    for target, says in {
        tmp_path / "none": "no such folder or file",
        tmp_path / "empty": r"no video in .* files that end in \.mp4, .*; recursive=True looks",
        videos / "notes.txt": "neither a folder nor a video",
    }.items():
        with pytest.raises(DatasetError, match=says) as raised:
            Study(videos=str(target)).load()
        assert str(target) in str(raised.value)
    with pytest.raises(DatasetError, match="no such annotations file"):
        Study(videos=str(videos), annotations=str(tmp_path / "none.csv")).load()


def test_video_files(videos, tmp_path):
    def found(root, *, suffixes=SUFFIXES, recursive=False):
        return [path.name for path in video_files(root, suffixes=suffixes, recursive=recursive)]

    (videos / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert found(videos) == ["C.MKV", "a.mov", "b.mp4", "gone.mp4"]
    assert found(videos, recursive=True) == ["C.MKV", "a.mov", "b.mp4", "d.webm", "gone.mp4"]
    assert found(videos, suffixes=("MOV", ".txt")) == ["a.mov", "notes.txt"]
    assert found(videos / "notes.txt") == ["notes.txt"]
    assert num_below(videos, suffixes=SUFFIXES) == 1
    with pytest.raises(
        DatasetError, match=r"no video in .*; there are 1 in the folders below it"
    ) as raised:
        found(videos, suffixes=(".webm",))
    assert "dataset." not in str(raised.value)


# ---
# demo


@pytest.fixture
def demo(samples, tmp_path) -> Demo:
    """The demo as conf/ describes it, its clips already fetched."""
    root = checkout_root()
    if root is None:
        pytest.skip("needs the checkout's conf/")
    config = yaml.safe_load((root / "conf" / "dataset" / "demo.yaml").read_text(encoding="utf-8"))
    assert config.pop("_target_") == "ferbench.datasets.demo.Demo"
    clips = tuple(
        PublishedFile(**{**clip, "source": WheelFile(**clip["source"])}) for clip in config["clips"]
    )
    for clip in clips:
        shutil.copyfile(samples / clip.file, tmp_path / clip.file)
    return Demo(clips=clips, folder=str(tmp_path))


def test_demo_sessions(demo):
    sessions = demo.load().sessions
    assert names(sessions) == ["WolfgangLanger_Pexels", "carphone_pristine", "single_face"]
    assert [len(session.annotations) for session in sessions] == [2, 2, 1]
    assert sessions[2].annotations == (
        Annotation(
            session_id="single_face",
            onset_s=0.6,
            offset_s=2.35,
            kind="smile",
            annotator="demo-author",
        ),
    )
    [notice] = demo.load().notices  # no row was left out
    assert "prove nothing" in notice


def test_demo_fetches_nothing_that_is_there(demo):
    told: list[str] = []
    assert [path.name for path in demo.fetch(told.append)] == [clip.file for clip in demo.clips]
    assert told == []


def test_demo_refuses_a_changed_clip(demo):
    (Path(demo.folder) / "single_face.mp4").write_bytes(b"other")
    with pytest.raises(WeightsError, match="single_face"):
        demo.load()


def test_demo_asks_for_missing_clips(demo, monkeypatch):
    asked: list[tuple[str, ...]] = []

    def fetch(items, folder, *, notify):
        asked.append(tuple(item.file for item in items))
        notify("fetching")
        return tuple(folder / item.file for item in items)

    monkeypatch.setattr("ferbench.datasets.demo.fetch", fetch)
    told: list[str] = []
    demo.fetch(told.append)
    assert asked == [("WolfgangLanger_Pexels.mp4", "single_face.mp4", "carphone_pristine.mp4")]
    assert told == ["fetching"]


def test_a_pipe_is_no_video_and_no_folder(tmp_path):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(DatasetError, match=r"pipe\.mp4: expected a video or a folder, got a pipe"):
        video_files(pipe, suffixes=SUFFIXES, recursive=False)
