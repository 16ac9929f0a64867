"""The page that hides models, in a browser: keys, the fixed stretch, and its CSV read back."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ferbench.formats.grades import read_grade_table
from ferbench.pages.document import write_page
from ferbench.pages.grading_page import ShownItem, grading_page
from ferbench.workflows.score_grades import score_grades
from ferbench.workflows.write_grading_page import write_grading_page

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror=alert(1)>"
RECORD_SECONDS = """() => {
  window.seen = [];
  const look = () => {
    if (player.readyState > 1 && !player.seeking) seen.push(player.currentTime);
    requestAnimationFrame(look);
  };
  look();
}"""
LOADED = """() => new Promise((done) => {
  if (player.readyState > 1) done();
  player.addEventListener("loadeddata", done, { once: true });
  setTimeout(done, 20000);
})"""
AFTER_THE_END = """() => new Promise((done) => {
  setTimeout(() => done(seen), 20000);
  const isOver = () => player.paused && player.currentTime > 0.85;
  const look = () => (isOver() ? done(seen) : setTimeout(look, 20));
  look();
})"""
AT_REST = """() => new Promise((done) => {
  setTimeout(() => done([NaN, NaN]), 20000);
  const mark = document.getElementById("window-now");
  const read = () => done([parseFloat(mark.style.left), player.currentTime]);
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(read));
  const look = () => (player.seeking ? requestAnimationFrame(look) : drawn());
  look();
})"""


def item(number, onset_s, *, session="clip", label="surprise"):
    return ShownItem(
        item=f"ab-{number:04d}",
        session=session,
        label=label,
        onset_s=onset_s,
        offset_s=onset_s + 0.2,
        trigger_s=onset_s + 0.1,
        from_s=max(onset_s - 0.1, 0),
        to_s=onset_s + 0.3,
    )


@pytest.fixture
def place(tmp_path):
    items = [item(3, 0.6), item(1, 0.1, session=HOSTILE), item(2, 0.3, label=HOSTILE)]
    write_page(grading_page(items, context_s=0.1), tmp_path / "grading.html")
    return tmp_path / "grading.html"


def name_rater(page):
    page.fill("#grading-rater", "Ann")
    page.press("#grading-rater", "Enter")


def test_keys_grade_every_item_and_the_csv_names_no_model(visits, place, tmp_path):
    page = visits.open(place)
    name_rater(page)
    for key in "rwu":
        page.keyboard.press(key)
    assert page.inner_text(".grading-count") == "3 of 3 graded"
    assert "All 3 are graded" in page.inner_text(".grading-status")
    with page.expect_download() as info:
        page.click("text=Save the grades (CSV)")
    info.value.save_as(tmp_path / "g.csv")
    table = read_grade_table(tmp_path / "g.csv")
    assert table.refused == ()
    assert [(row.item, row.grade) for row in table.rows] == [
        ("ab-0003", "right"),
        ("ab-0001", "wrong"),
        ("ab-0002", "unsure"),
    ]
    assert {row.model for row in table.rows} == {""}
    assert table.rows[1].session == table.rows[2].label == HOSTILE
    assert page.locator("text=thesis").count() == 0
    assert page.locator("canvas").count() == 0


def test_what_is_graded_counts_for_the_models_that_the_key_names(visits, tmp_path):
    header = "session,label,onset_s,offset_s,trigger_s\n"
    one, other = tmp_path / "posterX.csv", tmp_path / "apvitY.csv"
    one.write_text(f"{header}P1,surprise,10,12,11\nP1,surprise,30,31,30.5\n")
    other.write_text(f"{header}P1,surprise,10.5,13,11.4\n")
    written = write_grading_page([one, other], tmp_path / "grading.html")
    page = visits.open(written.page)
    name_rater(page)
    for _ in range(2):
        is_both = "0:10.00" in page.inner_text("#question")
        page.keyboard.press("r" if is_both else "w")
    with page.expect_download() as info:
        page.click("text=Save the grades (CSV)")
    info.value.save_as(tmp_path / "g.csv")
    assert b"poster" not in (tmp_path / "g.csv").read_bytes().lower()
    scores = score_grades(tmp_path / "g.csv", key=written.key, intervals=False)
    assert {each.model: (each.right, each.wrong, each.missed) for each in scores.models} == {
        "apvitY": (1, 0, 0),
        "posterX": (1, 1, 0),
    }


def test_hostile_names_stay_text(visits, place):
    page = visits.open(place)
    name_rater(page)
    page.keyboard.press("r")
    assert HOSTILE in page.inner_text("#question")
    assert HOSTILE in page.inner_text("#video-missing")
    assert page.locator("img").count() == 0


def test_only_the_stretch_around_the_event_is_played(visits, place, small_clip):
    page = visits.open(place)
    name_rater(page)
    page.evaluate(RECORD_SECONDS)
    page.set_input_files("#video-file", small_clip)
    seconds = page.evaluate(AFTER_THE_END)
    assert 0.5 <= min(seconds) < 0.7, "a player's first seek may land before its first picture"
    assert max(seconds) == pytest.approx(0.9, abs=0.05)
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.evaluate("player.currentTime") == pytest.approx(0.9, abs=0.001)
    for key in ("ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("player.currentTime") == pytest.approx(0.5, abs=0.001)


def test_a_clip_within_the_page_plays_at_its_own_times(visits, tmp_path, small_clip):
    clip = f"data:video/mp4;base64,{base64.b64encode(small_clip.read_bytes()).decode()}"
    shown = [replace(item(1, 100.6), from_s=100.0, to_s=101.2, clip=clip)]
    write_page(grading_page(shown, context_s=0.6), tmp_path / "grading.html")
    page = visits.open(tmp_path / "grading.html")
    assert page.locator("#video-file").count() == 0
    page.evaluate(LOADED)
    page.evaluate("player.pause()")
    page.keyboard.press("ArrowRight")
    left, seconds = page.evaluate(AT_REST)
    assert 0.4 < seconds < 1.2
    assert left == pytest.approx(100 * seconds / 1.2, abs=0.5)


def test_a_video_of_another_session_is_not_taken(visits, place, small_clip):
    page = visits.open(place)
    page.set_input_files("#video-file", small_clip)
    page.click(".grading-marks button:nth-child(2)")
    assert page.inner_text("#video-missing").startswith("Open the video of </script>")
    assert page.evaluate("document.getElementById('player').hidden")


def test_keys_go_from_event_to_event_and_a_list_names_all(visits, place):
    page = visits.open(place)
    for key, event in [("n", 2), ("n", 3), ("n", 3), ("p", 2)]:
        page.keyboard.press(key)
        assert page.inner_text(".grading-current").startswith(f"Event {event}:")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    listed = page.locator("#help-keys kbd").all_inner_texts()
    assert listed == [
        *["Space", "a", "←", "→", "n", "p", "?"],
        *["r or 1", "w or 2", "u or 3", "z", "g", "t"],
    ]
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
