"""Rows are the same whatever lanes, threads, batches and plans: over random small videos."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.plan import Plan
from ferbench.pipeline.plan_parts import VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser

folders = itertools.count()


@pytest.fixture(scope="module")
def recipes() -> list[Recipe]:
    made = []
    for preprocessing in ("square_margin", "align5"):
        config = composed({"preprocessing": preprocessing})
        made.append(Recipe(**{name: build(config[name], where=name) for name in PLUGS}))
    return made


@pytest.fixture(scope="module")
def pictures(clip) -> list[np.ndarray]:
    """36 pictures of a face, and one without any."""
    with av.open(str(clip)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [*shown, np.full_like(shown[0], 90)]


def write(path, pictures, order, steps):
    """A video of these pictures, each on screen for so many hundredths of a second."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"bf": "0", "g": "7"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        at = 0
        for number, step in zip(order, steps, strict=True):
            frame = av.VideoFrame.from_ndarray(pictures[number], format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 100)
            container.mux(stream.encode(frame))
            at += step
        container.mux(stream.encode())


def columns(analysis):
    """Every column of all three tables."""
    yield "edges_s", analysis.timeline.edges_s
    yield "damage", np.array([analysis.timeline.damage])
    for table in (analysis.faces, analysis.expressions):
        for column in dataclasses.fields(table):
            yield column.name, np.asarray(getattr(table, column.name))


def assert_same(one, other):
    for (name, first), (_, second) in zip(columns(one), columns(other), strict=True):
        assert np.array_equal(first, second, equal_nan=first.dtype.kind == "f"), name


videos = st.integers(1, 40).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(0, 36), min_size=count, max_size=count),
        st.lists(st.integers(1, 30), min_size=count, max_size=count),
    )
)
runtimes = st.fixed_dictionaries(
    {"lanes": st.integers(1, 4), "threads": st.integers(0, 3), "batch_size": st.integers(1, 20)}
)
dials = st.fixed_dictionaries(
    {"detect_every": st.sampled_from([1, 1, 2, 4]), "target_fps": st.sampled_from([None, None, 8])}
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(video=videos, runtime=runtimes, dial=dials, kept=st.sampled_from([1, 1, 0.8, 0.5]))
def test_nothing_but_the_dials_changes_a_row(
    video, runtime, dial, kept, recipes, pictures, models, tmp_path_factory
):
    """Variable frame rates, frames without a face, and files whose end is missing."""
    folder = tmp_path_factory.mktemp(f"same{next(folders)}")
    path = folder / "video.mkv"
    write(path, pictures, *video)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * kept)])

    def analysed(recipe, cache, **how):
        runtime = Runtime(device="cpu", on_damaged="keep", **dial, **how)
        return Analyser(recipe, runtime, Cache(folder / cache), models).analyse(path, video_id="v")

    try:
        expected = [analysed(recipe, "plain", lanes=1, threads=1) for recipe in recipes]
    except VideoError:
        if kept == 1:
            raise
        return  # so short a piece that not one frame of it decodes
    for recipe, single in zip(recipes, expected, strict=True):
        assert_same(analysed(recipe, "other", **runtime), single)
    plan = Plan(
        [VideoJob(recipe=recipe, path=path, video_id="v") for recipe in recipes],
        runtime=Runtime(device="cpu", on_damaged="keep", **dial, **runtime),
        cache=Cache(folder / "planned"),
        models=models,
    )
    outcome = plan.run()
    assert (outcome.passes, outcome.failures) == (1, {})
    for recipe, single in zip(recipes, expected, strict=True):
        assert_same(analysed(recipe, "planned"), single)
