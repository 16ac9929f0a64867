"""The thesis' predict.py end to end.

The same toy networks and detections through ferbench's stages, file for file.

Of the program's runs (``thesis/predict/runs``) those are compared that no accident touched:

- ``fresh_*_b1`` and ``fresh_*_b4``; ``fresh_*_b16`` for scores, labels and faces only: its boxes
are shifted by one
  after the frame whose crop is empty, to the end of the batch (in batches of 1 and 4 that frame is
  the last of its batch);
- runs that went on from older files, or took another model's faces, and came to a whole table.

Not compared, because an accident decides what is in them: runs whose table has other than 12 rows
or that crashed (resuming with more predictions than faces, a cut line, surplus faces), runs with
shifted boxes in other batches (``b5``), faces after the off-by-one of the repair, HSE (columns
shifted, surplus rows) and RMN (called on the class: every row ``None``), for which the thesis'
figures cannot come from a working program.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.thesis.frame_csv import read_thesis_csv
from ferbench.thesis.stored_scores import STORED_SCORES, THESIS_MODELS, ThesisForm
from ferbench.types import Faces, FrameBatch, Timeline, VideoInfo
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.published import PublishedFile
from ferbench.workflows.predict_files import PredictionFiles
from helpers.reference import report_difference, shared_path

MODELS = {3: "poster_v2_an7_thesis", 4: "poster_v2_rafdb_thesis", 5: "apvit_rafdb_thesis"}
WHOLE = (
    *(f"fresh_m{m}_b{b}" for m in MODELS for b in (1, 4)),
    *(
        f"resume_m3_b4_{rest}"
        for rest in ("p0_f12", "p0_f5", "p11_f12", "p12_f12", "p1_f1", "p4_f4", "p6_f6", "p6_f8")
    ),
    "resume_m3_b1_p6_f6",
    "rerun_complete_with_render",
    "second_model_m4_b4_faces_complete",
)
SHIFTED = tuple(f"fresh_m{m}_b16" for m in MODELS)
ACCIDENTS = {
    "resume_m3_b4_p12_f0": "no faces stored",
    "resume_m3_b4_p1_f0": "the last face of a batch is zeroed in the cache",
    "resume_m3_b4_p6_f0": "more predictions than faces",
    "resume_m3_b4_p8_f6": "more predictions than faces",
    "resume_m3_b4_truncated_line": "crash",
    "resume_m3_b16_p6_f6": "shifted boxes",
    "resume_m3_b5_p6_f6": "shifted boxes",
    "second_model_m3_b5_faces_longer": "surplus faces, shifted boxes",
    "second_model_m5_b4_faces_longer": "surplus faces",
    "second_model_m5_b5_faces_longer": "crash",
    "second_model_m5_b5_faces_complete": "shifted boxes",
    "hse_m1_b4_all_faces_found": "shifted columns",
    "hse_m1_b4_no_face_in_a_frame": "crash",
    "hse_m1_b5_all_faces_found": "shifted columns, surplus rows",
    "rmn_m2_b4_all_faces_found": "every row None",
}


class Toy(nn.Module):
    """The reference's stand-in for a network.

    Linear in the mean of each channel, and of its left half.

    Keeps what it was given, for a look at it.
    """

    seen: ClassVar[list[torch.Tensor]] = []

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.last = nn.Linear(6, num_classes, bias=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.seen.append(values.clone())
        exact = values.double()
        left = exact[..., : values.shape[3] // 2]
        features = torch.cat([exact.mean(dim=(2, 3)), left.mean(dim=(2, 3))], dim=1)
        return features @ self.last.weight.double().T


def toy_weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)


@cache
def frames() -> np.ndarray:
    """BGR u8 (12, 96, 128, 3)."""
    with np.load(shared_path("thesis/predict/frames.npz")) as arrays:
        return arrays["frames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesReader:
    """The reference's frames as a video of 25 Hz."""

    version: ClassVar[str] = "1"

    @contextmanager
    def open(
        self,
        path: Path,
        *,
        batch_frames: int,
        threads: int,
        keep_damaged: bool,
        target_fps: float | None = None,
        first_frame: int = 0,
    ) -> Iterator[_Opened]:
        del threads, keep_damaged, target_fps, first_frame
        yield _Opened(path, batch_frames)


class _Opened:
    def __init__(self, path: Path, batch_frames: int) -> None:
        self.path, self.batch_frames = path, batch_frames
        self.estimated_frames = 12

    def __iter__(self) -> Iterator[FrameBatch]:
        rgb = torch.from_numpy(np.ascontiguousarray(frames()[..., ::-1])).permute(0, 3, 1, 2)
        for at in range(0, 12, self.batch_frames):
            index = np.arange(at, min(12, at + self.batch_frames))
            yield FrameBatch(rgb=rgb[index].contiguous(), index=index)

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        video = VideoInfo(
            video_id=video_id,
            path=self.path,
            sha256=sha256,
            num_frames=12,
            width_px=128,
            height_px=96,
            fps_hz=25.0,
        )
        return Timeline(video=video, edges_s=np.arange(13) / 25.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A detector that knows the reference's frames and what was found in each."""

    version: ClassVar[str] = "1"

    def weights_files(self) -> tuple[PublishedFile, ...]:
        return ()

    def load(self, device, models):
        del device, models
        found = json.loads(shared_path("thesis/predict/detections.json").read_text())
        which = {
            np.ascontiguousarray(bgr[..., ::-1].transpose(2, 0, 1)).tobytes(): i
            for i, bgr in enumerate(frames())
        }

        def detect(batch: torch.Tensor) -> Faces:
            rows = [
                (k, *face)
                for k, rgb in enumerate(batch)
                for face in found[which[rgb.numpy().tobytes()]]
            ]
            table = np.array(rows, np.float32).reshape(-1, 6)
            return Faces(
                frame=table[:, 0].astype(np.int64),
                box_xyxy=table[:, 1:5],
                score=table[:, 5],
                landmarks_xy=np.full((len(table), 5, 2), np.nan, np.float32),
            )

        return detect


@dataclass(frozen=True, kw_only=True)
class Made:
    """What ferbench made of the frames with a model: its two files, and the network's inputs."""

    predictions: Path
    faces: Path
    inputs: torch.Tensor


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results by model number."""
    folder = tmp_path_factory.mktemp("thesis")
    weight = np.array(
        json.loads(shared_path("thesis/predict/toy_model.json").read_text())["W"], np.float32
    )
    torch.save({"last.weight": torch.from_numpy(weight)}, folder / "toy.pth")
    toy = PublishedFile(
        file="toy.pth",
        sha256=hashlib.sha256((folder / "toy.pth").read_bytes()).hexdigest(),
        licence="none",
        source=WheelFile(distribution="none", version="1", path="toy.pth"),
        paper="none",
    )
    video = folder / "v 12345 Sessie1.MP4"
    video.write_bytes(frames().tobytes())
    results = {}
    for number, name in MODELS.items():
        config = composed({"experiment": "thesis", "model": name})
        parts = {
            part: build(config[part], where=part)
            for part in PLUGS
            if part not in ("reader", "detector")
        }
        model = replace(
            parts.pop("model"),
            net=f"{__name__}.Toy",
            checkpoint=f"{__name__}.toy_weights",
            weights=toy,
        )
        recipe = Recipe(reader=FramesReader(), detector=StandIn(), model=model, **parts)
        analyser = Analyser(recipe, Runtime(device="cpu", lanes=1), Cache(folder / "cache"), folder)
        Toy.seen.clear()
        analysis = analyser.analyse(video, video_id=video.stem)
        out = folder / name
        output = PredictionFiles(
            folder=out,
            form="thesis",
            thesis=ThesisForm(model=name, backend="retinaface", stored=STORED_SCORES[name]),
            selector=recipe.selector,
            overwrite=False,
        )
        predictions = output.write(video.stem, video, analysis)
        faces = out / f"{video.name}.retinaface.csv"
        results[number] = Made(predictions=predictions, faces=faces, inputs=torch.cat(Toy.seen))
    return results


def run(name):
    folder = shared_path(f"thesis/predict/runs/{name}")
    return folder, json.loads((folder / "expected.json").read_text())


def same_rows(ours, theirs, *, boxes=True):
    """Labels and boxes equal, scores within 1e-5; the largest difference."""
    assert ours.labels == theirs.labels
    np.testing.assert_array_equal(np.isnan(ours.scores), np.isnan(theirs.scores))
    if boxes:
        np.testing.assert_array_equal(ours.box_xywh, theirs.box_xywh)
    difference = float(np.nanmax(np.abs(ours.scores - theirs.scores)))
    assert difference <= 1e-5
    return difference


def test_every_run_is_compared_or_named_with_its_accident():
    there = {folder.name for folder in shared_path("thesis/predict/runs").iterdir()}
    assert there == {*WHOLE, *SHIFTED, *ACCIDENTS}
    assert set(MODELS.values()) == set(THESIS_MODELS)


@pytest.mark.parametrize("name", [*WHOLE, *SHIFTED])
def test_the_files_are_those_of_the_program(name, made):
    folder, expected = run(name)
    ours = made[expected["model_index"]]
    theirs = read_thesis_csv(folder / "predictions.csv")
    difference = same_rows(read_thesis_csv(ours.predictions), theirs, boxes=name in WHOLE)
    report_difference("thesis predict.py, stored scores", difference)
    assert ours.faces.read_bytes() == (folder / "faces.csv").read_bytes()


@pytest.mark.parametrize("name", SHIFTED)
def test_only_the_boxes_after_the_empty_crop_differ_in_a_batch_of_16(name, made):
    folder, expected = run(name)
    ours = read_thesis_csv(made[expected["model_index"]].predictions)
    theirs = read_thesis_csv(folder / "predictions.csv")
    differs = np.flatnonzero(
        (ours.box_xywh != theirs.box_xywh).any(axis=1) & ~np.isnan(ours.box_xywh[:, 0])
    )
    assert differs.tolist() == [8, 9, 11]
    np.testing.assert_array_equal(theirs.box_xywh[[9, 11]], ours.box_xywh[[8, 9]])


@pytest.mark.parametrize("number", MODELS)
def test_the_text_of_scores_is_as_short_as_the_program_s(number, made):
    """Where a score is the same float32, the lines are equal to the byte.

    Else the last digit may differ.
    """
    folder, _ = run(f"fresh_m{number}_b1")
    ours = made[number].predictions.read_bytes().split(b"\r\n")
    theirs = (folder / "predictions.csv").read_bytes().split(b"\r\n")
    assert len(ours) == len(theirs) == 13
    for our_line, their_line in zip(ours, theirs, strict=True):
        for our_cell, their_cell in zip(our_line.split(b","), their_line.split(b","), strict=True):
            assert our_cell == their_cell or float(our_cell) != float(their_cell)


@pytest.mark.parametrize("name", ["fresh_m3_b16", "fresh_m5_b16"])
def test_the_network_gets_what_the_program_gave_it(name, made):
    """Here the second face of frame 1 is classified too, for it scores above 0.95.

    The thesis never takes it.
    """
    folder, expected = run(name)
    inputs = made[expected["model_index"]].inputs
    assert len(inputs) == 9
    inputs = torch.cat([inputs[:2], inputs[3:]])
    with np.load(folder / "model_input.npz") as arrays:
        theirs = arrays["x"]
    difference = float(np.abs(inputs[: len(theirs)].numpy() - theirs).max())
    report_difference("thesis predict.py, network input", difference)
    assert difference <= 1e-5
    (call,) = expected["model_calls"]
    left = inputs[..., : inputs.shape[3] // 2].double().mean(dim=(2, 3))
    features = torch.cat([inputs.double().mean(dim=(2, 3)), left], dim=1).numpy()
    np.testing.assert_allclose(features, call["features"], atol=1e-5)


def test_poster_s_happy_and_sad_are_crossed_and_its_columns_are_not(made):
    """Frame 8 of the AffectNet-7 run: the column of sad is largest, the label says Happiness."""
    predictions = read_thesis_csv(made[3].predictions)
    assert predictions.scores[8].argmax() == 4
    assert predictions.labels[8] == "Happiness"
    raf = read_thesis_csv(made[4].predictions)
    assert raf.scores[4].argmax() == 4
    assert raf.labels[4] == "Happiness"
