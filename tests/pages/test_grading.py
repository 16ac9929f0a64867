"""Grading in a session's page: keys, notes, what is exported, and that it reads back."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.events.timecode import timecode
from ferbench.formats.csv_text import csv_text
from ferbench.formats.grades import read_grade_table
from ferbench.formats.spreadsheet_text import as_harmless
from ferbench.pages.document import asset, write_page
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.scoring.matching.window import Window
from ferbench.workflows.score_grades import score_grades, write_grade_file
from helpers.made_sessions import analysis_of, edges_of, noise, session_of

pytestmark = pytest.mark.browser

RULE = Hysteresis(enter=0.4, exit=0.2)
HOSTILE = (
    '=HYPERLINK("http://x";"y"); "quoted", \'t\n-2\n@x\n</script><img src=x onerror=alert(1)> ü😀'
)
MODEL = "=mini <b>xception</b>"


@pytest.fixture(scope="module")
def result():
    edges_s = edges_of(2500, rate_hz=29.97, jitter=3, starts_s=0.08)
    analysis = analysis_of(edges_s, noise(2500, seed=4), name="10234 Sessie 2")
    return session_of([analysis], [(5.0, 7.0, "slip")], name="10234 Sessie 2", rule=RULE)


@pytest.fixture
def place(result, tmp_path):
    about = SessionAbout(rule="hysteresis", criterion=str(Window()), made_of=(), model=MODEL)
    path = tmp_path / "session.html"
    write_page(session_page(result, RULE, Window(), about), path)
    return path


def name_rater(page, name="Ann"):
    page.fill("#grading-rater", name)
    page.press("#grading-rater", "Enter")


def download(page, button, path):
    with page.expect_download() as info:
        page.click(f"text={button}")
    info.value.save_as(path)
    return path


def count(page):
    return page.inner_text(".grading-count")


def test_keys_mark_and_go_on(visits, place, result):
    page = visits.open(place)
    total = len(result.events)
    assert total > 6
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.id") == "grading-rater", "the name first"
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.press("r")
    page.keyboard.press("w")
    page.keyboard.press("3")
    assert count(page) == f"3 of {total} graded"
    assert page.inner_text(".grading-current").startswith("Event 4 (surprise")
    page.keyboard.press("z")
    assert count(page) == f"2 of {total} graded"
    assert page.inner_text(".grading-current").endswith(": not graded")
    page.keyboard.press("u")
    marks = page.evaluate(
        "[...document.querySelectorAll('.grading-marks button')].map((b) => b.dataset.grade)"
    )
    assert marks[:4] == ["right", "wrong", "unsure", ""]
    assert page.evaluate("session.events[3].onset_s === Number(session.events[3].onset_s)")


def test_what_is_graded_is_the_runs_at_every_level(visits, place):
    page = visits.open(place)
    name_rater(page)
    assert page.inner_text("#grading h2") == "Grading of the run's events (at 0.4)"
    page.keyboard.press("n")
    own = page.inner_text("#level")
    page.evaluate("slider.value = 0; slider.dispatchEvent(new Event('input'))")
    assert page.inner_text("#level") != own
    page.keyboard.press("r")
    assert page.inner_text("#level") == own
    assert count(page).startswith("0 of"), "what was shown was not the run's"
    assert page.inner_text(".grading-status").startswith("These are the run's events again")
    page.keyboard.press("r")
    assert count(page).startswith("1 of")
    page.keyboard.press("z")
    assert page.inner_text(".grading-status").endswith(": no longer graded.")
    listed = page.locator("#help-keys kbd").all_text_contents()
    assert {"r or 1", "w or 2", "u or 3", "z", "g", "t"} < set(listed)


def test_letters_typed_into_a_note_grade_nothing(visits, place):
    page = visits.open(place)
    name_rater(page)
    page.keyboard.press("n")
    page.keyboard.press("t")
    page.keyboard.type("we were unsure, zz")
    assert count(page).startswith("0 of")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert count(page).startswith("1 of")


def test_the_csv_reads_back_exactly(visits, place, result, tmp_path):
    page = visits.open(place)
    name_rater(page, "Änn =1")
    page.keyboard.press("n")
    page.keyboard.press("r")
    page.fill("#grading-note", HOSTILE)
    page.focus("#stage")
    page.keyboard.press("w")
    table = read_grade_table(download(page, "Save the grades (CSV)", tmp_path / "g.csv"))
    assert table.refused == ()
    assert [row.grade for row in table.rows[:3]] == ["right", "wrong", ""]
    assert table.rows[1].note == HOSTILE
    assert {row.rater for row in table.rows} == {"Änn =1"}
    assert {row.model for row in table.rows} == {MODEL}
    assert {row.session for row in table.rows} == {"10234 Sessie 2"}
    times = [(row.onset_s, row.offset_s, row.trigger_s, row.label) for row in table.rows]
    assert times == [(e.onset_s, e.offset_s, e.trigger_s, e.label) for e in result.events]
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert "http://x" not in "".join(visits.asked)


def test_time_codes_are_those_of_the_thesis(visits, place, result, tmp_path):
    page = visits.open(place)
    name_rater(page)
    table = read_grade_table(download(page, "Save the grades (CSV)", tmp_path / "g.csv"))
    timeline = result.parts[0].analysis.timeline
    rate_hz = timeline.video.fps_hz
    before = round(float(timeline.edges_s[0]) * rate_hz)
    for row, event in zip(table.rows, result.events, strict=True):
        first = np.searchsorted(timeline.edges_s, event.onset_s + 1e-9, side="right")
        assert row.timecode == timecode(before + int(first), rate_hz)
    for number in (0, 107892, 30000, 15 * 3600 * 30, 100 * 3600 * 30):
        for rate in (29.97, 25.0, 30.0, 59.94, 23.976):
            shown = page.evaluate("([n, r]) => timecodeText(n, r)", [number, rate])
            assert shown == timecode(number, rate)


def test_the_thesis_grade_file_is_pythons(visits, place, tmp_path):
    page = visits.open(place)
    name_rater(page)
    page.keyboard.press("n")
    for key in "rwurrw":
        page.keyboard.press(key)
    sheet = download(page, "Save as the thesis' grade file", tmp_path / "page.csv")
    table = download(page, "Save the grades (CSV)", tmp_path / "g.csv")
    write_grade_file(score_grades(table, intervals=False), tmp_path / "python.csv")
    assert sheet.read_bytes() == (tmp_path / "python.csv").read_bytes()
    assert sheet.read_bytes().startswith(b"10234,2,")


def test_grades_are_there_after_reloading_and_from_an_earlier_csv(visits, place, tmp_path):
    page = visits.open(place)
    name_rater(page)
    page.keyboard.press("n")
    page.keyboard.press("r")
    page.fill("#grading-note", HOSTILE)
    table = download(page, "Save the grades (CSV)", tmp_path / "g.csv")
    page.reload()
    assert page.input_value("#grading-rater") == "Ann"
    assert count(page).startswith("1 of")

    page.evaluate("localStorage.clear()")
    page.reload()
    assert count(page).startswith("0 of")
    page.set_input_files("#grading-file", table)
    page.locator(".grading-status", has_text="taken").wait_for()
    assert count(page).startswith("1 of")
    again = read_grade_table(download(page, "Save the grades (CSV)", tmp_path / "again.csv"))
    assert again == read_grade_table(table)

    name_rater(page, "Bob")
    assert count(page).startswith("0 of")
    page.set_input_files("#grading-file", [])
    page.set_input_files("#grading-file", table)
    page.locator(".grading-status", has_text="another rater").wait_for()
    assert count(page).startswith("0 of")
    name_rater(page, "Ann")
    assert count(page).startswith("1 of")


def test_leaving_with_grades_that_are_not_saved_warns(visits, place):
    page = visits.open(place)
    name_rater(page)
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.goto("about:blank")
    assert warned == []
    page.go_back()
    page.keyboard.press("n")
    page.keyboard.press("r")
    page.goto("about:blank")
    assert warned == ["beforeunload"]


def test_in_a_frame_that_allows_scripts_only_the_text_can_be_copied(visits, place, tmp_path):
    outer = tmp_path / "outer.html"
    html = place.read_text(encoding="utf-8").replace("&", "&amp;").replace('"', "&quot;")
    outer.write_text(
        f'<iframe sandbox="allow-scripts" width=1200 height=850 srcdoc="{html}"></iframe>'
    )
    page = visits.open(outer)
    frame = page.frame_locator("iframe")
    frame.locator("#grading-rater").fill("Ann")
    frame.locator("#grading-rater").press("Enter")
    frame.locator(".grading-marks button").first.click()
    frame.locator("[data-grade=right]").first.click()
    frame.locator("text=Save the grades (CSV)").click()
    text = frame.locator(".grading-text textarea").input_value()
    (tmp_path / "copied.csv").write_text(text, encoding="utf-8")
    assert read_grade_table(tmp_path / "copied.csv").rows[0].grade == "right"
    frame.locator("text=Copy").last.click()


def test_cells_are_pythons_whatever_the_text(visits, place):
    page = visits.open(place)
    texts = [HOSTILE, "'", "''=", ";;=x", "\t-1", " =1", "a\r\nb", "＝1", "", " ", '"', "a;b"]
    for text in texts:
        shown = page.evaluate("(t) => csvCell(harmlessText(t))", text)
        assert f"{shown}\n" == csv_text([as_harmless(text)], [])
        file = f"rater,session,onset_s,grade,note\nA,S,1,right,{shown}\n"
        rows = page.evaluate("(text) => rowsOfGrades(text)", file)
        assert rows[0]["note"] == text


def test_a_session_without_events_has_nothing_to_grade(visits, tmp_path):
    quiet = session_of([analysis_of(edges_of(50), np.zeros((50, 7), np.float32))])
    about = SessionAbout(rule="", criterion="", made_of=())
    write_page(session_page(quiet, RULE, Window(), about), tmp_path / "page.html")
    page = visits.open(tmp_path / "page.html")
    assert page.inner_text("#grading") == ""
    assert "grading" in asset("grading.css")
