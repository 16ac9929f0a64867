"""SCRFD as published: ONNX graphs, made free in batch and size.

Paper: Guo et al. 2022, "Sample and Computation Redistribution for Efficient Face Detection" (ICLR).
Original: insightface, detection/scrfd, its ONNX files.

Differs from the files:
    - their last transposition mixes the batch with the cells, or their last shape says one image of
      640 x 640: here every output is (N, anchors, numbers);
    - the two enlargements in the neck double, instead of asking for a size that was written down.
For one image the numbers are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.errors import WeightsError
from ferbench.weights import onnx_graph

if TYPE_CHECKING:
    import onnx
    import torch

STRIDES_PX: Final = (8, 16, 32)
ANCHORS: Final = 2
"""Anchors of each cell; row = cell * ANCHORS + anchor, cells line by line."""

WIDTHS: Final = (1, 4, 10)
"""Numbers of each anchor: probability of a face, distances to the box's sides, offsets of five
points.
"""

OPERATORS: Final = frozenset(
    {
        *("Conv", "BatchNormalization", "InstanceNormalization", "Relu", "Sigmoid", "Add", "Mul"),
        *("MaxPool", "AveragePool", "Resize", "Transpose", "Reshape"),
        *("Shape", "Gather", "Unsqueeze", "Slice", "Concat", "Constant", "Cast", "Identity"),
    }
)


def read(path: Path) -> onnx.ModelProto:
    """Read a published file as it is.

    Raises:
        WeightsError: it is no SCRFD with three strides (names what is wrong).
    """
    model = onnx_graph.read(path, network="an SCRFD", operators=OPERATORS)
    inputs, outputs = len(_inputs(model.graph)), len(model.graph.output)
    if inputs != 1 or outputs not in (2 * len(STRIDES_PX), 3 * len(STRIDES_PX)):
        raise WeightsError(
            f"{path} is not an SCRFD with strides 8, 16 and 32: expected 1 input and 6 outputs (9 with landmarks), "
            f"got {inputs} and {outputs}"
        )
    return model


def side_px(model: onnx.ModelProto) -> int | None:
    """Height of the images that a published file takes; None = any."""
    shape = _inputs(model.graph)[0].type.tensor_type.shape.dim
    return shape[2].dim_value or None if len(shape) == 4 else None


def dynamic(path: Path) -> onnx.ModelProto:
    """Read a published file as a graph from f32 (N, 3, H, W) to 6 or 9 outputs, H and W multiples
    of 32.

    The input is RGB, (value - 127.5) / 128. The outputs are f32 (N, H/s * W/s * ANCHORS, width) for
    s in STRIDES_PX, of each of WIDTHS in turn; a file without landmarks has no outputs of width 10.

    Raises:
        WeightsError: it is no SCRFD with three strides.
    """
    import onnx

    model = read(path)
    graph = model.graph
    _free_rows(graph, path)
    _free_norms(graph)
    _free_neck(graph)
    used = _used(graph)
    for node in [node for node in graph.node if not used.intersection(node.output)]:
        graph.node.remove(node)
    del graph.value_info[:]
    free = onnx.helper.make_tensor_value_info
    source = _inputs(graph)[0].name
    names = [output.name for output in graph.output]
    del graph.input[:], graph.output[:]
    graph.input.append(free(source, onnx.TensorProto.FLOAT, ["n", 3, "height", "width"]))
    for at, name in enumerate(names):
        width = WIDTHS[at // len(STRIDES_PX)]
        graph.output.append(
            free(name, onnx.TensorProto.FLOAT, ["n", f"rows{at % len(STRIDES_PX)}", width])
        )
    return model


def torch_module(model: onnx.ModelProto, path: Path) -> torch.nn.Module:
    """The same graph in torch.

    Raises:
        WeightsError: it has a part that cannot be brought over.
    """
    from onnx2torch import convert

    try:
        net: torch.nn.Module = convert(model)
    except Exception as error:  # onnx2torch raises almost anything
        raise WeightsError(
            f"{path} cannot be run by torch: {' '.join(str(error).split())}"
        ) from error
    return net.eval().requires_grad_(False)


def _inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """What a graph is given; old files list their weights there too."""
    numbers = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in numbers]


def _constants(graph: onnx.GraphProto) -> dict[str, list[int]]:
    """Shapes and indices that are written down in the file."""
    import onnx

    found = {tensor.name: tensor for tensor in graph.initializer}
    found |= {
        node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"
    }
    whole = onnx.TensorProto.INT64
    return {
        name: onnx.numpy_helper.to_array(tensor).ravel().tolist()
        for name, tensor in found.items()
        if tensor.data_type == whole
    }


def _makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in graph.node for name in node.output}


def _free_rows(graph: onnx.GraphProto, path: Path) -> None:
    """Make each output (N, rows, width)."""
    import onnx

    constants, makers = _constants(graph), _makers(graph)
    for at, output in enumerate(graph.output):
        width = WIDTHS[at // len(STRIDES_PX)]
        node, tail = makers.get(output.name), {}
        while node is not None and node.op_type in ("Sigmoid", "Reshape", "Transpose"):
            tail[node.op_type] = node
            node = makers.get(node.input[0])
        shape = constants.get(tail["Reshape"].input[1], []) if "Reshape" in tail else []
        if "Transpose" not in tail or not shape or shape[-1] != width:
            raise WeightsError(
                f"{path} is not an SCRFD with strides 8, 16 and 32: its output {output.name!r} is not made of rows of "
                f"{width} numbers"
            )
        name = f"rows of {width}"
        if name not in constants:
            constants[name] = [0, -1, width]
            graph.initializer.append(
                onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [3], [0, -1, width])
            )
        tail["Reshape"].input[1] = name
        del tail["Transpose"].attribute[:]
        tail["Transpose"].attribute.append(onnx.helper.make_attribute("perm", [0, 2, 3, 1]))


def _free_norms(graph: onnx.GraphProto) -> None:
    """Let the second shape of a group normalisation (shape, normalise, shape back) be that of its
    input.
    """
    import onnx

    constants, makers = _constants(graph), _makers(graph)
    for back in [
        node for node in graph.node if node.op_type == "Reshape" and node.input[1] in constants
    ]:
        norm = makers.get(back.input[0])
        if norm is None or norm.op_type != "InstanceNormalization":
            continue
        there = makers[norm.input[0]]
        name = f"shape of {there.input[0]}"
        graph.node.insert(
            list(graph.node).index(there),
            onnx.helper.make_node("Shape", [there.input[0]], [name], name=name),
        )
        back.input[1] = name


def _free_neck(graph: onnx.GraphProto) -> None:
    """Let the enlargements double."""
    import onnx

    name = "twice"
    graph.initializer.append(
        onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [4], [1.0, 1.0, 2.0, 2.0])
    )
    for node in graph.node:
        if node.op_type == "Resize":
            node.input[2] = name
            del node.input[3:]


def _used(graph: onnx.GraphProto) -> set[str]:
    """Names of all values that an output depends on."""
    makers, used, left = _makers(graph), set[str](), [output.name for output in graph.output]
    while left:
        name = left.pop()
        if name in used:
            continue
        used.add(name)
        if name in makers:
            left.extend(makers[name].input)
    return used
