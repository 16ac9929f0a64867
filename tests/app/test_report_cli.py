"""``ferbench report`` of a sweep over a study, in a browser: sorting, differences, links."""

import csv
import math
from types import SimpleNamespace

import pytest

from ferbench.tracking.files_store import FilesStore

SWEEP = ["event=hysteresis,windowed", "event.enter=0.4,0.8", "signal.labels=[happiness,surprise]"]
PLAIN = ["tracking=files", "report.timelines=0", "dataset.camera=front", "dataset.annotator=anna"]


@pytest.fixture
def swept(generated_study, ferbench, ferbench_run, home, tmp_path, monkeypatch):
    """A report of a sweep of four cells; the best cell's session 1_1 has a page."""
    monkeypatch.chdir(tmp_path)
    study = generated_study
    ferbench("init", study.folder, "--annotations", study.annotations, "--starts", study.starts)
    ferbench_run("-m", "--config-dir", "ferbench-conf", "dataset=study", *SWEEP, *PLAIN)
    store = FilesStore(folder=home / "mlruns" / "files")
    [sweep] = store.search(list(store.experiments()), kind="sweep")
    cells = store.search(list(store.experiments()), parent=sweep.run_id)
    assert len(cells) == 4
    best = max(cells, key=lambda row: row.metrics["event/f1"])
    pages = store.file(best.run_id, "events.csv").parent / "sessions"
    pages.mkdir(exist_ok=True)
    for session in read(store, best, "sessions.csv"):
        page = pages / f"{session['session']}.html"
        page.write_text("<!doctype html><title>a session</title>")
    ended = ferbench("report", "--uri", "files", "--out", "out")
    assert ended.code == 0
    assert "4 runs" in ended.out
    return SimpleNamespace(
        store=store, sweep=sweep, cells=cells, best=best, page=tmp_path / "out" / "report.html"
    )


def read(store, row, name):
    with store.file(row.run_id, name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def clock(text):
    hundredths = math.floor(float(text) * 100 + 0.5)
    return f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"


def events_apart(store, one, other):
    """Session, time and label of the events of one run that none of the other overlaps."""
    others = read(store, other, "events.csv")

    def is_shared(row):
        return any(
            (row["session"], row["label"]) == (found["session"], found["label"])
            and float(found["onset_s"]) <= float(row["offset_s"])
            and float(found["offset_s"]) >= float(row["onset_s"])
            for found in others
        )

    rows = read(store, one, "events.csv")
    return {(r["session"], clock(r["onset_s"]), r["label"]) for r in rows if not is_shared(r)}


def found_annotations(store, row):
    return {
        (match["session"], clock(match["annotation_s"]), match["annotation_kind"])
        for match in read(store, row, "matches.csv")
        if match["outcome"] == "match"
    }


def shown_rows(page):
    """Session, time, what, A and B of the table of differences."""
    lines = page.locator("#difference tbody tr").all()
    return [line.locator("td").all_inner_texts() for line in lines]


@pytest.mark.browser
@pytest.mark.slow
def test_sorts_shows_differences_and_leads_to_sessions(swept, visits):
    page = visits.open(swept.page)
    _check_sorting(page, swept)
    _check_differences(page, swept)
    _check_links(page, swept)
    logged = swept.store.file(swept.sweep.run_id, "report.html")
    assert visits.open(logged).locator("#cells tbody tr").count() == 4


def _check_sorting(page, swept):
    recalls = sorted((row.metrics["event/recall"] for row in swept.cells), reverse=True)
    titles = page.locator("#cells thead tr > *").all_inner_texts()
    column = [title.strip(" ▲▼") for title in titles].index("recall") + 1

    def shown():
        return page.locator(f"#cells tbody td:nth-child({column})").all_inner_texts()

    head = page.locator(f"#cells th:nth-child({column})")
    head.locator("button").click()
    assert shown() == [f"{value:.3f}" for value in recalls]
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert shown() == [f"{value:.3f}" for value in reversed(recalls)]
    assert head.get_attribute("aria-sort") == "ascending"


def _check_differences(page, swept):
    ids = page.locator("#first option").all_inner_texts()
    place = {
        row.run_id: next(k for k, text in enumerate(ids) if row.run_id[:8] in text)
        for row in swept.cells
    }
    num_rows = 0
    for one in swept.cells:
        for other in swept.cells:
            page.select_option("#first", str(place[one.run_id]))
            page.select_option("#second", str(place[other.run_id]))
            rows = shown_rows(page)
            num_rows += len(rows)
            _check_rows(rows, swept.store, one, other)
    assert num_rows > 0


def _check_rows(rows, store, one, other):
    only_first, only_second, found_first, found_second = set(), set(), set(), set()
    for session, time, what, first, second in rows:
        if "no event" in (first, second):
            target = only_first if second == "no event" else only_second
            target.add((session, time, what.partition(",")[0]))
        else:
            target = found_first if first == "found" else found_second
            target.add((session, time, what.removeprefix("annotation ")))
    assert only_first == events_apart(store, one, other)
    assert only_second == events_apart(store, other, one)
    first, second = found_annotations(store, one), found_annotations(store, other)
    assert (found_first, found_second) == (first - second, second - first)


def _check_links(page, swept):
    others = [row for row in swept.cells if row.run_id != swept.best.run_id]
    texts = page.locator("#first option").all_inner_texts()
    number = {
        row.run_id: next(k for k, text in enumerate(texts) if row.run_id[:8] in text)
        for row in swept.cells
    }
    page.select_option("#first", str(number[swept.best.run_id]))
    for other in others:
        page.select_option("#second", str(number[other.run_id]))
        if page.locator("#difference tbody a").count():
            break
    link = page.locator("#difference tbody a").first
    session = link.locator("xpath=ancestor::tr/td[1]").inner_text()
    link.click()
    page.wait_for_url("**/*.html#t=*")
    ending = f"cells/{swept.best.run_id[:8]}/sessions/{session}.html"
    assert page.url.partition("#")[0].endswith(ending)
    assert page.title() == "a session"
    page.go_back()


def test_what_cannot_be_reported_is_told(ferbench, warm_home):
    ended = ferbench("report")
    assert ended.code == 1
    assert "holds no runs of ferbench yet" in ended.err
