"""The page of a sweep: its data, and in a browser what it shows of hostile names."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ferbench.pages.cell_tables import CellTables, SessionTables, ShownAnnotation, ShownEvent
from ferbench.pages.document import html_of, write_page
from ferbench.pages.sweep_columns import axes_of, columns_of
from ferbench.pages.sweep_lists import NO_LIST, f1_of_participants, session_lists
from ferbench.pages.sweep_page import SweepContents, pareto_front, sweep_page
from ferbench.report.compare import compare
from ferbench.results import RunRow

HOSTILE = "</script><img src=x onerror=alert(1)>&'\""


def event(onset_s, *, label="happiness", outcome="hit"):
    return ShownEvent(onset_s=onset_s, offset_s=onset_s + 1, label=label, outcome=outcome)


def session(*events, participant="p", counts=(1, 0, 0), found=True):
    annotations = (ShownAnnotation(onset_s=1.0, kind="robot", found=found),)
    return SessionTables(
        participant=participant, counts=counts, events=events, annotations=annotations
    )


def cell(number, name, *, fps=None, **params):
    metrics = {"event/f1": 1 - number / 10, "event/recall": 0.5, "event/precision": 0.5}
    if fps is not None:
        metrics["speed/e2e_fps"] = fps
    return RunRow(run_id=f"{number}" * 32, name=name, params=params, metrics=metrics)


def contents(rows, tables, **further):
    given = {"title": "a sweep", "where": "", "broken_off": (), "is_running": False, **further}
    made = datetime(2026, 1, 2, tzinfo=UTC)
    return SweepContents(comparison=compare(rows), tables=tables, made=made, **given)


def test_equal_sessions_are_stored_once():
    same, other = session(event(1.0)), session(event(2.0))
    cells = [
        CellTables(sessions={"s1": same, "s2": other}),
        CellTables(sessions={"s1": same, "s2": session(event(1.0), event(9.0))}),
        CellTables(sessions={"s2": other}),
    ]
    lists = session_lists(cells)

    assert len(lists.lists) == 3
    assert lists.sessions == (("s1", "p"), ("s2", "p"))
    assert lists.of_cells[0][0] == lists.of_cells[1][0]
    assert lists.of_cells[2] == (NO_LIST, lists.of_cells[0][1])
    kinds = [lists.words[number] for _, _, number, _ in lists.lists[0]["events"]]
    assert kinds == ["happiness"]


def test_who_comes_first_gets_room_first():
    first = CellTables(sessions={"s": session(event(1.0))})
    second = CellTables(sessions={"s": session(event(2.0), event(3.0))})
    third = CellTables(sessions={"s": session(event(1.0))})
    lists = session_lists([first, second, third], most=3)

    assert [cell[0] for cell in lists.of_cells] == [0, NO_LIST, 0]
    assert lists.left_out == 1


def test_f1_of_participants_adds_their_sessions():
    tables = {
        "s1": session(participant="a", counts=(1, 0, 1)),
        "s2": session(participant="a", counts=(2, 1, 0)),
        "s3": session(participant="", counts=(0, 0, 0)),
        "s4": session(participant="b", counts=None),
    }
    names, values = f1_of_participants([CellTables(sessions=tables)])

    assert names == ["a", "session s3"]
    assert values == [[0.75, None]]


def test_pareto_front_against_its_definition():
    points = [(10.0, 0.5), (30.0, 0.4), (20.0, 0.4), (5.0, 0.9), (4.0, 0.9), (5.0, 0.2)]

    def is_beaten(one):
        return any(other[0] >= one[0] and other[1] >= one[1] and other != one for other in points)

    expected = {k for k, point in enumerate(points) if not is_beaten(point)}
    assert set(pareto_front(points)) == expected


def test_columns_keep_the_interval_whole():
    rows = [cell(0, "a", event="x", enter="0.5"), cell(1, "b", event="x", enter="0.10")]
    for row in rows:
        row.metrics.update({"event/f1.lo": 0.25, "event/f1.hi": 0.75})
    columns = columns_of(compare(rows))
    by_title = {column["title"]: column for column in columns}

    assert [column["title"] for column in columns][:4] == ["run", "f1", "f1 interval", "enter"]
    assert by_title["f1 interval"]["values"] == [[0.25, 0.75]] * 2
    assert by_title["enter"]["numeric"]
    assert "event" not in by_title
    [enter, score] = axes_of(compare(rows))
    assert (enter["at"], score["at"]) == ([1.0, 0.0], [1.0, 0.0])


def test_speed_is_told_only_where_it_was_measured():
    rows = [cell(0, "a", event="x"), cell(1, "b", event="y")]
    nothing = html_of(sweep_page(contents(rows, {})))
    some = html_of(sweep_page(contents([rows[0], cell(1, "b", fps=12.5, event="y")], {})))

    assert 'id="speed"' not in nothing
    assert "Nothing was measured" in nothing
    assert "Only 1 of 2 cells were measured" in some


def test_what_is_not_told_is_not_there():
    rows = [cell(0, "a", event="x"), cell(1, "b", event="y")]
    running = html_of(sweep_page(contents(rows, {}, is_running=True)))
    broken = html_of(sweep_page(contents(rows, {}, broken_off=[("c", "no weights")])))

    assert "2 cells so far" in running
    assert "Without a result" not in running
    assert "no weights" in broken


@pytest.mark.browser
def test_failed_sessions_are_told_and_nothing_empty_is_shown(visits, tmp_path):
    failed = replace(cell(0, "a", event="x"), tags={"sessions.failed": f"p07: {HOSTILE}"})
    fine = cell(1, "b", event="y")
    only = replace(failed, metrics={"sessions/failed": 1.0})
    write_page(sweep_page(contents([failed, fine], {})), tmp_path / "two.html")
    write_page(sweep_page(contents([only], {})), tmp_path / "one.html")
    both = visits.open(tmp_path / "two.html")
    told = both.locator("section.warning li").all_inner_texts()
    assert told == [f"a: p07: {HOSTILE}"]
    assert both.locator("#sessions, #difference").count() == 0
    one = visits.open(tmp_path / "one.html")
    assert one.locator("h2").all_inner_texts() == ["Sessions that failed", "Numbers"]
    assert one.inner_text("section.warning li") == f"p07: {HOSTILE}"


def test_settings_that_store_session_pages_are_named():
    rows = [cell(0, "a", event="x"), cell(1, "b", event="y")]
    assert "report.cell_pages" in sweep_page(contents(rows, {})).data["withoutPages"]
    assert "report.pages" in sweep_page(contents(rows[:1], {})).data["withoutPages"]


def hostile_page():
    sessions = {
        HOSTILE: session(event(1.5, label=HOSTILE), participant=HOSTILE),
        "plain": session(event(2.0), participant="b", counts=(1, 0, 0)),
    }
    pages = frozenset({"plain.html"})
    tables = {
        "0" * 32: CellTables(sessions=sessions, place="cells/0/", pages=pages),
        "1" * 32: CellTables(sessions={HOSTILE: session(participant=HOSTILE, found=False)}),
    }
    rows = [cell(0, HOSTILE, event=HOSTILE, fps=3.0), cell(1, "b", event="y", fps=2.0)]
    given = contents(rows, tables, title=HOSTILE, broken_off=[(HOSTILE, HOSTILE)])
    return sweep_page(given)


@pytest.mark.browser
def test_hostile_names_stay_text(visits, tmp_path):
    write_page(hostile_page(), tmp_path / "report.html")
    shown = visits.open(tmp_path / "report.html")

    assert shown.inner_text("h1") == HOSTILE
    assert shown.locator("img").count() == 0
    assert shown.inner_text("#cells tbody tr:first-child td.name") == HOSTILE
    whats = shown.locator("#difference tbody td:nth-child(3)").all_inner_texts()
    assert f"{HOSTILE}, until 0:02.50" in whats
    assert shown.locator("#difference tbody td:first-child").first.inner_text() == HOSTILE
    link = shown.locator("#sessions a")
    assert [one.get_attribute("href") for one in link.all()] == ["cells/0/plain.html"]


@pytest.mark.browser
def test_a_sandboxed_frame_shows_no_links(visits, tmp_path):
    """As MLflow shows a page among artifacts: a blob in a frame that may only run scripts."""
    packed = base64.b64encode(html_of(hostile_page()).encode()).decode()
    host = tmp_path / "host.html"
    host.write_text(
        "<iframe sandbox='allow-scripts' width=1200 height=800></iframe><script>"
        f"const bytes = Uint8Array.from(atob('{packed}'), (c) => c.charCodeAt(0));"
        "const place = URL.createObjectURL(new Blob([bytes], {type: 'text/html'}));"
        "document.querySelector('iframe').src = place;</script>"
    )
    frame = visits.open(host).frame_locator("iframe")

    frame.locator("#cells tbody tr").first.wait_for()
    assert frame.locator("#sessions a, #difference a").count() == 0
    assert "in this frame no link can lead there" in frame.locator("#links-note").inner_text()


@pytest.mark.browser
def test_a_click_on_a_mark_chooses_its_cell(visits, tmp_path):
    rows = [
        cell(number, f"c{number}", event=f"e{number}", fps=10.0 * number) for number in (1, 2, 3)
    ]
    write_page(sweep_page(contents(rows, {})), tmp_path / "report.html")
    shown = visits.open(tmp_path / "report.html")
    assert shown.inner_text("tr.is-first td.name") == "c1"
    box = shown.locator("#speed").bounding_box()
    across = box["width"] - 52 - 14  # what the axes leave
    up = box["height"] - 12 - 40
    x, y = 52 + across * 30 / (1.05 * 30), 12 + up * (1 - rows[2].metrics["event/f1"])
    shown.locator("#speed").click(position={"x": x, "y": y})
    assert shown.inner_text("tr.is-first td.name") == "c3"
    shown.locator("#speed").click(position={"x": x, "y": y}, modifiers=["Shift"])
    assert shown.inner_text("tr.is-second td.name") == "c3"
