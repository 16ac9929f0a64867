"""RetinaFace's network as an ONNX graph, made from the loaded module without torch's exporters.

torch's new exporter needs another package, its old one is deprecated; the network has eight kinds
of layers. The graph takes any number of frames of any size, and normalisations are folded into the
convolutions before them.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor, fx, nn

from ferbench.nets.retinaface import Head, NearestLike, RetinaFace

if TYPE_CHECKING:
    import onnx

INPUT: Final = "image"
OUTPUTS: Final = ("boxes", "logits", "landmarks")
_OPSET, _IR = 17, 8  # of 2022: any onnxruntime in use reads them
_ADD: Final = frozenset({operator.add, torch.add})


class _Tracer(fx.Tracer):
    """Leaves the layers whole whose insides depend on the size of the frame."""

    def is_leaf_module(self, module: nn.Module, qualified_name: str) -> bool:
        return isinstance(module, Head | NearestLike) or super().is_leaf_module(
            module, qualified_name
        )


class _Graph:
    """Nodes and constants so far; every method adds some and returns the name of what comes out."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def convolution(self, layer: nn.Conv2d, weight: Tensor, bias: Tensor, maps: str) -> str:
        top, left = (int(pad) for pad in layer.padding)
        return self.node(
            "Conv",
            maps,
            self.constant(weight.detach().cpu().numpy()),
            self.constant(bias.detach().cpu().numpy()),
            kernel_shape=list(layer.kernel_size),
            strides=list(layer.stride),
            pads=[top, left, top, left],
            group=layer.groups,
        )

    def head(self, layer: Head, maps: str) -> str:
        convolution = layer.conv1x1
        assert convolution.bias is not None
        values = self.convolution(convolution, convolution.weight, convolution.bias, maps)
        values = self.node("Transpose", values, perm=[0, 2, 3, 1])
        return self.node(
            "Reshape", values, self.constant(np.array([0, -1, layer.values], np.int64))
        )

    def nearest_like(self, maps: str, like: str) -> str:
        cut = [self.constant(np.array([n], np.int64)) for n in (0, 2)]
        leading = self.node("Slice", self.node("Shape", maps), cut[0], cut[1])
        trailing = self.node("Shape", like, start=2)
        size = self.node("Concat", leading, trailing, axis=0)
        return self.node(
            "Resize",
            maps,
            "",
            "",
            size,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def layer(self, layer: nn.Module, inputs: list[str]) -> str:
        """One of the network's plain layers."""
        match layer:
            case Head():
                return self.head(layer, inputs[0])
            case NearestLike():
                return self.nearest_like(*inputs)
            case nn.LeakyReLU():
                return self.node("LeakyRelu", inputs[0], alpha=float(layer.negative_slope))
            case nn.ReLU():
                return self.node("Relu", inputs[0])
            case nn.MaxPool2d():
                side, stride, pad = layer.kernel_size, layer.stride, layer.padding
                return self.node(
                    "MaxPool",
                    inputs[0],
                    kernel_shape=[side] * 2,
                    strides=[stride] * 2,
                    pads=[pad] * 4,
                )
        raise TypeError(f"no ONNX form of {layer}")


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation after it, computed in f64."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    scale = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
    weight = layer.weight.double() * scale.view(-1, 1, 1, 1)
    return weight.float(), (norm.bias.double() - mean.double() * scale).float()


def to_onnx(net: RetinaFace) -> onnx.ModelProto:
    """The network as an ONNX model.

    ``image`` f32 (N, 3, H, W) to ``boxes``, ``logits``, ``landmarks``.

    Args:
        net: in evaluation mode, f32.
    """
    from onnx import TensorProto, helper

    traced = _Tracer().trace(net)
    graph, made = _Graph(), dict[fx.Node, str]()
    layers = dict(net.named_modules())
    waiting: dict[
        fx.Node, tuple[nn.Conv2d, str]
    ] = {}  # convolutions whose normalisation comes next
    for node in traced.nodes:
        if node.op == "placeholder":
            made[node] = INPUT
        elif node.op == "call_module":
            layer = layers[str(node.target)]
            if isinstance(layer, nn.Conv2d):
                waiting[node] = layer, made[node.args[0]]
            elif isinstance(layer, nn.BatchNorm2d):
                convolution, maps = waiting[node.args[0]]
                made[node] = graph.convolution(convolution, *_folded(convolution, layer), maps)
            else:
                made[node] = graph.layer(layer, [made[argument] for argument in node.args])
        elif node.op == "call_function" and node.target in _ADD:
            made[node] = graph.node("Add", *(made[argument] for argument in node.args))
        elif node.op == "call_function" and node.target is torch.cat:
            axis = node.kwargs["dim"]
            made[node] = graph.node("Concat", *(made[part] for part in node.args[0]), axis=axis)
        elif node.op == "call_function" and node.target is torch.relu:
            made[node] = graph.node("Relu", made[node.args[0]])
        elif node.op == "output":
            for name, part in zip(OUTPUTS, node.args[0], strict=True):
                graph.node("Identity", made[part], name=name)
        else:
            raise TypeError(f"no ONNX form of {node.op} {node.target}")
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "height", "width"])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "anchors", values])
        for name, values in zip(OUTPUTS, (4, 2, 10), strict=True)
    ]
    whole = helper.make_graph(graph.nodes, "RetinaFace", [image], outputs, graph.constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
