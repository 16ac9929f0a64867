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
            f"{path} is not an SCRFD with strides 8, 16 and 32: expected 1 input and 6 outputs "
            f"(9 with landmarks), got {inputs} and {outputs}"
        )
    return model


def side_px(model: onnx.ModelProto) -> int | None:
    """Height of the images that a published file takes; None = any."""
    shape = _inputs(model.graph)[0].type.tensor_type.shape.dim
    if len(shape) != 4:
        return None
    return shape[2].dim_value or None


def dynamic(path: Path) -> onnx.ModelProto:
    """Read a published file as a graph from f32 (N, 3, H, W) to 6 or 9 outputs.

    H and W are multiples of 32. The input is RGB, (value - 127.5) / 128. The outputs are f32
    (N, H/s * W/s * ANCHORS, width) for s in STRIDES_PX, of each of WIDTHS in turn; a file without
    landmarks has no outputs of width 10.

    Raises:
        WeightsError: it is no SCRFD with three strides.
    """
    model = read(path)
    graph = model.graph
    _free_rows(graph, path)
    _free_norms(graph)
    _free_neck(graph)
    _remove_unused(graph)
    _free_interface(graph)
    return model


def _remove_unused(graph: onnx.GraphProto) -> None:
    """Take out nodes that no output depends on."""
    used = _used(graph)
    unused = [node for node in graph.node if not used.intersection(node.output)]
    for node in unused:
        graph.node.remove(node)


def _free_interface(graph: onnx.GraphProto) -> None:
    """Say of inputs and outputs that batch and size are free."""
    import onnx

    del graph.value_info[:]
    value = onnx.helper.make_tensor_value_info
    kind = onnx.TensorProto.FLOAT
    source = _inputs(graph)[0].name
    names = [output.name for output in graph.output]
    del graph.input[:], graph.output[:]
    graph.input.append(value(source, kind, ["n", 3, "height", "width"]))
    for number, name in enumerate(names):
        group, stride = divmod(number, len(STRIDES_PX))
        graph.output.append(value(name, kind, ["n", f"rows{stride}", WIDTHS[group]]))


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

    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            tensors[node.output[0]] = node.attribute[0].t
    values = {}
    for name, tensor in tensors.items():
        if tensor.data_type == onnx.TensorProto.INT64:
            values[name] = onnx.numpy_helper.to_array(tensor).ravel().tolist()
    return values


def _makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in graph.node for name in node.output}


def _free_rows(graph: onnx.GraphProto, path: Path) -> None:
    """Make each output (N, rows, width)."""
    import onnx

    constants, makers = _constants(graph), _makers(graph)
    for number, output in enumerate(graph.output):
        width = WIDTHS[number // len(STRIDES_PX)]
        tail = _tail(makers, output.name)
        transpose, reshape = tail.get("Transpose"), tail.get("Reshape")
        shape = [] if reshape is None else constants.get(reshape.input[1], [])
        if transpose is None or reshape is None or shape[-1:] != [width]:
            raise WeightsError(
                f"{path} is not an SCRFD with strides 8, 16 and 32: its output {output.name!r} "
                f"is not made of rows of {width} numbers"
            )
        name = f"rows of {width}"
        rows = [0, -1, width]
        if name not in constants:
            constants[name] = rows
            graph.initializer.append(
                onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [3], rows)
            )
        reshape.input[1] = name
        del transpose.attribute[:]
        transpose.attribute.append(onnx.helper.make_attribute("perm", [0, 2, 3, 1]))


def _tail(makers: dict[str, onnx.NodeProto], output: str) -> dict[str, onnx.NodeProto]:
    """The nodes by kind that bring an output from maps to rows."""
    tail: dict[str, onnx.NodeProto] = {}
    node = makers.get(output)
    while node is not None and node.op_type in ("Sigmoid", "Reshape", "Transpose"):
        tail[node.op_type] = node
        node = makers.get(node.input[0])
    return tail


def _free_norms(graph: onnx.GraphProto) -> None:
    """Let a group normalisation (shape, normalise, shape back) go back to its input's shape."""
    import onnx

    makers = _makers(graph)
    for back in _fixed_reshapes(graph):
        norm = makers.get(back.input[0])
        if norm is None or norm.op_type != "InstanceNormalization":
            continue
        there = makers[norm.input[0]]
        source = there.input[0]
        name = f"shape of {source}"
        shape = onnx.helper.make_node("Shape", [source], [name], name=name)
        graph.node.insert(list(graph.node).index(there), shape)
        back.input[1] = name


def _fixed_reshapes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Nodes whose new shape is written down in the file."""
    constants = _constants(graph)
    reshapes = [node for node in graph.node if node.op_type == "Reshape"]
    return [node for node in reshapes if node.input[1] in constants]


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
    makers = _makers(graph)
    used = set[str]()
    left = [output.name for output in graph.output]
    while left:
        name = left.pop()
        if name in used:
            continue
        used.add(name)
        if name in makers:
            left.extend(makers[name].input)
    return used
