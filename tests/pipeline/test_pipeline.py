"""The pixel stages and the evaluation on a small real clip."""

from __future__ import annotations

import dataclasses
import math
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import CacheError, ConfigError, VideoError
from ferbench.geometry import CropGeometry
from ferbench.pipeline import cache as cache_module
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.one_pass import CPU_FRAMES
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.selectors.classify import Classify
from ferbench.selectors.roi import Roi
from ferbench.types import Annotation, Part, Session
from ferbench.video.isolated import Isolated


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    config = composed({})
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    signal = dataclasses.replace(made.signal, labels=("happiness",))
    return dataclasses.replace(made, signal=signal)


@pytest.fixture(scope="module")
def warm(recipe, clip, models, tmp_path_factory):
    """A cache that holds the clip's tables, and what making them took."""
    folder = tmp_path_factory.mktemp("cache")
    analyser = Analyser(recipe, Runtime(device="cpu"), Cache(folder), models)
    analysis = analyser.analyse(clip, video_id="smile")
    return folder, analysis, analyser.work


def analyser_on(folder, recipe, models, **runtime):
    return Analyser(recipe, Runtime(device="cpu", **runtime), Cache(folder), models)


def session(clip, *annotations, name="smile"):
    return Session(session_id=name, parts=(Part(path=clip),), annotations=annotations or None)


def test_cold_pass_counts_its_work_once(warm):
    _, analysis, work = warm
    assert (work.frames_decoded, work.frames_detected) == (36, 36)
    assert work.faces_classified == len(analysis.faces) == len(analysis.expressions) > 0
    assert CPU_FRAMES < 40  # the clip spans two chunks, so joining them is tested
    assert len(np.unique(analysis.faces.frame)) == 36


def test_second_pass_touches_no_pixels_and_gives_the_same_bits(
    warm, recipe, clip, models, monkeypatch
):
    folder, first, _ = warm
    monkeypatch.setattr(Isolated, "open", lambda *_a, **_k: pytest.fail("decoded again"))
    analyser = analyser_on(folder, recipe, models)
    again = analyser.analyse(clip, video_id="smile")
    assert dataclasses.asdict(analyser.work) == {
        "frames_decoded": 0,
        "frames_detected": 0,
        "faces_classified": 0,
        "frames_continued": 0,
    }
    assert np.array_equal(again.faces.box_xyxy, first.faces.box_xyxy)
    assert np.array_equal(again.expressions.logits, first.expressions.logits)
    assert np.array_equal(again.timeline.edges_s, first.timeline.edges_s)
    assert all(timing.cached for timing in again.timing.values())


def test_another_preprocessing_decodes_but_does_not_detect(warm, recipe, clip, models):
    folder, first, _ = warm
    config = composed({"preprocessing": "box"})
    other = dataclasses.replace(recipe, preprocessing=build(config["preprocessing"], where="p"))
    analyser = analyser_on(folder, other, models)
    result = analyser.analyse(clip, video_id="smile")
    assert (analyser.work.frames_decoded, analyser.work.frames_detected) == (36, 0)
    assert analyser.work.faces_classified == len(first.faces)
    assert not np.array_equal(result.expressions.logits, first.expressions.logits)


def test_copies_under_other_names_share_their_tables(warm, recipe, clip, models, tmp_path):
    copy = tmp_path / "renamed.mp4"
    copy.write_bytes(clip.read_bytes())
    analyser = analyser_on(warm[0], recipe, models)
    assert analyser.analyse(copy, video_id="renamed").timeline.video.video_id == "renamed"
    assert analyser.work.frames_decoded == 0


def test_batch_size_changes_nothing_that_counts(warm, recipe, clip, models, tmp_path):
    first = warm[1]
    other = analyser_on(tmp_path, recipe, models, batch_size=3, threads=1).analyse(
        clip, video_id="smile"
    )
    assert {s: k.key for s, k in other.keys.items()} == {s: k.key for s, k in first.keys.items()}
    assert np.allclose(other.faces.box_xyxy, first.faces.box_xyxy, atol=1e-3)
    assert np.allclose(other.expressions.logits, first.expressions.logits, atol=1e-3)


@pytest.mark.parametrize("choices", [{}, {"preprocessing": "box"}, {"preprocessing": "align5"}])
def test_large_frames_come_in_smaller_reads_and_give_the_same_bits(
    choices, clip, models, tmp_path, monkeypatch
):
    """As if the clip were so large that 1, 3 or 31 of its frames fill the memory."""
    config = composed(choices)
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    expected = analyser_on(tmp_path / "all", recipe, models).analyse(clip, video_id="smile")
    assert len(expected.expressions) > CPU_FRAMES
    for frames in (1, 3, 31):
        monkeypatch.setattr("ferbench.video.isolated.CAN_ISOLATE", False)
        monkeypatch.setattr("ferbench.video.limits.BATCH_BYTES", frames * 256 * 144 * 3)
        analyser = analyser_on(tmp_path / str(frames), recipe, models)
        reads: list[int] = []
        analyser.on_frames = reads.append
        result = analyser.analyse(clip, video_id="smile")
        assert max(reads) == min(frames, CPU_FRAMES)
        assert sum(reads) == 36
        for table in ("faces", "expressions"):
            one, other = (getattr(each, table) for each in (expected, result))
            for column in dataclasses.fields(one):
                values = (getattr(each, column.name) for each in (one, other))
                assert np.array_equal(*values, equal_nan=column.name != "labels")
        assert np.array_equal(result.timeline.edges_s, expected.timeline.edges_s)


def test_measuring_reads_no_cache_and_gives_an_end_to_end_rate(warm, recipe, clip, models):
    analyser = analyser_on(warm[0], recipe, models, measure=True)
    report = evaluate([session(clip)], analyser)
    assert report.work.frames_decoded == 36  # the warm-up is not counted
    assert report.e2e_fps == pytest.approx(36 / report.wall_s)


def test_a_failed_session_is_told_and_the_others_go_on(warm, recipe, clip, models, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    report = evaluate(
        [session(empty, name="empty"), session(clip), session(tmp_path / "gone.mp4", name="gone")],
        analyser_on(warm[0], recipe, models),
    )
    assert [s.session.session_id for s in report.sessions] == ["smile"]
    assert [f.session_id for f in report.failures] == ["empty", "gone"]
    assert "missing" in report.failures[1].reason


def test_a_damaged_video_is_decoded_once_and_used_only_when_kept(recipe, clip, models, tmp_path):
    cut = tmp_path / "cut.mp4"
    _remux_and_cut(clip, cut)
    folder = tmp_path / "cache"
    analyser = analyser_on(folder, recipe, models)
    for _ in range(2):
        with pytest.raises(VideoError, match="'on_damaged': 'keep'"):
            analyser.analyse(cut, video_id="cut")
    decoded = analyser.work.frames_decoded
    assert 0 < decoded < 36
    kept = analyser_on(folder, recipe, models, on_damaged="keep")
    report = evaluate([session(cut, name="cut")], kept)
    assert kept.work.frames_decoded == 0
    assert report.sessions[0].parts[0].analysis.timeline.video.num_frames == decoded
    assert any("damaged" in notice for notice in report.notices)
    end_s = report.sessions[0].parts[0].end_s
    marks = [
        Annotation(session_id="cut", onset_s=t, offset_s=t)
        for t in (end_s / 2, end_s + 0.2, end_s + 600)
    ]
    scored = evaluate([session(cut, *marks, name="cut")], kept)
    assert scored.sessions[0].counts.n_ref == 1, "what was lost with the rest was not observed"
    assert any("where nothing was recorded: not counted (2)" in notice for notice in scored.notices)
    pieces = Session(session_id="cut", parts=(Part(path=cut), Part(path=clip)))
    assert (
        "nobody knows when it began; give its start" in evaluate([pieces], kept).failures[0].reason
    )


def test_a_file_that_changes_while_it_is_read_stores_nothing(recipe, clip, models, tmp_path):
    growing = tmp_path / "growing.mp4"
    growing.write_bytes(clip.read_bytes())

    def grow(_frames):
        with growing.open("ab") as stream:
            stream.write(b"more")

    analyser = analyser_on(tmp_path / "cache", recipe, models)
    analyser.on_frames = grow
    with pytest.raises(VideoError, match="changed while it was read"):
        analyser.analyse(growing, video_id="growing")
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_an_unreadable_table_is_made_again(warm, recipe, clip, models, tmp_path, caplog):
    folder = tmp_path / "cache"
    shutil.copytree(warm[0], folder)
    analyser = analyser_on(folder, recipe, models)
    analyser.cache.path(warm[1].keys["expressions"]).write_bytes(b"")
    again = analyser.analyse(clip, video_id="smile")
    assert caplog.text.count("1 stored table of smile.mp4 cannot be read as written") == 1
    assert analyser.work.frames_detected == 0
    assert np.array_equal(again.expressions.logits, warm[1].expressions.logits)


@pytest.mark.parametrize("stages", [("timeline",), ("faces", "expressions")])
def test_a_flipped_bit_costs_a_pass_and_changes_nothing(
    stages, warm, recipe, clip, models, tmp_path, caplog
):
    folder, first = tmp_path / "cache", warm[1]
    shutil.copytree(warm[0], folder)
    analyser = analyser_on(folder, recipe, models)
    for stage in stages:
        path = analyser.cache.path(first.keys[stage])
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 4
        path.write_bytes(bytes(data))
    for _ in range(2):
        again = analyser.analyse(clip, video_id="smile")
        assert np.array_equal(again.timeline.edges_s, first.timeline.edges_s)
        assert np.array_equal(again.faces.box_xyxy, first.faces.box_xyxy)
        assert np.array_equal(again.expressions.logits, first.expressions.logits)
    assert analyser.work.frames_decoded == 36, "made again once"
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert all(str(analyser.cache.path(first.keys[stage])) in warning.message for stage in stages)


def test_annotations_after_the_end_are_told(warm, recipe, clip, models):
    late = Annotation(session_id="smile", onset_s=600.0, offset_s=600.0)
    report = evaluate([session(clip, late)], analyser_on(warm[0], recipe, models))
    (told,) = report.notices
    assert (
        "after the video's end (1.2 s), at 600 s: counted as missed (1); check the unit of the "
        "times, and that" in told
    )
    assert report.sessions[0].counts.fn == 1


def test_a_model_without_the_wanted_label_is_refused_before_any_pixel(recipe):
    signal = dataclasses.replace(recipe.signal, labels=("contempt",))
    with pytest.raises(ConfigError, match="the model has no contempt; it has anger"):
        dataclasses.replace(recipe, signal=signal)


def _remux_and_cut(source: Path, target: Path) -> None:
    """A file whose end is missing, index at the front."""
    import av

    whole = target.with_suffix(".mp4")
    with (
        av.open(str(source)) as reader,
        av.open(str(whole), "w", options={"movflags": "faststart"}) as writer,
    ):
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for packet in reader.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                writer.mux(packet)
    data = whole.read_bytes()
    target.write_bytes(data[: len(data) * 45 // 100])


def test_events_are_scored_against_annotations(warm, recipe, clip, models):
    smile = Annotation(session_id="smile", onset_s=0.6, offset_s=1.3, kind="smile")
    report = evaluate([session(clip, smile)], analyser_on(warm[0], recipe, models))
    result = report.sessions[0]
    assert len(result.events) == 1
    assert result.events[0].label == "happiness"
    assert abs(result.events[0].onset_s - 0.6) < 0.2
    assert result.matches == ((0, 0),)
    scores = {score.name: score.value for score in report.scores}
    assert scores["event/f1"] == 1.0
    assert scores["event/latency_s"] == pytest.approx(result.events[0].trigger_s - 0.6)
    assert {row.post_s for row in report.counts} >= {recipe.scoring.post_s}


def test_without_annotations_there_are_events_and_no_scores(warm, recipe, clip, models):
    report = evaluate([session(clip)], analyser_on(warm[0], recipe, models))
    assert report.sessions[0].events
    assert (report.scores, report.counts, report.sessions[0].counts) == ((), (), None)


# Parts
# -------------------------------------------------------------------------------------------------


def in_parts(*starts, clip, **fields):
    return Session(
        session_id="s", parts=tuple(Part(path=clip, start_s=start) for start in starts), **fields
    )


def test_parts_follow_each_other_on_true_times(warm, recipe, clip, models):
    analyser = analyser_on(warm[0], recipe, models)
    alone = evaluate([session(clip)], analyser).sessions[0]
    both = evaluate([in_parts(None, None, clip=clip)], analyser).sessions[0]
    lasts_s = warm[1].timeline.duration_s
    assert [part.start_s for part in both.parts] == [0.0, pytest.approx(lasts_s)]
    assert [part.start_s for part in both.session.parts] == [part.start_s for part in both.parts]
    assert both.observed_s == pytest.approx(2 * alone.observed_s)
    assert both.valid_s == pytest.approx(2 * alone.valid_s)
    assert both.session.observed is None
    times = [event.trigger_s for event in alone.events]
    assert [e.trigger_s for e in both.events] == pytest.approx(
        times + [time_s + lasts_s for time_s in times]
    )
    assert all(e.offset_s <= lasts_s + 1e-9 for e in both.events[: len(times)]), (
        "no event reaches across parts"
    )


def test_time_between_parts_is_not_observed(warm, recipe, clip, models):
    """61 s of nothing between the parts, and 20 s before them.

    What is annotated there does not count.
    """
    marks = [Annotation(session_id="s", onset_s=t, offset_s=t) for t in (5.0, 20.6, 50.0, 82.6)]
    asked = in_parts(20.0, 82.0, clip=clip, annotations=tuple(marks))
    result = evaluate([asked], analyser_on(warm[0], recipe, models))
    (one,) = result.sessions
    lasts_s = warm[1].timeline.duration_s
    assert result.notices == (
        "s: annotated at 5, 50 s, where nothing was recorded: not counted (2)",
    )
    assert (one.counts.n_ref, one.counts.tp, one.counts.fn) == (2, 2, 0)
    assert {a for _, a in one.matches} == {1, 3}
    assert one.scored_annotations == (1, 3)
    assert one.observed_s == pytest.approx(2 * lasts_s)
    assert one.session.observed == (
        (-math.inf, 0.0),
        (20.0, pytest.approx(20 + lasts_s)),
        (82.0, math.inf),
    )
    late = Annotation(session_id="s", onset_s=90.0, offset_s=90.0)
    result = evaluate(
        [dataclasses.replace(asked, annotations=(late,))], analyser_on(warm[0], recipe, models)
    )
    assert result.sessions[0].counts.fn == 1
    assert "after the video's end (83.2 s), at 90 s" in result.notices[0]


@pytest.mark.parametrize("observed", [((0.0, 0.5),), ((0.7, 1.0), (30.0, 82.5))])
def test_observed_stretches_and_gaps_together(warm, recipe, clip, models, observed):
    """As if somebody had left the gap out of the stretches by hand."""
    marks = tuple(
        Annotation(session_id="s", onset_s=t, offset_s=t) for t in (0.4, 0.8, 40.0, 82.2, 82.9)
    )
    asked = in_parts(0.0, 82.0, clip=clip, annotations=marks, observed=observed)
    one = evaluate([asked], analyser_on(warm[0], recipe, models)).sessions[0]
    lasts_s = warm[1].timeline.duration_s
    recorded = [(0.0, lasts_s), (82.0, 82 + lasts_s)]
    expected_s = sum(max(0.0, min(b, d) - max(a, c)) for a, b in observed for c, d in recorded)
    assert one.observed_s == pytest.approx(expected_s)
    wanted = [
        mark.onset_s
        for mark in marks
        if any(a <= mark.onset_s < b for a, b in observed)
        and any(c <= mark.onset_s < d for c, d in recorded)
    ]
    assert [marks[a].onset_s for a in one.scored_annotations] == wanted
    assert one.counts.n_ref == len(wanted)


@pytest.mark.parametrize(
    ("start_s", "fine"), [(1.0, True), (0.71, True), (0.69, False), (0.0, False)]
)
def test_parts_may_overlap_by_a_rounding_only(warm, recipe, clip, models, start_s, fine):
    report = evaluate([in_parts(0.0, start_s, clip=clip)], analyser_on(warm[0], recipe, models))
    assert len(report.sessions) == fine
    if not fine:
        (failure,) = report.failures
        assert failure.reason.startswith(
            f"part 2 of 2: smile.mp4 begins at {start_s:.1f} s of the session, but the"
        )
        assert "lasts until 1.2 s" in failure.reason


def test_a_small_gap_is_no_gap(warm, recipe, clip, models):
    mark = Annotation(session_id="s", onset_s=1.4, offset_s=1.4)
    report = evaluate(
        [in_parts(0.0, 1.6, clip=clip, annotations=(mark,))], analyser_on(warm[0], recipe, models)
    )
    assert report.notices == ()
    assert report.sessions[0].counts.n_ref == 1


def test_a_part_that_fails_is_named(warm, recipe, clip, models, tmp_path):
    parts = (Part(path=clip), Part(path=tmp_path / "gone.mp4"), Part(path=clip))
    report = evaluate([Session(session_id="s", parts=parts)], analyser_on(warm[0], recipe, models))
    (failure,) = report.failures
    assert failure.file == tmp_path / "gone.mp4"
    assert failure.reason == "part 2 of 3: gone.mp4 is missing; expected a video file"


# Cameras
# -------------------------------------------------------------------------------------------------


def test_regions_of_cameras_decide_what_is_classified_and_nothing_else(warm, recipe, clip, models):
    """The face is left of the middle; the detector's table is the one that was there."""
    regions = {"front": (0.0, 0.0, 0.5, 1.0), "side": (0.5, 0.0, 1.0, 1.0)}
    limited = dataclasses.replace(recipe, classify=Classify(cameras=regions))
    analyser = analyser_on(warm[0], limited, models)
    front = analyser.analyse(clip, video_id="smile", camera="front")
    side = analyser.analyse(clip, video_id="smile", camera="side")
    assert analyser.work.frames_detected == 0
    assert len(front.expressions) == len(front.faces) == len(side.faces)
    assert len(side.expressions) == 0
    assert front.keys["faces"] == side.keys["faces"] == warm[1].keys["faces"]
    assert front.keys["expressions"] != side.keys["expressions"]
    assert analyser.is_cached(clip, camera="side")
    alone = dataclasses.replace(recipe, classify=Classify(roi=regions["front"]))
    assert analyser_on(warm[0], alone, models).keys(clip, camera="any") == front.keys
    with pytest.raises(ConfigError, match="no region for the camera 'top', only for front, side"):
        analyser.is_cached(clip, camera="top")


def test_a_selectors_region_is_that_of_the_sessions_camera(warm, recipe, clip, models):
    regions = {"front": (0.0, 0.0, 0.5, 1.0), "side": (0.5, 0.0, 1.0, 1.0)}
    chosen = dataclasses.replace(recipe, selector=Roi(roi=None, cameras=regions))
    sessions = [
        Session(session_id=camera, parts=(Part(path=clip),), camera=camera)
        for camera in ("front", "side", "top")
    ]
    report = evaluate(sessions, analyser_on(warm[0], chosen, models))
    assert [s.quality["face_share"] for s in report.sessions] == [1.0, 0.0]
    assert [
        (f.session_id, "no region for the camera 'top'" in f.reason) for f in report.failures
    ] == [("top", True)]


# Several processes
# --------------------------------------------------------------------------------------------------

WORKER = """
import sys
from pathlib import Path
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
clip, cache, models = map(Path, sys.argv[1:])
config = composed({})
recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
analyser = Analyser(recipe, Runtime(device="cpu", threads=1), Cache(cache), models)
print("ready", flush=True)
result = analyser.analyse(clip, video_id="smile")
print(analyser.work.frames_decoded, len(result.expressions), flush=True)
"""

HOLDER = """
import sys, time
from pathlib import Path
from ferbench.pipeline.cache import Cache
from ferbench.results import StageKey
key = StageKey(stage="faces", key=sys.argv[2], spec="")
with Cache(Path(sys.argv[1])).lock(key, waiting=lambda: None):
    print("held", flush=True)
    time.sleep(600)
"""


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that has said its first word."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() in ("ready", "held")
    return process


@pytest.mark.weights
def test_of_two_processes_one_decodes(warm, recipe, clip, models, tmp_path):
    """Both begin while the video is locked.

    When it is free, one makes the tables and the other reads them.
    """
    cache = Cache(tmp_path / "cache")
    key = analyser_on(cache.folder, recipe, models).keys(clip)["faces"]
    with cache.lock(key, waiting=lambda: None):
        workers = [started(WORKER, clip, cache.folder, models) for _ in range(2)]
        time.sleep(0.5)
        assert not list(cache.folder.rglob("*.parquet")), "both wait"
    said = sorted(worker.communicate(timeout=120)[0].split() for worker in workers)
    assert said == [["0", str(len(warm[1].expressions))], ["36", str(len(warm[1].expressions))]]


def test_the_lock_of_a_killed_process_is_free_and_waiting_is_told(
    recipe, clip, models, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(cache_module, "WAIT_TOLD_S", 0.3)
    analyser = analyser_on(tmp_path, recipe, models)
    holder = started(HOLDER, tmp_path, analyser.keys(clip)["faces"].key)
    killer = threading.Timer(1.0, holder.kill)
    killer.start()
    analyser.analyse(clip, video_id="smile")
    assert holder.wait(timeout=10) != 0
    assert [r.getMessage() for r in caplog.records] == [
        "waiting for another process that analyses smile.mp4"
    ]
    assert analyser.work.frames_decoded == 36


def test_missing_expressions_do_not_wait_for_who_makes_others(warm, recipe, clip, models, tmp_path):
    """Where the faces are there, only the same expressions are worth waiting for."""
    shutil.copytree(warm[0], tmp_path / "cache")
    other = dataclasses.replace(recipe, classify=Classify(max_faces=1))
    analyser = analyser_on(tmp_path / "cache", other, models)
    holder = started(HOLDER, tmp_path / "cache", warm[1].keys["faces"].key)
    try:
        assert len(analyser.analyse(clip, video_id="smile").expressions) == 36
    finally:
        holder.kill()
        holder.wait()


def test_a_cache_that_cannot_be_locked_is_told_before_anything_is_decoded(
    recipe, clip, models, tmp_path
):
    (tmp_path / "locks").write_text("in the way")
    analyser = analyser_on(tmp_path, recipe, models)
    with pytest.raises(CacheError, match="cannot be locked"):
        analyser.analyse(clip, video_id="smile")
    assert analyser.work.frames_decoded == 0


def test_other_crops_than_the_trained_ones_are_told_once(warm, recipe, clip, models):
    box = build(composed({"preprocessing": "box"})["preprocessing"], where="preprocessing")
    told = "the model was trained on other crops: box instead of square (preprocessing)"
    for made, expected in ((recipe, []), (dataclasses.replace(recipe, preprocessing=box), [told])):
        report = evaluate(
            [session(clip), session(clip, name="again")], analyser_on(warm[0], made, models)
        )
        assert [text for text in report.notices if "trained" in text] == expected


def test_geometries_of_crops():
    trained = CropGeometry(kind="aligned", template="face_evolve", size_px=224)
    assert trained.differences(trained) == ()
    assert trained.differences(
        CropGeometry(kind="aligned", template="arcface", margin=0.1, size_px=112)
    ) == (
        "template arcface instead of face_evolve",
        "size_px 112 instead of 224",
    )
    assert CropGeometry(kind="square", margin=0.2).differences(
        CropGeometry(kind="square", margin=0.0)
    ) == ("margin 0 instead of 0.2",)
    assert CropGeometry(kind="unpublished").differences(trained) == ()
    for wrong, message in (
        ({"kind": "round"}, "kind: expected one of box"),
        ({"kind": "box", "template": "arcface"}, "template: expected none with the kind box"),
        ({"kind": "box", "size_px": 0}, "size_px: expected"),
    ):
        with pytest.raises(ConfigError, match=message):
            CropGeometry(**wrong)
