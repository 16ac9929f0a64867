"""What whole pictures are like: against numpy on frames that FFmpeg's own program decoded."""

from __future__ import annotations

import dataclasses
import subprocess

import numpy as np
import pytest
import torch

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.events.picture_signal import PictureSignal
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.grey import GreyChange, grey_part, pictures_of
from ferbench.pipeline.one_pass import OnePass
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stage_keys import PICTURES
from ferbench.pipeline.stages import Analyser
from ferbench.pipeline.wanted import WantedPictures
from ferbench.results import Work
from ferbench.video.pyav import PyavReader
from helpers import ffmpeg
from helpers.reference import report_difference

UNEVEN = "setpts='(N+0.4*mod(N\\,3))/(30*TB)'"
"""Frames at 0, 1.4, 2.8, 3, 4.4 ... thirtieths of a second."""


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A moving picture of 41 frames at an unsteady rate, to the bit."""
    path = tmp_path_factory.mktemp("grey") / "uneven.mkv"
    moving = ffmpeg.picture(41 / 30, size="66x50")
    how = [
        "-vf",
        f"{UNEVEN},noise=alls=40:allf=t:all_seed=7,format=bgr0",
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
    ]
    return ffmpeg.make(path, *moving, *how)


@pytest.fixture(scope="module")
def decoded(video):
    """Its frames, u8 (T, H, W, 3), by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-fps_mode", "passthrough"]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 50, 66, 3)


def passed(video, **runtime):
    """The pictures of a video after a pass that makes nothing else."""
    one_pass = OnePass(
        reader=PyavReader(),
        runtime=Runtime(device="cpu", **runtime),
        device=torch.device("cpu"),
        wanted=(),
        work=Work(),
        on_frames=lambda _: None,
        pictures=WantedPictures(key="p"),
    )
    timeline = one_pass.run(video, video_id="v", sha256="")
    return one_pass.rows("p"), timeline


def by_numpy(frames):
    """Mean grey and mean absolute difference, in real numbers."""
    grey = np.rint(frames.astype(float) @ [0.299, 0.587, 0.114])
    change = np.abs(np.diff(grey, axis=0)).mean(axis=(1, 2))
    return grey.mean(axis=(1, 2)), np.concatenate([[np.nan], change])


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_pass_sees_what_numpy_sees_in_ffmpegs_frames(video, decoded, lanes):
    pictures, _ = passed(video, lanes=lanes)
    luma, change = by_numpy(decoded)
    assert len(decoded) == 41, "several reads, the last of one frame"
    report_difference("mean grey", float(np.abs(pictures.luma - luma).max()))
    np.testing.assert_allclose(pictures.luma, luma, atol=5e-3)  # greys that lie between two
    np.testing.assert_allclose(pictures.change, change, atol=1e-2)
    assert np.isnan(pictures.change).nonzero()[0].tolist() == [0]
    assert pictures.change[1:].min() > 0.1


def test_lanes_and_reads_change_no_bit(video):
    first, _ = passed(video, lanes=1)
    for runtime in ({"lanes": 4}, {"lanes": 2, "detect_every": 5}):
        other, _ = passed(video, **runtime)
        assert np.array_equal(first.luma, other.luma)
        assert np.array_equal(first.change, other.change, equal_nan=True)


def test_at_fewer_frames_the_one_before_is_the_one_that_was_looked_at(video, decoded):
    pictures, timeline = passed(video, target_fps=5)
    looked_at = np.searchsorted(ffmpeg.shown_s(video), timeline.edges_s[:-1] - 1e-6)
    luma, change = by_numpy(decoded[looked_at])
    assert 5 <= len(looked_at) <= 8
    np.testing.assert_allclose(pictures.luma, luma, atol=5e-3)
    np.testing.assert_allclose(pictures.change, change, atol=1e-2)


def test_motion_is_per_second_of_true_time(video, decoded):
    pictures, timeline = passed(video)
    rule = PictureSignal(measure="any_motion", scale="units")
    (signal,) = rule.build(None, None, timeline, None, pictures)
    at_s = np.array(ffmpeg.shown_s(video))
    _, change = by_numpy(decoded)
    for frame in range(1, len(at_s)):
        window = np.flatnonzero((at_s >= at_s[frame] - 0.4 - 1e-9) & (at_s <= at_s[frame]))
        expected = change[window[1:]].sum() / (at_s[frame] - at_s[window[0]])
        assert signal.value[frame] == pytest.approx(expected, rel=2e-3)
    assert np.isnan(signal.value[0])


def test_one_read_after_the_other_is_all_at_once():
    rng = np.random.default_rng(0)
    frames = torch.from_numpy(rng.integers(0, 256, (7, 3, 6, 8)).astype(np.uint8))
    whole, cut = [grey_part(frames)], []
    GreyChange().follow(whole[0])
    change = GreyChange()
    for part in (frames[:1], frames[1:4], frames[4:]):
        cut.append(grey_part(part))
        change.follow(cut[-1])
    assert np.array_equal(pictures_of(whole).luma, pictures_of(cut).luma)
    assert np.array_equal(pictures_of(whole).change, pictures_of(cut).change, equal_nan=True)
    assert len(pictures_of([]).luma) == 0


# As a stage
# ----------------------------------------------------------------------------------------------


def recipe_of(**choices):
    config = composed(choices)
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


def analyser_of(folder, models, **choices):
    return Analyser(recipe_of(**choices), Runtime(device="cpu"), Cache(folder), models)


def test_pictures_are_looked_at_only_where_a_signal_asks_for_them(clip, models, tmp_path):
    plain = analyser_of(tmp_path, models)
    assert PICTURES not in plain.keys(clip)
    assert plain.analyse(clip, video_id="v").pictures is None
    assert not (tmp_path / PICTURES).exists()
    asking = analyser_of(tmp_path, models, signal="any_motion")
    assert not asking.is_cached(clip)
    made = asking.analyse(clip, video_id="v")
    work = asking.work
    assert (work.frames_decoded, work.frames_detected, work.faces_classified) == (36, 0, 0)
    again = analyser_of(tmp_path, models, signal="brightness")
    assert again.is_cached(clip)
    stored = again.analyse(clip, video_id="v")
    assert again.work.frames_decoded == 0
    for one, other in ((made, stored), (stored, made)):
        assert np.array_equal(one.pictures.luma, other.pictures.luma)
        assert np.array_equal(one.pictures.change, other.pictures.change, equal_nan=True)
    assert len(stored.pictures.luma) == 36


def test_a_plan_makes_them_in_the_pass_that_it_makes_anyway(clip, models, tmp_path):
    signals = ("any_motion", "emotion", "brightness")
    recipes = [recipe_of(signal=signal) for signal in signals]
    recipes.append(recipe_of(signal="any_motion", preprocessing="box"))
    recipes.append(
        dataclasses.replace(
            recipes[0], detector=dataclasses.replace(recipes[0].detector, min_score=0.9)
        )
    )
    jobs = [VideoJob(recipe=recipe, path=clip, video_id="v") for recipe in recipes]
    how = {"runtime": Runtime(device="cpu"), "cache": Cache(tmp_path), "models": models}
    outcome = Plan(jobs, **how).run()
    assert (outcome.passes, outcome.frames_decoded) == (1, 36)
    assert len(list((tmp_path / PICTURES).rglob("*.parquet"))) == 1, "the frames' own"
    assert Plan(jobs, **how).videos == ()
    for recipe in recipes:
        analyser = Analyser(recipe, Runtime(device="cpu"), Cache(tmp_path), models)
        analysis = analyser.analyse(clip, video_id="v")
        assert analyser.work.frames_decoded == 0
        assert (analysis.pictures is not None) == recipe.signal.needs_pictures


def test_a_broken_table_is_made_again(clip, models, tmp_path):
    analyser = analyser_of(tmp_path, models, signal="brightness")
    first = analyser.analyse(clip, video_id="v").pictures
    (table,) = (tmp_path / PICTURES).rglob("*.parquet")
    table.write_bytes(table.read_bytes()[:-20])
    again = analyser_of(tmp_path, models, signal="brightness")
    assert np.array_equal(again.analyse(clip, video_id="v").pictures.luma, first.luma)
    assert again.work.frames_decoded == 36
