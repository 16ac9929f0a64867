"""Stage tables: what is written comes back to the bit, and half a file is never seen."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ferbench.errors import CacheError, FormatError
from ferbench.formats.predictions import (
    is_predictions,
    predictions_table,
    read_predictions,
    write_predictions,
)
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.results import StageKey
from ferbench.types import Channels, Expressions, Faces, Regression, Timeline, VideoInfo

LABELS = ("anger", "happiness", "neutral")
REGRESSIONS = (
    Regression(name="valence", low=-1, high=1, meaning="from unpleasant to pleasant"),
    Regression(name="AU12", low=0, high=math.inf),
)
CHANNELS = (
    Channels(labels=LABELS),
    Channels(labels=LABELS, regressions=REGRESSIONS),
    Channels(regressions=REGRESSIONS),
)
any_f32 = st.floats(width=32, allow_nan=True, allow_infinity=True)
tmp = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


@st.composite
def timelines(draw):
    frames = draw(st.integers(1, 12))
    steps = draw(hnp.arrays(np.float64, frames, elements=st.floats(1e-6, 10)))
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="ab" * 32,
        num_frames=frames,
        width_px=64,
        height_px=48,
        fps_hz=draw(st.floats(0.1, 240)),
        rotation_deg=draw(st.sampled_from([0, 90, 180, 270])),
        mirrored=draw(st.booleans()),
        picture_notes=tuple(draw(st.lists(st.text(max_size=5), max_size=2))),
    )
    edges = np.concatenate([[0.0], np.cumsum(steps)])
    return Timeline(
        video=video,
        edges_s=edges,
        num_repaired=draw(st.integers(0, 3)),
        damage=draw(st.text(max_size=5)),
    )


@st.composite
def results(draw, values=any_f32):
    timeline = draw(timelines())
    frame = np.sort(
        draw(
            hnp.arrays(
                np.int64,
                draw(st.integers(0, 6)),
                elements=st.integers(0, timeline.video.num_frames - 1),
            )
        )
    )
    m = len(frame)
    faces = Faces(
        frame=frame,
        box_xyxy=draw(hnp.arrays(np.float32, (m, 4), elements=values)),
        score=draw(hnp.arrays(np.float32, m, elements=values)),
        landmarks_xy=draw(hnp.arrays(np.float32, (m, 5, 2), elements=values)),
    )
    rows = np.flatnonzero(draw(hnp.arrays(np.bool_, m))).astype(np.int64)
    channels = draw(st.sampled_from(CHANNELS))
    outputs = draw(hnp.arrays(np.float32, (len(rows), len(channels)), elements=values))
    said = Expressions.of_outputs(frame=frame[rows], face=rows, outputs=outputs, channels=channels)
    return timeline, faces, said


SAID = ("frame", "face", "logits", "regressed")


def described(expressions):
    """Channels with their meanings, which take no part in comparisons."""
    meanings = [regression.meaning for regression in expressions.regressions]
    return expressions.labels, expressions.regressions, meanings


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=True)


@tmp
@given(results())
def test_stage_tables_round_trip_exactly(tmp_path, result):
    timeline, faces, expressions = result
    path = tmp_path / "t.parquet"
    table, about = tables.timeline_table(timeline)
    tables.write(path, table, about)
    again = tables.timeline_from(*tables.read(path), video_id="v", path=Path("v.mp4"))
    assert same(again.edges_s, timeline.edges_s)
    assert again.video == timeline.video
    assert (again.num_repaired, again.damage) == (timeline.num_repaired, timeline.damage)
    tables.write(path, tables.faces_table(faces), {})
    back = tables.faces_from(tables.read(path)[0])
    assert all(
        same(getattr(back, n), getattr(faces, n))
        for n in ("frame", "box_xyxy", "score", "landmarks_xy")
    )
    tables.write(path, *tables.expressions_table(expressions))
    said = tables.expressions_from(*tables.read(path))
    assert described(said) == described(expressions)
    assert all(same(getattr(said, n), getattr(expressions, n)) for n in SAID)


@tmp
@given(results(values=st.floats(-1e6, 1e6, width=32)))
def test_predictions_round_trip_exactly_in_both_formats(tmp_path, result):
    timeline, faces, expressions = result
    table = predictions_table(timeline, faces, expressions)
    for path in write_predictions(tmp_path, "p", table):
        assert is_predictions(path)
        when, who, what = read_predictions(path)
        assert same(when.edges_s, timeline.edges_s)
        assert all(
            same(getattr(who, n), getattr(faces, n))
            for n in ("frame", "box_xyxy", "score", "landmarks_xy")
        )
        assert all(same(getattr(what, n), getattr(expressions, n)) for n in SAID)
        assert what.channels.names == expressions.channels.names
        if path.suffix == ".parquet":
            assert described(what) == described(expressions)


def test_tables_of_classes_alone_have_nothing_new():
    logits = np.zeros((1, 3), np.float32)
    one = np.zeros(1, np.int64)
    said = Expressions(frame=one, face=one, logits=logits, labels=LABELS)
    table, about = tables.expressions_table(said)
    assert about == {"labels": list(LABELS)}
    assert table.column_names == ["frame", "face", *(f"logit.{label}" for label in LABELS)]


def test_a_column_of_an_impossible_name_is_refused(tmp_path):
    header = "frame,start_s,end_s,face,x1,y1,x2,y2,score,"
    marks = ",".join(
        f"{point}_{axis}"
        for point in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
        for axis in "xy"
    )
    path = tmp_path / "x.csv"
    path.write_text(f"{header}{marks},value.anger\n0,0,1,{',' * 16}\n")
    with pytest.raises(FormatError, match="anger is an expression"):
        read_predictions(path)


def test_a_csv_of_something_else_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("frame,start_s,end_s,face,x\n0,0,1,,2\n")
    with pytest.raises(FormatError, match="has no x1"):
        read_predictions(path)
    (tmp_path / "x.parquet").write_text("text")
    with pytest.raises(FormatError, match="cannot be read"):
        read_predictions(tmp_path / "x.parquet")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    tables.write(path, pa.table({"a": [1]}), {"n": 1})

    def broken(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(tables.pq, "write_table", broken)
    with pytest.raises(OSError, match="disk full"):
        tables.write(path, pa.table({"a": [2]}), {"n": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
    assert tables.read(path)[1] == {"n": 1}


def test_what_is_no_table_of_ours_is_a_cache_error(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_text("no parquet")
    with pytest.raises(CacheError, match="delete it"):
        tables.read(path)
    pa.parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(CacheError, match="not a table that ferbench wrote"):
        tables.read(path)


def test_cache_refuses_a_table_under_the_wrong_name(tmp_path):
    cache = Cache(tmp_path)
    one, other = StageKey.of("faces", {"video": "a"}), StageKey.of("faces", {"video": "b"})
    about = cache.write(one, tables.faces_table(Faces.empty()), {})
    assert about["key"] == one.key
    assert '"video":"a"' in about["spec"]
    assert not cache.has(other)
    cache.path(other).parent.mkdir(parents=True, exist_ok=True)
    cache.path(one).rename(cache.path(other))
    with pytest.raises(CacheError, match="another key"):
        cache.read(other)


def test_digest_is_remembered_and_notices_a_change(tmp_path, monkeypatch):
    cache = Cache(tmp_path / "cache")
    file = tmp_path / "v.bin"
    file.write_bytes(b"one")
    first = cache.digest(file)
    monkeypatch.setattr("ferbench.pipeline.cache.sha256_of", lambda _: pytest.fail("read again"))
    assert cache.digest(file) == first
    monkeypatch.undo()
    file.write_bytes(b"other")
    assert cache.digest(file) != first
