"""BORIS's tables: exports of version 8 and older by hand, our own, and broken ones."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.datasets.study import Study
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.boris import is_boris, write_boris
from ferbench.formats.dispatch import endings
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Span, Track
from helpers.reference import DATA

FILES = DATA / "annotation_files"
HEADER = "Observation id\tSubject\tBehavior\tBehavior type\tTime\n"


def rows(path, **table):
    return [
        (r.session, r.onset, r.offset, r.kind) for r in read_annotations(path, Table(**table)).rows
    ]


def write(path, *lines, header=HEADER):
    path.write_text(header + "".join("\t".join(line.split("|")) + "\n" for line in lines))
    return path


def test_tabular_events():
    """States are paired by subject, behaviour and modifiers.

    An observation of several files keeps its own name.
    """
    table = read_annotations(FILES / "boris_tabular.tsv", Table())
    assert [(r.line, r.session, r.onset, r.offset, r.kind, r.annotator) for r in table.rows] == [
        (2, "P01_front", 3.3, 7.75, "wrong answer", ""),
        (3, "P01_front", 4.0, 6.5, "wrong answer", ""),
        (4, "P01_front", 5.0, 5.0, "drops object", ""),
        (7, "day 2", 90.0, 92.5, "wrong answer", ""),
    ]
    assert table.refused == ()
    assert {r.participant for r in table.rows} == {""}, (
        "BORIS's subject is who behaves, not who is on the video"
    )


def test_aggregated_events():
    assert rows(FILES / "boris_aggregated.csv") == [
        ("P01_front", 3.3, 7.75, "wrong, again"),
        ("P01_front", 5.0, 5.0, "drops object"),
        ("P01_front", 8.0, 8.0, "drops object"),
    ]


def test_tabular_events_of_older_versions():
    """The observation stands above the table; its time offset of 1 s is taken off."""
    assert rows(FILES / "boris_older.tsv") == [
        ("P03", 61.5, 63.0, "wrong answer"),
        ("P03", 69.0, 69.0, "drops object"),
    ]


def test_columns_of_boris_can_be_chosen_and_kept():
    path = FILES / "boris_tabular.tsv"
    chosen = read_annotations(
        path,
        Table(
            columns=Columns(session="Observation id", kind="Modifier #1", participant="Subject"),
            keep={"Behavior": ("wrong answer",)},
        ),
    )
    assert [(r.session, r.participant, r.kind, r.kept) for r in chosen.rows] == [
        ("day 1", "robot", "loud", True),
        ("day 1", "robot", "quiet", True),
        ("day 1", "No focal subject", "", False),
        ("day 2", "robot", "", True),
    ]


def test_a_table_whose_header_fits_is_a_plain_csv(tmp_path):
    path = write(tmp_path / "a.tsv", "day 1|robot|error|START|3.5")
    columns = Columns(session="Observation id", onset="Time", offset=None, kind="Behavior type")
    assert rows(path, columns=columns) == [("day 1", 3.5, 3.5, "START")]


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        (["o||x|STOP|3.0"], 2, "'x' stops, but it has no START"),
        (["o||x|START|3.0"], 2, "'x' starts, but never stops"),
        (
            ["o||x|START|1.0", "o||x|START|3.0", "o||x|STOP|4.0"],
            3,
            "'x' starts, but it runs since line 3",
        ),
        (["o||x|START|3.0", "o||x|STOP|1.0"], 3, "'x' stops at 1 s, before its START on line 3"),
        (["o||x|START|3.0", "p||x|STOP|4.0"], 3, "has no START"),
        (["o||x|START|3.0", "o|who|x|STOP|4.0"], 3, "has no START"),
        (["o||x|POINT|-1.0"], 2, "Time is -1 s, before the start of the observation"),
        (["o||x|POINT|soon"], 2, "Time is 'soon', expected seconds"),
        (["o||x|POINT|nan"], 2, "Time is 'nan'"),
        (["o||x|POINT|"], 2, "Time is ''"),
        (["o||x|JUMP|1.0"], 2, "expected START, STOP or POINT, got 'JUMP'"),
        (["o||x|POINT|1.0|more"], 2, "expected 5 cells as in the header, got 6"),
    ],
)
def test_events_that_cannot_be_used(lines, line, says, tmp_path):
    path = write(tmp_path / "a.tsv", "good||y|POINT|0.5", *lines)
    problems = read_annotations(path, Table()).refused
    assert any(problem.line == line + 1 and says in problem.reason for problem in problems), (
        problems
    )
    path = write(tmp_path / "a.tsv", *lines)
    if len(lines) == 1:
        with pytest.raises(DatasetError, match="none of the 1 rows can be used"):
            read_annotations(path, Table())


def test_a_state_without_its_stop_leaves_the_session_unscored(tmp_path):
    path = write(tmp_path / "a.tsv", "P01||x|POINT|0.5", "P01||x|START|3.0", "P02||x|POINT|1.5")
    for name in ("P01", "P02"):
        (tmp_path / f"{name}.mp4").touch()
    one, two = Study(videos=str(tmp_path), annotations=str(path)).load().sessions
    assert one.annotations is None
    assert "a.tsv, line 3: 'x' starts, but never stops" in one.unscored
    assert [a.onset_s for a in two.annotations] == [1.5]


def test_two_observations_of_one_video_are_two_annotators(tmp_path):
    path = write(
        tmp_path / "a.tsv",
        *(
            "by anna||x|POINT|1.0|P01.mp4",
            "by ben||x|POINT|1.5|P01.mp4",
            "P02 once||x|POINT|2.0|P02.mp4",
        ),
        header=HEADER.replace("Time\n", "Time\tMedia file name\n"),
    )
    table = read_annotations(path, Table())
    assert [(r.session, r.annotator) for r in table.rows] == [
        ("P01", "by anna"),
        ("P01", "by ben"),
        ("P02", ""),
    ]


def test_a_folder_of_exports(tmp_path):
    write(tmp_path / "one.tsv", "P01||x|POINT|1.0")
    write(tmp_path / "two.tsv", "P02||x|POINT|2.0", "P02||x|STOP|3.0")
    table = read_annotations(tmp_path, Table())
    assert [(r.file, r.line, r.session, r.onset) for r in table.rows] == [
        ("one.tsv", 2, "P01", 1.0),
        ("two.tsv", 2, "P02", 2.0),
    ]
    assert str(table.refused[0]).startswith("two.tsv, line 3: ")
    (tmp_path / "other.csv").write_text("session,onset_s\nP03,1.5\n")
    with pytest.raises(
        DatasetError, match=r"tables of BORIS \(one.tsv, two.tsv\) and of CSV \(other.csv\)"
    ):
        read_annotations(tmp_path, Table())


def test_other_tables_are_none_of_boris():
    assert not is_boris([(1, ("session", "onset_s")), (2, ("a", "1"))])
    assert not is_boris([(1, ()), (2, ("Time", "Behavior", "Status"))])
    assert not is_boris([])


NAMES = st.text(
    st.characters(categories=["L", "N"], include_characters=' ,"'), min_size=1, max_size=6
).map(lambda text: " ".join(text.split()) or "x")
SPANS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3000), NAMES), max_size=8)


@settings(max_examples=60, deadline=None)
@given(first=SPANS, second=SPANS, ending=st.sampled_from(["tsv", "csv"]))
def test_what_is_written_is_read_back(first, second, ending, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"written.boris.{ending}"

    def track(name, own):
        return Track(
            name=name,
            spans=tuple(
                Span(onset_s=a / 1000, offset_s=(a + n) / 1000, text=text) for a, n, text in own
            ),
        )

    write_boris(path, {"P01.v2": [track("hit", first), track("missed", second)], "P02": []})
    unique = {
        (a / 1000, (a + n) / 1000, text, subject)
        for subject, own in (("hit", first), ("missed", second))
        for a, n, text in own
    }
    table = (
        read_annotations(path, Table(columns=Columns(participant="Subject"))) if unique else None
    )
    if table is None:
        with path.open(newline="") as stream:
            assert len(list(csv.reader(stream))) == 1
        return
    assert not table.refused
    found = {(r.onset, r.offset, r.kind, r.participant.split()[0]) for r in table.rows}
    assert found == {(a, b, text, subject) for a, b, text, subject in unique}
    assert {r.session for r in table.rows} == {"P01.v2"}


def test_boris_can_import_what_is_written(tmp_path):
    """Its import wants these columns, in any case: time, subject, code, modifier, comment."""
    write_boris(
        tmp_path / "x.boris.tsv",
        {"s": [Track(name="t", spans=(Span(onset_s=1, offset_s=2, text="hi"),))]},
    )
    with (tmp_path / "x.boris.tsv").open(newline="") as stream:
        table = list(csv.DictReader(stream, delimiter="\t"))
    lower = [{name.lower(): cell for name, cell in row.items()} for row in table]
    assert [
        {n: row[n] for n in ("time", "subject", "code", "modifier", "comment")} for row in lower
    ] == [
        {"time": time, "subject": "", "code": "hi", "modifier": "", "comment": ""}
        for time in ("1", "2")
    ]


def test_events_are_written_for_annotation_programs_and_scored(ferbench, tmp_path):
    predictions = tmp_path / "P01.csv"
    labels = ["Neutral"] * 25 + ["Surprise"] * 10 + ["Neutral"] * 40
    with predictions.open("w", newline="") as stream:
        csv.writer(stream).writerows([1, 2, 30, 40, *[0.1] * 7, label] for label in labels)
    asked = ("events", predictions, "--fps", 25, "--rule", "hysteresis", "--out")
    events = tmp_path / "events.csv"
    assert ferbench(*asked, events).code == 0
    for name in ("P01.eaf", "{session}.vtt", "all.boris.tsv", "all.boris.csv"):
        ended = ferbench(*asked, tmp_path / name)
        assert ended.code == 0, ended.err
        path = tmp_path / name.replace("{session}", "P01")
        assert f"wrote {path}" in ended.err
        scored = ferbench("score", events, path, "--json")
        assert scored.code == 0, scored.err
        assert json.loads(scored.out)["sessions"]["P01"]["tp"] == 1
        again = ferbench(*asked, tmp_path / name)
        assert again.code == 1
        assert f"{path} is there, and may hold somebody's work" in again.err
    (tmp_path / "P02.csv").write_text(predictions.read_text())
    several = ferbench(
        "events", predictions, tmp_path / "P02.csv", "--fps", 25, "--out", tmp_path / "x.eaf"
    )
    assert several.code == 1
    assert "--out: .eaf files hold one session each; name them after it" in several.err
    both = ferbench(
        "events",
        predictions,
        tmp_path / "P02.csv",
        "--fps",
        25,
        "--out",
        tmp_path / "e-{session}.eaf",
    )
    assert both.code == 0, both.err
    assert sorted(path.name for path in tmp_path.glob("e-*")) == ["e-P01.eaf", "e-P02.eaf"]
    wrong = ferbench(*asked, tmp_path / "x.txt")
    assert {".eaf", ".srt", ".vtt", ".boris.tsv", ".boris.csv"} <= set(endings())
    assert f"expected a name that ends in {', '.join(('.csv', *endings()))}" in wrong.err
