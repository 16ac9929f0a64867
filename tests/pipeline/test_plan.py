"""Shared passes: many recipes, one decoding, the same tables."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import multiprocessing
import os
import shutil
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.recognizer import Recognizer
from ferbench.types import Part, Session


def recipe_of(**choices) -> Recipe:
    config = composed(choices)
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    return dataclasses.replace(made, signal=dataclasses.replace(made.signal, labels=("happiness",)))


@pytest.mark.parametrize(
    ("choices", "baseline"),
    [
        ({}, ""),
        ({"signal": "mouth_opening"}, "mouth_opening"),
        ({"event": "periodic"}, "periodic"),
        ({"event": "random", "signal": "head_motion"}, "random"),
    ],
)
def test_a_recipe_knows_whether_it_is_a_baseline(choices, baseline):
    config = composed(choices)
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    assert recipe.baseline == baseline


@pytest.fixture(scope="module")
def recipes() -> list[Recipe]:
    """Two detectors x two preprocessings x two event rules; the model is the only small one."""
    grid = itertools.product(
        ({}, {"min_score": 0.9}), ("square_margin", "box"), ("hysteresis", "windowed")
    )
    made = []
    for detector, preprocessing, event in grid:
        recipe = recipe_of(preprocessing=preprocessing, event=event)
        changed = dataclasses.replace(recipe.detector, **detector)
        made.append(dataclasses.replace(recipe, detector=changed))
    return made


def plan_of(recipes, clips, folder, models, **runtime) -> Plan:
    jobs = [
        VideoJob(recipe=recipe, path=clip, video_id=clip.stem)
        for recipe in recipes
        for clip in clips
    ]
    runtime = Runtime(device="cpu", **runtime)
    return Plan(jobs, runtime=runtime, cache=Cache(folder), models=models)


def analysed(recipe, clip, folder, models, **runtime):
    analyser = Analyser(recipe, Runtime(device="cpu", **runtime), Cache(folder), models)
    return analyser.analyse(clip, video_id=clip.stem), analyser.work


def assert_same(one, other) -> None:
    """All three tables are equal to the bit."""
    assert np.array_equal(one.timeline.edges_s, other.timeline.edges_s)
    for table in ("faces", "expressions"):
        first, second = getattr(one, table), getattr(other, table)
        for column in dataclasses.fields(first):
            values = [getattr(each, column.name) for each in (first, second)]
            assert np.array_equal(*values, equal_nan=column.name != "labels"), column.name


def test_a_video_is_decoded_once_for_all_recipes_and_the_tables_are_those_of_single_runs(
    recipes, clip, models, tmp_path
):
    plan = plan_of(recipes, [clip], tmp_path / "shared", models)
    assert plan.videos == (clip,)
    frames = []
    outcome = plan.run(on_frames=frames.append)
    assert (outcome.passes, outcome.frames_decoded, outcome.failures) == (1, 36, {})
    assert sum(frames) == 36
    assert outcome.work.frames_detected == 2 * 36, "two detectors, each once"
    for number, recipe in enumerate(recipes):
        shared, work = analysed(recipe, clip, tmp_path / "shared", models)
        assert work.frames_decoded == 0
        alone, _ = analysed(recipe, clip, tmp_path / f"alone{number}", models)
        assert {s: key.key for s, key in shared.keys.items()} == {
            s: key.key for s, key in alone.keys.items()
        }
        assert_same(shared, alone)
        assert len(shared.expressions) > 30
    assert plan_of(recipes, [clip], tmp_path / "shared", models).videos == ()


def test_only_what_is_missing_is_made(recipes, clip, models, tmp_path):
    analysed(recipes[0], clip, tmp_path, models)
    outcome = plan_of(recipes[:4], [clip], tmp_path, models).run()
    assert outcome.frames_decoded == 36
    assert outcome.work.frames_detected == 0, "its faces were there"


def test_what_others_made_while_it_waited_changes_the_locks(recipes, clip, models, tmp_path):
    analysed(recipes[0], clip, tmp_path / "others", models)
    waited, made_under = [], []

    class SharedCache(Cache):
        """While this process waits for its first lock, another one makes that recipe's tables."""

        @contextmanager
        def lock(self, key, *, waiting):
            with super().lock(key, waiting=waiting):
                if not waited:
                    shutil.copytree(tmp_path / "others", self.folder, dirs_exist_ok=True)
                waited.append(key.key)
                yield

        def write(self, key, table, about):
            made_under.append((key.key, [path.stem for path in self.locks.glob("*")]))
            return super().write(key, table, about)

    jobs = [VideoJob(recipe=each, path=clip, video_id="v") for each in recipes[:3:2]]
    cache = SharedCache(tmp_path / "mine")
    plan = Plan(jobs, runtime=Runtime(device="cpu"), cache=cache, models=models)
    assert plan.run().work.frames_detected == 0
    [(key, held)] = made_under
    assert key in held, "the expressions of the other crop, under their own lock"


def test_a_video_that_cannot_be_read_stops_no_other(recipes, clip, models, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    gone = tmp_path / "gone.mp4"
    plan = plan_of(recipes[:2], [broken, gone, clip], tmp_path / "cache", models)
    outcome = plan.run()
    assert set(outcome.failures) == {broken}
    assert "broken.mp4" in str(outcome.failures[broken])
    assert outcome.frames_decoded == 36
    _, work = analysed(recipes[0], clip, tmp_path / "cache", models)
    assert work.frames_decoded == 0


def test_a_model_without_weights_stops_no_other(recipes, clip, models, tmp_path):
    missing = dataclasses.replace(
        recipes[0].model.weights, file="nowhere.h5", sha256="0" * 64, source="nowhere"
    )
    lacking = dataclasses.replace(
        recipes[0], model=dataclasses.replace(recipes[0].model, weights=missing)
    )
    plan = plan_of([lacking, recipes[0]], [clip], tmp_path, models, fetch_weights=False)
    outcome = plan.run()
    assert (outcome.passes, outcome.failures) == (1, {})
    _, work = analysed(recipes[0], clip, tmp_path, models)
    assert work.frames_decoded == 0


def test_a_model_that_dies_in_its_lane_is_noted_and_nothing_is_stored(
    recipes, clip, models, tmp_path, monkeypatch
):
    def load(self, device, folder):
        def recognise(crops):
            raise ArithmeticError("this model died")

        return recognise

    with monkeypatch.context() as patch:
        patch.setattr(Recognizer, "load", load)
        outcome = plan_of(recipes, [clip], tmp_path, models).run()
    assert "this model died" in str(outcome.failures[clip])
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_interrupt_keeps_the_videos_that_are_done(recipes, clip, models, tmp_path):
    other = tmp_path / "other.mp4"
    other.write_bytes(clip.read_bytes() + b"\0" * 64)
    frames = 0

    def interrupt(count):
        nonlocal frames
        frames += count
        if frames > 36:
            raise KeyboardInterrupt

    plan = plan_of(recipes[:2], [clip, other], tmp_path / "cache", models)
    with pytest.raises(KeyboardInterrupt):
        plan.run(on_frames=interrupt)
    _, work = analysed(recipes[0], clip, tmp_path / "cache", models)
    assert work.frames_decoded == 0
    _, work = analysed(recipes[0], other, tmp_path / "cache", models)
    assert (work.frames_continued, work.frames_decoded) == (8, 28), "its first read, and the rest"


@pytest.mark.parametrize(
    "runtime",
    [
        {"lanes": 1},
        {"lanes": 2},
        {"lanes": 5, "batch_size": 1},
        {"threads": 1, "batch_size": 3},
        {"threads": 4, "lanes": 3, "batch_size": 64},
    ],
)
def test_lanes_threads_and_batches_change_no_bit(runtime, recipes, clip, models, tmp_path):
    expected, _ = analysed(recipes[0], clip, tmp_path / "default", models)
    before = torch.get_num_threads()
    result, _ = analysed(recipes[0], clip, tmp_path / "other", models, **runtime)
    assert_same(result, expected)
    assert torch.get_num_threads() == before


def test_a_pass_says_where_its_time_went(recipes, clip, models, tmp_path):
    cold, _ = analysed(recipes[0], clip, tmp_path, models, lanes=2)
    profile = cold.profile
    assert (profile.video, profile.frames, profile.lanes) == (clip.name, 36, 2)
    assert all(seconds > 0 for seconds in profile.busy_s.values())
    in_lanes = profile.wall_s * 2
    assert profile.busy_s["detect"] + profile.busy_s["crop"] + profile.busy_s["classify"] < in_lanes
    assert profile.busy_s["decode"] + profile.reader_wait_s < profile.wall_s
    assert analysed(recipes[0], clip, tmp_path, models)[0].profile is None, "nothing was computed"
    outcome = plan_of(recipes[:4], [clip], tmp_path / "plan", models).run()
    assert [each.frames for each in outcome.profiles] == [36]


def copies_of(clip, folder, count):
    """Videos of the same frames and other bytes."""
    folder.mkdir()
    paths = []
    for number in range(count):
        path = folder / f"{number}.mp4"
        path.write_bytes(clip.read_bytes() + bytes(64 + number))
        paths.append(path)
    return paths


@pytest.mark.slow
def test_two_workers_make_what_one_makes(recipes, clip, models, tmp_path):
    videos = copies_of(clip, tmp_path / "videos", 3)
    outcome, frames, decoded = None, [], []
    for workers in (1, 2):
        plan = plan_of(recipes[:4], videos, tmp_path / str(workers), models, workers=workers)
        outcome = plan.run(on_frames=frames.append, on_decoded=lambda: decoded.append(1))
        assert (outcome.passes, outcome.frames_decoded, outcome.failures) == (3, 108, {})
        assert len(outcome.profiles) == 3
    assert (sum(frames), len(decoded)) == (2 * 108, 6)
    for recipe, video in itertools.product(recipes[:4], videos):
        one, other = (analysed(recipe, video, tmp_path / name, models) for name in ("1", "2"))
        assert other[1].frames_decoded == 0
        assert_same(one[0], other[0])


@pytest.mark.slow
def test_a_worker_that_dies_costs_the_video_that_it_had_in_hand(
    recipes, clip, models, tmp_path, monkeypatch
):
    videos = copies_of(clip, tmp_path / "videos", 3)
    killed = []

    def kill_one(count):
        if not killed:
            [*_, victim] = multiprocessing.active_children()
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    plan = plan_of(recipes[:2], videos, tmp_path / "cache", models, workers=2)
    outcome = plan.run(on_frames=kill_one)
    [(path, error)] = outcome.failures.items()
    assert "was killed from outside (SIGKILL)" in str(error)
    assert list(outcome.lost) == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert not multiprocessing.active_children()
    kept = KeptParts(lost=outcome.lost)
    for video in videos:
        analyser = Analyser(recipes[0], Runtime(device="cpu"), Cache(tmp_path / "cache"), models)
        part = Part(path=video)
        session = Session(session_id=video.stem, parts=(part,))
        report = evaluate([session], analyser, kept=kept)
        assert [str(failure.reason) for failure in report.failures] == (
            [str(error).replace(str(path), path.name)] if video == path else []
        )
        assert analyser.work.frames_decoded == 0
