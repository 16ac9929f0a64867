"""YuNet: the same faces as OpenCV's own steps on the same pictures."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from ferbench.errors import ConfigError, DataError, WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.weights.digests import sha256_of
from helpers.photographs import (
    IMAGES,
    assert_same,
    configured,
    decoded,
    fetched,
    of_frame,
    video_frames,
)
from helpers.reference import report_difference, shared_path

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yunet")
    fetched(configured("yunet"), folder)
    return folder


@pytest.fixture(scope="module")
def detect(weights):
    return configured("yunet").load(CPU, weights)


def by_opencv(weights, name, *, scale=1.0, min_score=0.6):
    """As OpenCV's demo does it, from the file on disk."""
    decoded(name)  # skips where the decoder differs
    image = cv2.imread(str(shared_path(f"oracles/common/images/{name}.jpg")))
    if scale != 1.0:
        size = round(image.shape[1] * scale), round(image.shape[0] * scale)
        image = cv2.resize(image, size)
    path = str(weights / configured("yunet").weights.file)
    net = cv2.FaceDetectorYN.create(path, "", (320, 320), min_score, 0.3, 5000)
    net.setInputSize((image.shape[1], image.shape[0]))
    return net.detect(image)[1]


@pytest.mark.weights
@pytest.mark.parametrize("min_score", [0.6, 0.9])
@pytest.mark.parametrize("name", IMAGES)
def test_full_size_equals_opencv(name, min_score, weights):
    rows = by_opencv(weights, name, min_score=min_score)
    faces = configured("yunet", long_side_px=None, min_score=min_score).load(CPU, weights)(
        decoded(name)
    )
    if rows is None:
        assert len(faces) == 0
        return
    assert len(faces) == len(rows)
    expected = np.concatenate((rows[:, :2], rows[:, :2] + rows[:, 2:4]), axis=1)
    report_difference("YuNet, boxes, px", float(np.abs(faces.box_xyxy - expected).max()))
    np.testing.assert_array_equal(faces.box_xyxy, expected)
    np.testing.assert_array_equal(faces.landmarks_xy.reshape(-1, 10), rows[:, 4:14])
    np.testing.assert_array_equal(faces.score, rows[:, 14])
    assert (np.diff(faces.score) <= 0).all()


@pytest.mark.weights
def test_smaller_frames_give_places_in_the_frame(weights, detect):
    image = decoded("t1")
    scale = 640 / 1280
    rows, faces = by_opencv(weights, "t1", scale=scale), detect(image)
    assert len(faces) == len(rows) == 6
    np.testing.assert_allclose(faces.box_xyxy[:, :2] * scale, rows[:, :2], rtol=0, atol=1e-3)
    np.testing.assert_allclose(
        faces.landmarks_xy * scale, rows[:, 4:14].reshape(-1, 5, 2), rtol=0, atol=1e-3
    )


@pytest.mark.weights
def test_small_frames_are_not_enlarged(weights, detect):
    small = decoded("t1")[:, :, 200:520, 300:900].contiguous()
    full = configured("yunet", long_side_px=None).load(CPU, weights)
    assert len(full(small)) > 0
    assert_same(detect(small), full(small))


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGES)
def test_faces_are_where_scrfd_sees_them(name, weights):
    """An independent network: the same persons, and landmarks under the same names."""
    golden = np.load(shared_path("oracles/scrfd_2.5g/golden.npz"))
    faces = configured("yunet", min_score=0.6).load(CPU, weights)(decoded(name))
    boxes, points = golden[f"det/{name}"][:, :4], golden[f"kps/{name}"]
    assert len(faces) == len(boxes)
    for box, landmarks in zip(boxes, points, strict=True):
        offset = np.linalg.norm(faces.landmarks_xy - landmarks, axis=2).max(axis=1)
        assert offset.min() < 0.2 * (box[3] - box[1])


@pytest.mark.weights
def test_batches_and_memory_layout_do_not_change_faces(detect, samples):
    frames = video_frames(samples / "noface_face.mov", (0, 60, 110, 120, 130))
    together = detect(frames)
    assert {0, 4} & set(together.frame.tolist()) == {4}
    for n in range(len(frames)):
        assert_same(of_frame(together, n), detect(frames[n : n + 1]))
    assert_same(detect(frames.contiguous()), together)
    assert_same(of_frame(detect(frames.flip(0)), 0), of_frame(together, 4))


@pytest.mark.weights
@pytest.mark.parametrize("shape", [(0, 3, 90, 90), (2, 3, 90, 120), (1, 3, 1, 1), (1, 3, 3, 2000)])
def test_no_face_no_row(shape, detect):
    assert len(detect(torch.full(shape, 128, dtype=torch.uint8))) == 0


@pytest.mark.weights
def test_wrong_frames_are_refused(detect):
    with pytest.raises(DataError, match="expected frames u8"):
        detect(torch.zeros(1, 3, 64, 64))


@pytest.mark.weights
def test_nothing_is_printed_and_opencv_keeps_its_level(weights, capfd):
    before = cv2.utils.logging.getLogLevel()
    configured("yunet").load(CPU, weights)(decoded("obama"))
    assert capfd.readouterr() == ("", "")
    assert cv2.utils.logging.getLogLevel() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"long_side_px": 0},
        {"min_score": 1.0},
        {"min_score": -0.1},
        {"overlap": 1.1},
        {"candidates": 0},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        configured("yunet", **wrong)


def test_key_follows_what_changes_results():
    spec = configured("yunet")
    changes = ({"long_side_px": None}, {"min_score": 0.5}, {"overlap": 0.4}, {"candidates": 10})
    assert (
        len(
            {fingerprint(spec), *(fingerprint(configured("yunet", **change)) for change in changes)}
        )
        == 5
    )


def scrfd(path):
    path.write_bytes(shared_path("weights/scrfd_500m_bnkps.onnx").read_bytes())


def page(path):
    path.write_text("<html>quota exceeded</html>")


def of_2022(path):
    from onnx import TensorProto, helper

    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8])
        for name in ("input", "loc")
    ]
    node = helper.make_node("Relu", ["input"], ["loc"])
    graph = helper.make_graph([node], "old", values[:1], values[1:])
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)]).SerializeToString()
    )


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (scrfd, "not a YuNet of 2023"),
        (page, "cannot be read as an ONNX file"),
        (of_2022, "got loc"),
    ],
)
def test_other_files_are_refused(make, told, tmp_path, capfd):
    path = tmp_path / "wrong.onnx"
    make(path)
    spec = configured("yunet")
    spec = dataclasses.replace(
        spec, weights=dataclasses.replace(spec.weights, file=path.name, sha256=sha256_of(path))
    )
    with pytest.raises(WeightsError, match=told):
        spec.load(CPU, tmp_path)
    assert capfd.readouterr() == ("", "")
