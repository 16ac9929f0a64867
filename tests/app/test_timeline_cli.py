"""``ferbench timeline``: the pages of stored predictions."""

from pathlib import Path

import pytest

from ferbench.formats.predictions import predictions_table, write_predictions
from helpers.made_sessions import analysis_of, edges_of, noise


@pytest.fixture
def tables(tmp_path) -> Path:
    for seed, name in enumerate(("p07", "p08")):
        made = analysis_of(edges_of(900), noise(900, seed=seed, smooth=40), name=name)
        table = predictions_table(made.timeline, made.faces, made.expressions)
        write_predictions(tmp_path / "tables", name, table)
    return tmp_path / "tables"


def test_a_folder_gives_a_page_for_each_table(ferbench, tables, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s,kind\np07,5.0,slip\np08,6.0,slip\n")
    ended = ferbench("timeline", tables, "--annotations", marks, "--out", tmp_path / "pages")
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["p07.html", "p08.html"]
    assert ended.out.count("hit") == 2


def test_a_page_goes_beside_its_table(ferbench, tables):
    assert ferbench("timeline", tables / "p07.parquet", "--enter", 0.6).code == 0
    html = (tables / "p07.html").read_text(encoding="utf-8")
    assert "enter 0.6" in html


def test_a_table_that_cannot_be_used_does_not_stop_the_others(ferbench, tables, tmp_path):
    (tables / "broken.parquet").write_text("nothing")
    ended = ferbench("timeline", tables, "--out", tmp_path / "pages")
    assert ended.code == 1
    assert "failed: " in ended.err
    assert "broken.parquet" in ended.err
    assert len(list((tmp_path / "pages").iterdir())) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--video", "a.mp4"), "--video: is of one table"),
        (("--out", "page.html"), "--out: expected a folder"),
    ],
)
def test_several_tables_have_no_single_video_or_page(ferbench, tables, options, message):
    ended = ferbench("timeline", tables, *options)
    assert ended.code == 1
    assert message in ended.err


def test_messages_name_options(ferbench, tables, tmp_path):
    table = tables / "p07.parquet"
    ended = ferbench("timeline", table, "--video", tmp_path / "no.mp4")
    assert "--video: " in ended.err
    ended = ferbench("timeline", table, "--embed")
    assert "--embed: nobody knows where the video is; give it with --video" in ended.err


def test_why_a_session_is_not_scored_is_told(ferbench, tables, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("person,at,annotator\np08,5.0,Ann\np07,6.0,Ben\n")
    columns = ("--column", "session=person", "--column", "onset=at", "--time-format", "seconds")
    given = ("timeline", tables / "p07.parquet", "--annotations", marks, *columns)
    ended = ferbench(*given, "--annotator", "Ann")
    assert ended.code == 0, ended.err
    assert "note: not scored: no row of Ann in the annotations (--unlisted empty takes it" in (
        ended.err
    )
    page = (tables / "p07.html").read_text(encoding="utf-8")
    assert "not scored: not scored" not in page
    marks.write_text("person,at\np08,5.0\n")
    assert "the annotations have no row of p07; they have p08" in ferbench(*given).err
    marks.write_text("person,at\np07,5.0\np07,abc\n")
    assert "1 row left out, such as line 3" in ferbench(*given).err


def test_one_reason_is_told_once(ferbench, tables, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s,annotator\np07,5,Ann\np08,6,Ben\n")
    ended = ferbench("timeline", tables, "--annotations", marks)
    assert ended.code == 1
    assert ended.err.count("several people annotated") == 1
    assert "failed for the same reason as p07.parquet: p08.parquet" in ended.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "page.txt"), "--out: expected a page (.html), or a folder"),
        (("--enter", 5), "--enter: expected a probability"),
    ],
)
def test_what_cannot_be_a_page_or_a_level(ferbench, tables, options, message):
    ended = ferbench("timeline", tables / "p07.parquet", *options)
    assert ended.code == 1
    assert message in ended.err
