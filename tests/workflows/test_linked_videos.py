"""Which videos the .eaf files link that commands write."""

from __future__ import annotations

import csv
import shutil

import pytest
from pympi import Eaf

from ferbench.errors import ConfigError
from ferbench.formats.predictions import video_of_table
from ferbench.workflows.linked_videos import check_link, linked_videos, videos_of_tables


def links_of(path):
    return [each["RELATIVE_MEDIA_URL"] for each in Eaf(str(path)).get_linked_files()]


@pytest.fixture
def places(tmp_path):
    for place in ("one/P01.mp4", "two/p01.MOV", "two/P02.mkv", "two/P03.avi", "two/P03.mp4"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "two" / "P04.csv").touch()
    return tmp_path


def test_the_first_folder_that_has_a_video_of_the_name_counts(places):
    beside = [places / "none", places / "one", places / "two"]
    sessions = ["P01", "P02", "P03", "P04"]
    found, notes = linked_videos(sessions, folder=None, known={}, beside=beside)
    assert found == {"P01": places / "one" / "P01.mp4", "P02": places / "two" / "P02.mkv"}
    (note,) = notes
    assert note.startswith("no video of P03, P04 was found to link, so no picture is shown; ")


def test_a_folder_that_somebody_names_is_the_only_one(places):
    known = {"P02": places / "one" / "P01.mp4"}
    found, notes = linked_videos(
        ["P01", "P02"], folder=places / "two", known=known, beside=[places / "one"]
    )
    assert found == {"P01": places / "two" / "p01.MOV", "P02": places / "two" / "P02.mkv"}
    assert notes == []


def test_where_a_table_says_comes_before_the_folders(places):
    known = {"P01": places / "two" / "P02.mkv"}
    found, _ = linked_videos(["P01"], folder=None, known=known, beside=[places / "one"])
    assert found == known


def test_a_folder_without_use_is_refused(tmp_path):
    check_link(None, None)
    check_link(tmp_path, tmp_path / "x.eaf")
    with pytest.raises(ConfigError, match=r"is for files that link videos \(\.eaf\)"):
        check_link(tmp_path, tmp_path / "x.vtt")
    with pytest.raises(ConfigError, match="is for files that link videos"):
        check_link(tmp_path, None)
    with pytest.raises(ConfigError, match="expected a folder of videos"):
        check_link(tmp_path / "none", tmp_path / "x.eaf")


@pytest.mark.weights
def test_events_link_the_videos_that_were_predicted(ferbench, warm_root, tmp_path):
    videos = tmp_path / "my videos"
    videos.mkdir()
    shutil.copyfile(warm_root.clip, videos / "P01.mp4")
    assert ferbench("predict", videos, "--out", tmp_path / "tables").code == 0
    table = tmp_path / "tables" / "P01.parquet"
    assert video_of_table(table) == videos / "P01.mp4"
    (tmp_path / "marks").mkdir()
    ended = ferbench("events", tmp_path / "tables", "--out", tmp_path / "marks" / "{session}.eaf")
    assert ended.code == 0, ended.err
    assert links_of(tmp_path / "marks" / "P01.eaf") == ["../my videos/P01.mp4"]
    (videos / "P01.mp4").rename(tmp_path / "P01.mp4")
    assert videos_of_tables({"P01": table}) == {}
    ended = ferbench("events", table, "--out", tmp_path / "marks" / "again.eaf")
    assert "note: no video of P01 was found to link" in ended.err
    assert links_of(tmp_path / "marks" / "again.eaf") == []
    asked = ("events", table, "--link-videos", tmp_path, "--out")
    assert ferbench(*asked, tmp_path / "marks" / "third.eaf").code == 0
    assert links_of(tmp_path / "marks" / "third.eaf") == ["../P01.mp4"]
    wrong = ferbench(*asked, tmp_path / "events.csv")
    assert wrong.code == 1
    assert "--link-videos: is for files that link videos (.eaf)" in wrong.err


def test_events_and_matches_link_the_videos_beside_them(ferbench, tmp_path):
    predictions = tmp_path / "P01.csv"
    with predictions.open("w", newline="") as stream:
        labels = ["Neutral"] * 25 + ["Surprise"] * 10 + ["Neutral"] * 40
        csv.writer(stream).writerows([1, 2, 30, 40, *[0.1] * 7, label] for label in labels)
    (tmp_path / "P01.mp4").touch()
    (tmp_path / "out").mkdir()
    asked = ("events", predictions, "--fps", 25, "--rule", "hysteresis", "--out")
    ended = ferbench(*asked, tmp_path / "out" / "{session}.eaf")
    assert ended.code == 0, ended.err
    assert links_of(tmp_path / "out" / "P01.eaf") == ["../P01.mp4"]
    (tmp_path / "events.csv").write_text("session,onset_s\nP01,1.0\nP02,1.0\n")
    (tmp_path / "marks.csv").write_text("session,onset_s\nP01,1.0\nP02,1.0\n")
    scored = ("score", tmp_path / "events.csv", tmp_path / "marks.csv", "--no-intervals")
    ended = ferbench(*scored, "--matches", tmp_path / "out" / "m-{session}.eaf")
    assert ended.code == 0, ended.err
    assert links_of(tmp_path / "out" / "m-P01.eaf") == ["../P01.mp4"]
    assert links_of(tmp_path / "out" / "m-P02.eaf") == []
    assert "note: no video of P02 was found to link" in ended.err
    wrong = ferbench(*scored, "--link-videos", tmp_path)
    assert "--link-videos: is for files that link videos (.eaf)" in wrong.err
