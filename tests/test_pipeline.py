"""The pixel stages and the evaluation on a small real clip."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from ferbench.app.binding import build
from ferbench.app.compose import composed
from ferbench.app.config import PLUGS
from ferbench.errors import ConfigError, VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cold import CHUNK_FRAMES
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.quality import longest_gap_s
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.types import Annotation, Part, Session


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
    assert CHUNK_FRAMES < 40  # the clip spans two chunks, so joining them is tested
    assert len(np.unique(analysis.faces.frame)) == 36


def test_second_pass_touches_no_pixels_and_gives_the_same_bits(warm, recipe, clip, models, monkeypatch):
    folder, first, _ = warm
    monkeypatch.setattr(type(recipe.reader), "open", lambda *_a, **_k: pytest.fail("decoded again"))
    analyser = analyser_on(folder, recipe, models)
    again = analyser.analyse(clip, video_id="smile")
    assert dataclasses.asdict(analyser.work) == {"frames_decoded": 0, "frames_detected": 0, "faces_classified": 0}
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
    other = analyser_on(tmp_path, recipe, models, batch_size=3, threads=1).analyse(clip, video_id="smile")
    assert {s: k.key for s, k in other.keys.items()} == {s: k.key for s, k in first.keys.items()}
    assert np.allclose(other.faces.box_xyxy, first.faces.box_xyxy, atol=1e-3)
    assert np.allclose(other.expressions.logits, first.expressions.logits, atol=1e-3)


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
        with pytest.raises(VideoError, match="on_damaged=keep"):
            analyser.analyse(cut, video_id="cut")
    decoded = analyser.work.frames_decoded
    assert 0 < decoded < 36
    kept = analyser_on(folder, recipe, models, on_damaged="keep")
    report = evaluate([session(cut, name="cut")], kept)
    assert kept.work.frames_decoded == 0
    assert report.sessions[0].parts[0].analysis.timeline.video.num_frames == decoded
    assert any("damaged" in notice for notice in report.notices)


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
    assert "unreadable" in caplog.text
    assert analyser.work.frames_detected == 0
    assert np.array_equal(again.expressions.logits, warm[1].expressions.logits)


def test_annotations_after_the_end_are_told(warm, recipe, clip, models):
    late = Annotation(session_id="smile", onset_s=600.0, offset_s=600.0)
    report = evaluate([session(clip, late)], analyser_on(warm[0], recipe, models))
    assert any("after the video's end (1.2 s), at 600 s: counted as missed (1)" in notice for notice in report.notices)
    assert report.sessions[0].counts.fn == 1


def test_a_model_without_the_wanted_label_is_refused_before_any_pixel(recipe):
    signal = dataclasses.replace(recipe.signal, labels=("contempt",))
    with pytest.raises(ConfigError, match="the model has no contempt; it has anger"):
        dataclasses.replace(recipe, signal=signal)


def _remux_and_cut(source: Path, target: Path) -> None:
    """A file whose end is missing, index at the front."""
    import av

    whole = target.with_suffix(".mp4")
    with av.open(str(source)) as reader, av.open(str(whole), "w", options={"movflags": "faststart"}) as writer:
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


def test_gap_is_the_longest_stretch_without_a_face(warm):
    timeline = warm[1].timeline
    chosen = np.zeros(36, np.int64)
    assert longest_gap_s(timeline, chosen) == 0
    chosen[3:5] = chosen[10:16] = -1
    assert longest_gap_s(timeline, chosen) == pytest.approx(6 / 30)
