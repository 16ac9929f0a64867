"""SCRFD's steps on a small network made here, in the forms that files have, against a slow
reference. Needs no data.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from helpers.photographs import of_file
from helpers.published import procedural_image

CHANNELS = 8
STRIDES = (8, 16, 32)


def small_network(*, batch_axis: bool, landmarks: bool) -> onnx.ModelProto:
    """Three levels, two enlargements, heads with two anchors; for one image of 640 x 640 only.

    ``batch_axis``: the form with written-down sizes and outputs (1, rows, width); otherwise sizes
    are taken from other levels, and outputs are (rows, width).
    """
    rng = np.random.default_rng(5)
    nodes, numbers = [], []

    def constant(name, values):
        numbers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def conv(source, target, outs, ins, side, *, stride=1, bias=0.0):
        scale = 1 / np.sqrt(ins * side * side)
        weight = constant(
            f"{target}.w", rng.normal(0, scale, (outs, ins, side, side)).astype(np.float32)
        )
        shift = constant(f"{target}.b", np.full(outs, bias, np.float32))
        nodes.append(
            helper.make_node("Conv", [source, weight, shift], [target], strides=[stride, stride])
        )
        return target

    def relu(source):
        nodes.append(helper.make_node("Relu", [source], [f"{source}.relu"]))
        return f"{source}.relu"

    levels = [relu(conv("image", "p8", CHANNELS, 3, 8, stride=8))]
    for stride in STRIDES[1:]:
        levels.append(relu(conv(levels[-1], f"p{stride}", CHANNELS, CHANNELS, 2, stride=2)))
    nothing = constant("nothing", np.empty(0, np.float32))
    for at in (1, 0):
        if batch_axis:
            size = constant(
                f"size{at}", np.array([1, CHANNELS, 640 // STRIDES[at], 640 // STRIDES[at]])
            )
        else:
            size = f"size{at}"
            nodes.append(helper.make_node("Shape", [levels[at]], [size]))
        how = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
        nodes.append(
            helper.make_node("Resize", [levels[at + 1], nothing, nothing, size], [f"up{at}"], **how)
        )
        nodes.append(helper.make_node("Add", [levels[at], f"up{at}"], [f"sum{at}"]))
        levels[at] = f"sum{at}"
    outputs = []
    for width, bias in ((1, -3.0), (4, 4.0), (10, 0.5))[: 3 if landmarks else 2]:
        for stride, level in zip(STRIDES, levels, strict=True):
            head = conv(level, f"head{width}_{stride}", 2 * width, CHANNELS, 1, bias=bias)
            perm = [0, 2, 3, 1] if batch_axis else [2, 3, 0, 1]
            nodes.append(helper.make_node("Transpose", [head], [f"{head}.t"], perm=perm))
            shape = constant(
                f"{head}.shape", np.array([1, -1, width] if batch_axis else [-1, width])
            )
            last = f"out{width}_{stride}"
            nodes.append(
                helper.make_node(
                    "Reshape", [f"{head}.t", shape], [f"{head}.r" if width == 1 else last]
                )
            )
            if width == 1:
                nodes.append(helper.make_node("Sigmoid", [f"{head}.r"], [last]))
            rows = 2 * (640 // stride) ** 2
            size = [1, rows, width] if batch_axis else [rows, width]
            outputs.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, size))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 640, 640])
    graph = helper.make_graph(nodes, "small", [image], outputs, numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    return model


def slow_faces(
    model: onnx.ModelProto, rgb: np.ndarray, *, min_score: float, overlap: float
) -> list[tuple]:
    """(score, box, landmarks) of one image of 640 x 640, anchor by anchor, by the bare file."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    blob = ((rgb.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
    outputs = [
        output.reshape(-1, output.shape[-1]) for output in session.run(None, {"image": blob})
    ]
    found = []
    for at, stride in enumerate(STRIDES):
        across = 640 // stride
        for row in np.flatnonzero(outputs[at][:, 0] >= min_score):
            x, y = row // 2 % across * stride, row // 2 // across * stride
            left, top, right, bottom = (float(v) * stride for v in outputs[at + 3][row])
            points = [(np.nan, np.nan)] * 5
            if len(outputs) == 9:
                step = outputs[at + 6][row]
                points = [
                    (x + float(step[2 * k]) * stride, y + float(step[2 * k + 1]) * stride)
                    for k in range(5)
                ]
            found.append(
                (float(outputs[at][row, 0]), (x - left, y - top, x + right, y + bottom), points)
            )
            assert left + right > 0
            assert top + bottom > 0
    found.sort(key=lambda face: -face[0])
    kept: list[tuple] = []
    for face in found:
        if all(_shared(face[1], other[1]) <= overlap for other in kept):
            kept.append(face)
    return kept


def _shared(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0]) + 1
    high = min(a[3], b[3]) - max(a[1], b[1]) + 1
    both = max(wide, 0) * max(high, 0)
    return both / (sum((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b)) - both)


@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
@pytest.mark.parametrize("landmarks", [True, False])
@pytest.mark.parametrize("batch_axis", [True, False])
def test_faces_equal_a_slow_reference(batch_axis, landmarks, engine, tmp_path):
    model = small_network(batch_axis=batch_axis, landmarks=landmarks)
    path = tmp_path / "small.onnx"
    onnx.save(model, str(path))
    images = [procedural_image(k, 640) for k in range(3)]
    detect = of_file(path, engine=engine).load(torch.device("cpu"), tmp_path)
    faces = detect(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))
    for n, image in enumerate(images):
        expected = slow_faces(model, image, min_score=0.5, overlap=0.4)
        assert 20 < len(expected) < 400
        rows = np.flatnonzero(faces.frame == n)
        np.testing.assert_allclose(
            faces.score[rows], [face[0] for face in expected], rtol=0, atol=1e-5
        )
        np.testing.assert_allclose(
            faces.box_xyxy[rows], [face[1] for face in expected], rtol=0, atol=1e-2
        )
        np.testing.assert_allclose(
            faces.landmarks_xy[rows], [face[2] for face in expected], rtol=0, atol=1e-2
        )


def test_fixed_file_takes_other_sizes(tmp_path):
    """At 1280 a picture drawn twice as large has the faces of each quarter's own cells."""
    model = small_network(batch_axis=True, landmarks=True)
    path = tmp_path / "small.onnx"
    onnx.save(model, str(path))
    image = procedural_image(1, 640)
    four = np.tile(image, (2, 2, 1))
    one = of_file(path, overlap=1.0).load(torch.device("cpu"), tmp_path)
    two = of_file(path, overlap=1.0, input_px=1280).load(torch.device("cpu"), tmp_path)
    alone = one(torch.from_numpy(image).permute(2, 0, 1)[None])
    tiled = two(torch.from_numpy(four).permute(2, 0, 1)[None])
    assert len(tiled) == 4 * len(alone) > 0
    corner = tiled.landmarks_xy.mean(axis=1)
    assert np.isclose(np.sort(tiled.score)[::4], np.sort(alone.score), atol=1e-5).all()
    assert corner[:, 0].max() > 640
