"""Signals of what is no class: taken as it is, rising or falling, with levels in its own units."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.signal import EmotionSignal
from ferbench.fingerprint import canonical_json, fingerprint
from ferbench.pipeline.recipe import Recipe
from ferbench.types import Channels, Expressions, Regression, Timeline, VideoInfo

VALENCE = Regression(name="valence", low=-1, high=1)
AROUSAL = Regression(name="arousal", low=-1, high=1)
SMILE = Regression(name="AU12", low=0, high=5)
CHANNELS = Channels(labels=("neutral", "surprise"), regressions=(VALENCE, AROUSAL, SMILE))
ROWS = 6
outputs_f32 = hnp.arrays(
    np.float32,
    (ROWS, len(CHANNELS)),
    elements=st.floats(-2, 2, width=32) | st.just(math.nan),
)


def said(outputs):
    rows = np.arange(len(outputs))
    return Expressions.of_outputs(frame=rows, face=rows, outputs=outputs, channels=CHANNELS)


def timeline(frames=ROWS):
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0",
        num_frames=frames,
        width_px=8,
        height_px=8,
        fps_hz=1.0,
    )
    return Timeline(video=video, edges_s=np.arange(frames + 1.0))


def values(rule, outputs, chosen=None):
    chosen = np.arange(len(outputs)) if chosen is None else chosen
    return [signal.value for signal in rule.build(said(outputs), chosen, timeline())]


@given(outputs_f32)
def test_a_regression_is_taken_as_it_is(outputs):
    both = values(EmotionSignal(labels=("Arousal", "valence")), outputs)
    np.testing.assert_array_equal(both, [outputs[:, 3], outputs[:, 2]])


@given(outputs_f32, st.sampled_from(["none", "video", "rolling"]), st.floats(0, 3))
def test_falling_is_minus_rising(outputs, baseline, smooth_s):
    for label in ("valence", "surprise"):
        rule = EmotionSignal(labels=(label,), baseline=baseline, smooth_s=smooth_s)
        (rising,) = values(rule, outputs)
        (falling,) = values(dataclasses.replace(rule, direction="falling"), outputs)
        np.testing.assert_array_equal(falling, -rising)


def test_without_a_face_there_is_no_value():
    outputs = np.full((ROWS, len(CHANNELS)), 0.25, np.float32)
    outputs[4, 2] = np.nan
    (value,) = values(EmotionSignal(labels=("valence",)), outputs, np.array([0, -1, 2, 9, 4, 5]))
    np.testing.assert_array_equal(value, [0.25, math.nan, 0.25, math.nan, math.nan, 0.25])


def test_an_event_where_valence_drops():
    outputs = np.zeros((ROWS, len(CHANNELS)), np.float32)
    outputs[:, 2] = [0.2, 0.2, -0.3, -0.4, 0.2, 0.2]
    rule = EmotionSignal(labels=("valence",), baseline="video", direction="falling")
    (signal,) = rule.build(said(outputs), np.arange(ROWS), timeline())
    (event,) = Hysteresis(enter=0.5, exit=0.1).detect(signal, session_id="s", start_s=0.0)
    assert (event.onset_s, event.offset_s, event.label) == (2.0, 4.0, "falling valence")
    assert event.peak == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("fields", "span"),
    [
        ({"labels": ("surprise",)}, (0, 1)),
        ({"labels": ("surprise",), "baseline": "video"}, (-1, 1)),
        ({"labels": ("surprise",), "direction": "falling"}, (-1, 0)),
        ({"labels": ("valence",)}, (-1, 1)),
        ({"labels": ("valence", "arousal"), "baseline": "rolling"}, (-2, 2)),
        ({"labels": ("AU12",)}, (0, 5)),
        ({"labels": ("AU12",), "direction": "falling"}, (-5, 0)),
        ({"labels": ("AU12",), "direction": "falling", "baseline": "others"}, (-5, 5)),
    ],
)
def test_levels_are_in_the_channels_own_units(fields, span):
    assert EmotionSignal(**fields).span_of(CHANNELS) == span


def test_a_range_that_is_not_told_has_no_ends():
    unknown = Channels(regressions=(Regression(name="pain", low=-math.inf, high=math.inf),))
    for baseline in ("none", "video"):
        rule = EmotionSignal(labels=("pain",), baseline=baseline, direction="falling")
        assert rule.span_of(unknown) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": ("AU04",)}, r"the model has no AU04.*it has neutral, surprise \(classes\), "),
        ({"labels": ("surprise", "arousal")}, r"got surprise \(a class\), arousal \(-1 to 1\)"),
        ({"labels": ("AU12", "arousal")}, r"got AU12 \(0 to 5\), arousal \(-1 to 1\)"),
        ({"labels": ("valence",), "kind": "top"}, "kind: top is for classes, and valence is none"),
    ],
)
def test_labels_that_the_model_has_not_or_that_do_not_go_together(fields, message):
    rule = EmotionSignal(**fields)
    with pytest.raises(ConfigError, match=message):
        rule.span_of(CHANNELS)
    with pytest.raises(ConfigError, match=message):
        rule.build(said(np.zeros((ROWS, 5), np.float32)), np.arange(ROWS), timeline())


def test_a_direction_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="direction: expected one of rising, falling"):
        EmotionSignal(direction="down")


def test_keys_of_rising_signals_are_as_before():
    assert "direction" not in canonical_json(EmotionSignal())
    assert fingerprint(EmotionSignal(direction="falling")) != fingerprint(EmotionSignal())


def test_a_recipe_tells_at_once_what_its_model_lacks():
    config = composed({})
    parts = {name: build(config[name], where=name) for name in PLUGS}
    told = r"signal\.labels: the model has no arousal; it has anger, disgust"
    with pytest.raises(ConfigError, match=told):
        Recipe(**parts | {"signal": EmotionSignal(labels=("arousal",))})
    model = dataclasses.replace(parts["model"], regressions=(AROUSAL,))
    parts |= {"model": model, "signal": EmotionSignal(labels=("arousal",))}
    low = Recipe(**parts | {"event": Hysteresis(enter=-0.5, exit=-0.7)})
    assert low.signal_span == (-1, 1)
    with pytest.raises(ConfigError, match=r"expected more than -1 and at most 1, .* got 1\.5"):
        Recipe(**parts | {"event": Hysteresis(enter=1.5)})
