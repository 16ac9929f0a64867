"""What ferbench draws, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferbench.look import EXPRESSION_COLOURS, rgb
from ferbench.rendering.clips import clips_of_events
from ferbench.rendering.ink import letters, write
from ferbench.rendering.layout import FerbenchLayout
from ferbench.rendering.overlay import Overlay
from ferbench.types import Annotation, Event, Faces

LABELS = ("anger", "happiness", "surprise")
SIZE = (720, 1280)
SURPRISE = rgb(EXPRESSION_COLOURS["surprise"])
HAPPINESS = rgb(EXPRESSION_COLOURS["happiness"])


def overlay(boxes=((400, 200, 600, 450),), values=(0.1, 0.2, 0.7), rows=50, **more):
    """The same faces in every row; the first is chosen."""
    count = len(boxes)
    faces = Faces(
        frame=np.repeat(np.arange(rows), count),
        box_xyxy=np.tile(np.array(boxes, np.float32).reshape(-1, 4), (rows, 1)),
        score=np.ones(rows * count, np.float32),
        landmarks_xy=np.full((rows * count, 5, 2), np.nan, np.float32),
    )
    shares = np.full((rows * count, len(LABELS)), np.nan)
    if count:
        shares[::count] = values
    return Overlay(
        session_id="s",
        edges_s=np.arange(rows + 1) / 25,
        row=np.arange(rows),
        faces=faces,
        values=shares,
        labels=LABELS,
        chosen=np.arange(rows) * count if count else np.full(rows, -1),
        **more,
    )


def event(onset_s, offset_s, label="surprise"):
    return Event(
        session_id="s", onset_s=onset_s, offset_s=offset_s, trigger_s=onset_s, label=label, peak=1.0
    )


def drawn(of, frame=10, size=SIZE, title=""):
    picture = np.full((*size, 3), 128, np.uint8)
    FerbenchLayout(of, size, is_titled=bool(title)).draw(picture, frame, title)
    return picture


def has(picture, colour):
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum())


def test_only_what_is_drawn_on_changes():
    picture = drawn(overlay())
    changed = (picture != 128).any(axis=2)
    assert changed[200:450, 398:402].all()  # the box's left side
    assert not changed[210:440, 410:590].any()  # the face
    assert not changed[500:640, 300:].any()
    assert not changed[:160, 300:1020].any()
    assert changed.mean() < 0.12


def test_bars_are_as_long_as_probabilities():
    lengths = {}
    for share in (0.25, 0.5, 1.0):
        picture = drawn(overlay(values=(1 - share, 0.0, share)))[:200, 1030:]
        lengths[share] = has(picture, SURPRISE)
    assert lengths[0.5] == pytest.approx(2 * lengths[0.25], rel=0.05)
    assert lengths[1.0] == pytest.approx(2 * lengths[0.5], rel=0.05)


def test_bars_stand_where_the_participant_is_not():
    right = drawn(overlay(boxes=[(100, 50, 300, 300)]))
    left = drawn(overlay(boxes=[(1000, 50, 1200, 300)]))
    assert (right[5, 1275] != 128).any()
    assert (right[5, 5] == 128).all()
    assert (left[5, 5] != 128).any()
    assert (left[5, 1275] == 128).all()


def test_events_are_shown_while_they_last():
    with_event = overlay(values=(0.9, 0.05, 0.05), events=(event(0.4, 0.8),))
    strip = (slice(712, 720), slice(None))
    inside = [has(np.delete(drawn(with_event, f), strip[0], 0), SURPRISE) for f in (9, 10, 19, 20)]
    quiet = inside[0]
    assert inside[1] > quiet + 100
    assert inside[2] == inside[1]
    assert inside[3] == quiet
    assert has(drawn(with_event, 0)[strip], SURPRISE) > 100  # the whole video's strip


def test_a_point_is_shown_for_a_second():
    mark = Annotation(session_id="s", onset_s=0.4, offset_s=0.4, kind="error")
    of = overlay(annotations=(mark,))
    shown = [
        (drawn(of, f)[600:710, :200] != drawn(overlay(), f)[600:710, :200]).any()
        for f in (9, 10, 34, 36)
    ]
    assert shown == [False, True, True, False]


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [(-500, -400, -300, -200)],
        [(1200, 650, 1e9, 1e9)],
        [(10, 10, 11, 11)],
        [(20 * i, 30, 20 * i + 15, 60) for i in range(50)],
    ],
    ids=["none", "outside", "huge", "one pixel", "fifty"],
)
@pytest.mark.parametrize("size", [(36, 64), (240, 320), (720, 405), (2160, 3840)])
def test_odd_faces_and_sizes(boxes, size):
    of = overlay(boxes=boxes, events=(event(0, 2),))
    zoom = FerbenchLayout(of, size).zoom
    picture = np.full((size[0] * zoom, size[1] * zoom, 3), 128, np.uint8)
    FerbenchLayout(of, size, is_titled=True).draw(picture, 10, "title")
    assert (picture != 128).any()
    assert picture.shape[0] >= 360


def test_any_text_is_written():
    for text in ("", "  ", "é ß 你好 \u202e <script>", "\n", "x" * 500):
        picture = np.full((60, 200, 3), 128, np.uint8)
        write(picture, text, (-5, -5), 20)
        write(picture, text, (190, 50), 20)
    assert letters("surprise", 20).max() > 200


def test_clips_have_context_and_titles():
    of = overlay(events=(event(0.0, 0.2), event(1.0, 1.2), event(1.9, 2.0)))
    clips = clips_of_events(of, context_s=0.4)
    assert [(clip.first, clip.last) for clip in clips] == [(0, 15), (15, 40), (38, 50)]
    assert clips[1].title == "s · event 2 of 3 · surprise · 00:00:01.000"
    of_thesis = clips_of_events(of, context_s=0, thesis_rate_hz=25.0)
    assert of_thesis[1].title == "detection: 1\ntimestamp: 00:00:01:01"


def test_sampled_rows_stand_until_the_next():
    of = replace(overlay(rows=5), row=np.repeat(np.arange(5), 3))
    assert of.first_frame(0.05) == 6
    assert [list(of.faces_in(row)) for row in (0, 4)] == [[0], [4]]
