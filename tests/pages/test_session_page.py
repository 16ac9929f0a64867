"""A session's page as a file: what it holds, and what it must not."""

import base64
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed
from ferbench.pages.document import html_of
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.pages.session_positions import MOST_POSITIONS, positions_of
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session
from helpers.made_sessions import LABELS, analysis_of, edges_of, noise, session_of

ABOUT = SessionAbout(rule="hysteresis", criterion=str(Window()), made_of=(("model", "none"),))
MARKS = [(5.0, 7.0, "slip"), (20.0, 20.0, "no answer"), (41.0, 41.5, "slip")]


def made(frames=1500, *, seed=1, **how):
    edges_s = edges_of(frames, jitter=2)
    return session_of([analysis_of(edges_s, noise(frames, seed=seed, smooth=40))], MARKS, **how)


def events_at(result, rule):
    """What the rule itself finds at its level."""
    found = []
    for part in result.parts:
        for signal in part.signals:
            found += rule.detect(signal, session_id="", start_s=part.start_s)
    return sorted(found)


@pytest.mark.parametrize("criterion", [Window(), Window(stamp="onset"), Overlap()])
@pytest.mark.parametrize("labels", [("surprise",), ("happiness", "fear")])
def test_each_position_is_what_rule_and_criterion_say_at_its_level(criterion, labels):
    rule = Hysteresis(enter=0.55, exit=0.25)
    result = made(rule=rule, criterion=criterion, labels=labels)
    slider = positions_of(result, rule, criterion, lowest=0.0)
    assert 20 < len(slider.positions) <= MOST_POSITIONS
    assert slider.positions[slider.own].level == rule.enter

    for number, position in enumerate(slider.positions):
        here = [k for k, e in enumerate(slider.events) if e.first <= number <= e.last]
        expected = events_at(result, Hysteresis(enter=position.level, exit=0.25))
        assert [slider.events[k].event for k in here] == expected

        outcome = compare_session(
            expected,
            result.session.annotations,
            criterion,
            observed_s=result.observed_s,
            valid_s=result.valid_s,
        )
        assert position.numbers == outcome.as_plain()
        pairs = [(here.index(event), annotation) for event, annotation, _ in position.matches]
        assert pairs == list(outcome.matches)
        assert [lag_s for _, _, lag_s in position.matches] == list(outcome.lags_s)


def test_the_slider_stops_where_something_changes_and_nowhere_else():
    rule = Hysteresis()
    result = made(frames=500, rule=rule)
    slider = positions_of(result, rule, Window(), lowest=0.0)
    sweep = rule.threshold_sweep(result.parts[0].signals[0], start_s=0.0)
    expected = sorted({*sweep.levels.tolist(), rule.level})
    assert [position.level for position in slider.positions] == expected


def test_many_levels_are_thinned_evenly_and_keep_the_own_one():
    rule = Windowed(enter=0.37)
    result = made(frames=9000, rule=rule)
    slider = positions_of(result, rule, Window(), lowest=0.0, most=25)
    levels = [position.level for position in slider.positions]
    assert len(levels) == 25
    assert levels == sorted(levels)
    assert levels[slider.own] == 0.37


def test_a_rule_without_a_sweep_has_its_own_level_only():
    class OneLevel(Hysteresis):
        def threshold_sweep(self, signal, *, start_s):
            del signal, start_s

    rule = OneLevel()
    result = made(rule=rule)
    slider = positions_of(result, rule, Window(), lowest=0.0)
    assert [position.level for position in slider.positions] == [rule.level]
    assert [each.event for each in slider.events] == list(result.events)
    assert "its own threshold" in slider.note


def test_values_and_times_come_back_from_the_page():
    result = made(frames=300)
    data = session_page(result, Hysteresis(), Window(), ABOUT).data
    part = data["parts"][0]
    edges_s = np.frombuffer(base64.b64decode(part["edges"]), "<f8")
    np.testing.assert_array_equal(edges_s, result.parts[0].analysis.timeline.edges_s)

    probs = result.parts[0].chosen_probs()
    for k in range(len(LABELS)):
        steps = np.frombuffer(base64.b64decode(part["curves"][k]), np.uint8)
        np.testing.assert_allclose(steps / 254, probs[:, k], atol=1 / 507)


def test_gaps_without_a_face_have_no_value():
    has_face = np.ones(300, bool)
    has_face[100:120] = False
    analysis = analysis_of(edges_of(300), noise(300), has_face=has_face, per_frame=3)
    data = session_page(session_of([analysis]), Hysteresis(), Window(), ABOUT).data
    signal = np.frombuffer(base64.b64decode(data["parts"][0]["signals"][0]), np.uint8)
    faces = np.frombuffer(base64.b64decode(data["parts"][0]["faces"]), np.uint8)
    chosen = np.frombuffer(base64.b64decode(data["parts"][0]["chosen"]), np.uint8)
    assert (np.flatnonzero(signal == 255) == np.arange(100, 120)).all()
    assert set(faces[has_face]) == {3}
    assert (chosen == has_face).all()


def test_no_folder_and_no_image_is_in_the_file():
    html = html_of(session_page(made(frames=300), Hysteresis(), Window(), ABOUT))
    assert "secret folder" not in html
    assert "/home/" not in html
    assert "<img" not in html
    assert "data:image" not in html


def test_an_unannotated_session_has_events_and_says_why_there_are_no_scores():
    edges_s = edges_of(1500)
    result = session_of([analysis_of(edges_s, noise(1500, smooth=40))], None)
    page = session_page(result, Hysteresis(), Window(), ABOUT)
    assert "not scored: nobody annotated this session" in page.values["summary"]
    assert page.data["scored"] is False
    assert page.data["events"]["label"]
    assert not any(page.data["matches"])
    assert not any(page.data["events"]["scored"])


def test_files_keep_their_names_only():
    result = made(frames=100, files=["a <b>.mp4"])
    data = session_page(result, Hysteresis(), Window(), ABOUT).data
    assert [part["file"] for part in data["parts"]] == [Path("a <b>.mp4").name]


def test_a_rule_without_a_threshold_has_one_position():
    class NoLevel(Hysteresis):
        level = math.nan

    result = made()
    slider = positions_of(result, NoLevel(), Window(), lowest=0.0)
    assert len(slider.positions) == 1
    assert [each.event for each in slider.events] == list(result.events)
    assert slider.note == "this event rule has no threshold"


def test_signals_that_are_no_probabilities_are_drawn_over_their_own_range():
    result = made(frames=300)
    [signal] = result.parts[0].signals
    far = replace(signal, value=40 * signal.value)
    result = replace(result, parts=(replace(result.parts[0], signals=(far,)),))
    about = replace(ABOUT, span=(0.0, math.inf))
    data = session_page(result, Hysteresis(), Window(), about).data
    assert data["span"] == (0.0, pytest.approx(np.nanmax(far.value)))
    steps = np.frombuffer(base64.b64decode(data["parts"][0]["signals"][0]), np.uint8)
    np.testing.assert_allclose(steps / 254 * data["span"][1], far.value, atol=data["span"][1] / 500)
