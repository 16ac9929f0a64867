"""Names, ranges and kinds of what a model tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.labels import ACTION_UNITS, EMOTIONS, channel_name
from ferbench.types import Channels, Expressions, Regression

VALENCE = Regression(name="valence", low=-1, high=1, meaning="from unpleasant to pleasant")
AROUSAL = Regression(name="arousal", low=-1, high=1)
BOTH = Channels(labels=("anger", "surprise"), regressions=(VALENCE, AROUSAL))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Surprised", "surprise"),
        (" HAPPY ", "happiness"),
        ("Valence", "valence"),
        ("AU12", "AU12"),
        ("au 1", "AU01"),
        ("au_04", "AU04"),
        ("Brow  Lowerer", "AU04"),
        ("gaze_yaw", "gaze_yaw"),
    ],
)
def test_spellings(written, name):
    assert channel_name(written) == name


@given(st.sampled_from([*EMOTIONS, *ACTION_UNITS.values(), "arousal", "AU17", "x_1"]))
def test_a_spelling_is_its_own(written):
    name = channel_name(written)
    assert channel_name(name) == name == channel_name(name.upper())


@pytest.mark.parametrize("wrong", ["", "two words", "1st", "a-b", "a.b", "au 100"])
def test_what_can_be_no_name_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"unknown label .*; expected an expression"):
        channel_name(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "Valence"}, "expected 'valence', got 'Valence'"),
        ({"name": "au1"}, "expected 'AU01', got 'au1'"),
        ({"name": "anger"}, "anger is an expression"),
        ({"high": -1}, "expected a number above low, -1, got -1"),
        ({"low": math.nan}, "high: expected a number above low"),
        ({"low": "0"}, "low: expected a number"),
    ],
)
def test_wrong_regressions_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Regression(**({"name": "valence", "low": -1, "high": 1} | wrong))


@pytest.mark.parametrize(
    ("labels", "regressions", "message"),
    [
        (("happy",), (), "labels: expected 'happiness'"),
        (("anger", "anger"), (), "different labels"),
        ((), (VALENCE, VALENCE), "regressions: expected different names"),
    ],
)
def test_wrong_channels_are_refused(labels, regressions, message):
    with pytest.raises(ConfigError, match=message):
        Channels(labels=labels, regressions=regressions)


def test_channels_tell_what_is_there():
    assert BOTH.names == ("anger", "surprise", "valence", "arousal")
    assert len(BOTH) == 4
    assert str(BOTH) == "anger, surprise (classes), valence (-1 to 1), arousal (-1 to 1)"
    assert str(Channels(labels=("anger", "fear"))) == "anger, fear"
    assert str(Regression(name="pain", low=0, high=math.inf)) == "pain"
    assert BOTH.range_of("anger") == (0, 1)
    assert BOTH.range_of("arousal") == (-1, 1)
    BOTH.check_has(["surprise", "valence"], key="labels")
    told = r"labels: the model has no arousa \(did you mean arousal\?\); it has anger, .* arousal"
    with pytest.raises(ConfigError, match=told):
        BOTH.check_has(["arousa"], key="labels")


def expressions(regressed, **more):
    m = len(regressed)
    return Expressions(
        frame=np.arange(m),
        face=np.arange(m),
        logits=np.zeros((m, 0), np.float32),
        labels=(),
        regressed=np.array(regressed, np.float32),
        **more,
    )


def test_a_model_without_classes_has_no_softmax():
    said = expressions([[0.5, -1.5], [np.nan, 0]], regressions=(VALENCE, AROUSAL))
    assert said.probs().shape == (2, 0)
    assert said.regressed_of("arousal").tolist() == [-1.5, 0.0], "no value is cut off"


def test_columns_and_channels_must_agree():
    with pytest.raises(DataError, match=r"regressed: expected float32 of shape \(1, 1\)"):
        expressions([[0.5, 1]], regressions=(VALENCE,))
    with pytest.raises(DataError, match=r"regressed: expected float32 of shape \(1, 0\)"):
        expressions([[0.5]])


def test_regressions_take_no_part_in_the_softmax():
    outputs = np.random.default_rng(3).normal(0, 2, (5, 4)).astype(np.float32)
    rows = np.arange(5)
    said = Expressions.of_outputs(frame=rows, face=rows, outputs=outputs, channels=BOTH)
    alone = Expressions(frame=rows, face=rows, logits=outputs[:, :2], labels=("anger", "surprise"))
    np.testing.assert_array_equal(said.probs(), alone.probs())
    np.testing.assert_array_equal(said.regressed_of("valence"), outputs[:, 2])
    assert said.channels == BOTH
    assert alone.channels == Channels(labels=("anger", "surprise"))
