"""SCRFD by the package insightface: the same faces as the goldens and as ferbench's own SCRFD."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from ferbench.errors import ConfigError, DataError, WeightsError
from helpers.photographs import (
    IMAGES,
    assert_same,
    configured,
    decoded,
    of_frame,
    placed,
    video_frames,
)
from helpers.reference import REQUIRED, report_difference, shared_path

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("insightface")
    placed("scrfd_500m", "scrfd_500m_bnkps.onnx", folder)
    placed("insightface_scrfd", "scrfd_2.5g.onnx", folder)
    return folder


@pytest.fixture(scope="module")
def installed():
    if REQUIRED:
        import insightface  # noqa: F401
    else:
        pytest.importorskip("insightface")


@pytest.fixture(scope="module")
def detect(weights, installed):
    return configured("insightface_scrfd").load(CPU, weights)


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGES)
def test_photographs_equal_the_golden(name, detect):
    golden = np.load(shared_path("oracles/scrfd_2.5g/golden.npz"))
    faces = detect(decoded(name))
    expected = golden[f"det/{name}"]
    assert len(faces) == len(expected)
    difference = np.abs(faces.box_xyxy - expected[:, :4]).max()
    report_difference("SCRFD through insightface, boxes, px", difference)
    assert difference < 0.01
    np.testing.assert_allclose(faces.score, expected[:, 4], rtol=0, atol=1e-4)
    np.testing.assert_allclose(faces.landmarks_xy, golden[f"kps/{name}"], rtol=0, atol=0.01)


@pytest.mark.weights
@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
@pytest.mark.parametrize("side", [320, 640, 960])
@pytest.mark.parametrize("name", IMAGES)
def test_ferbench_finds_the_same(name, side, engine, weights, installed):
    theirs = configured("insightface_scrfd", input_px=side).load(CPU, weights)(decoded(name))
    ours = configured("scrfd_2.5g", input_px=side, engine=engine).load(CPU, weights)(decoded(name))
    assert len(theirs) > 0
    assert_same(ours, theirs, box=0.01, score=1e-4)
    difference = float(np.abs(ours.box_xyxy - theirs.box_xyxy).max())
    report_difference(f"SCRFD, {engine}, against insightface, boxes, px", difference)


@pytest.mark.weights
def test_ferbench_finds_the_same_in_a_video(weights, samples, detect):
    frames = video_frames(samples / "noface_face.mov", tuple(range(60, 140, 10)))
    theirs = detect(frames)
    assert 0 < len(set(theirs.frame.tolist())) < len(frames)
    assert_same(configured("scrfd_2.5g").load(CPU, weights)(frames), theirs, box=0.01, score=1e-4)
    for n in range(len(frames)):
        assert_same(of_frame(theirs, n), detect(frames[n : n + 1]))


@pytest.mark.weights
def test_low_limits(weights, installed):
    """Many boxes, near each other: order and suppression show."""
    limits = {"min_score": 0.05, "overlap": 0.9}
    theirs = configured("insightface_scrfd", **limits).load(CPU, weights)(decoded("t1"))
    ours = configured("scrfd_2.5g", **limits).load(CPU, weights)(decoded("t1"))
    assert len(theirs) > 30
    assert_same(ours, theirs, box=0.01, score=1e-4)


@pytest.mark.weights
def test_file_of_one_size_says_so(weights, installed):
    node = {"input_px": 320, "weights": _node("scrfd_500m")}
    with pytest.raises(ConfigError, match=r"expected 640, .* got 320"):
        configured("insightface_scrfd", **node).load(CPU, weights)
    faces = configured("insightface_scrfd", weights=_node("scrfd_500m")).load(CPU, weights)(
        decoded("t1")
    )
    golden = np.load(shared_path("oracles/scrfd_500m_bnkps/golden.npz"))["det/t1"]
    np.testing.assert_allclose(faces.box_xyxy, golden[:, :4], rtol=0, atol=0.01)


def _node(choice):
    from omegaconf import OmegaConf

    from helpers.photographs import CONF

    return OmegaConf.to_container(OmegaConf.load(CONF / "detector" / f"{choice}.yaml"))["weights"]


def test_missing_package_names_the_extra(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "insightface", None)
    for name in [name for name in sys.modules if name.startswith("insightface.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigError, match=r"pip install 'ferbench\[insightface\]'"):
        configured("insightface_scrfd").load(CPU, weights)


@pytest.mark.weights
def test_other_files_are_refused(tmp_path, installed):
    spec = configured("insightface_scrfd")
    target = tmp_path / spec.weights.file
    target.parent.mkdir()
    target.write_bytes(shared_path("weights/scrfd_2.5g.onnx").read_bytes()[:5000])
    with pytest.raises(WeightsError, match="sha256"):
        spec.load(CPU, tmp_path)


@pytest.mark.weights
def test_frames_are_checked(detect):
    assert len(detect(torch.zeros((0, 3, 40, 40), dtype=torch.uint8))) == 0
    assert len(detect(torch.zeros((2, 3, 40, 40), dtype=torch.uint8))) == 0
    with pytest.raises(DataError, match="expected frames u8"):
        detect(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize("wrong", [{"input_px": 650}, {"min_score": 1.0}, {"overlap": -0.1}])
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        configured("insightface_scrfd", **wrong)


@pytest.mark.weights
def test_nothing_is_printed(weights, installed, capfd):
    configured("insightface_scrfd").load(CPU, weights)(decoded("obama"))
    assert capfd.readouterr() == ("", "")
