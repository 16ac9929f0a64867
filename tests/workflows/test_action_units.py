"""Action units from a video to a score, with procedural weights: py-feat's network in a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import ferbench as fb
from ferbench.config.choices import component_for
from ferbench.nets.pyfeat_multitask import ACTION_UNITS, PyFeatMultitask
from ferbench.preprocessing.square_sampled import SquareSampled
from helpers.clips import shrink
from helpers.procedural import IMAGENET_MEAN, IMAGENET_STD, fill, fill_net, manifest
from helpers.reference import REQUIRED

ORACLE = "pyfeat_multitask"
HOW = {
    "detector": "scrfd_500m",
    "preprocessing": "square_sampled",
    "model": "pyfeat_v28",
}
FRAMES = 6


@pytest.fixture(scope="module")
def weights(models, tmp_path_factory):
    """A models folder with a detector and a procedural file in place of the published one."""
    folder = tmp_path_factory.mktemp("with_units")
    detector = models / "scrfd" / "scrfd_500m_bnkps.onnx"
    if not detector.is_file() and not REQUIRED:
        pytest.skip("no detector's weights")
    (folder / "scrfd").mkdir()
    shutil.copyfile(detector, folder / "scrfd" / detector.name)
    path = folder / component_for("model", HOW["model"]).weights.file
    path.parent.mkdir()
    about = manifest(ORACLE)
    save_file(fill(about), path, metadata={"config": json.dumps(about["config"])})
    yield folder
    path.unlink()


@pytest.fixture(scope="module")
def study(samples, tmp_path_factory) -> Path:
    """One video of six frames with one annotation."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "videos").mkdir()
    shrink(
        samples / "single_face.mp4",
        folder / "videos" / "p1.mp4",
        frames=FRAMES,
        width=256,
        height=144,
    )
    (folder / "smiles.csv").write_text("session,onset_s,offset_s\np1,0.0,0.2\n")
    return folder


@pytest.fixture
def place(tmp_path, weights, monkeypatch):
    monkeypatch.setenv("FERBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("FERBENCH_MODELS", str(weights))


def frames_of(video: Path) -> torch.Tensor:
    reader = component_for("reader", "pyav")
    with reader.open(video, batch_frames=FRAMES, threads=1, keep_damaged=False) as opened:
        return torch.cat([batch.rgb for batch in opened])


def expected_outputs(faces, frames) -> np.ndarray:
    """What the network makes of the faces, by torch in float64."""
    crops = SquareSampled().crop(frames, faces, model_px=224).rgb.float()
    values = torch.nn.functional.interpolate(
        crops, size=(224, 224), mode="bilinear", antialias=True
    )
    mean, std = (torch.tensor(m).view(1, 3, 1, 1) for m in (IMAGENET_MEAN, IMAGENET_STD))
    net = fill_net(PyFeatMultitask(), manifest(ORACLE), leave_out=PyFeatMultitask.UNUSED)
    with torch.inference_mode():
        return net.double()((values.round().double() / 255 - mean) / std).numpy()


@pytest.mark.slow
def test_from_a_video_to_scored_events(place, study):
    video = study / "videos" / "p1.mp4"
    analysis = fb.predict(video, **HOW)
    said = analysis.expressions
    names = [f"AU{number:02d}" for number in ACTION_UNITS]
    assert [each.name for each in said.regressions] == ["valence", "arousal", *names]
    theirs = expected_outputs(analysis.faces, frames_of(video))
    np.testing.assert_allclose(
        np.concatenate((said.logits, said.regressed), axis=1), theirs, rtol=0, atol=1e-4
    )
    smile = said.regressed_of("AU12")
    frame = analysis.to_frame()
    np.testing.assert_array_equal(frame["value.AU12"].to_numpy(np.float32), smile)

    middle = np.sort(smile.astype(np.float64))[FRAMES // 2 - 1 : FRAMES // 2 + 1]
    found = evaluation(study, enter=middle.mean(), exit=middle.mean())
    [result] = found.report.sessions
    above = smile >= middle.mean()
    begins = above & ~np.concatenate(([False], above[:-1]))
    assert {event.label for event in result.events} == {"AU12"}
    onsets_s = analysis.timeline.edges_s[:-1][begins].tolist()
    assert [event.onset_s for event in result.events] == onsets_s
    assert found.metrics["event/tp"] + found.metrics["event/fp"] == len(onsets_s)

    [apart] = evaluation(study, "video", enter=-0.9, exit=-0.9).report.sessions
    [whole] = apart.events
    assert np.abs(smile.max() - middle - whole.peak).min() < 1e-6, "from the median of the video"


def evaluation(study: Path, baseline: str = "none", **levels: float) -> fb.Evaluation:
    """A run with the smile's action unit as its signal."""
    return fb.evaluate(
        dataset={"videos": str(study / "videos"), "annotations": str(study / "smiles.csv")},
        signal={"labels": ["lip corner puller"], "baseline": baseline},
        event={"min_duration_s": 0.0, "merge_gap_s": 0.0, **levels},
        statistics={"intervals": "none"},
        **HOW,
    )
