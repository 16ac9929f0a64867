"""A session's page in a real browser: what it shows, what its keys do, what its slider looks up."""

import base64
import json

import numpy as np
import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.pages.document import write_page
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.scoring.matching.window import Window
from ferbench.types import Annotation
from helpers.made_sessions import analysis_of, edges_of, noise, session_of
from helpers.page_waiting import until

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\"><b>p07</b>"
MARKS = [(5.0, 7.0, "slip"), (20.0, 20.0, "no answer"), (41.0, 41.5, "slip"), (50.0, 50.0, "")]


def about(**how):
    return SessionAbout(rule="Hysteresis", criterion=str(Window()), made_of=(), **how)


def written(path, result, **how):
    write_page(session_page(result, Hysteresis(), Window(), about(**how)), path)
    return path


@pytest.fixture(scope="module")
def result():
    has_face = np.ones(1500, bool)
    has_face[700:760] = False
    edges_s = edges_of(1500, jitter=2)
    analysis = analysis_of(edges_s, noise(1500, seed=1, smooth=40), has_face=has_face)
    return session_of([analysis], MARKS)


@pytest.fixture
def shown(visits, result, tmp_path):
    return visits.open(written(tmp_path / "p07.html", result))


def numbers(page):
    """Names and texts beside the slider."""
    names, texts = page.locator("#numbers dt"), page.locator("#numbers dd")
    return dict(zip(names.all_inner_texts(), texts.all_inner_texts(), strict=True))


def stretch(page):
    return page.evaluate("[session.view.from, session.view.to]")


def move_slider(page, position):
    page.evaluate(
        """at => {
          const slider = document.getElementById("slider");
          slider.value = at;
          slider.dispatchEvent(new Event("input"));
        }""",
        position,
    )


def readout_has(page, text):
    until(page, f"document.getElementById('readout').textContent.includes({json.dumps(text)})")


def rows(page, table):
    """Texts of a table's rows."""
    found = page.locator(f"#{table} tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in found]


def test_it_shows_what_the_run_found(shown, result):
    counts = result.counts
    assert shown.inner_text("h1") == "p07"
    assert numbers(shown)["hits"] == str(counts.tp)
    assert numbers(shown)["false alarms"] == str(counts.fp)
    assert numbers(shown)["missed"] == str(counts.fn)

    table = rows(shown, "events")
    assert len(table) == len(result.events)
    assert sum(row[5] == "hit" for row in table) == counts.tp
    assert [row[2] for row in table] == [event.label for event in result.events]
    missed = [row for row in rows(shown, "annotations") if row[5] == "missed"]
    assert len(missed) == counts.fn


def test_further_events_are_told_apart_where_they_are_ignored(visits, result, tmp_path):
    criterion = Window(post_s=15.0, duplicates="ignored")
    [part] = result.parts
    ignoring = session_of([part.analysis], MARKS, criterion=criterion)
    page = session_page(ignoring, Hysteresis(), criterion, about())
    write_page(page, tmp_path / "p07.html")
    shown = visits.open(tmp_path / "p07.html")
    counts = ignoring.counts
    assert counts.ignored > 0
    assert numbers(shown)["ignored"] == str(counts.ignored)
    assert numbers(shown)["false alarms"] == str(counts.fp)
    states = [row[5] for row in rows(shown, "events")]
    assert states.count("ignored") == counts.ignored
    assert states.count("false alarm") == counts.fp
    move_slider(shown, 2)
    said = numbers(shown)
    states = "[...document.querySelectorAll('#events tbody tr')].map(row => row.cells[5].innerText)"
    until(shown, f"{states}.filter(state => state === 'ignored').length == {said['ignored']}")


def test_three_positions_of_the_slider_are_what_the_rule_and_the_criterion_say(shown, result):
    import ferbench as fb

    levels = shown.evaluate("session.data.levels")
    for position in (2, len(levels) // 2, len(levels) - 2):
        move_slider(shown, position)
        [signal] = result.parts[0].signals
        rule = Hysteresis(enter=levels[position])
        events = rule.detect(signal, session_id="p07", start_s=0.0)
        observed = {"p07": [(0.0, result.observed_s)]}
        scores = fb.score(events, result.session.annotations, observed=observed, intervals=False)
        said = numbers(shown)
        for name, title in (("precision", "precision"), ("recall", "recall"), ("f1", "F1")):
            assert said[title] == f"{scores[name].value:.3f}"
        assert said["hits"] == f"{scores['tp'].value:.0f}"
        until(shown, f"document.querySelectorAll('#events tbody tr').length == {len(events)}")


def test_keys_move_the_cursor_and_choose_events(shown, result):
    starts_s = [event.onset_s for event in result.events]
    shown.evaluate("window.told = []; session.onSelect.push(at => told.push(at))")
    shown.keyboard.press("n")
    shown.keyboard.press("n")
    shown.keyboard.press("p")
    assert shown.evaluate("told") == [0, 1, 0]
    assert shown.inner_text("#announce").startswith(f"Event 1 of {len(starts_s)}: surprise")
    assert shown.locator("#events tr[aria-current=true]").count() == 1

    shown.keyboard.press("m")
    assert "missed" in shown.inner_text("#announce")

    shown.evaluate("session.seek(10)")
    edges_s = result.parts[0].analysis.timeline.edges_s
    frame = int(np.searchsorted(edges_s, 10, side="right")) - 1
    shown.keyboard.press("ArrowRight")
    readout_has(shown, f"frame {frame + 1} ")
    shown.keyboard.press("ArrowLeft")
    shown.keyboard.press("ArrowLeft")
    readout_has(shown, f"frame {frame - 1} ")
    shown.keyboard.press("Shift+ArrowRight")
    expected = int(np.searchsorted(edges_s, edges_s[frame - 1] + 1, side="right")) - 1
    readout_has(shown, f"frame {expected} ")


def test_zoom_and_pan_by_keys_wheel_and_dragging(shown, result):
    whole = stretch(shown)
    shown.keyboard.press("+")
    near = stretch(shown)
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2)
    shown.keyboard.press("PageDown")
    assert stretch(shown)[0] > near[0]
    shown.keyboard.press("0")
    assert stretch(shown) == whole

    box = shown.locator("#chart").bounding_box()
    shown.mouse.move(box["x"] + 700, box["y"] + 100)
    shown.mouse.wheel(0, -400)
    until(shown, "session.view.to - session.view.from < 40")
    before = stretch(shown)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 600, box["y"] + 100, steps=4)
    shown.mouse.up()
    after = stretch(shown)
    moved = 100 * (before[1] - before[0]) / shown.evaluate("session.view.plotWidth()")
    assert after[0] - before[0] == pytest.approx(moved, rel=0.02)

    shown.keyboard.down("Shift")
    shown.mouse.down()
    shown.mouse.move(box["x"] + 900, box["y"] + 100, steps=4)
    shown.mouse.up()
    shown.keyboard.up("Shift")
    chosen = stretch(shown)
    assert chosen[0] > after[0]
    assert chosen[1] - chosen[0] < after[1] - after[0]


def test_a_click_on_the_curves_puts_the_cursor_there(shown):
    box = shown.locator("#chart").bounding_box()
    shown.mouse.click(box["x"] + 640, box["y"] + 100)
    asked = shown.evaluate("session.view.secondsOf(640)")
    said = shown.inner_text("#readout").split(":")
    assert float(said[0]) * 60 + float(said[1]) == pytest.approx(asked, abs=0.002)


def test_a_link_with_a_time_brings_that_time_up(visits, tmp_path):
    long = session_of([analysis_of(edges_of(30_000), noise(30_000, smooth=40))])
    path = written(tmp_path / "long.html", long)
    page = visits.open(f"{path.as_uri()}#t=777.5")
    readout_has(page, "12:57.500: frame ")
    from_s, to_s = stretch(page)
    assert from_s < 777.5 < to_s < from_s + 60
    page.evaluate("location.hash = '#t=100'")
    readout_has(page, "1:40.000: frame ")
    assert stretch(page)[0] < 100 < stretch(page)[1]


def test_no_peak_is_lost_at_any_zoom(visits, tmp_path):
    """A single frame with a high value among 90,000 is drawn at its height."""
    logits = np.zeros((90000, 7), np.float32)
    logits[:, 6] = 6.0
    logits[[12345, 80001], 5] = 14.0
    result = session_of([analysis_of(edges_of(90000), logits)])
    page = visits.open(written(tmp_path / "peaks.html", result))
    highest = """() => {
        const curves = session.model.curves.filter(c => c.isSignal);
        const found = shownValues(session.model, curves, session.view);
        return [found.isEach, found.table[1].filter(v => v !== null && v > 0.9).length];
    }"""
    assert page.evaluate(highest) == [False, 2]
    page.evaluate("session.view.show(490, 500)")
    assert page.evaluate(highest) == [True, 1]


def test_several_parts_have_a_gap_between_them(visits, tmp_path):
    analyses = [analysis_of(edges_of(500), noise(500, seed=k, smooth=40)) for k in (1, 2)]
    result = session_of(analyses, MARKS, starts_s=(0.0, 30.0))
    page = visits.open(written(tmp_path / "parts.html", result))
    assert "2 parts" in page.inner_text(".facts")
    page.evaluate("session.seek(25)")
    readout_has(page, "no video")
    page.evaluate("session.seek(31)")
    readout_has(page, "part 2, frame 25 ")
    page.evaluate("session.seek(30)")
    page.keyboard.press("ArrowLeft")
    readout_has(page, "part 1, frame 499 ")


def test_hostile_names_stay_text(visits, tmp_path):
    edges_s = edges_of(600)
    marks = [(5.0, 7.0, HOSTILE)]
    result = session_of(
        [analysis_of(edges_s, noise(600, smooth=40))],
        marks,
        name=HOSTILE,
        files=[HOSTILE.replace("/", "")],
    )
    other = Annotation(
        session_id=HOSTILE, onset_s=3.0, offset_s=3.0, kind=HOSTILE, annotator=HOSTILE
    )
    page = visits.open(
        written(tmp_path / "x.html", result, other_annotators=(other,), notes=(HOSTILE,))
    )
    assert page.inner_text("h1") == HOSTILE
    assert page.title() == f"{HOSTILE} - ferbench"
    assert page.locator("img").count() == 0
    assert rows(page, "annotations")[0][2] == HOSTILE
    assert rows(page, "annotations")[1][3] == HOSTILE
    assert page.evaluate("session.data.session") == HOSTILE


@pytest.mark.parametrize("labels", [("surprise",), ("surprise", "happiness")])
def test_nothing_found_is_said(visits, tmp_path, labels):
    no_face = np.zeros(400, bool)
    result = session_of(
        [analysis_of(edges_of(400), noise(400), has_face=no_face)], [], labels=labels
    )
    page = visits.open(written(tmp_path / "none.html", result))
    assert "No events at this threshold." in page.inner_text("#events")
    assert "Nothing was annotated." in page.inner_text("#annotations")
    assert "no face" in page.inner_text("#readout")
    page.keyboard.press("n")
    assert page.inner_text("#announce") == "No later event."


def test_the_other_helper_on_the_page_gets_the_runs_own_events(shown, result):
    told = shown.evaluate("session.events")
    assert [event["id"] for event in told] == list(range(len(result.events)))
    assert [event["onset_s"] for event in told] == [event.onset_s for event in result.events]
    assert {event["state"] for event in told} <= {"hit", "false", "unscored"}
    move_slider(shown, 0)
    shown.evaluate("session.selectEvent(1)")
    assert "(the run's)" in shown.inner_text("#level")
    assert shown.inner_text("#announce").startswith("Event 2 of")


def test_help_opens_and_typing_in_it_does_nothing_else(shown):
    shown.keyboard.press("?")
    assert shown.locator("#help").is_visible()
    shown.keyboard.press("n")
    assert shown.inner_text("#announce") == ""
    shown.keyboard.press("Escape")
    assert not shown.locator("#help").is_visible()


def test_it_can_be_read_by_a_screen_reader(shown):
    names = shown.evaluate(
        "[...document.querySelectorAll('button, input, select, #stage, #overview')].map("
        "e => e.getAttribute('aria-label') || e.textContent || e.labels?.[0]?.textContent || e.id)"
    )
    assert "" not in names
    assert shown.get_attribute("#slider", "aria-valuetext").startswith("threshold 0.5, hits ")
    shown.locator("#events .jump").first.press("Enter")
    assert shown.inner_text("#announce").startswith("Event 1 of")


def test_print_shows_the_whole_session(shown):
    shown.keyboard.press("+")
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert shown.evaluate("[session.view.from, session.view.to]") == shown.evaluate(
        "[session.model.from_s, session.model.to_s]"
    )
    assert shown.evaluate("document.documentElement.dataset.theme") == "light"
    shown.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert shown.evaluate("session.view.to - session.view.from") < 40


def test_values_in_the_browser_are_those_of_the_tables(shown, result):
    probs = result.parts[0].chosen_probs()
    read = shown.evaluate("session.model.curves.map(c => [c.name, valueAt(c, 321)])")
    labels = result.parts[0].analysis.expressions.labels
    for name, value in read:
        assert value == pytest.approx(probs[321, labels.index(name)], abs=1 / 500)
    data = json.loads(shown.evaluate("document.getElementById('page-data').textContent"))
    edges_s = np.frombuffer(base64.b64decode(data["parts"][0]["edges"]), "<f8")
    assert edges_s.tolist() == result.parts[0].analysis.timeline.edges_s.tolist()
