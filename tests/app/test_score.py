"""``ferbench score``: tables of events against annotations, with the numbers of a run and of
sed_eval.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from mlflow.utils.file_utils import local_file_uri_to_path
from omegaconf import OmegaConf

from ferbench.app.cli.options import pairs
from ferbench.errors import ConfigError, FormatError
from ferbench.formats.event_table import read_events
from ferbench.formats.length_table import read_lengths
from ferbench.tracking.mlflow_store import MlflowStore
from helpers.reference import CHECKOUT, shared_path

EVENTS = (
    "session,label,onset_s,offset_s,trigger_s,peak\n"
    "a,surprise,1.0,2.0,1.5,0.9\n"
    "a,surprise,20.0,21.0,20.5,0.9\n"
    "b,Happy,4.0,5.0,4.2,0.8\n"
)
MARKS = "session,onset_s\na,1.2\na,40\nb,4\n"
LENGTHS = "session,duration_s,valid_s\na,60,50\nb,30,30\nquiet,30,30\n"


@pytest.fixture
def tables(tmp_path):
    """A function that writes files and gives back their paths."""

    def write(**contents):
        paths = []
        for name, text in contents.items():
            path = tmp_path / name.replace("__", ".")
            path.write_text(text)
            paths.append(path)
        return paths

    return write


def scored(ferbench, *arguments):
    """Exit code and JSON of a call."""
    ended = ferbench("score", *arguments, "--json")
    assert ended.out, ended.err
    return ended.code, json.loads(ended.out)


def test_counts_and_scores_by_hand(ferbench, tables):
    events, marks, _ = tables(e__csv=EVENTS, m__csv=MARKS, e__sessions__csv=LENGTHS)
    code, found = scored(ferbench, events, marks)
    assert code == 0
    assert {name: (s["tp"], s["fp"], s["fn"]) for name, s in found["sessions"].items()} == {
        "a": (1, 1, 1),
        "b": (1, 0, 0),
    }
    assert found["scores"]["event/precision"] == pytest.approx(2 / 3)
    assert found["scores"]["event/recall"] == pytest.approx(2 / 3)
    assert found["scores"]["event/false_alarms_per_min"] == pytest.approx(1 / 1.5)
    assert found["scores"]["event/latency_s"] == pytest.approx(0.25)
    assert found["left_out"] == [
        "not scored, no row in m.csv (--unlisted empty takes it as annotated "
        "with nothing found): quiet"
    ]
    words = ferbench("score", events, marks)
    assert words.code == 0
    lines = [line.split() for line in words.out.splitlines()]
    assert ["a", "2", "1", "1", "1", "0.500"] in lines
    assert ["b", "1", "1", "0", "0", "1.000"] in lines
    assert ["all", "sessions", "3", "2", "1", "1", "0.667"] in lines
    told = words.out.splitlines()
    for line in ("precision 0.667", "recall 0.667", "F1 0.667", "false alarms per minute 0.67"):
        assert sum(each.startswith(f"{line} [") for each in told) == 1
    assert "note: sessions and their lengths: e.sessions.csv, beside e.csv" in words.err


def test_options_change_what_matches(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv=MARKS)
    assert scored(ferbench, events, marks, "--post", 0.2)[1]["scores"]["event/tp"] == 1, (
        "a's trigger is 0.3 s late"
    )
    _, onset = scored(ferbench, events, marks, "--stamp", "onset", "--post", 0)
    assert (onset["scores"]["event/tp"], onset["params"]["stamp"]) == (2, "onset")
    _, wide = scored(ferbench, events, marks, "--pre", 20, "--post", 0)
    assert wide["scores"]["event/tp"] == 1
    _, happy = scored(ferbench, events, marks, "--label", "happiness")
    assert (happy["scores"]["event/tp"], happy["scores"]["event/fn"]) == (1, 2)
    for arguments, message in (
        (["--label", "fear"], "--label: no event has 'fear'; there are: 'Happy', 'surprise'"),
        (["--pre", -1], "--pre: expected a finite number of seconds"),
        (["--stamp", "offset"], "--stamp: expected trigger or onset, got 'offset'"),
        (["--unlisted", "skip"], "--unlisted: expected unannotated or empty, got 'skip'"),
        (["--time-format", "noon"], "--time-format: expected one of auto, seconds"),
        (["--time-format", "hh:mm:ss:ff"], "--frame-rate: expected the frames per second"),
        (["--column", "name=x"], "--column: expected one of session, participant, onset"),
        (["--column", "session"], "--column: expected NAME=VALUE, got 'session'"),
        (
            ["--column", "onset=start"],
            "'start' not found; found: session, onset_s; name the file's columns with --column",
        ),
        (["--keep", "type=robot"], "--keep names the column 'type', which is there 0 times"),
        (["--annotator", "Bo"], "--annotator: there is no 'Bo'"),
        (
            ["--session-name", "{who}"],
            "--session-name: expected a text with {session} or {participant}",
        ),
    ):
        ended = ferbench("score", events, marks, *arguments)
        assert ended.code == 1
        assert message in ended.err
        assert "dataset." not in ended.err


def test_unknown_lengths_give_no_false_alarms_per_minute(ferbench, tables):
    events, marks, lengths = tables(
        e__csv=EVENTS, m__csv=MARKS, l__csv="session,duration_s\na,60\n"
    )
    code, found = scored(ferbench, events, marks)
    assert code == 0
    assert found["scores"]["event/false_alarms_per_min"] is None
    assert found["sessions"]["a"]["observed_s"] is None
    assert "the sessions' lengths are not known" in found["notes"][0]
    assert "\nfalse alarms per minute -\n" in ferbench("score", events, marks).out
    _, some = scored(ferbench, events, marks, "--sessions", lengths)
    assert some["sessions"]["a"]["false_alarms_per_min"] == 1
    assert some["scores"]["event/false_alarms_per_min"] is None, "b's length is not known"


def test_a_session_without_events_is_a_miss_or_not_scored(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv=MARKS + "quiet,3\nunseen,4\n")
    code, found = scored(ferbench, events, marks)
    assert code == 0
    assert found["sessions"]["quiet"]["fn"] == found["sessions"]["unseen"]["fn"] == 1
    assert "scored as nothing found: quiet, unseen" in found["notes"][-1]
    (lengths,) = tables(l__csv=LENGTHS)
    _, found = scored(ferbench, events, marks, "--sessions", lengths)
    assert set(found["sessions"]) == {"a", "b", "quiet"}
    assert found["left_out"] == ["not scored, not among the sessions of e.csv: unseen"]


def test_unlisted_sessions_are_told_or_count_as_empty(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv="session,onset_s\na,1.2\n")
    code, found = scored(ferbench, events, marks)
    assert (code, set(found["sessions"])) == (0, {"a"})
    assert found["left_out"] == [
        "not scored, no row in m.csv (--unlisted empty takes it as annotated with nothing found): b"
    ]
    _, found = scored(ferbench, events, marks, "--unlisted", "empty")
    assert found["sessions"]["b"]["fp"] == 1
    assert found["left_out"] == []


def test_a_session_with_a_refused_row_is_not_scored(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv=MARKS + "b,soon\n")
    code, found = scored(ferbench, events, marks)
    assert code == 1
    assert set(found["sessions"]) == {"a"}
    assert found["left_out"] == ["not scored, one of its rows in m.csv was refused: b"]
    assert found["refused_rows"][0].startswith("m.csv, line 5: onset_s is 'soon'")
    _, found = scored(ferbench, events, marks, "--unlisted", "empty")
    assert set(found["sessions"]) == {"a"}
    words = ferbench("score", events, marks)
    assert words.code == 1
    assert "refused: m.csv, line 5" in words.err


def test_nothing_to_score_is_an_error(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv="session,onset_s\nc,1\n", l__csv=LENGTHS)[:2]
    ended = ferbench("score", events, marks, "--sessions", events.with_name("l.csv"))
    assert ended.code == 1
    assert "there is no session to score: not scored, no row in m.csv" in ended.err
    assert "not among the sessions of e.csv: c" in ended.err
    (empty,) = tables(n__csv="session,onset_s\n")
    ended = ferbench("score", events, empty)
    assert ended.code == 1
    assert "there is no session to score" in ended.err


def test_annotations_as_a_lab_has_them(ferbench, tables):
    """Semicolons, clock-like times, a column of participants, other rows between, several
    annotators.
    """
    marks = (
        "deelnemer;sessie;begin;soort;wie\n"
        "7;1;00:00:01;robot;Kim\n7;1;00:00:59;mens;Kim\n7;2;00:00:04;robot;Kim\n7;2;00:00:09;robot;Bo\n"
    )
    events, marks = tables(
        e__csv=EVENTS.replace("\na,", "\n7_1,").replace("\nb,", "\n7_2,"), m__csv=marks
    )
    columns = (
        "session=sessie",
        "participant=deelnemer",
        "onset=begin",
        "kind=soort",
        "annotator=wie",
    )
    given = [word for column in columns for word in ("--column", column)]
    given += [
        "--keep",
        "soort=robot",
        "--session-name",
        "{participant}_{session}",
        "--time-format",
        "hh:mm:ss",
    ]
    ended = ferbench("score", events, marks, *given)
    assert ended.code == 1
    assert (
        "several people annotated: Bo (1 row), Kim (3 rows); choose one with "
        "--annotator Kim, or --annotator all" in ended.err
    )
    code, found = scored(ferbench, events, marks, *given, "--annotator", "kim")
    assert code == 0
    assert {name: (s["tp"], s["fp"], s["fn"]) for name, s in found["sessions"].items()} == {
        "7_1": (1, 1, 0),
        "7_2": (1, 0, 0),
    }
    _, found = scored(ferbench, events, marks, *given, "--annotator", "all")
    assert found["sessions"]["7_2"]["fn"] == 1


def test_sessions_numbered_within_participants_are_not_mixed(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv="session,participant,onset_s\na,1,2.0\na,2,3.0\n")
    ended = ferbench("score", events, marks)
    assert ended.code == 1
    assert "session 'a' is there for participants '1' (line 2) and '2' (line 3)" in ended.err
    assert "--session-name '{participant}_{session}'" in ended.err


def test_spellings_of_one_name_are_one_session(ferbench, tables):
    events, marks = tables(
        e__csv=EVENTS.replace("\na,", "\n007,").replace("\nb,", "\nEl\u00e9,"),
        m__csv="session,onset_s\n7,1.2\nEle\u0301.MP4,4\n",
    )
    code, found = scored(ferbench, events, marks)
    assert (code, set(found["sessions"])) == (0, {"007", "El\u00e9"})  # fmt: skip
    assert found["scores"]["event/tp"] == 2


@pytest.mark.parametrize(
    ("session", "participant", "wanted"),
    [
        ("1", "1", "01_1"),
        ("01", "001", "01_1"),
        ("2", "p3", "P3_02"),
        ("2.mp4", "P3", "P3_02"),
        ("2", "03", ""),
    ],
)
def test_zeros_that_a_spreadsheet_drops_from_numbers_in_a_name(
    ferbench, tables, session, participant, wanted
):
    events, marks = tables(
        e__csv="session,onset_s\n01_1,1\nP3_02,1\nP13_02,1\n",
        m__csv=f"session,participant,onset_s\n{session},{participant},1\n",
    )
    code, found = scored(ferbench, events, marks, "--session-name", "{participant}_{session}")
    assert code == 0
    assert {name for name, own in found["sessions"].items() if own["tp"]} == (
        {wanted} if wanted else set()
    )


def test_a_name_that_may_be_two_sessions(ferbench, tables):
    events, marks = tables(
        e__csv="session,onset_s\n01_1,1\n1_01,1\n", m__csv="session,participant,onset_s\n1,1,1\n"
    )
    ended = ferbench("score", events, marks, "--session-name", "{participant}_{session}")
    assert ended.code == 1
    assert "'1_1' may be '01_1' and '1_01'; spell it as one of them" in ended.err


def test_only_what_was_observed_counts(ferbench, tables):
    """As in a run: neither an event nor an annotation outside of the stretches."""
    lengths = "session,observed_s,valid_s,observed\na,30,30,-inf..10 20.2..30\nb,30,30,\n"
    events, marks, _ = tables(e__csv=EVENTS, m__csv=MARKS + "a,20\na,15\n", sessions__csv=lengths)
    code, found = scored(ferbench, events, marks)
    assert code == 0
    a = found["sessions"]["a"]
    assert (a["tp"], a["fp"], a["fn"], a["observed_s"]) == (1, 1, 0, 30.0)
    assert (
        found["notes"][-1]
        == "annotated outside of what was observed or recorded, so not counted: a (3)"
    )


def test_clock_times_need_a_run(ferbench, tables):
    events, marks = tables(e__csv=EVENTS, m__csv="session,onset_s\na,14:03:20\n")
    ended = ferbench("score", events, marks, "--time-format", "clock")
    assert ended.code == 1
    assert "nothing says when sessions began; use ferbench run" in ended.err


def test_plain_tables_and_json(ferbench, tables, tmp_path):
    plain, marks = tables(p__csv="session,onset_s\na,1.0\na,20.0\nb,4.0\n", m__csv=MARKS)
    code, found = scored(ferbench, plain, marks)
    assert (code, found["params"]["stamp"]) == (0, "onset")
    assert (
        "p.csv does not have trigger_s for every event: its events count at their onset"
        in found["notes"]
    )
    ended = ferbench("score", plain, marks, "--stamp", "trigger")
    assert ended.code == 1
    assert "use --stamp onset" in ended.err

    rows = "1,2,3,4,0,0,0,0,0,1,0,{}\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.mp4.m.d.csv").write_text(
        (rows.format("Neutral") * 25 + rows.format("Surprise") * 25) * 1
    )
    (tmp_path / "data" / "b.mp4.m.d.csv").write_text(rows.format("Neutral") * 50)
    said = ferbench("events", tmp_path / "data", "--fps", 25, "--json")
    (tmp_path / "many.json").write_text(said.out)
    code, found = scored(ferbench, tmp_path / "many.json", marks)
    assert code == 0
    assert {name: (s["tp"], s["fp"], s["fn"]) for name, s in found["sessions"].items()} == {
        "a": (1, 0, 1),
        "b": (0, 0, 1),
    }
    out = tmp_path / "out.csv"
    assert ferbench("events", tmp_path / "data", "--fps", 25, "--out", out).code == 0
    _, same = scored(ferbench, out, marks)
    assert same["scores"].pop("event/false_alarms_per_min") == 0
    found["scores"].pop("event/false_alarms_per_min")
    assert same["scores"] == found["scores"]
    alone = ferbench("events", tmp_path / "data" / "a.mp4.m.d.csv", "--fps", 25, "--json")
    (tmp_path / "a.json").write_text(alone.out)
    _, one = scored(ferbench, tmp_path / "a.json", marks)
    assert (list(one["sessions"]), one["scores"]["event/tp"]) == (["a"], 1), (
        "one file's JSON is named after its session"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("e.csv", "session,label\na,x\n", "it has no column onset_s; found: session, label"),
        ("e.csv", "", "it has no column session, onset_s; found: nothing"),
        (
            "e.csv",
            "session,onset_s\na,soon\n",
            "e.csv, line 2: onset_s is 'soon', expected seconds",
        ),
        ("e.csv", "session,onset_s\na,1\n\nb,nan\n", "e.csv, line 4: onset_s is 'nan'"),
        (
            "e.csv",
            "session,onset_s\na,1,2\n",
            "e.csv, line 2: expected 2 cells as in the header, got 3",
        ),
        ("e.csv", "session,onset_s\n ,1\n", "e.csv, line 2: session is empty"),
        ("e.json", "[1]", "prints as JSON: events, or events by session"),
        (
            "e.json",
            '{"a": {"events": [{"trigger_s": 1}]}}',
            "e.json, a, event 0: expected an object with onset_s",
        ),
        ("e.json", "{", "not JSON"),
    ],
)
def test_bad_tables_of_events(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=r"events|csv|json") as caught:
        read_events(tmp_path / name)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "session,frames\na,1\n",
            "expected a column observed_s or duration_s; found: session, frames",
        ),
        ("session,duration_s\na,1\na,2\n", "line 3: session 'a' is there twice"),
        ("session,duration_s\na,long\n", "line 2: duration_s is 'long'"),
        (
            "session,duration_s,observed\na,9,0..x\n",
            "line 2: observed is '0..x', expected stretches such as '0..60 90..inf'",
        ),
        ("session,duration_s,observed\na,9,5..5\n", "line 2: observed is '5..5'"),
        ("session,duration_s,observed\na,9,5\n", "line 2: observed is '5'"),
    ],
)
def test_bad_tables_of_lengths(text, message, tmp_path):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(FormatError) as caught:
        read_lengths(tmp_path / "l.csv")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("least_iou=2", "least_iou: expected"),
        ("nosuch=1", "--set nosuch: there is no such setting; allowed: stamp, duplicates,"),
        ("criterion.x=1", "least_iou"),
        ("draws=many", "--set draws"),
        ("pre_s=1", "--set: pre_s has an option of its own, --pre"),
        ("draws", "--set: expected NAME=VALUE, got 'draws'"),
        ("draws=1,2", "--set draws: expected one value, got '1,2'"),
    ],
)
def test_settings_that_cannot_be(setting, message, ferbench, tables):
    events, marks, _ = tables(e__csv=EVENTS, m__csv=MARKS, e__sessions__csv=LENGTHS)
    ended = ferbench("score", events, marks, "--scoring", "overlap", "--set", setting)
    assert ended.code != 0
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_names_and_values_of_options():
    assert pairs("--keep", ["a=b", " c = d=e"]) == [("a", "b"), ("c", "d=e")]
    with pytest.raises(ConfigError, match="--keep: expected NAME=VALUE, got '=x'"):
        pairs("--keep", ["=x"])


@pytest.fixture(scope="module")
def sed_eval_cases():
    return json.loads((shared_path("thesis/sed_eval") / "scores.json").read_text())["cases"]


def as_tables(case, folder):
    """A stored case as a table of events, one of annotations, and the sessions' lengths beside the
    events.
    """
    for kind, name in (("estimated", "e.csv"), ("reference", "m.csv")):
        with (folder / name).open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("session", "onset_s", "offset_s"))
            writer.writerows(
                (f"f{i}", *row) for i, file in enumerate(case["files"]) for row in file[kind]
            )
    with (folder / "e.sessions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("session", "duration_s"))
        for i, file in enumerate(case["files"]):
            last = max(offset for _, offset in file["estimated"] + file["reference"])
            writer.writerow((f"f{i}", case["evaluated_length_seconds"] or last))
    return folder / "e.csv", folder / "m.csv"


def check_event_scores(ours, theirs):
    tp, fp, fn = (ours[f"event/{name}"] for name in ("tp", "fp", "fn"))
    if "counts" in theirs:
        assert [tp, fp, fn] == [theirs["counts"][f"N{name}"] for name in ("tp", "fp", "fn")]
    assert (fp + fn) / (tp + fn) == pytest.approx(theirs["error_rate"]["error_rate"], abs=1e-9)
    for name, value in theirs["f_measure"].items():
        assert ours[f"event/{'f1' if name == 'f_measure' else name}"] == pytest.approx(
            value, abs=1e-9
        )


def test_the_onset_scores_of_sed_eval(ferbench, tmp_path, sed_eval_cases):
    """Onset-only scores with a collar are windows of the same width on both sides of the onset.

    sed_eval's doubles miss pairs exactly at the collar, ours allow 1e-9 s: those go without that.
    """
    exactly = 0
    for case in sed_eval_cases:
        for collar in (0.5, 1.0, 2.0, 5.0):
            given = ("--stamp", "onset", "--pre", collar, "--post", collar)
            if any(_on_the_edge(file, collar) for file in case["files"]):
                sizes = {"onset_collar_s": collar, "offset_collar_s": 1e9, "tolerance_s": 0}
                settings = [f"{name}={value}" for name, value in sizes.items()]
                given = (
                    "--scoring",
                    "onset_offset",
                    *(word for text in settings for word in ("--set", text)),
                )
                exactly += 1
            code, found = scored(ferbench, *as_tables(case, tmp_path), *given, "--no-intervals")
            assert code == 0
            check_event_scores(
                found["scores"], case["event_based"][f"onset_only_collar_{collar}_optimal"]
            )
    assert exactly == 3


def test_the_onset_offset_and_segment_scores_of_sed_eval(ferbench, tmp_path, sed_eval_cases):
    for case in sed_eval_cases:
        given = ("--scoring", "onset_offset", "--set", "tolerance_s=0", "--no-intervals")
        code, found = scored(ferbench, *as_tables(case, tmp_path), *given)
        assert code == 0
        check_event_scores(
            found["scores"], case["event_based"]["onset_offset_collar_1.0_pol_0.5_optimal"]
        )
        theirs, ours = case["segment_based"]["5s"], found["statistics"]
        for name in ("precision", "recall"):
            assert ours[f"segment/{name}"] == pytest.approx(theirs["f_measure"][name], abs=1e-9)
        assert ours["segment/f1"] == pytest.approx(theirs["f_measure"]["f_measure"], abs=1e-9)
        assert ours["segment/error_rate"] == pytest.approx(
            theirs["error_rate"]["error_rate"], abs=1e-9
        )
        for name in ("specificity", "accuracy", "balanced_accuracy"):
            assert ours[f"segment/{name}"] == pytest.approx(theirs["accuracy"][name], abs=1e-9)


def _on_the_edge(file, collar):
    return any(
        abs(abs(e - r) - collar) < 1e-6 for e, _ in file["estimated"] for r, _ in file["reference"]
    )


@pytest.mark.weights
def test_the_same_scores_as_the_run_that_made_the_events(
    ferbench, ferbench_run, warm_home, warm_root, tmp_path
):
    videos, marks = tmp_path / "videos", tmp_path / "marks.csv"
    videos.mkdir()
    for name in ("anna", "ben o", "cas"):
        shutil.copyfile(warm_root.clip, videos / f"{name}.mp4")
    marks.write_text("session,onset_s\nanna,0.6\nanna,1.1\nben o,5\ncas,soon\n")
    given = [
        f'dataset.videos="{videos}"',
        f'dataset.annotations="{marks}"',
        "signal.labels=[happiness]",
    ]
    assert ferbench_run(*given, "report.timelines=0", "scoring.post_s=1").code in (0, 1)
    client = MlflowStore(uri=None, root=warm_home).client
    found = client.search_runs([e.experiment_id for e in client.search_experiments()])
    (run,) = (run for run in found if "event/f1" in run.data.metrics)
    metrics, events = (
        run.data.metrics,
        Path(local_file_uri_to_path(run.info.artifact_uri)) / "events.csv",
    )
    assert events.with_name("sessions.csv").is_file()
    code, ours = scored(ferbench, events, marks, "--post", 1)
    assert code == 1, "a row was refused"
    assert set(ours["sessions"]) == {"anna", "ben o"}
    assert [metrics[f"event/{name}"] for name in ("tp", "fp", "fn")] == [1, 1, 2]
    assert metrics["event/false_alarms_per_min"] == pytest.approx(25)
    for name, value in ours["scores"].items():
        assert value == pytest.approx(metrics[name], rel=1e-6, abs=1e-6), name


def test_the_same_scores_as_a_run_with_parts_gaps_and_observed_stretches(
    ferbench, ferbench_run, warm_home, warm_root, tmp_path
):
    for name in ("a1", "a2", "b1", "b2"):
        shutil.copyfile(warm_root.clip, tmp_path / f"{name}.mp4")
    (tmp_path / "sessions.csv").write_text(
        "session,path,part,start,observed_from,observed_to\n"
        "a,a1.mp4,1,0,,\na,a2.mp4,2,20,,\nb,b1.mp4,1,,0,1.5\nb,b2.mp4,2,,,\n"
    )
    marks, out = tmp_path / "marks.csv", tmp_path / "out"
    marks.write_text("session,onset_s\na,0.6\na,10\na,20.6\nb,0.6\nb,1.9\n")
    given = [f'dataset.manifest="{tmp_path / "sessions.csv"}"', f'dataset.annotations="{marks}"']
    ended = ferbench_run(
        "dataset=manifest", *given, "signal.labels=[happiness]", "tracking=none",
        "scoring.post_s=1", f"hydra.run.dir={out}",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    code, ours = scored(ferbench, out / "artifacts" / "events.csv", marks, "--post", 1)
    assert code == 0
    metrics = json.loads((out / "result.json").read_text())["metrics"]
    assert metrics["event/tp"] == 3, (
        "the annotation in the gap and the one that nobody observed do not count"
    )
    for name, value in ours["scores"].items():
        assert value == pytest.approx(metrics[name], rel=1e-6, abs=1e-6), name


def test_times_that_all_lie_after_the_end_are_refused(ferbench, tmp_path):
    (tmp_path / "events.csv").write_text("session,onset_s,trigger_s\na,1,1.2\nb,2,2.2\n")
    (tmp_path / "events.sessions.csv").write_text("session,duration_s\na,60\nb,60\n")
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset\na,10:07:14\nb,10:31:02\n")
    given = ("score", tmp_path / "events.csv", marks, "--column", "onset=onset")
    ended = ferbench(*given)
    assert ended.code == 1
    assert (
        "all annotations of marks.csv lie after their sessions' ends ('a' is 60.0 s long"
        in ended.err
    )
    marks.write_text("session,onset\na,00:00:01\nb,10:31:02\n")
    ended = ferbench(*given)
    assert ended.code == 0
    assert (
        "annotated after the session's end, counted as missed: 1 (the first: 'b'"
        in ended.out + ended.err
    )


def test_a_study_says_how_its_annotations_are_written(ferbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    (tmp_path / "marks.csv").write_text("Sitzung;Beginn\nP01;1,5\nP02;3,0\n")
    (tmp_path / "events.csv").write_text(
        "session,label,onset_s,offset_s,trigger_s,peak\nP01,surprise,2.0,2.5,2.1,0.9\n"
    )
    shipped = (CHECKOUT / "conf" / "dataset" / "folder.yaml").read_text()
    study = OmegaConf.create(shipped)
    study.videos, study.annotations = "videos", "marks.csv"
    study.format.columns.session, study.format.columns.onset = "Sitzung", "Beginn"
    OmegaConf.save(study, tmp_path / "conf" / "dataset" / "mine.yaml")
    of_study = ("events.csv", "--dataset", "mine", "--config-dir", "conf", "--no-intervals")
    named = ("--column", "session=Sitzung", "--column", "onset=Beginn", "--no-intervals")
    ended = ferbench("score", *of_study, "--json")
    assert ended.code == 0, ended.err
    assert ended.out == ferbench("score", "events.csv", "marks.csv", *named, "--json").out
    assert ferbench("score", "events.csv").err.startswith("ConfigError: annotations are missing")
    both = ferbench("score", *of_study, "--column", "session=Sitzung")
    assert "--dataset: the data set says how its annotations are written" in both.err
    assert "of their settings only --annotator goes with it" in both.err
    demo = ferbench("score", "events.csv", "--dataset", "demo")
    assert "--dataset: expected a data set of videos with annotations, got 'demo'" in demo.err


@pytest.mark.parametrize(
    ("marks", "given", "code", "said"),
    [
        ("P01;1,5;Jo\nP02;3,0;Kim\n", (), 1, "choose one with --annotator "),
        ("P01;1,5;Jo\nP02;3,0;Kim\n", ("--annotator", "jo"), 0, "1 annotation, 1 session"),
        ("P01;1,5;Jo\nP02;3,0;Kim\n", ("--annotator", "all"), 0, "2 annotations, 2 sessions"),
        ("P01;1,5;Jo\nP02;3,0;Kim\n", ("--annotator", "Joe"), 1, "did you mean 'Jo'?"),
        ("P01;1,5;Jo\n", ("--unlisted", "empty"), 1, "of their settings only --annotator goes"),
        ("P01;00:00:01:10;Jo\n", (), 1, "in the data set's file"),
        (
            "P01;1,5;Jo\n",
            ("--unlisted", "unannotated"),
            0,
            "unlisted: empty in the data set's file",
        ),
    ],
)
def test_a_setting_that_a_message_names_works(
    ferbench, tmp_path, monkeypatch, marks, given, code, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    (tmp_path / "marks.csv").write_text(f"Sitzung;Beginn;Wer\n{marks}")
    (tmp_path / "events.csv").write_text(
        "session,label,onset_s,offset_s,trigger_s,peak\nP01,surprise,2.0,2.5,2.1,0.9\n"
        "P02,surprise,2.0,2.5,2.1,0.9\n"
    )
    study = OmegaConf.load(CHECKOUT / "conf" / "dataset" / "folder.yaml")
    study.videos, study.annotations = "videos", "marks.csv"
    columns = study.format.columns
    columns.session, columns.onset, columns.annotator = "Sitzung", "Beginn", "Wer"
    OmegaConf.save(study, tmp_path / "conf" / "dataset" / "mine.yaml")
    ended = ferbench(
        "score", "events.csv", "--dataset", "mine", "--config-dir", "conf", "--no-intervals", *given
    )
    assert (ended.code, said in ended.out + ended.err) == (code, True), ended.out + ended.err
    assert "--column" not in ended.err
    assert "--dataset annotator" not in ended.err


def test_swapped_tables_are_told(ferbench, tables):
    owned = "session,onset_s,kind,annotator\na,1.2,slip,Ann\n"
    events, marks, plain = tables(e__csv=EVENTS, m__csv=owned, p__csv=MARKS)
    ended = ferbench("score", marks, events)
    assert (ended.code, ended.out) == (1, "")
    assert "m.csv is a table of annotations; expected one of events" in ended.err
    assert "are the arguments swapped?" in ferbench("score", plain, events).err
    assert "swapped" not in ferbench("score", events, plain).err


def test_further_events_can_be_ignored(ferbench, tables, tmp_path):
    more = f"{EVENTS}a,surprise,2.5,3.0,2.5,0.9\na,surprise,3.5,4.0,3.5,0.9\n"
    events, marks, _ = tables(e__csv=more, m__csv=MARKS, e__sessions__csv=LENGTHS)
    setting = ("--set", "duplicates=ignored")
    _, counting = scored(ferbench, events, marks)
    _, ignoring = scored(ferbench, events, marks, *setting)
    counts = [
        tuple(found["sessions"]["a"][name] for name in ("tp", "fp", "fn", "ignored"))
        for found in (counting, ignoring)
    ]
    assert counts == [(1, 3, 1, 0), (1, 1, 1, 2)]
    assert ignoring["statistics"]["event/ignored"] == 2
    assert "event/ignored" not in counting["statistics"]
    assert ignoring["scores"]["event/precision"] == pytest.approx(2 / 3)
    words = ferbench("score", events, marks, *setting, "--matches", tmp_path / "{session}.vtt")
    lines = [line.split() for line in words.out.splitlines()]
    assert ["session", "events", "matched", "false", "ignored", "missed", "F1"] in lines
    assert ["a", "4", "1", "1", "2", "1", "0.500"] in lines
    assert "2 further events where another one counts already: ignored" in words.out
    assert (tmp_path / "a.vtt").read_text().count("ignored: surprise") == 2
