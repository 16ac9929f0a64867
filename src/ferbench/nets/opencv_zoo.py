"""OpenCV zoo's MobileFaceNet for expressions: a network that is only published as an ONNX file.

Papers: Jiang and Deng 2021, "Boosting Facial Expression Recognition by a Semi-Supervised
Progressive Teacher" (IEEE Transactions on Affective Computing); Chen et al. 2018, "MobileFaceNets".
Original: https://github.com/opencv/opencv_zoo, models/facial_expression_recognition (Apache-2.0),
facial_fer_model.py, which runs the file by OpenCV.

The names in the file are its exporter's, so no names of ours could be checked against them: the
graph itself is the network, and torch computes it by onnx2torch. That it is a MobileFaceNet of 64
channels with 512 features and a layer of seven classes is told by its size, 4,791,892 bytes: such a
network, exported by torch, comes to that but for 0.03 %.

Differs from the original: a graph that was written down for one face takes several, one by one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from ferbench.errors import WeightsError
from ferbench.weights import onnx_graph

if TYPE_CHECKING:
    import onnx

_INPUT_SHAPE: Final = (1, 3, 112, 112)
_CLASSES: Final = 7

OPERATORS: Final = frozenset(
    {
        *("Conv", "BatchNormalization", "PRelu", "Add", "Gemm", "MatMul", "Mul", "Div", "Sub"),
        *("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Shape", "Gather", "Concat", "Constant"),
        *("ReduceL2", "Clip", "Expand", "Cast", "Slice", "Transpose", "Identity", "Dropout"),
    }
)
"""What exporters make of such a network. Softmax is none of it: the outputs must be logits."""


class OpencvZooFer(nn.Module):
    """The published graph.

    Args:
        graph: from one face f32 (1, 3, 112, 112) to logits f32 (1, 7).
    """

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, image: Tensor) -> Tensor:
        """Classify faces, RGB f32 (N, 3, 112, 112), values in -1..1.

        Returns logits f32 (N, 7).
        """
        return torch.cat([self.graph(face) for face in torch.split(image, 1)])


def opencv_zoo_fer(path: Path) -> OpencvZooFer:
    """Read the published file.

    Raises:
        WeightsError: it cannot be read, has other operators, or does not bring one face of 112
            pixels to seven logits.
    """
    model = onnx_graph.read(path, network="OpenCV zoo's expression network", operators=OPERATORS)
    numbers = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in numbers]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise _refusal(path, f"{len(inputs)} inputs and {len(model.graph.output)} outputs")
    net = OpencvZooFer(_in_torch(model, path))
    _try_out(net, path)
    return net


def _in_torch(model: onnx.ModelProto, path: Path) -> GraphModule:
    """The graph in torch, whose normalisations must know how many sides their inputs have."""
    from onnx2torch import convert
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    try:
        shaped = SymbolicShapeInference.infer_shapes(model, auto_merge=True)
        _flatten(shaped.graph)
        graph: GraphModule = convert(shaped)
        graph.graph.eliminate_dead_code()  # what told the shapes
        graph.recompile()
    except Exception as error:  # both raise almost anything
        raise WeightsError(
            f"{path} cannot be run by torch: {' '.join(str(error).split())}"
        ) from error
    return graph.eval().requires_grad_(False)


def _flatten(graph: onnx.GraphProto) -> None:
    """Let what brings one face's maps to one row do so whatever it was told of their shape.

    torch's exporter cannot follow a shape that is computed.
    """
    dimensions = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        sides = [side.dim_value for side in dimensions.get(node.output[0], ())]
        if node.op_type == "Reshape" and len(sides) == 2 and sides[0] == 1:
            node.op_type = "Flatten"
            del node.input[1:], node.attribute[:]


@torch.inference_mode()
def _try_out(net: OpencvZooFer, path: Path) -> None:
    """Have the network look at nothing, so that a wrong one is noticed now."""
    try:
        logits = net(torch.zeros(_INPUT_SHAPE))
    except Exception as error:  # torch has no class of errors of its own
        raise _refusal(path, f"one that fails there ({' '.join(str(error).split())})") from error
    if tuple(logits.shape) != (1, _CLASSES):
        raise _refusal(path, f"one that gives {tuple(logits.shape)}")


def _refusal(path: Path, got: str) -> WeightsError:
    return WeightsError(
        f"{path} is not OpenCV zoo's expression network: expected one that brings "
        f"{_INPUT_SHAPE} to {(1, _CLASSES)}, got {got}"
    )
