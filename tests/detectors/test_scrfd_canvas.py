"""SCRFD's tight canvas against the square one of insightface, and its heads in one convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ferbench.detectors import scrfd as detector
from ferbench.detectors.network_input import Canvas, Fit
from ferbench.errors import ConfigError
from ferbench.fingerprint import fingerprint
from ferbench.nets import scrfd, scrfd_heads
from ferbench.weights import onnx_graph
from helpers.photographs import (
    IMAGES,
    assert_same,
    configured,
    decoded,
    fetched,
    of_frame,
    published_scrfd,
    saved,
    video_frames,
)
from helpers.reference import report_difference, shared_path

CPU = torch.device("cpu")
CHOICES = ("scrfd_500m", "scrfd_2.5g")


@pytest.fixture(scope="module")
def detect(models):
    loaded = {}

    def get(canvas, choice="scrfd_500m"):
        if (canvas, choice) not in loaded:
            spec = configured(choice, canvas=canvas)
            fetched(spec, models)
            loaded[canvas, choice] = spec.load(CPU, models)
        return loaded[canvas, choice]

    return get


def shared_part(one, two):
    """Intersection over union of boxes, row by row."""
    start, end = np.maximum(one[:, :2], two[:, :2]), np.minimum(one[:, 2:], two[:, 2:])
    shared = (end - start).clip(min=0).prod(axis=1)
    areas = sum((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (one, two))
    return shared / (areas - shared)


def frames_of(name, samples):
    if name in IMAGES:
        return decoded(name)
    return video_frames(samples / name, (0, 20, 40, 60))


@pytest.mark.weights
@pytest.mark.parametrize(
    "name", [*IMAGES, "WolfgangLanger_Pexels.mp4", "single_face.mp4", "carphone_pristine.mp4"]
)
def test_both_find_the_same_faces(name, detect, samples):
    """Docs tell these differences (README.md, which detector)."""
    frames = frames_of(name, samples)
    square, tight = (detect(canvas)(frames) for canvas in ("square", "tight"))
    assert len(square) >= len(frames)
    np.testing.assert_array_equal(tight.frame, square.frame)
    overlap = shared_part(square.box_xyxy, tight.box_xyxy)
    apart = np.abs(square.score - tight.score)
    report_difference("SCRFD 500m, tight against square, 1 - IoU", float(1 - overlap.min()))
    report_difference("SCRFD 500m, tight against square, scores", float(apart.max()))
    assert overlap.min() > 0.97
    assert apart.max() < 0.015


@pytest.mark.weights
def test_a_square_frame_has_one_canvas(detect):
    frames = decoded("t1")[..., :800, 100:900]
    square, tight = (detect(canvas)(frames) for canvas in ("square", "tight"))
    assert len(square) > 0
    assert_same(tight, square)


@pytest.mark.weights
@pytest.mark.parametrize("choice", CHOICES)
def test_tight_batches_do_not_change_faces(choice, detect, samples):
    frames = video_frames(samples / "noface_face.mov", (0, 60, 110, 120, 130))
    together = detect("tight", choice)(frames)
    assert {0, 4} & set(together.frame.tolist()) == {4}
    for n in range(len(frames)):
        assert_same(of_frame(together, n), detect("tight", choice)(frames[n : n + 1]))


@pytest.mark.weights
def test_only_what_is_near_the_edge_sees_the_canvas(samples):
    """Above, outputs are equal to the bit; below, convolutions reach over the edge."""
    path = shared_path("weights/scrfd_500m_bnkps.onnx")
    image = video_frames(samples / "single_face.mp4", (40,))[0].permute(1, 2, 0).numpy()
    session = onnx_graph.session(scrfd.dynamic(path), path)
    size = Fit(height_px=360, width_px=640, canvas_px=(640, 640), scale_xy=(1.0, 1.0))
    seen = Canvas(detector._PIXELS, size).paint(np.ascontiguousarray(image))
    name = session.get_inputs()[0].name
    square, tight = (
        session.run(None, {name: np.ascontiguousarray(seen[:, :, :rows])}) for rows in (640, 384)
    )
    for at in range(0, 9, 3):  # of stride 8: scores, distances, offsets
        one, two = (
            outputs[at][0].reshape(-1, 80, 2, outputs[at].shape[-1]) for outputs in (square, tight)
        )
        np.testing.assert_array_equal(one[:12], two[:12])
        assert np.abs(one[47] - two[47]).max() > 1e-3


@pytest.mark.parametrize(
    ("fitted", "expected"),
    [
        ((360, 640), (384, 640)),
        ((640, 359), (640, 384)),
        ((640, 640), (640, 640)),
        ((480, 640), (480, 640)),
        ((1, 640), (32, 640)),
    ],
)
def test_tight_is_rounded_up_to_whole_strides(fitted, expected):
    assert configured("scrfd_500m", canvas="tight").canvas_px(*fitted) == expected
    assert configured("scrfd_500m").canvas_px(*fitted) == (640, 640)


def test_canvas_is_part_of_the_key_and_checked():
    square, tight = configured("scrfd_500m"), configured("scrfd_500m", canvas="tight")
    assert fingerprint(square) != fingerprint(tight)
    with pytest.raises(ConfigError, match="canvas"):
        configured("scrfd_500m", canvas="round")


@pytest.mark.parametrize("landmarks", [True, False])
@pytest.mark.parametrize("name", ["scrfd_500m_bnkps.onnx", "scrfd_2.5g.onnx"])
def test_heads_in_one_convolution_give_the_same_numbers(name, landmarks, tmp_path):
    model = published_scrfd(name)
    if not landmarks:
        del model.graph.output[6:]
    path = saved(model, tmp_path / name)
    apart = scrfd.dynamic(path)
    before = apart.SerializeToString()
    merged = scrfd_heads.merged(apart)
    assert apart.SerializeToString() == before
    count = [sum(node.op_type == "Conv" for node in each.graph.node) for each in (apart, merged)]
    assert count[0] - count[1] == (6 if landmarks else 3)
    image = np.random.default_rng(3).normal(0, 1, (1, 3, 96, 160)).astype(np.float32)
    outputs = []
    for graph in (apart, merged):
        session = onnx_graph.session(graph, path)
        outputs.append(session.run(None, {session.get_inputs()[0].name: image}))
    assert len(outputs[0]) == (9 if landmarks else 6)
    for one, two in zip(*outputs, strict=True):
        np.testing.assert_array_equal(one, two)
