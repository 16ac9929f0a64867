"""Chance levels, intervals and curves of runs, sweeps and files, as a user gets them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from ferbench.formats.elan import read_elan
from ferbench.pipeline.sealed import MANIFEST
from ferbench.report.statistics_files import SUMMARY
from ferbench.workflows.run_statistics import FOLDER, NUMBERS
from helpers.scored_sessions import scored_sessions

PICTURES = {"chance", "lag_scan", "latency", "participants", "time_bins", "tolerance"}
HEADLINES = ("precision", "recall", "f1", "false_alarms_per_min", "latency_s")


# runs
# -------------------------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path, warm_root) -> list[str]:
    """Overrides that name three sessions (the same clip) with different annotations, by two
    annotators.
    """
    (tmp_path / "videos").mkdir()
    for name in ("anna", "ben", "cas"):
        shutil.copyfile(warm_root.clip, tmp_path / "videos" / f"{name}.mp4")
    rows = [
        "anna,0.6,1.1,kim",
        "ben,0.1,0.4,kim",
        "cas,0.6,1.1,kim",
        "anna,0.7,1.1,lee",
        "cas,0.5,1.0,lee",
    ]
    (tmp_path / "smiles.csv").write_text(
        "session,onset_s,offset_s,annotator\n" + "\n".join(rows) + "\n"
    )
    named = [f"dataset.videos={tmp_path}/videos", f"dataset.annotations={tmp_path}/smiles.csv"]
    fewer = ["statistics.surrogates=50", "statistics.draws=100"]
    return [
        *named,
        *fewer,
        "dataset.annotator=kim",
        "signal.labels=[happiness]",
        "report.timelines=0",
        "tracking=files",
    ]


def records(root: Path) -> dict[str, dict]:
    """Every run.json below the default folder by the run's id."""
    return {
        p.parent.name: json.loads(p.read_text())
        for p in (root / "mlruns" / "files").glob("*/*/run.json")
    }


def cells(root: Path) -> list[dict]:
    return [about for about in records(root).values() if about["kind"] == "cell"]


@pytest.mark.weights
def test_a_run_has_chance_and_intervals(study, warm_home, ferbench_run):
    ended = ferbench_run(*study)
    assert ended.code == 0, ended.err
    assert "p = " in ended.out
    assert "only 3 participants" in ended.out
    ((run_id, about),) = records(warm_home).items()
    metrics = about["metrics"]
    for name in HEADLINES:
        assert (
            metrics[f"event/{name}.lo"] <= metrics[f"event/{name}"] <= metrics[f"event/{name}.hi"]
        )
    assert {"event/f1.chance", "event/f1.p", "event/average_precision", "event/nested_f1"} < set(
        metrics
    )
    assert metrics["event/best_f1"] >= metrics["event/f1"], "the best threshold is as good at least"
    assert "agree/people/event/positive_agreement/kim/lee" in metrics
    (folder,) = (warm_home / "mlruns" / "files").glob(f"*/{run_id}/artifacts/{FOLDER}")
    assert {p.stem for p in folder.glob("*.png")} == PICTURES | {
        "froc",
        "precision_recall",
        "thresholds",
    }
    assert (folder / SUMMARY).read_text().splitlines()[0] in ended.out
    assert not (folder / NUMBERS).exists()


@pytest.mark.weights
def test_a_run_is_scored_under_neighbouring_settings_where_asked_for(
    study, warm_home, ferbench_run
):
    plain = ferbench_run(*study)
    assert plain.code == 0, plain.err
    assert "settings around this run's" not in plain.out
    ended = ferbench_run(*study, "statistics.robustness=true")
    assert ended.code == 0, ended.err
    assert "around this run's (window, threshold, baseline): F1 between" in ended.out
    first, second = records(warm_home).values()
    assert first["tags"]["ferbench.config_sha"] == second["tags"]["ferbench.config_sha"]
    told = {**first["metrics"], **second["metrics"]}
    assert told["event/robustness.settings"] == 60
    assert told["event/robustness.lowest_f1"] <= told["event/f1"]
    assert told["event/f1"] <= told["event/robustness.highest_f1"]
    [table] = (warm_home / "mlruns" / "files").glob(f"*/*/artifacts/{FOLDER}/robustness.csv")
    assert len(table.read_text().splitlines()) == 61


@pytest.mark.weights
def test_a_run_has_the_frame_scores_of_the_challenge(study, warm_home, ferbench_run):
    ended = ferbench_run(*study, "scoring=errhri")
    assert ended.code == 0, ended.err
    ((_, about),) = records(warm_home).items()
    metrics = about["metrics"]
    assert 0 < metrics["frame/f1"] <= metrics["frame/f1_tolerant"] <= 1
    assert metrics["event/f1.lo"] <= metrics["event/f1"] <= metrics["event/f1.hi"]
    assert "event/average_precision" not in metrics, "curves are of the window"
    assert (
        "it touches the time from 1 s before the annotation's onset to 1 s after its offset"
        in ended.out
    )
    assert "frames at 30 Hz (ERR@HRI 2024, macro): accuracy" in ended.out


@pytest.mark.weights
def test_the_same_statistics_are_made_once(study, warm_home, ferbench_run, monkeypatch):
    assert ferbench_run(*study).code == 0
    monkeypatch.setattr("ferbench.workflows.run_statistics.statistics", None)
    assert ferbench_run(*study).code == 0, "a second run finds them stored"
    first, second = (about["metrics"] for about in records(warm_home).values())
    assert first["event/f1.lo"] == second["event/f1.lo"]


@pytest.mark.weights
def test_pictures_follow_the_report(study, warm_home, ferbench_run):
    drawn = {}
    study = [word for word in study if word != "report.timelines=0"]
    for given in ((), ("report.theme=dark", "report.vector=true")):
        before = set(records(warm_home))
        assert ferbench_run(*study, *given).code == 0
        (run_id,) = set(records(warm_home)) - before
        (place,) = (warm_home / "mlruns" / "files").glob(f"*/{run_id}/artifacts")
        drawn[given] = {
            str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*.[ps][nv]g")
        }
    plain, dark = drawn.values()
    assert {name.rpartition(".")[2] for name in plain} == {"png"}
    assert set(dark) == {*plain, *(name.replace(".png", ".svg") for name in plain)}
    assert not any(plain[name] == dark[name] for name in plain)
    refused = ferbench_run(*study, "report.theme=grey")
    assert refused.code == 1
    assert "report.theme" in refused.err
    assert "light" in refused.err


@pytest.mark.weights
def test_stored_statistics_that_changed_are_made_again(study, warm_home, ferbench_run):
    assert ferbench_run(*study).code == 0
    (numbers,) = (warm_home / ".ferbench" / "cache" / FOLDER).rglob(NUMBERS)
    good = {path.name: path.read_bytes() for path in numbers.parent.iterdir()}
    for name in (NUMBERS, SUMMARY, MANIFEST):
        digits = good[name].replace(b"0", b"1", 1)
        assert digits != good[name]
        (numbers.parent / name).write_bytes(digits)
        ended = ferbench_run(*study)
        assert ended.code == 0
        assert ended.err.count("stored statistics cannot be used and will be made again") == 1
        assert {path.name: path.read_bytes() for path in numbers.parent.iterdir()} == good
    runs = [about["metrics"] for about in records(warm_home).values()]
    assert len({metrics["event/f1.lo"] for metrics in runs}) == 1
    for kept in (warm_home / "mlruns" / "files").glob(f"*/*/artifacts/{FOLDER}"):
        names = good.keys() - {NUMBERS, MANIFEST}
        assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
            name: good[name] for name in names
        }


@pytest.mark.weights
@pytest.mark.parametrize(("intervals", "with_them"), [("final", 1), ("all", 2), ("none", 0)])
def test_cells_of_a_sweep(intervals, with_them, study, warm_home, ferbench_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    ended = ferbench_run("-m", *study, "event.enter=0.5,0.95", f"statistics.intervals={intervals}")
    assert ended.code == 0, ended.err
    own = [about for about in cells(warm_home) if "event/f1.lo" in about["metrics"]]
    assert len(own) == with_them
    assert ("f1.chance" in ended.out) == bool(with_them), ended.out
    pictures = list((warm_home / "mlruns" / "files").glob(f"*/*/artifacts/{FOLDER}/chance.png"))
    assert len(pictures) == min(with_them, 1), "of the best cell only"


@pytest.mark.weights
def test_two_runs_by_participant(study, warm_home, ferbench_run, ferbench):
    assert ferbench_run("-m", *study, "event.enter=0.5,0.7,0.95").code == 0
    one, two, three = sorted(
        key for key, about in records(warm_home).items() if about["kind"] == "cell"
    )
    ended = ferbench("compare", "--uri", "files", "--paired", one, two)
    assert ended.code == 0, ended.err
    assert "3 participants; p by all 4 swaps" in ended.out
    assert "no p value can be below 0.25" in ended.out
    plain = json.loads(ferbench("compare", "--uri", "files", "--paired", one, two, "--json").out)
    known = records(warm_home)
    values = [known[key]["metrics"]["event/false_alarms_per_min"] for key in (one, two)]
    assert plain["others"][0]["false_alarms_per_min"]["difference"] == pytest.approx(
        values[1] - values[0]
    )
    assert "p (max-T)" in ferbench("compare", "--uri", "files", "--against", one).out
    assert ferbench("compare", "--uri", "files", "--paired", one, "nobody").code != 0
    assert ferbench_run(*study, "scoring.post_s=1").code == 0
    (single,) = (key for key, about in records(warm_home).items() if about["kind"] == "run")
    told = ferbench("compare", "--uri", "files", "--paired", three, single)
    assert told.code != 0
    assert "scored in different ways (scoring.post_s 5 and 1)" in told.err


@pytest.mark.weights
def test_runs_that_matched_in_different_ways_are_not_compared(
    study, warm_home, ferbench_run, ferbench
):
    ended = ferbench_run("-m", *study, "scoring=window,overlap", "event.enter=0.5,0.7")
    assert ended.code == 0, ended.err
    assert "matched events with annotations in different ways (scoring)" in ended.err
    assert "best cell" not in ended.out
    known = {key: about for key, about in records(warm_home).items() if about["kind"] == "cell"}
    by_window = [key for key, about in known.items() if about["params"]["scoring"] == "window"]
    by_overlap = [key for key in known if key not in by_window]
    told = ferbench("compare", "--uri", "files", "--paired", by_window[0], by_overlap[0])
    assert told.code != 0
    assert "scored in different ways (scoring window and overlap)" in told.err
    rest = ferbench("compare", "--uri", "files", "--against", by_window[0])
    assert rest.code == 0, rest.err
    assert rest.out.count("left out: ") == 2, "the others are named"
    assert rest.out.count(" against ") == 1
    for wrong in (("--csv",), ("--by", "recall"), ("--against", by_window[1])):
        assert "expected one of them" in ferbench("compare", "--paired", *by_window, *wrong).err


@pytest.mark.weights
def test_a_session_that_failed_in_one_run_is_left_out(
    study, warm_home, ferbench_run, ferbench, tmp_path
):
    assert ferbench_run(*study).code == 0
    (whole,) = records(warm_home)
    (tmp_path / "videos" / "ben.mp4").write_bytes(b"no video")
    assert ferbench_run(*study, "event.enter=0.7").code == 1
    (part,) = set(records(warm_home)) - {whole}
    ended = ferbench("compare", "--uri", "files", "--paired", whole, part)
    assert ended.code == 0, ended.err
    assert "2 participants" in ended.out
    assert "only in some of the runs, left out: ben" in ended.out
    assert "only 2 participants: intervals of so few are too short" in ended.out
    plain = json.loads(ferbench("compare", "--uri", "files", "--paired", whole, part, "--json").out)
    for name in ("f1", "false_alarms_per_min"):
        other = plain["others"][0][name]
        assert other["value"] - plain["values"][name] == pytest.approx(other["difference"])
    marks = tmp_path / "smiles.csv"
    marks.write_text(marks.read_text().replace("anna,0.6", "anna,0.9"))
    assert ferbench_run(*study, "event.enter=0.8").code == 1
    (moved,) = set(records(warm_home)) - {whole, part}
    told = ferbench("compare", "--uri", "files", "--paired", whole, moved)
    assert "different annotations or observed time (anna)" in told.err


@pytest.mark.weights
def test_statistics_are_made_anew_where_another_face_is_chosen(study, warm_home, ferbench_run):
    """A region of the frame by camera.

    The tables and their keys are the same, the signals are not.
    """
    folder = Path(study[0].partition("=")[2])
    found = []
    for camera in ("here", "nowhere"):
        rows = [f"{name},P{name},{camera},{name}.mp4" for name in ("anna", "ben", "cas")]
        (folder / "list.csv").write_text(
            "session,participant,camera,path\n" + "\n".join(rows) + "\n"
        )
        regions = "selector.cameras={here: [0,0,1,1], nowhere: [0.98,0.98,1,1]}"
        given = [
            f"dataset.manifest={folder}/list.csv",
            *study[1:],
            "dataset=manifest",
            "selector=roi",
            f"+{regions}",
        ]
        ended = ferbench_run(*given)
        assert ended.code == 0, ended.err
        lines = [line for line in ended.out.splitlines() if line.startswith("F1 ")]
        found.append(lines[0].split()[1])
    assert found[0] != found[1] == "0.000"


# files without a run
# ------------------------------------------------------------------------------------------------


@pytest.fixture
def tables(tmp_path) -> tuple[Path, Path]:
    """A table of events and one of annotations by two people; every second mark is met."""
    sessions = scored_sessions(3, every=2)
    events, marks = (
        ["session,label,onset_s,offset_s,trigger_s"],
        ["session,participant,onset_s,offset_s,annotator"],
    )
    for session in sessions:
        events += [
            f"{session.session_id},surprise,{e.onset_s},{e.offset_s},{e.trigger_s}"
            for e in session.events
        ]
        for who in ("kim", "lee"):
            marks += [
                f"{session.session_id},{session.participant},{m.onset_s},{m.offset_s},{who}"
                for m in session.annotations
            ]
    (tmp_path / "events.csv").write_text("\n".join(events) + "\n")
    (tmp_path / "marks.csv").write_text("\n".join(marks) + "\n")
    lengths = ["session,duration_s,valid_s", *(f"{s.session_id},600,600" for s in sessions)]
    (tmp_path / "events.sessions.csv").write_text("\n".join(lengths) + "\n")
    return tmp_path / "events.csv", tmp_path / "marks.csv"


def test_score_of_tables(tables, ferbench, tmp_path):
    out = tmp_path / "pictures"
    looks = ("--theme", "dark", "--vector")
    ended = ferbench("score", *tables, "--annotator", "kim", "--out", out, *looks)
    assert ended.code == 0, ended.err
    assert "recall 0.500 [0.500, 0.500]" in ended.out
    assert "only 3 participants" in ended.out
    assert {p.stem for p in out.glob("*.png")} == PICTURES
    plain = json.loads(ferbench("score", *tables, "--annotator", "kim", "--json").out)["statistics"]
    assert plain["event/lag_peak_s"] == pytest.approx(2.0)
    assert plain["agree/people/time/kappa/kim/lee"] == 1
    plainly = ferbench("score", *tables, "--annotator", "kim", "--no-intervals").out
    assert "chance: " not in plainly
    assert "p = " not in plainly


@pytest.mark.parametrize(
    ("scoring", "recall"), [("onset_offset", 0.0), ("overlap", 0.0), ("errhri", 0.5)]
)
def test_score_of_tables_by_other_criteria(scoring, recall, tables, ferbench):
    plain = json.loads(
        ferbench("score", *tables, "--annotator", "kim", "--scoring", scoring, "--json").out
    )
    assert plain["scores"]["event/recall"] == recall
    assert plain["statistics"]["event/recall.chance"] is not None
    assert "event/f1_tight" not in plain["statistics"]
    assert ferbench("score", *tables, "--annotator", "kim", "--scoring", "nothing").code != 0
    wider = ferbench(
        "score", *tables, "--annotator", "kim", "--scoring", scoring, "--post", 9, "--no-intervals"
    )
    assert (
        f"--pre and --post do not change which events match with --scoring {scoring}" in wider.err
    )


def test_score_tells_what_cannot_be_written(tables, ferbench, tmp_path):
    (tmp_path / "file").write_text("")
    given = (*tables, "--annotator", "kim", "--no-intervals")
    for option, path in (
        ("--out", tmp_path / "file"),
        ("--matches", tmp_path / "file" / "x.boris.tsv"),
    ):
        ended = ferbench("score", *given, option, path)
        assert ended.code != 0
        assert f"{option}: " in ended.err
        assert "Traceback" not in ended.err


def test_settings_of_a_score_are_named_with_or_without_their_group(tables, ferbench):
    given = ("score", *tables, "--annotator", "kim", "--scoring", "overlap", "--json")

    def scored(*settings):
        options = [word for setting in settings for word in ("--set", setting)]
        ended = ferbench(*given, *options)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    few = ("draws=20", "surrogates=20")
    plain = scored(*few, "least_iou=0.1")
    assert plain["scores"]["event/recall"] == 0.5
    assert scored(*few, "scoring.least_iou=0.1") == plain
    other = scored(*few, "least_iou=0.1", "statistics.seed=1")
    assert other["scores"] == plain["scores"]
    assert other["statistics"]["event/f1.chance"] != plain["statistics"]["event/f1.chance"]
    for setting, told in (
        ("stamp=onset", "--set: stamp has an option of its own, --stamp"),
        ("scoring.stamp=onset", "has an option of its own, --stamp"),
        ("least_oiu=0.1", "did you mean least_iou?"),
        ("least_iou=2", "a number above 0, at most 1"),
        ("seed=1,2", "a list has brackets"),
    ):
        ended = ferbench(*given, "--set", setting)
        assert ended.code != 0
        assert told in ended.err, ended.err


def test_participants_may_stand_in_the_table_of_lengths(tables, ferbench, tmp_path):
    """Intervals are over participants wherever these are named; a contradiction is refused."""
    marks = tables[1]
    with_names = json.loads(ferbench("score", *tables, "--annotator", "kim", "--json").out)[
        "statistics"
    ]
    rows = [line.split(",") for line in marks.read_text().splitlines()]
    marks.write_text("\n".join(",".join((row[0], *row[2:])) for row in rows) + "\n")
    nameless = json.loads(ferbench("score", *tables, "--annotator", "kim", "--json").out)[
        "statistics"
    ]
    assert (with_names["event/participants"], nameless["event/participants"]) == (3, 6)
    lengths = tmp_path / "events.sessions.csv"
    lengths.write_text(
        "session,participant,duration_s\n"
        + "".join(f"s{k:02},p{k // 2:02},600\n" for k in range(6))
    )
    assert (
        json.loads(ferbench("score", *tables, "--annotator", "kim", "--json").out)["statistics"]
        == with_names
    )
    marks.write_text("\n".join(",".join(row) for row in rows).replace("s01,p00", "s01,p07") + "\n")
    told = ferbench("score", *tables, "--annotator", "kim")
    assert "'s01' is of participant 'p00' in the table of lengths and of 'p07'" in told.err


def test_the_ceiling_is_the_same_with_sessions_in_which_nothing_is_marked(
    tables, ferbench, tmp_path
):
    lengths = tmp_path / "events.sessions.csv"
    lengths.write_text(lengths.read_text() + "quiet,600,600\n")
    given = ("score", *tables, "--annotator", "kim", "--no-intervals", "--json")
    only, also = (
        json.loads(ferbench(*given, "--unlisted", kind).out)["statistics"]
        for kind in ("unannotated", "empty")
    )
    name = "agree/people/time/prevalence/kim/lee"
    assert also[name] == pytest.approx(only[name] * 6 / 7)


def test_seconds_that_count_are_the_same_everywhere(tables, ferbench, tmp_path):
    lengths = tmp_path / "events.sessions.csv"
    lengths.write_text(
        "session,duration_s,observed\n" + "".join(f"s{k:02},600,0..300\n" for k in range(6))
    )
    ended = ferbench("score", *tables, "--annotator", "kim")
    rates = re.findall(r"false.alarms.per.min(?:ute)? (\d+\.\d\d)", ended.out)
    assert len(rates) == 2, "of the summary, and the mean over participants"
    assert rates[0] == rates[1]
    assert "30.0 min observed" in ended.out
    lengths.write_text("session,duration_s\ns00,-5\n")
    assert "expected 0 or more seconds" in ferbench("score", *tables, "--annotator", "kim").err


def test_events_in_another_unit_are_told(tables, ferbench):
    events, _ = tables
    text = re.sub(
        r"surprise,(\d+)\.\d,(\d+)\.\d,(\d+)\.\d",
        r"surprise,\g<1>000,\g<2>000,\g<3>000",
        events.read_text(),
    )
    events.write_text(text)
    ended = ferbench("score", *tables, "--annotator", "kim", "--no-intervals")
    assert (
        "events of events.csv outside of their sessions: 24 (the first: 's00' is 600.0 s long"
        in ended.err
    )


def test_score_writes_what_became_of_each_event(tables, ferbench, tmp_path):
    out = tmp_path / "{session}.eaf"
    assert (
        ferbench("score", *tables, "--annotator", "kim", "--no-intervals", "--matches", out).code
        == 0
    )
    read = read_elan(tmp_path / "s00.eaf", tier="all")
    assert {(row.onset_s, row.offset_s) for row in read.rows if row.columns["tier"] == "hit"} == {
        (e.onset_s, e.offset_s) for e in scored_sessions(3, every=2)[0].events
    }
    again = ferbench("score", *tables, "--annotator", "kim", "--no-intervals", "--matches", out)
    assert again.code != 0
    assert "--matches: " in again.err
