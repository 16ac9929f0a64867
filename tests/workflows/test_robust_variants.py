"""Events under neighbouring thresholds and other baselines, against doing it by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.picture_signal import PictureSignal
from ferbench.events.signal import EmotionSignal
from ferbench.events.unseeing import Periodic
from ferbench.pipeline.quality import quality
from ferbench.pipeline.recipe import Recipe
from ferbench.types import Pictures
from ferbench.workflows.robustness import variants_of
from helpers.made_sessions import analysis_of, edges_of, noise, session_of


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    config = composed({})
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    signal = EmotionSignal(labels=("surprise",), baseline="rolling")
    return replace(made, signal=signal, event=Hysteresis(enter=0.5, exit=0.45))


@pytest.fixture(scope="module")
def results():
    made = []
    for seed in (1, 2, 3):
        analysis = analysis_of(edges_of(1500), noise(1500, seed=seed), name=f"p{seed}")
        annotations = [(10.0, 11.0, "slip"), (40.0, 41.0, "slip")] if seed < 3 else None
        result = session_of([analysis], annotations, name=f"p{seed}")
        [part] = result.parts
        told = quality(analysis.timeline, analysis.faces, analysis.expressions, part.chosen)
        made.append(replace(result, parts=(replace(part, quality=told),)))
    return made


def test_every_threshold_and_baseline_once_the_own_first(results, recipe):
    variants = variants_of(results, recipe)
    settings = [(each.baseline, each.threshold) for each in variants]
    assert settings[0] == ("rolling", 0.5)
    assert [each.is_own for each in variants] == [True] + [False] * 19
    levels = (0.4, 0.45, 0.5, 0.55, 0.6)
    expected = {(b, x) for b in ("none", "rolling", "centred", "video") for x in levels}
    assert set(settings) == expected
    for each in variants:
        assert [s.session_id for s in each.sessions] == ["p1", "p2"], "the third has no annotations"


def test_events_are_those_of_the_rule_on_the_signal(results, recipe):
    for each in variants_of(results, recipe):
        signal = replace(recipe.signal, baseline=each.baseline)
        rule = replace(
            recipe.event, enter=each.threshold, exit=min(recipe.event.exit, each.threshold)
        )
        for session, result in zip(each.sessions, results, strict=False):
            [part] = result.parts
            [own] = signal.build(
                part.analysis.expressions, part.chosen, part.analysis.timeline, part.analysis.faces
            )
            found = rule.detect(own, session_id=session.session_id, start_s=0.0)
            assert [e.trigger_s for e in session.events] == [e.trigger_s for e in sorted(found)]
            assert session.profile is None


def test_a_rule_that_looks_at_no_signal_has_nothing_to_vary(results, recipe):
    variants = variants_of(results, replace(recipe, event=Periodic()))
    assert [variant.is_own for variant in variants] == [True]


def test_pictures_are_at_hand_for_signals_of_them(results, recipe):
    rng = np.random.default_rng(5)
    with_pictures = []
    for result in results:
        [part] = result.parts
        frames = part.analysis.timeline.video.num_frames
        change = np.concatenate([[np.nan], rng.uniform(0, 9, frames - 1)])
        pictures = Pictures(luma=rng.uniform(0, 255, frames), change=change)
        analysis = replace(part.analysis, pictures=pictures)
        with_pictures.append(replace(result, parts=(replace(part, analysis=analysis),)))
    moving = replace(recipe, signal=PictureSignal())
    settings = {(each.baseline, each.threshold) for each in variants_of(with_pictures, moving)}
    levels = (0.4, 0.45, 0.5, 0.55, 0.6)
    assert settings == {(b, x) for b in ("none", "rolling", "centred", "video") for x in levels}
