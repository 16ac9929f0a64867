"""A picture that begins later than its sound, from the file to what other programs read."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

import ferbench as fb
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.errors import DatasetError, VideoError
from ferbench.pipeline.drift import check_drift
from ferbench.pipeline.parts import gaps_s, observed, start_s_of
from ferbench.results import Analysis, PartResult
from ferbench.scoring.matching.window import Window
from ferbench.types import Annotation, Event, Expressions, Faces, Part, Session, Timeline, VideoInfo
from ferbench.video.time_notes import video_notes
from ferbench.workflows.found_events import SessionEvents
from helpers.ffmpeg import make

OFFSET_S = 1.5


@pytest.fixture(scope="module")
def late(clip, tmp_path_factory) -> Path:
    """The clip of a man who starts to smile, its picture 1.5 s after its sound."""
    path = tmp_path_factory.mktemp("late") / "late.mkv"
    sound = ["-f", "lavfi", "-i", "sine=d=2"]
    mapped = ["-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "pcm_s16le"]
    return make(path, *sound, "-itsoffset", str(OFFSET_S), "-i", str(clip), *mapped)


@pytest.mark.parametrize(("begins_s", "is_late"), [(0.0, False), (0.1, False), (0.11, True)])
def test_a_tenth_of_a_second_leaves_nothing_out(begins_s, is_late):
    found = SessionEvents(
        session_id="a",
        events=(),
        timecodes=(),
        segments=None,
        duration_s=2.0,
        valid_s=2.0,
        picture_start_s=begins_s,
    )
    assert found.observed == (((begins_s, begins_s + 2.0),) if is_late else None)


@pytest.fixture
def events(late, clip, home):
    """Events of the late clip and of the clip itself."""
    found = []
    for path in (late, clip):
        analysis = fb.predict(path)
        found.append(fb.find_events(analysis, labels=["happiness"]))
    return found


def test_events_and_tables_have_the_times_that_a_player_shows(events, late, tmp_path):
    ours, plain = events
    assert len(ours) == len(plain) == 1
    assert ours[0].onset_s == pytest.approx(plain[0].onset_s + OFFSET_S, abs=2e-3)
    assert ours[0].trigger_s == pytest.approx(plain[0].trigger_s + OFFSET_S, abs=2e-3)
    frame = fb.predict(late).to_frame()
    assert frame["start_s"].iloc[0] == pytest.approx(OFFSET_S, abs=1e-3)
    (session,) = ours.sessions
    assert session.timecodes[0].startswith("00:00:02:")
    marks = [Annotation(session_id="late", onset_s=at_s, offset_s=at_s) for at_s in (0.2, 2.0)]
    scores = fb.score(ours, marks)
    assert scores["f1"].value == 1.0  # nobody saw the first one: the picture began later
    shifted = [Annotation(session_id="late", onset_s=0.5, offset_s=0.5)]
    assert fb.score(ours, shifted, criterion=Window(post_s=0.5))["recall"].n == 0


@pytest.mark.parametrize("name", ["late.eaf", "late.vtt", "late.csv"])
def test_exports_have_them_too(ferbench, events, late, tmp_path, name):
    onset_s = events[0][0].onset_s
    assert ferbench("predict", late, "--out", tmp_path / "p").code == 0
    table = tmp_path / "p" / "late.parquet"
    out = tmp_path / name
    ended = ferbench("events", table, "--label", "happiness", "--rule", "hysteresis", "--out", out)
    assert ended.code == 0
    if name == "late.csv":
        with out.open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert float(row["onset_s"]) == pytest.approx(onset_s, abs=1e-6)
        with (tmp_path / "late.sessions.csv").open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        start_s, _, end_s = row["observed"].partition("..")
        assert (float(start_s), float(end_s)) == pytest.approx((OFFSET_S, OFFSET_S + 1.2), abs=2e-3)
        assert row["duration_s"] == end_s.rstrip("0") or float(row["duration_s"]) == float(end_s)
        return
    tier = {"tier": "all"} if name.endswith("eaf") else {}
    rows = fb.read_annotations(out, **({"format": tier} if tier else {})).rows
    assert rows[0].onset == pytest.approx(onset_s, abs=1e-3)


def test_a_run_tells_the_offset_and_observes_the_picture_only(ferbench_run, late, home, tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    shutil.copyfile(late, videos / "late.mkv")
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s\nlate,0.3\nlate,2.0\n", encoding="utf-8")
    common = (
        *("dataset=folder", f"dataset.videos={videos}", f"dataset.annotations={marks}"),
        *("signal.labels=[happiness]", "statistics.intervals=none", "tracking=none"),
    )
    ended = ferbench_run(*common)
    assert ended.code == 0
    text = " ".join((ended.out + ended.err).split())
    assert "the picture begins 1.500 s after its file" in text
    assert "annotated at 0.3 s, where nothing was recorded: not counted (1)" in text
    (table,) = (home / "mlruns").rglob("sessions.csv")
    with table.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["tp"], row["fp"], row["fn"]) == ("1", "0", "0")
    assert row["observed"].split()[-1] == "1.500000..inf"
    assert float(row["picture_start_s"]) == pytest.approx(OFFSET_S)
    assert float(row["observed_s"]) == pytest.approx(1.2, abs=2e-3)
    counted = ferbench_run(*common, "experiment=thesis", "model=mini_xception", "event=hysteresis")
    text = " ".join((counted.out + counted.err).split())
    assert "times count from the first picture (reader.time_zero=first_frame)" in text


def test_the_thesis_experiment_counts_rows_from_the_first_picture():
    reader = build(composed({"experiment": "thesis"})["reader"], where="reader")
    assert (type(reader).__name__, reader.time_zero) == ("OpencvReader", "first_frame")
    for choices in ({}, {"experiment": "thesis_corrected"}, {"reader": "opencv"}):
        assert build(composed(choices)["reader"], where="reader").time_zero == "container"


# ----------------------------------------------------------------------------------------------
# parts and drift, without pixels


def part(start_s: float, picture_s: float, *, seconds: float = 2, drift_s: float = 0) -> PartResult:
    """A video without faces."""
    count = round(seconds * 10)
    edges_s = picture_s + np.arange(count + 1) / 10
    video = VideoInfo(
        video_id="v",
        path=Path("v.mkv"),
        sha256="",
        num_frames=count,
        width_px=8,
        height_px=8,
        fps_hz=10.0,
        picture_start_s=picture_s,
    )
    timeline = Timeline(video=video, edges_s=edges_s, drift_s=drift_s)
    nothing = Expressions(
        frame=np.empty(0, np.int64),
        face=np.empty(0, np.int64),
        logits=np.empty((0, 1), np.float32),
        labels=("happiness",),
    )
    analysis = Analysis(
        timeline=timeline, faces=Faces.empty(), expressions=nothing, keys={}, timing={}
    )
    chosen = np.full(count, -1)
    return PartResult(analysis=analysis, start_s=start_s, chosen=chosen, signals=(), quality={})


@pytest.mark.parametrize(
    ("parts", "gaps"),
    [
        ([part(0, 0)], []),
        ([part(0, 0.1)], []),
        ([part(0, 0.3)], [(0, 0.3)]),
        ([part(0, 3)], [(0, 3)]),
        ([part(5, 3)], [(0, 8)]),
        ([part(0, 0), part(2, 0.4)], [(2, 2.4)]),
        ([part(0, 1), part(4, 1)], [(0, 1), (3, 5)]),
    ],
)
def test_what_lies_before_a_picture_was_not_recorded(parts, gaps):
    np.testing.assert_allclose(
        np.array(gaps_s(parts)).reshape(-1), np.array(gaps, float).reshape(-1), atol=1e-12
    )
    session = Session(session_id="v", parts=())
    seen = observed(session, parts)
    assert (seen is None) == (not gaps)


def test_counted_times_are_refused_from_half_a_window_on():
    marks = [Annotation(session_id="v", onset_s=1.0, offset_s=1.0)]
    window = Window(pre_s=0.5, post_s=1.5)
    for drift_s in (-0.99, 0.0, 0.99):
        check_drift([part(0, 0, drift_s=drift_s)], (), marks, window)
    for drift_s in (-1.01, 1.01, 40):
        with pytest.raises(VideoError, match=r"more than half of the 2 s .*on_drift"):
            check_drift([part(0, 0), part(2, 0, drift_s=drift_s)], (), marks, window)


def test_durations_widen_the_window_of_other_criteria():
    from ferbench.scoring.matching.overlap import Overlap

    event = Event(session_id="v", onset_s=0, offset_s=3, trigger_s=1, label="happiness", peak=1.0)
    marks = [Annotation(session_id="v", onset_s=0, offset_s=5)]
    check_drift([part(0, 0, drift_s=1.4)], (event,), marks, Overlap())
    with pytest.raises(VideoError):
        check_drift([part(0, 0, drift_s=4.1)], (event,), marks, Overlap())


def test_notes_are_told_from_a_frame_on():
    assert video_notes(part(0, 0.09).analysis.timeline) == []
    (note,) = video_notes(part(0, 0.1).analysis.timeline)
    assert "0.100 s after its file" in note


@pytest.mark.parametrize(("begins_s", "is_allowed"), [(1.5, True), (1.375, False), (2.0, True)])
def test_a_part_may_begin_half_a_second_before_the_end_of_the_one_before(begins_s, is_allowed):
    before, following = [part(0.0, 0.0)], Part(path=Path("b.mkv"), start_s=begins_s)
    if is_allowed:
        assert start_s_of(following, before) == begins_s
    else:
        with pytest.raises(DatasetError, match=r"the part before it lasts until 2\.0 s"):
            start_s_of(following, before)
