"""A session's page among a run's artifacts, in the pages of a running MLflow server."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.pages.document import write_page
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.scoring.matching.window import Window
from helpers.made_sessions import analysis_of, edges_of, noise, session_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def server(tmp_path):
    """The address of an MLflow server that tells nobody of anything and starts no jobs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"]
    command += ["--artifacts-destination", str(tmp_path / "artifacts")]
    with (tmp_path / "server.log").open("w") as log:
        started = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=tmp_path, env={**os.environ, **quiet}
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, started, tmp_path / "server.log")
        yield address
    finally:
        started.terminate()
        started.wait(timeout=20)


def _wait_for(address, started, log):
    ends = time.monotonic() + 90
    while time.monotonic() < ends and started.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


def test_the_page_works_in_the_artifacts_view(browser, server, tmp_path):
    from mlflow import MlflowClient

    result = session_of(
        [analysis_of(edges_of(1500), noise(1500, seed=1, smooth=40))], [(5.0, 7.0, "slip")]
    )
    about = SessionAbout(rule="Hysteresis", criterion=str(Window()), made_of=())
    path = tmp_path / "p07.html"
    write_page(session_page(result, Hysteresis(), Window(), about), path)
    client = MlflowClient(server)
    run = client.create_run("0").info.run_id
    client.log_artifact(run, str(path), "sessions")

    page = browser.new_context(viewport={"width": 1500, "height": 1000}).new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{server}/#/experiments/0/runs/{run}/artifacts/sessions/p07.html")
    frame = page.frame_locator("iframe")
    frame.locator("#events tbody tr").first.wait_for(timeout=60_000)
    assert frame.locator("h1").inner_text() == "p07"
    assert frame.locator("#events tbody tr").count() == len(result.events)

    before = frame.locator("#level").inner_text()
    frame.locator("#slider").focus()
    frame.locator("#slider").press("ArrowRight")
    assert frame.locator("#level").inner_text() != before
    frame.locator("#own").click()
    frame.locator("#stage").press("n")
    assert frame.locator("#announce").inner_text().startswith("Event 1 of")
    frame.locator("button", has_text="Dark").click()
    if folder := os.environ.get("FERBENCH_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/mlflow.png")

    assert wrong == []
    own = (f"{server}/", "blob:", "data:", "about:")
    assert [url for url in asked if not url.startswith(own)] == []
