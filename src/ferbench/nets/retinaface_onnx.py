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
        shape = self.constant(np.array([0, -1, layer.values], np.int64))
        return self.node("Reshape", values, shape)

    def nearest_like(self, maps: str, like: str) -> str:
        start = self.constant(np.array([0], np.int64))
        stop = self.constant(np.array([2], np.int64))
        leading = self.node("Slice", self.node("Shape", maps), start, stop)
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

    def max_pool(self, layer: nn.MaxPool2d, maps: str) -> str:
        return self.node(
            "MaxPool",
            maps,
            kernel_shape=[layer.kernel_size] * 2,
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
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
                return self.max_pool(layer, inputs[0])
        raise TypeError(f"no ONNX form of {layer}")


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation after it, computed in f64."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    scale = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
    weight = layer.weight.double() * scale.view(-1, 1, 1, 1)
    return weight.float(), (norm.bias.double() - mean.double() * scale).float()


class _Translation:
    """A traced network's nodes as an ONNX graph, one after the other."""

    def __init__(self, net: RetinaFace) -> None:
        self.graph = _Graph()
        self.layers = dict(net.named_modules())
        self.names: dict[fx.Node, str] = {}  # of what comes out of each node
        # Convolutions whose normalisation comes next, with the name of their input.
        self.waiting: dict[fx.Node, tuple[nn.Conv2d, str]] = {}

    def add(self, node: Any) -> None:
        """Bring one node (``fx.Node``) over. Raises TypeError where it has no ONNX form."""
        match node.op:
            case "placeholder":
                self.names[node] = INPUT
            case "call_module":
                self._add_layer(node)
            case "call_function":
                self.names[node] = self._function(node)
            case "output":
                for name, part in zip(OUTPUTS, node.args[0], strict=True):
                    self.graph.node("Identity", self.names[part], name=name)
            case _:
                raise TypeError(f"no ONNX form of {node.op} {node.target}")

    def _add_layer(self, node: Any) -> None:
        layer = self.layers[str(node.target)]
        if isinstance(layer, nn.Conv2d):
            self.waiting[node] = layer, self.names[node.args[0]]
        elif isinstance(layer, nn.BatchNorm2d):
            convolution, maps = self.waiting[node.args[0]]
            weight, bias = _folded(convolution, layer)
            self.names[node] = self.graph.convolution(convolution, weight, bias, maps)
        else:
            inputs = [self.names[argument] for argument in node.args]
            self.names[node] = self.graph.layer(layer, inputs)

    def _function(self, node: Any) -> str:
        if node.target in _ADD:
            return self.graph.node("Add", *(self.names[argument] for argument in node.args))
        if node.target is torch.cat:
            parts = [self.names[part] for part in node.args[0]]
            return self.graph.node("Concat", *parts, axis=node.kwargs["dim"])
        if node.target is torch.relu:
            return self.graph.node("Relu", self.names[node.args[0]])
        raise TypeError(f"no ONNX form of {node.op} {node.target}")


def to_onnx(net: RetinaFace) -> onnx.ModelProto:
    """The network as an ONNX model.

    ``image`` f32 (N, 3, H, W) to ``boxes``, ``logits``, ``landmarks``.

    Args:
        net: in evaluation mode, f32.
    """
    from onnx import TensorProto, helper

    translation = _Translation(net)
    for node in _Tracer().trace(net).nodes:
        translation.add(node)
    graph = translation.graph
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "height", "width"])
    outputs = []
    for name, width in zip(OUTPUTS, (4, 2, 10), strict=True):
        shape: list[str | int | None] = ["n", "anchors", width]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    whole = helper.make_graph(graph.nodes, "RetinaFace", [image], outputs, graph.constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
