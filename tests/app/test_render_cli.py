"""``ferbench render`` as a user calls it."""

from __future__ import annotations

import shutil

import pytest

from helpers import ffmpeg
from helpers.made_predictions import made_predictions


@pytest.fixture
def study(tmp_path, small_clip):
    """Three videos, one of them broken, and the predictions of all."""
    videos, tables = tmp_path / "videos", tmp_path / "tables"
    videos.mkdir()
    for name in ("a", "b", "c"):
        shutil.copyfile(small_clip, videos / f"{name}.mp4")
        made_predictions(videos / f"{name}.mp4", tables, surprised=slice(5, 30))
    (videos / "b.mp4").write_bytes(b"no video at all")
    return videos, tables


def frames(path):
    told = ffmpeg.probe(path, "v:0", "stream=nb_frames")
    return int(told["streams"][0]["nb_frames"])


def test_a_folder_with_a_bad_video(study, tmp_path, ferbench):
    videos, tables = study
    ended = ferbench("render", videos, tables, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "failed: b.mp4" in ended.err
    assert "a.mp4: 36 frames (1.20 s), 1 event ->" in ended.out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.mp4", "c.mp4"]
    assert frames(tmp_path / "out" / "c.mp4") == 36


def test_videos_without_predictions_are_told(study, tmp_path, ferbench):
    videos, tables = study
    (videos / "b.mp4").unlink()
    shutil.copyfile(videos / "a.mp4", videos / "d.mp4")
    ended = ferbench("render", videos, tables, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "failed: d.mp4: no predictions of it" in ended.err
    assert "failed: b.parquet: its video is not there" in ended.err


def test_what_is_there_stays(study, tmp_path, ferbench):
    videos, tables = study
    out = tmp_path / "mine.mp4"
    out.write_text("mine")
    arguments = ("render", videos / "a.mp4", tables / "a.parquet", "--out", out)
    ended = ferbench(*arguments)
    assert (ended.code, out.read_text()) == (1, "mine")
    assert "replace it with --overwrite" in ended.err
    assert ferbench(*arguments, "--overwrite").code == 0
    assert frames(out) == 36


def test_the_video_itself_is_never_written_over(study, ferbench):
    videos, tables = study
    video = videos / "a.mp4"
    before = video.read_bytes()
    ended = ferbench("render", video, tables / "a.parquet", "--out", video, "--overwrite")
    assert ended.code == 1
    assert "is the video itself" in ended.err
    assert video.read_bytes() == before


def test_events_and_annotations_of_files(study, tmp_path, ferbench):
    videos, tables = study
    events = tmp_path / "events.csv"
    assert ferbench("events", tables / "a.csv", "--out", events).code == 0
    annotations = tmp_path / "errors.csv"
    annotations.write_text("session,onset_s,offset_s,kind\na,0.2,0.4,error <b>\nother,0,1,x\n")
    ended = ferbench(
        *("render", videos / "a.mp4", tables / "a.parquet", "--out", tmp_path / "out.mp4"),
        *("--events", events, "--annotations", annotations, "--compilation", "--context", "0.1"),
    )
    assert ended.code == 0, ended.err
    assert "1 event" in ended.out
    assert 25 <= frames(tmp_path / "out.mp4") <= 33


@pytest.mark.parametrize("when", [1, 20])
def test_an_interrupted_render_leaves_nothing(study, tmp_path, ferbench, monkeypatch, when):
    videos, tables = study
    from ferbench.rendering.mp4 import Mp4

    write, count = Mp4.picture, 0

    def interrupted(self, *arguments, **named):
        nonlocal count
        count += 1
        if count == when:
            raise KeyboardInterrupt
        write(self, *arguments, **named)

    monkeypatch.setattr(Mp4, "picture", interrupted)
    ended = ferbench("render", videos / "a.mp4", tables / "a.parquet", "--out", tmp_path / "out")
    assert ended.code == 130
    assert "interrupted; 0 of 1 video written" in ended.err
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere.mp4", "a.parquet"), "no such folder or file: nowhere.mp4"),
        (("a.mp4", "nowhere.parquet"), "nowhere.parquet: there is no such file or folder"),
        (("a.mp4", "a.parquet", "--out", "x.avi"), "x.avi"),
        (("a.mp4", "a.parquet", "--layout", "other"), "--layout: expected one of ferbench, thesis"),
        (
            ("a.mp4", "a.parquet", "--compilation", "--label", "fear"),
            "there is no event to compile",
        ),
    ],
)
def test_what_cannot_be_rendered(study, tmp_path, ferbench, monkeypatch, arguments, told):
    videos, tables = study
    shutil.copyfile(videos / "a.mp4", tmp_path / "a.mp4")
    shutil.copyfile(tables / "a.parquet", tmp_path / "a.parquet")
    (tmp_path / "x.avi").write_text("a file")
    monkeypatch.chdir(tmp_path)
    ended = ferbench("render", *arguments)
    assert ended.code == 1
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_what_does_not_fit_the_video_is_told(study, tmp_path, ferbench):
    videos, tables = study
    video, table = videos / "a.mp4", tables / "a.parquet"
    assert "are the arguments swapped?" in ferbench("render", table, video).err
    events, marks = tmp_path / "e.csv", tmp_path / "m.csv"
    events.write_text("session,onset_s,trigger_s\nz,0.1,0.1\n")
    marks.write_text("session,onset_s,annotator\ny,0.1,Ann\n")
    given = ("render", video, table, "--out", tmp_path / "out.mp4")
    ended = ferbench(*given, "--events", events, "--annotations", marks)
    assert ended.code == 0, ended.err
    assert "note: e.csv has no event of a; it has some of z" in ended.err
    assert "note: m.csv has no annotation of a; it has some of y" in ended.err
    assert "is a table of annotations" in ferbench(*given, "--events", marks).err
