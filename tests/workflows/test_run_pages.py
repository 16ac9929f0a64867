"""The pages that a run writes: which sessions, under which names, with which sentences."""

import json
import re

import numpy as np
import pytest

from ferbench.config.choices import settings_for
from ferbench.pages import session_data, session_page
from ferbench.results import Report, Work
from ferbench.types import Annotation
from ferbench.workflows.run_pages import write_pages
from helpers.made_sessions import analysis_of, edges_of, noise, session_of

HOSTILE_NAMES = (
    "../../etc/passwd",
    "a\\b:c",
    "con",
    "<script>alert(1)</script>",
    "..",
    "x" * 300,
    "表情 ü",
)
PARAMS = {
    "dataset": "folder",
    "model": "mini_xception",
    "event": "hysteresis",
    "event.enter": "0.5",
}


@pytest.fixture(scope="module")
def recipe():
    return settings_for({}).settings.recipe


def result(name="p07", marks=((5.0, 7.0, "slip"),), seed=1, **how):
    analysis = analysis_of(edges_of(900), noise(900, seed=seed, smooth=40), name="clip")
    return session_of([analysis], marks, name=name, **how)


def report_of(*results, notices=()):
    return Report(
        sessions=results,
        scores=(),
        counts=(),
        failures=(),
        notices=notices,
        work=Work(),
        wall_s=1.0,
    )


def written(folder, recipe, *results, most=10, notices=(), everybody=None):
    report = report_of(*results, notices=notices)
    return write_pages(report, folder, recipe, PARAMS, most=most, everybody=everybody or {})


def data_of(path):
    [text] = re.findall(r'id="page-data">(.*?)</script>', path.read_text(encoding="utf-8"))
    return json.loads(text)


def test_at_most_so_many_sessions_the_worst_first(tmp_path, recipe):
    everything_missed = result("bad", marks=[(t, t, "") for t in (33.0, 34.0, 35.0)])
    paths = written(tmp_path, recipe, result("good"), everything_missed, most=1)
    assert [path.name for path in paths] == ["bad.html"]
    assert written(tmp_path / "none", recipe, result(), most=0) == []
    assert not (tmp_path / "none").exists()


def test_events_are_graded_under_the_name_of_the_cell(tmp_path, recipe):
    """Two cells with one model and different rules are two models to those who count grades."""
    report = report_of(result())
    how = {"most": 1, "everybody": {}}
    for name in ("enter=0.5", "enter=0.6"):
        [page] = write_pages(report, tmp_path / name, recipe, PARAMS, cell=name, **how)
        assert data_of(page)["model"] == name
    [page] = write_pages(report, tmp_path / "alone", recipe, PARAMS, **how)
    assert data_of(page)["model"] == "mini_xception"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_of_sessions_become_safe_names_of_files(tmp_path, recipe, name):
    [path] = written(tmp_path, recipe, result(name))
    assert path.parent == tmp_path / "sessions"
    assert data_of(path)["session"] == name


def test_only_notices_of_the_session_are_told_and_without_folders(tmp_path, recipe):
    notices = (
        "p07: a row cannot be read: /home/ann/study/marks.csv, line 4",
        "p071: nothing",
        "the crops are of another kind",
    )
    [path] = written(tmp_path, recipe, result(), notices=notices)
    html = path.read_text(encoding="utf-8")
    assert "p07: a row cannot be read: marks.csv, line 4" in html
    assert "p071" not in html
    assert "another kind" not in html


def test_what_lies_outside_of_what_was_observed_is_counted(tmp_path, recipe):
    marks = [(5.0, 7.0, "slip"), (30.0, 30.0, "late")]
    [path] = written(tmp_path, recipe, result(marks=marks, observed=((0.0, 6.0),)))
    told = re.search(r"Not scored, outside of what was observed: (.*)\.<", path.read_text("utf-8"))
    data = data_of(path)
    own = [
        scored
        for scored, first, last in zip(
            data["events"]["scored"], data["events"]["first"], data["events"]["last"], strict=True
        )
        if first <= data["own"] <= last
    ]
    events = own.count(0)
    assert told[1] == f"{events} event{'' if events == 1 else 's'} and 1 annotation"
    assert [row["scored"] for row in data["annotations"]] == [True, False]


def test_annotations_of_other_annotators_have_lanes(tmp_path, recipe):
    session = result()
    other = Annotation(session_id="p07", onset_s=9.0, offset_s=9.0, kind="x", annotator="ben")
    everybody = {"p07": (*session.session.annotations, other)}
    [path] = written(tmp_path, recipe, session, everybody=everybody)
    rows = data_of(path)["annotations"]
    assert [(row["annotator"], row["scored"]) for row in rows] == [("anna", True), ("ben", False)]


def test_it_says_how_it_was_made(tmp_path, recipe):
    [path] = written(tmp_path, recipe, result())
    html = path.read_text(encoding="utf-8")
    assert "mini_xception" in html
    assert '<th scope="row">event.enter</th><td>0.5</td>' in html
    assert "dataset" not in re.findall(r'<th scope="row">(.*?)</th>', html)
    assert str(recipe.scoring).replace("'", "&#39;") in html


def test_no_face_is_said(tmp_path, recipe):
    nobody = analysis_of(edges_of(200), noise(200), has_face=np.zeros(200, bool))
    [path] = written(tmp_path, recipe, session_of([nobody], []))
    assert "No face was found in any frame." in path.read_text(encoding="utf-8")


def test_a_page_that_is_too_large_leaves_the_others(tmp_path, recipe, monkeypatch, caplog):
    small = len((written(tmp_path / "one", recipe, result())[0]).read_bytes())
    monkeypatch.setattr(session_page, "MOST_BYTES", small + 2000)
    crowd = session_of([analysis_of(edges_of(30_000), noise(30_000))], [], name="long")
    paths = written(tmp_path / "two", recipe, crowd, result())
    assert [path.name for path in paths] == ["p07.html"]
    assert "no page of session long" in caplog.text
    assert sorted(path.name for path in (tmp_path / "two" / "sessions").iterdir()) == ["p07.html"]


def test_a_video_is_called_by_its_pseudonym(tmp_path, recipe, monkeypatch):
    monkeypatch.setattr(session_data, "masked", lambda text: text.replace("Ann Smith", "V7"))
    session = result(files=["Ann Smith.mp4"])
    [path] = written(tmp_path, recipe, session)
    [part] = data_of(path)["parts"]
    assert (part["file"], part["is_real_name"]) == ("V7.mp4", False)
    assert "Ann Smith" not in path.read_text(encoding="utf-8")
