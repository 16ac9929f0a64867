"""Rows of several annotators: those of one who was not chosen change nothing."""

from __future__ import annotations

import pytest

from ferbench.datasets.study import Study
from ferbench.errors import DatasetError
from ferbench.workflows.survey import SurveyOptions, survey
from ferbench.workflows.survey_text import survey_facts

HEAD = "session,onset_s,offset_s,annotator\n"
GOOD = "a,1.5,2.5,Jo\nb,0.5,1.5,jo\n"
BAD = [
    "a,soon,,Kim\n",
    "a,-1,,Kim\n",
    "a,3,2,Kim\n",
    "a,1,2,Kim,x\n",
    "a,,,Kim\n",
    "a,2,later,KIM\n",
]


def study(tmp_path, rows, annotator, **given):
    for name in "ab":
        (tmp_path / f"{name}.mp4").touch()
    (tmp_path / "marks.csv").write_text(HEAD + rows)
    marks = str(tmp_path / "marks.csv")
    return Study(videos=str(tmp_path), annotations=marks, annotator=annotator, **given)


def scored(loaded):
    return [s.session_id for s in loaded.sessions if s.annotations is not None]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_row_counts_for_its_annotator_only(tmp_path, bad):
    of_jo = study(tmp_path, GOOD + bad, "Jo").load()
    assert scored(of_jo) == ["a", "b"]
    assert any("a row of K" in note and "who was not chosen" in note for note in of_jo.notices)
    everybody = study(tmp_path, GOOD + bad, "all").load()
    assert scored(everybody) == ["b"]
    assert scored(study(tmp_path, GOOD + bad + "a,1.5,2,Kim\nb,2.5,3,Kim\n", "Kim").load()) == ["b"]
    with pytest.raises(DatasetError, match=r"several people annotated: Jo \(2 rows\), K"):
        study(tmp_path, GOOD + bad, None).load()


@pytest.mark.parametrize("bad", ["a,soon,,\n", "a,1,2,,x\n"])
def test_a_bad_row_of_nobody_may_be_anybodys(tmp_path, bad):
    assert scored(study(tmp_path, GOOD + bad, "Jo").load()) == ["b"]
    assert scored(study(tmp_path, GOOD + bad, None).load()) == ["b"]


def test_init_lists_an_annotator_without_a_usable_row(recordings, tmp_path):
    (tmp_path / "marks.csv").write_text(HEAD + GOOD + "a,soon,,Kim\n")
    folder = recordings("a.mp4", "b.mp4")
    found = survey(SurveyOptions(videos=folder, annotations=tmp_path / "marks.csv"))
    facts = dict(survey_facts(found, folder))
    assert facts["annotators"] == "Jo (1 row), jo (1 row), Kim (1 row)"
