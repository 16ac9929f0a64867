"""Sessions of a model that tells valence and action units, and no class at all."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from ferbench.events.hysteresis import Hysteresis
from ferbench.pages.session_data import SessionAbout
from ferbench.pages.session_page import session_page
from ferbench.pipeline.quality import quality
from ferbench.rendering.layout import FerbenchLayout
from ferbench.rendering.overlay import overlay_of_seen
from ferbench.report.analysis_text import analysis_line
from ferbench.report.chosen_curves import chosen_curves
from ferbench.report.figures import PictureStyle
from ferbench.report.timeline import timeline_png
from ferbench.scoring.matching.window import Window
from ferbench.types import Expressions, Regression
from ferbench.workflows.inspection.classifications import classifications_of
from ferbench.workflows.inspection.regressions import all_regressions, with_classes
from helpers.made_sessions import analysis_of, edges_of, noise, session_of

FRAMES = 400
UNITS = tuple(
    Regression(name=f"AU{number:02d}", low=0, high=5) for number in (1, 2, 4, 6, 9, 12, 15, 17, 25)
)
REGRESSIONS = (Regression(name="valence", low=-1, high=1), *UNITS)
RULE = Hysteresis(enter=2.0, exit=1.0)


@pytest.fixture(scope="module")
def analysis():
    """Frames with a face each, of which the last ten are not classified."""
    plain = analysis_of(edges_of(FRAMES, jitter=3), noise(FRAMES))
    rng = np.random.default_rng(8)
    regressed = rng.uniform(-1, 1, (FRAMES, len(REGRESSIONS))).astype(np.float32)
    regressed[:, 1:] = np.cumsum(regressed[:, 1:], axis=0) % 5.5  # beyond the range, too
    rows = np.arange(FRAMES - 10)
    said = Expressions(
        frame=rows,
        face=rows,
        logits=np.empty((len(rows), 0), np.float32),
        labels=(),
        regressed=regressed[rows],
        regressions=REGRESSIONS,
    )
    return replace(plain, expressions=said)


def about(span):
    return SessionAbout(rule="", criterion="", made_of=(), span=span)


def curve_of(data, place):
    """Values of a curve of the page's first part."""
    label = data["labels"][place]
    steps = np.frombuffer(base64.b64decode(data["parts"][0]["curves"][place]), np.uint8)
    value = label["low"] + steps / 254 * (label["high"] - label["low"])
    value[steps == 255] = np.nan
    return value


def test_a_page_draws_what_shares_the_signal_s_axis(analysis):
    result = session_of([analysis], [(3.0, 4.0, "slip")], labels=("AU12",), rule=RULE)
    assert result.events
    data = session_page(result, RULE, Window(), about((0.0, 5.0))).data
    names = [label["name"] for label in data["labels"]]
    assert names == [unit.name for unit in UNITS if unit.name != "AU12"], "it is the signal itself"
    assert data["axis"] == "AU12"
    assert len({tuple(label["dash"]) for label in data["labels"][:5]}) == 5
    expected = analysis.expressions.regressed_of("AU01")
    value = curve_of(data, 0)
    np.testing.assert_allclose(value[: FRAMES - 10], expected, atol=5.5 / 500)
    assert np.isnan(value[FRAMES - 10 :]).all()
    assert data["levels"] == sorted(data["levels"])


def test_values_beyond_the_range_are_drawn(analysis):
    result = session_of([analysis], (), labels=("AU12",), rule=RULE)
    data = session_page(result, RULE, Window(), about((0.0, 5.0))).data
    assert data["span"][1] == pytest.approx(analysis.expressions.regressed_of("AU12").max())
    assert data["span"][1] > 5


def test_a_picture_a_frame_and_a_line_of_text(analysis, tmp_path):
    result = session_of([analysis], (), labels=("valence",), rule=Hysteresis())
    [part] = result.parts
    assert [curve.name for curve in chosen_curves(part)] == ["valence"]
    style = PictureStyle(theme="light", vector=True)
    timeline_png(result, tmp_path / "a.png", level=0.5, stamps_s=(), style=style)
    drawing = (tmp_path / "a.svg").read_text()
    assert ">valence (signal)<" in drawing
    assert "probability" not in drawing
    text = analysis_line(analysis)
    assert "mean valence" in text
    assert text.endswith("and 6 more")
    overlay = overlay_of_seen(
        0, analysis.timeline.edges_s, analysis.faces, analysis.expressions, part.chosen
    )
    picture = np.full((360, 640, 3), 128, np.uint8)
    FerbenchLayout(overlay, (360, 640)).draw(picture, 5)
    unseen = np.full((360, 640, 3), 128, np.uint8)
    FerbenchLayout(overlay, (360, 640)).draw(unseen, FRAMES - 1)
    assert (picture[:240, 515:] != unseen[:240, 515:]).any(), "not classified has no bars"


def test_bars_leave_room_and_say_how_many_they_leave_out(analysis):
    overlay = overlay_of_seen(
        0,
        analysis.timeline.edges_s,
        analysis.faces,
        analysis.expressions,
        np.arange(FRAMES),
    )
    many = replace(
        overlay, regressions=REGRESSIONS * 4, regressed=np.tile(overlay.regressed, (1, 4))
    )
    picture = np.full((360, 640, 3), 128, np.uint8)
    FerbenchLayout(many, (360, 640)).draw(picture, 5)
    assert (picture[250:350, 560:] == 128).all(), "two thirds of the height at most"


def test_what_rests_on_classes_is_undefined_or_left_out(analysis):
    measures = quality(analysis.timeline, analysis.faces, analysis.expressions, np.arange(FRAMES))
    assert np.isnan([measures["confidence"], measures["entropy_nats"]]).all()

    class Group:
        def __init__(self, name, expressions):
            self.name = name
            self.expressions = expressions

        def tables(self):
            yield None, self

    plain = analysis_of(edges_of(9), noise(9)).expressions
    groups = [Group("units", analysis.expressions), Group("classes", plain)]
    notes = []
    assert [group.name for group in with_classes(groups, notes)] == ["classes"]
    assert notes == [
        "units tells no classes: it has no confidence, no labels, no calibration and no sheet of "
        "crops"
    ]
    found = all_regressions(groups)
    assert [each.regression.name for each in found] == [each.name for each in REGRESSIONS]
    smile = next(each for each in found if each.regression.name == "AU12")
    expected = analysis.expressions.regressed_of("AU12")
    assert smile.values.quantiles()[2] == pytest.approx(np.median(expected))
    assert smile.beyond == (expected > 5).sum() > 0
    assert classifications_of([plain]).faces == 9
