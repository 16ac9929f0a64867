"""OpenCV zoo's expression network: a graph as it is, whatever its exporter called things.

The published file is not at hand. A network of the same layers, exported in the same way, stands in
for it.
"""

from __future__ import annotations

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from ferbench.errors import WeightsError
from ferbench.nets.opencv_zoo import opencv_zoo_fer
from helpers.procedural import images, normalised
from helpers.reference import report_difference
from helpers.zoo_network import ByOnnxruntime, write_onnx, zoo_network

PUBLISHED_BYTES = 4_791_892


@pytest.fixture(scope="module")
def net():
    return zoo_network()


@pytest.fixture(scope="module")
def faces():
    return normalised(images("proc", 112), mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("zoo")


@pytest.fixture(scope="module")
def folded(net, folder):
    write_onnx(net, folder / "folded.onnx")
    return folder / "folded.onnx"


@torch.inference_mode()
def test_unfolded_graph_is_the_network_in_float64(net, faces, folder):
    write_onnx(net, folder / "unfolded.onnx", folded=False)
    kinds = {node.op_type for node in onnx.load(folder / "unfolded.onnx").graph.node}
    assert {"BatchNormalization", "Conv", "PRelu"} <= kinds
    ours = opencv_zoo_fer(folder / "unfolded.onnx").double()(faces.double())
    expected = net.double()(faces.double())
    net.float()
    assert expected.std() > 0.1
    difference = float((ours - expected).abs().max())
    report_difference("OpenCV zoo's layout, float64", difference)
    assert difference < 1e-9


@torch.inference_mode()
def test_folded_graph_is_what_onnxruntime_makes_of_it(net, faces, folded):
    assert abs(folded.stat().st_size / PUBLISHED_BYTES - 1) < 0.01, "names of values differ"
    ours = opencv_zoo_fer(folded)(faces)
    as_it_is = torch.cat([ByOnnxruntime(folded)(face[None]) for face in faces])
    torch.testing.assert_close(ours, as_it_is, rtol=0, atol=2e-5)
    torch.testing.assert_close(ours, net(faces), rtol=0, atol=2e-5)


def test_names_in_the_file_do_not_matter(faces, folded, folder):
    renamed = folder / "renamed.onnx"
    model = onnx.load(folded)
    names: dict[str, str] = {}

    def other(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    for node in model.graph.node:
        node.name = ""
        node.input[:] = [other(name) for name in node.input]
        node.output[:] = [other(name) for name in node.output]
    for value in (*model.graph.initializer, *model.graph.input, *model.graph.output):
        value.name = other(value.name)
    del model.graph.value_info[:]
    onnx.save(model, renamed)
    with torch.inference_mode():
        assert torch.equal(opencv_zoo_fer(renamed)(faces), opencv_zoo_fer(folded)(faces))


def written(path, nodes, *, outputs=("label",)):
    """A small ONNX file of these nodes, from faces to as many values."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3, 112, 112))
        for name in ("data", *outputs)
    ]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:])
    opset = [helper.make_opsetid("", 11)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=7), path)


def test_other_networks_are_refused(folder):
    path = folder / "other.onnx"
    write_onnx(zoo_network(num_classes=8), path)
    with pytest.raises(WeightsError, match=r"brings .* to \(1, 7\), got one that gives \(1, 8\)"):
        opencv_zoo_fer(path)
    written(path, [helper.make_node("Softmax", ["data"], ["label"])])
    with pytest.raises(WeightsError, match="operators that none of these has: Softmax"):
        opencv_zoo_fer(path)
    two = [helper.make_node("Identity", ["data"], [name]) for name in ("label", "more")]
    written(path, two, outputs=("label", "more"))
    with pytest.raises(WeightsError, match="got 1 inputs and 2 outputs"):
        opencv_zoo_fer(path)
    square = helper.make_node("MatMul", ["data", "data"], ["label"])
    written(path, [square, helper.make_node("MatMul", ["label", "label"], ["unused"])])
    with pytest.raises(WeightsError, match=r"got one that gives \(1, 3, 112, 112\)"):
        opencv_zoo_fer(path)
