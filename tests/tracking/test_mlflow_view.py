"""MLflow's own pages in a browser: what somebody sees there first."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from time import monotonic, sleep

import pytest

from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.pages import command, page

SCORES = {"middle": 0.5, "worst": 0.25, "best": 0.75}


@pytest.fixture
def store(tmp_path, warm_root):
    """A sweep of three cells, after a run of its own."""
    warm_root.furnish(tmp_path, tables=False)
    store = MlflowStore(uri=None, root=tmp_path)
    experiment = store.prepare("study")
    store.end(store.start(experiment, "alone", kind="run"), failed=False)
    sweep = store.start(experiment, "a sweep", kind="sweep")
    for name, f1 in SCORES.items():
        cell = store.start(experiment, name, kind="cell", parent=sweep)
        numbers = {"event/f1": f1, "event/f1.chance": 0.1, "event/f1.p": 0.01, "other": 1.0}
        store.log_numbers(cell, params={"event": name, "model": "x"}, metrics=numbers, tags={})
        store.end(cell, failed=False)
    store.show_sweep(experiment, sweep, ["event"])
    return store


@pytest.fixture
def port(store, tmp_path):
    """Of a server that shows the store as ``ferbench ui`` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    arguments, environment = command(store, number, "a-key")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with subprocess.Popen(
        arguments, env=environment, cwd=tmp_path, start_new_session=True, **quiet
    ) as program:
        try:
            _wait_for(program, number)
            yield number
        finally:
            os.killpg(program.pid, signal.SIGTERM)  # its workers, too
            program.wait(timeout=30)


def _wait_for(program, number):
    end = monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{number}/health", timeout=5).close()
            return
        except OSError:
            assert program.poll() is None
            assert monotonic() < end
            sleep(0.2)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_cells_of_the_newest_sweep_are_seen_at_once_best_first(store, port, browser):
    shown = browser.new_context(viewport={"width": 1600, "height": 900}).new_page()
    shown.goto(page(store, port, "a-key"), timeout=90_000)
    name = "[col-id='attributes.`Run Name`'] a"
    shown.locator(name).first.wait_for(timeout=90_000)
    rows = {}
    for cell in shown.locator(".ag-row").all():
        link = cell.locator(name)
        if link.count():
            rows[int(cell.get_attribute("row-index"))] = link.inner_text().strip()
    assert [rows[number] for number in sorted(rows)] == ["best", "middle", "worst"]
    heads = {
        head.inner_text().strip(): head.bounding_box()["x"]
        for head in shown.locator(".ag-header-cell:has-text('event')").all()
    }
    columns = ["event/f1", "event/f1.chance", "event/f1.p", "event"]
    assert [head for head in sorted(heads, key=heads.get) if head in columns] == columns
    assert "other" not in heads
    shown.context.close()
