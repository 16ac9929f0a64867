"""Files that are no SCRFD are refused before anything is computed, and the message says why."""

from __future__ import annotations

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from ferbench.errors import WeightsError
from helpers.photographs import of_file, published_scrfd
from helpers.reference import shared_path

CPU = torch.device("cpu")


def truncated(path):
    path.write_bytes(shared_path("weights/scrfd_500m_bnkps.onnx").read_bytes()[:100_000])


def page(path):
    path.write_text("<!DOCTYPE html><html><body>404: not found</body></html>")


def text(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:5838\nsize 16923827\n")


def empty(path):
    path.write_bytes(b"")


def torch_file(path):
    torch.save({"weight": torch.zeros(3)}, path)


def external(path):
    model = published_scrfd()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(
        onnx.StringStringEntryProto(key="location", value="../../../../etc/passwd")
    )
    path.write_bytes(model.SerializeToString())


def custom_operator(path):
    model = published_scrfd()
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, str(path))


def loop(path):
    model = published_scrfd()
    model.graph.node.append(
        helper.make_node("Loop", ["", ""], ["x"], body=helper.make_graph([], "body", [], []))
    )
    path.write_bytes(model.SerializeToString())


def functions(path):
    model = published_scrfd()
    model.functions.append(
        helper.make_function("com.example", "f", [], [], [], [helper.make_opsetid("", 11)])
    )
    path.write_bytes(model.SerializeToString())


def five_strides(path):
    model = published_scrfd()
    model.graph.output.append(model.graph.output[0])
    path.write_bytes(model.SerializeToString())


def outputs_in_another_order(path):
    model = published_scrfd()
    outputs = [model.graph.output[at] for at in (3, 4, 5, 0, 1, 2)]
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    onnx.save(model, str(path))


def strides_in_another_order(path):
    model = published_scrfd()
    outputs = [model.graph.output[at] for at in (2, 1, 0, 5, 4, 3)]
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    onnx.save(model, str(path))


def not_valid(path):
    model = published_scrfd()
    model.graph.node[3].input[0] = "nowhere"
    path.write_bytes(model.SerializeToString())


def misshaped(path):
    model = published_scrfd()
    kernel = next(i for i in model.graph.initializer if len(i.dims) == 4)
    kernel.dims[1] = kernel.dims[1] * kernel.dims[0]
    kernel.dims[0] = 1
    path.write_bytes(model.SerializeToString())


@pytest.mark.weights
@pytest.mark.parametrize("engine", ["onnxruntime", "torch"])
@pytest.mark.parametrize(
    ("make", "told"),
    [
        (truncated, "cut short"),
        (page, "cut short, or something else, such as a page"),
        (text, "ONNX"),
        (empty, "holds no network"),
        (torch_file, "ONNX|holds no network"),
        (external, r"other files \(.*nothing was read"),
        (custom_operator, "operators that none of these has: com.example.Conv"),
        (loop, "operators that none of these has: Loop"),
        (functions, "functions of its own"),
        (five_strides, "expected 1 input and 6 outputs .* got 1 and 10"),
        (outputs_in_another_order, "'bbox_8' is not made of rows of 1 number"),
        (strides_in_another_order, "its outputs are"),
        (not_valid, "not a valid ONNX file"),
        (misshaped, "cannot be (run|computed)"),
    ],
)
def test_other_files_are_refused(make, told, engine, tmp_path, capfd):
    path = tmp_path / "wrong.onnx"
    make(path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(WeightsError, match=told) as caught:
        of_file(path, engine=engine).load(CPU, tmp_path)
    assert str(path) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before
    assert capfd.readouterr() == ("", "")
