"""A workbook works wherever a CSV does: in ``score``, ``run`` and ``init``."""

from __future__ import annotations

import datetime
import shutil

import openpyxl
import pytest

EVENTS = """session,label,onset_s,offset_s,trigger_s
P01,happiness,0.2,0.3,0.2
P01,happiness,0.4,0.5,0.4
"""


@pytest.fixture
def study(warm_root, tmp_path):
    """A folder with a video, events of it, and the same annotations as .csv and .xlsx."""
    (tmp_path / "videos").mkdir()
    shutil.copy(warm_root.clip, tmp_path / "videos" / "P01.mp4")
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "sessions.csv").write_text("session,duration_s\nP01,100\n")
    (tmp_path / "marks.csv").write_text("session,onset_s,kind\nP01,0.2,robot\nP01,0.4,robot\n")
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Marks", 0)
    sheet.append(("Study 3", None, None, None))
    sheet.append(("session", "onset_s", "kind", "seen on"))
    for ms in (200, 400):
        time = datetime.time(0, 0, 0, ms * 1000)
        sheet.append(("P01", time, "robot", datetime.date(2024, 3, 5)))
        sheet.cell(sheet.max_row, 2).number_format = "h:mm:ss.000"
    book.save(tmp_path / "marks.xlsx")
    return tmp_path


def lines_of(text, without):
    return [line for line in text.splitlines() if not any(word in line for word in without)]


def test_score(ferbench, study):
    ended = {}
    for name in ("marks.csv", "marks.xlsx"):
        ended[name] = ferbench("score", study / "events.csv", study / name, "--no-intervals")
        assert ended[name].code == 0, ended[name].err
    told = ("line 2 taken", "read from the sheet", "marks.")
    assert lines_of(ended["marks.csv"].out, told) == lines_of(ended["marks.xlsx"].out, told)
    assert "read from the sheet 'Marks' (there are 'Marks', 'Notes')" in ended["marks.xlsx"].err
    wrong = ferbench("score", study / "events.csv", study / "marks.xlsx", "--sheet", "Mark")
    assert wrong.code == 1
    assert (
        "--sheet: expected one of the sheets of marks.xlsx: Marks, Notes, got 'Mark'" in wrong.err
    )


def test_init_and_run(ferbench, study):
    conf = study / "conf"
    ended = ferbench("init", study / "videos", "--annotations", study / "marks.xlsx", "--out", conf)
    assert ended.code == 0, ended.out + ended.err
    assert "marks.xlsx: 2 rows, sheet 'Marks'" in ended.out
    ended = ferbench("run", "--config-dir", conf, "dataset=videos", "tracking=none")
    assert ended.code == 0, ended.out + ended.err
    assert "P01" in ended.out
