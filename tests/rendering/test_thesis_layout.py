"""Pixels as the thesis' playback.py drew them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ferbench.rendering.overlay import overlay_of_thesis
from ferbench.rendering.thesis_layout import BAR_X_PX, PANEL_PX, ThesisLayout, draw_face
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.video.seeking import FileClock
from helpers.reference import shared_path


@pytest.fixture(scope="module")
def original():
    folder = shared_path("thesis/playback")
    pictures = np.load(folder / "shown.npz")
    expected = json.loads((folder / "expected.json").read_text())["frames"]
    return (
        pictures["base"],
        pictures["shown"],
        expected,
        read_thesis_csv(folder / "predictions.csv"),
    )


def drawn(original, number):
    base, _, _, predictions = original
    picture = base[..., ::-1].copy()
    if predictions.labels[number] is not None:
        box = tuple(int(value) for value in predictions.box_xywh[number])
        draw_face(picture, box, predictions.scores[number].astype(np.float64))
    return picture[..., ::-1]


def changed(picture, base):
    rows, columns = np.nonzero((picture != base).any(axis=2))
    if not len(rows):
        return None
    return [int(v) for v in (columns.min(), rows.min(), columns.max(), rows.max())]


@pytest.mark.parametrize("number", range(9))
def test_the_same_pixels_change(original, number):
    base, _, expected, _ = original
    assert changed(drawn(original, number), base) == expected[number]["changed_bbox_x0_y0_x1_y1"]


def test_a_clip_of_detect_has_a_frame_and_two_lines(original):
    base, _, _, predictions = original
    clock = FileClock(edges_s=np.arange(10) / 25, can_seek=True, is_known=True)
    overlay = overlay_of_thesis(predictions, "s", clock, rate_hz=25.0)
    picture = base.copy()
    ThesisLayout(overlay).draw(picture, 1, "detection: 0\ntimestamp: 00:00:00:01")
    assert (picture[190, 20:112] == 67).all()
    assert np.array_equal(picture[100:190, 21:111], base[100:190, 21:111])
    assert np.array_equal(picture[100:190, 112:], base[100:190, 112:])
    assert (picture[20:90, 50:] == 255).all(axis=2).any()


@pytest.mark.parametrize("number", range(9))
def test_pixels_are_equal_but_for_the_letters(original, number):
    _, shown, _, predictions = original
    picture = drawn(original, number)
    differs = (picture != shown[number]).any(axis=2)
    rows, columns = np.nonzero(differs)
    if predictions.labels[number] is None or predictions.box_xywh[number][2] <= 90:
        assert not len(rows)
        return
    x, y, width, _ = (int(value) for value in predictions.box_xywh[number])
    is_right = x + width + PANEL_PX < picture.shape[1]
    panel = x + width if is_right else x - PANEL_PX
    assert ((columns >= panel) & (columns < panel + BAR_X_PX)).all()
    assert ((rows - y) % 20 != 7).all()  # the gaps between the lines of letters
    assert differs.mean() < 0.03
