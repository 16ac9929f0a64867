"""What is kept of videos between the cells of a sweep: the same results, only of the same files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.config.loader import load
from ferbench.errors import VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import Analysis, StageKey, StageTiming, Work
from ferbench.types import (
    Annotation,
    Expressions,
    Faces,
    Part,
    Session,
    Timeline,
    VideoInfo,
)

FPS, NUM_FRAMES = 25.0, 1500
LEVELS = (0.4, 0.6, 0.8)


@pytest.fixture(scope="module")
def recipe():
    config = OmegaConf.to_container(load(["event=hysteresis"]), resolve=False)
    return Recipe(**{name: build(config[name], where=name) for name in Recipe.__dataclass_fields__})


def analysis_of(path, labels):
    """A minute in which the face changes slowly, another one for each path."""
    rng = np.random.default_rng(len(path.name) + ord(path.name[0]))
    rows = np.arange(NUM_FRAMES)
    logits = rng.normal(size=(NUM_FRAMES, len(labels)))
    logits[:, labels.index("surprise")] += 4 * np.sin(rows / 60 + rng.uniform(0, 6))
    video = VideoInfo(
        video_id=path.stem,
        path=path,
        sha256="0" * 64,
        num_frames=NUM_FRAMES,
        width_px=64,
        height_px=36,
        fps_hz=FPS,
        rotation_deg=0,
    )
    timing = StageTiming(
        busy_s=1.0, units=NUM_FRAMES, video_s=60.0, device="cpu", load=0.0, cached=True
    )
    return Analysis(
        timeline=Timeline(video=video, edges_s=np.arange(NUM_FRAMES + 1) / FPS),
        faces=Faces(
            frame=rows,
            box_xyxy=np.tile(np.float32([4, 4, 30, 30]), (NUM_FRAMES, 1)),
            score=np.ones(NUM_FRAMES, np.float32),
            landmarks_xy=np.full((NUM_FRAMES, 5, 2), np.nan, np.float32),
        ),
        expressions=Expressions(
            frame=rows, face=rows, logits=logits.astype(np.float32), labels=labels
        ),
        keys={},
        timing=dict.fromkeys(("timeline", "faces", "expressions"), timing),
    )


class Stored:
    """An analyser whose tables lie in a folder; counts what it reads."""

    def __init__(self, recipe, folder, *, runtime=None):
        self.recipe, self.cache, self.work = recipe, Cache(folder), Work()
        self.runtime = runtime or Runtime()
        self.on_frames, self.on_decoded = lambda _: None, lambda: None
        self.read = []

    def keys(self, path, *, camera=""):
        names = {stage: f"{path.stem}{camera}{stage}" for stage in ("timeline", "faces")}
        return {stage: StageKey(stage=stage, key=key, spec={}) for stage, key in names.items()}

    def analyse(self, path, *, video_id, camera=""):
        del video_id
        self.read.append(path.name)
        if path.name == "damaged.mp4":
            raise VideoError("damaged.mp4: damaged video")
        for key in self.keys(path, camera=camera).values():
            table = self.cache.path(key)
            if not table.is_file():
                table.parent.mkdir(parents=True, exist_ok=True)
                table.write_bytes(b"table")
        return analysis_of(path, self.recipe.model.labels)

    def at(self, enter):
        """A cell with another level, over the same tables."""
        event = replace(self.recipe.event, enter=enter)
        return Stored(replace(self.recipe, event=event), self.cache.folder, runtime=self.runtime)


def session(*names, camera=""):
    marks = tuple(
        Annotation(session_id=names[0], onset_s=t, offset_s=t + 2, kind="x", annotator="a")
        for t in (5.0, 21.0, 44.0)
    )
    parts = tuple(Part(path=Path(f"{name}.mp4")) for name in names)
    return Session(session_id=names[0], parts=parts, annotations=marks, camera=camera)


SESSIONS = (session("ana"), session("ben", "cleo"))


def told(report):
    found = [(one.events, one.counts, one.parts[-1].start_s) for one in report.sessions]
    return found, report.scores, report.quality, report.failures


def test_cells_have_the_same_results_and_read_once(recipe, tmp_path):
    kept, stored = KeptParts(), Stored(recipe, tmp_path)
    for number, enter in enumerate(LEVELS):
        cell = stored.at(enter)
        report = evaluate(SESSIONS, cell, kept=kept)
        assert told(report) == told(evaluate(SESSIONS, stored.at(enter)))
        assert any(one.events for one in report.sessions)
        assert cell.read == ([] if number else ["ana.mp4", "ben.mp4", "cleo.mp4"])


def test_a_part_that_is_kept_begins_where_its_session_says(recipe, tmp_path):
    kept, stored = KeptParts(), Stored(recipe, tmp_path)
    evaluate((session("ben", "cleo"),), stored, kept=kept)
    other = session("ben", "ana", "cleo")
    report = evaluate((other,), stored.at(0.5), kept=kept)
    assert [part.start_s for part in report.sessions[0].parts] == [0.0, 60.0, 120.0]
    assert told(report) == told(evaluate((other,), stored.at(0.5)))


def read_after(change, recipe, folder):
    """What a second cell reads after a change of it."""
    kept, first = KeptParts(), Stored(recipe, folder)
    evaluate((session("ana"),), first, kept=kept)
    second = Stored(recipe, folder)
    sessions = change(second) or (session("ana"),)
    evaluate(sessions, second, kept=kept)
    return second.read


def table_of(stored):
    return stored.cache.path(stored.keys(Path("ana.mp4"))["faces"])


CHANGES = {
    "a table is another file": lambda stored: os.utime(table_of(stored), ns=(1, 1)),
    "a table is longer": lambda stored: table_of(stored).write_bytes(b"longer table") and None,
    "a table is gone": lambda stored: table_of(stored).unlink(),
    "another signal": lambda stored: setattr(
        stored, "recipe", replace(stored.recipe, signal=replace(stored.recipe.signal, smooth_s=1.0))
    ),
    "another choice of faces": lambda stored: setattr(
        stored,
        "recipe",
        replace(stored.recipe, selector=replace(stored.recipe.selector, min_score=0.9)),
    ),
    "damaged videos are used": lambda stored: setattr(
        stored, "runtime", Runtime(on_damaged="keep")
    ),
    "another camera": lambda _: (session("ana", camera="left"),),
    "another session of the file": lambda _: (replace(session("ana"), session_id="dora"),),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_not_the_same_is_read(what, recipe, tmp_path):
    assert read_after(lambda _: None, recipe, tmp_path / "same") == []
    assert read_after(CHANGES[what], recipe, tmp_path / "changed") == ["ana.mp4"]


def test_measured_runs_and_failures_are_not_kept(recipe, tmp_path):
    kept = KeptParts()
    evaluate((session("ana"),), Stored(recipe, tmp_path), kept=kept)
    measured = Stored(recipe, tmp_path, runtime=Runtime(measure=True))
    evaluate((session("ana"),), measured, kept=kept)
    assert measured.read == ["ana.mp4"] * 2  # the first to warm up
    for _ in range(2):
        stored = Stored(recipe, tmp_path)
        report = evaluate((session("damaged"),), stored, kept=kept)
        assert stored.read == ["damaged.mp4"]
        assert len(report.failures) == 1


def test_the_oldest_go_where_there_is_no_room(recipe, tmp_path):
    size = KeptParts()
    evaluate((session("ana"),), Stored(recipe, tmp_path), kept=size)
    kept = KeptParts(limit_bytes=2 * size._num_bytes)
    for name in ("ana", "ben", "ana", "cleo"):
        evaluate((session(name),), Stored(recipe, tmp_path), kept=kept)
        assert kept._num_bytes <= kept.limit_bytes
    stored = Stored(recipe, tmp_path)
    for name in ("ana", "cleo", "ben"):
        evaluate((session(name),), stored, kept=kept)
    assert stored.read == ["ben.mp4"]
