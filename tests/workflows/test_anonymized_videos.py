"""Rendered videos in which all faces are hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import ferbench as fb
from ferbench.errors import ConfigError, VideoError
from ferbench.rendering.anonymize import METHODS, Anonymization
from ferbench.rendering.layout import FerbenchLayout
from ferbench.rendering.pace import Pace
from ferbench.rendering.player import Player
from ferbench.thesis.frame_csv import write_thesis_csv
from ferbench.types import Event, Expressions
from ferbench.video.pyav import PyavReader
from ferbench.weights.digests import sha256_of
from ferbench.workflows.anonymizing import anonymizer_of
from ferbench.workflows.overlays import Wanted, shown_with
from helpers.clips import shrink, write_clip
from helpers.made_predictions import LABELS, made_analysis, made_predictions
from helpers.photographs import configured

CPU = torch.device("cpu")


@pytest.fixture
def video(tmp_path):
    return write_clip(tmp_path / "noise.mp4", frames=20, size=(320, 240))


def frames_of(video) -> list[np.ndarray]:
    opened = PyavReader().open(video, batch_frames=8, threads=1, keep_damaged=False)
    with opened as batches:
        return [frame.permute(1, 2, 0).numpy() for batch in batches for frame in batch.rgb]


def face_in(picture: np.ndarray) -> np.ndarray:
    """Inside of the participant's face, away from what is drawn on it; pictures may be enlarged."""
    height, width = picture.shape[:2]
    part = picture[height * 40 // 100 : height * 60 // 100, width * 36 // 100 : width * 54 // 100]
    return part.astype(int)


def is_covered(picture: np.ndarray) -> bool:
    return bool(np.abs(face_in(picture) - 32).max() < 12)


def test_every_face_is_hidden_in_every_frame(tmp_path, video):
    """The first frame has no face in the table; it is held from the second."""
    out = tmp_path / "out.mp4"
    fb.render(video, made_analysis(video), out, anonymize="box")
    assert [is_covered(picture) for picture in frames_of(out)] == [True] * 20
    fb.render(video, made_analysis(video), out, overwrite=True)
    assert not any(is_covered(picture) for picture in frames_of(out))


def test_a_compilation_hides_faces_too(tmp_path, video):
    event = Event(
        session_id="noise", onset_s=0.3, offset_s=0.4, trigger_s=0.4, label="fear", peak=1
    )
    out = tmp_path / "out.mp4"
    how = {"compilation": True, "context_s": 0.1, "events": [event]}
    told = fb.render(video, made_analysis(video), out, anonymize="box", **how)
    pictures = frames_of(out)
    assert len(pictures) == told.frames > 5
    assert all(map(is_covered, pictures))


@pytest.mark.parametrize("method", ["blur", "pixelate"])
def test_little_is_left_of_noise(tmp_path, video, method):
    out = tmp_path / "out.mp4"
    fb.render(video, made_analysis(video), out, anonymize=method)
    for before, after in zip(frames_of(video), frames_of(out), strict=True):
        assert np.diff(face_in(before), axis=0).std() > 50
        assert np.diff(face_in(after), axis=0).std() < 10


def test_frames_that_nobody_looked_at_are_hidden(tmp_path, video):
    analysis = made_analysis(video, target_fps=5)
    assert analysis.timeline.video.num_frames < 6
    out = tmp_path / "out.mp4"
    fb.render(video, analysis, out, anonymize="box")
    pictures = frames_of(out)
    assert len(pictures) == 20
    assert all(map(is_covered, pictures))


def test_pictures_of_another_size_are_refused(tmp_path, video):
    """A reader that shows pictures as they are stored has boxes elsewhere."""
    analysis = made_analysis(video)
    told = replace(analysis.timeline.video, width_px=300)
    analysis = replace(analysis, timeline=replace(analysis.timeline, video=told))
    out = tmp_path / "out.mp4"
    with pytest.raises(VideoError, match="320x240 pixels, the predictions are of 300x240"):
        fb.render(video, analysis, out, anonymize="blur")
    assert not out.exists()


def test_a_frame_beyond_the_predictions_is_refused(video):
    shown = shown_with(video, made_analysis(video), Wanted(), digest=sha256_of)
    overlay = replace(shown.overlay, row=shown.overlay.row[:12])
    anonymizer = anonymizer_of(replace(shown, overlay=overlay), Anonymization(method="box"))
    picture = np.zeros((240, 320, 3), np.uint8)
    anonymizer(picture, 11)
    with pytest.raises(VideoError, match="nothing about frame 12, they have frames 0 to 11"):
        anonymizer(picture, 12)


def test_one_face_per_frame_is_not_enough(tmp_path, video):
    shown = shown_with(video, made_analysis(video), Wanted(), digest=sha256_of)
    table = tmp_path / "noise.mp4.apvit.retinaface.csv"
    assert shown.overlay.thesis is not None
    write_thesis_csv(table, shown.overlay.thesis)
    out = tmp_path / "out.mp4"
    fb.render(video, table, out)
    with pytest.raises(ConfigError, match=r"anonymize: .*one face per frame, others would stay"):
        fb.render(video, table, out, anonymize="box", overwrite=True)


def test_a_method_that_is_not_there(tmp_path, video):
    with pytest.raises(ConfigError, match="anonymize: expected one of blur, pixelate, box"):
        fb.render(video, made_analysis(video), tmp_path / "out.mp4", anonymize="smudge")


def test_the_command_hides_faces(tmp_path, video, ferbench):
    table = made_predictions(video, tmp_path / "tables")
    out = tmp_path / "out.mp4"
    ended = ferbench("render", video, table, "--out", out, "--anonymize", "box")
    assert ended.code == 0, ended.err
    assert all(map(is_covered, frames_of(out)))
    ended = ferbench("render", video, table, "--out", out, "--anonymize", "smudge")
    assert ended.code == 1
    assert "--anonymize: expected one of blur, pixelate, box, got 'smudge'" in ended.err


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_another_detector_finds_no_face(tmp_path, samples, models, method):
    """SCRFD 2.5G as it is configured, on what RetinaFace's faces were hidden in."""
    video = tmp_path / "smile.mp4"
    shrink(samples / "single_face.mp4", video, frames=12, width=640, height=360)
    found = fb.predict(video, settings=[f"paths.root={tmp_path}", f"paths.models={models}"])
    out = tmp_path / "out.mp4"
    fb.render(video, found, out, anonymize=method)
    detect = configured("scrfd_2.5g").load(CPU, models)

    def num_with_a_face(path) -> int:
        pictures = map(torch.from_numpy, frames_of(path))
        return sum(len(detect(picture.permute(2, 0, 1)[None])) > 0 for picture in pictures)

    assert num_with_a_face(video) == 12
    assert num_with_a_face(out) == 0


class Recorded:
    """A window that keeps what it shows."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def show(self, rgb: np.ndarray) -> None:
        self.shown.append(rgb.copy())

    def command(self, wait_s: float) -> None:
        del wait_s


def test_a_player_hides_faces(video):
    shown = shown_with(video, made_analysis(video), Wanted(), digest=sha256_of)
    window = Recorded()
    player = Player(
        shown.video,
        lambda hw: FerbenchLayout(shown.overlay, hw),
        window,
        Pace(shown.video.clock.edges_s),
        events=(),
        treat=anonymizer_of(shown, Anonymization(method="box")),
    )
    player.run(until_end=True)
    assert window.shown
    assert all(map(is_covered, window.shown))


def test_playing_takes_the_methods_of_rendering(video, ferbench, tmp_path):
    table = made_predictions(video, tmp_path / "tables")
    ended = ferbench("play", video, table, "--anonymize", "smudge")
    assert ended.code == 1
    assert "--anonymize: expected one of blur, pixelate, box, got 'smudge'" in ended.err


def with_second_face_only(analysis):
    second = np.flatnonzero(analysis.faces.box_xyxy[:, 1] < 100).astype(np.int64)
    unclassified = Expressions(
        frame=np.empty(0, np.int64),
        face=np.empty(0, np.int64),
        logits=np.empty((0, len(LABELS)), np.float32),
        labels=LABELS,
    )
    faces = analysis.faces.rows(second[analysis.faces.box_xyxy[second, 0] > 200])
    return replace(analysis, faces=faces, expressions=unclassified)


@pytest.mark.parametrize("given", ["analysis", "table", "folder"])
def test_faces_of_further_predictions_are_hidden_too(tmp_path, video, given):
    table = made_predictions(video, tmp_path / "tables")
    hidden = {"analysis": made_analysis(video), "table": table, "folder": str(table.parent)}
    few, out = with_second_face_only(made_analysis(video)), tmp_path / "out.mp4"
    fb.render(video, few, out, anonymize="box")
    assert not any(map(is_covered, frames_of(out)))
    fb.render(video, few, out, anonymize="box", hidden=hidden[given], overwrite=True)
    assert all(map(is_covered, frames_of(out)))


def test_further_predictions_need_a_method_and_the_same_video(tmp_path, video):
    other = write_clip(tmp_path / "other.mp4", frames=9, size=(320, 240))
    table = made_predictions(other, tmp_path / "tables")
    out = tmp_path / "out.mp4"
    with pytest.raises(ConfigError, match="hidden: faces are hidden with a method; choose one"):
        fb.render(video, made_analysis(video), out, hidden=table)
    with pytest.raises(VideoError, match="does not belong to"):
        fb.render(video, made_analysis(video), out, anonymize="box", hidden=table)
    assert not out.exists()


@pytest.mark.weights
def test_a_threshold_of_faces_can_be_said(tmp_path, clip, warm_home, ferbench):
    out = tmp_path / "tables"
    ended = ferbench("predict", clip, "--min-score", "0.99999", "--out", out)
    assert ended.code == 0, ended.err
    assert "a face in 0" in ended.out
    ended = ferbench("predict", clip, "--detector", "mtcnn", "--min-score", "0.5", "--out", out)
    assert ended.code == 1
    assert "--min-score: there is no such key" in ended.err
