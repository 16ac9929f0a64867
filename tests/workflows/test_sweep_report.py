"""When a sweep's page is written, and from what."""

import os
import time

import pytest
from filelock import FileLock

from ferbench.errors import TrackingError
from ferbench.tracking.files_store import FilesStore
from ferbench.workflows import sweep_report
from ferbench.workflows.cell_tables import read_cell, tables_below
from ferbench.workflows.run_outcome import Outcome
from ferbench.workflows.sweep_report import SweepPlace, renew_report, write_last_report
from ferbench.workflows.sweep_results import collect

SESSIONS = "session,participant,tp,fp,fn\na,p1,1,1,1\nb,p2,,,\n"
EVENTS = """session,label,onset_s,offset_s,trigger_s,peak
a,happiness,1.0,2.0,1.5,0.9
a,surprise,5.0,6.0,5.5,0.9
a,surprise,7.0,8.0,7.5,0.9
b,surprise,7.0,8.0,7.5,0.9
"""
MATCHES = """session,outcome,event_label,annotation_kind,event_s,annotation_s,latency_s
a,match,happiness,robot,1.5,1.0,0.5
a,false alarm,surprise,,5.5,,
a,miss,,robot,,9.0,
"""


def finish(folder, number, *, f1=0.5):
    cell = folder / str(number)
    artifacts = cell / "artifacts"
    artifacts.mkdir(parents=True)
    for name, text in (("sessions", SESSIONS), ("events", EVENTS), ("matches", MATCHES)):
        (artifacts / f"{name}.csv").write_text(text)
    outcome = Outcome(
        name=f"cell {number}",
        run_id=f"r{number}",
        metrics={"event/f1": f1},
        params={"event": str(number)},
    )
    outcome.write(cell)


def grow_old(folder):
    long_ago = time.time() - 3600
    os.utime(folder / ".report.time", (long_ago, long_ago))


def test_a_young_page_is_left_and_an_old_one_written_anew(tmp_path):
    place = SweepPlace(folder=tmp_path, name="a sweep")
    assert not renew_report(place), "no cell has finished"
    finish(tmp_path, 0)
    assert renew_report(place)
    assert "1 cell so far" in (tmp_path / "report.html").read_text()
    finish(tmp_path, 1)
    assert not renew_report(place)
    grow_old(tmp_path)
    assert renew_report(place)
    assert "2 cells so far" in (tmp_path / "report.html").read_text()
    finish(tmp_path, 2)
    results = collect(tmp_path)
    write_last_report(place, results, results.comparison())
    page = (tmp_path / "report.html").read_text()
    assert "so far" not in page
    assert "cell 2" in page


def test_a_page_that_took_long_is_written_seldom(tmp_path):
    finish(tmp_path, 0)
    place = SweepPlace(folder=tmp_path, name="a sweep")
    assert renew_report(place)
    grow_old(tmp_path)
    stamp = tmp_path / ".report.time"
    aged = stamp.stat().st_mtime
    stamp.write_text("1000")
    os.utime(stamp, (aged, aged))
    assert not renew_report(place)


def test_one_process_writes_at_a_time(tmp_path):
    finish(tmp_path, 0)
    with FileLock(tmp_path / ".report.lock"):
        assert not renew_report(SweepPlace(folder=tmp_path, name="a sweep"))
    assert not (tmp_path / "report.html").exists()


def test_the_page_goes_to_the_sweeps_own_run(tmp_path):
    store = FilesStore(folder=tmp_path / "records")
    run_id = store.start(store.prepare("x"), "a sweep", kind="sweep")
    finish(tmp_path, 0)
    (tmp_path / "0" / "artifacts" / "sessions").mkdir()
    (tmp_path / "0" / "artifacts" / "sessions" / "a.html").touch()
    assert renew_report(SweepPlace(folder=tmp_path, name="s", store=store, run_id=run_id))
    page = store.file(run_id, "report.html").read_text()
    assert '"place":"../../r0/artifacts/sessions/"' in page
    assert not (tmp_path / "report.html").exists()


def test_tables_are_read_once_as_long_as_they_stay(tmp_path, monkeypatch):
    finish(tmp_path, 0)
    read = []

    def counting(*arguments, **further):
        read.append(arguments)
        return read_cell(*arguments, **further)

    monkeypatch.setattr(sweep_report, "read_cell", counting)
    place = SweepPlace(folder=tmp_path, name="a sweep")
    for number in (1, 2):
        assert renew_report(place)
        grow_old(tmp_path)
        finish(tmp_path, number)
    assert len(read) == 2


def test_events_have_their_outcomes(tmp_path):
    finish(tmp_path, 0)
    tables = read_cell(tables_below(tmp_path / "0" / "artifacts"), stamp="trigger")
    a, b = tables.sessions["a"], tables.sessions["b"]
    assert [event.outcome for event in a.events] == ["hit", "false alarm", "not scored"]
    assert [(one.onset_s, one.found) for one in a.annotations] == [(1.0, True), (9.0, False)]
    assert (a.counts, b.counts) == ((1, 1, 1), None)
    assert [event.outcome for event in b.events] == ["not scored"]
    assert tables.curve == ()


def test_a_table_that_is_not_whole_is_told(tmp_path):
    finish(tmp_path, 0)
    artifacts = tmp_path / "0" / "artifacts"
    (artifacts / "sessions.csv").write_text("session,participant,tp,fp,fn\na,p1,1")
    with pytest.raises(TrackingError, match="not whole"):
        read_cell(tables_below(artifacts), stamp="trigger")
