"""SCRFD's last convolutions as one for each stride, for onnxruntime.

Scores, distances and offsets are convolutions of the same maps with 2, 8 and 20 channels.
onnxruntime computes 16 channels at a time, so apart they cost 64, and together 32: with 500M a
sixth of the whole network. The numbers stay the same to the bit.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx


def merged(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network; the graph that is given stays as it is."""
    import onnx

    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = _Graph(model.graph)
    graph.fold_scales()
    for convolutions in graph.heads():
        if len(convolutions) > 1:
            graph.merge(convolutions)
    return model


class _Graph:
    """A graph with its numbers by name."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        from onnx import numpy_helper

        self.graph = graph
        self.numbers = {item.name: numpy_helper.to_array(item) for item in graph.initializer}

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add numbers; returns their name."""
        from onnx import numpy_helper

        self.graph.initializer.append(numpy_helper.from_array(values, name))
        self.numbers[name] = values
        return name

    def users(self) -> dict[str, list[onnx.NodeProto]]:
        """The nodes that each value goes into."""
        users = defaultdict(list)
        for node in self.graph.node:
            for name in node.input:
                users[name].append(node)
        return users

    def convolutions(self) -> list[onnx.NodeProto]:
        """Those with a bias, whose numbers are known."""
        nodes = [node for node in self.graph.node if node.op_type == "Conv"]
        return [n for n in nodes if len(n.input) == 3 and self.numbers.keys() >= {*n.input[1:]}]

    def fold_scales(self) -> None:
        """Multiply weights instead of what comes out of them, as onnxruntime does by itself."""
        users = self.users()
        for node in self.convolutions():
            output = node.output[0]
            if [user.op_type for user in users[output]] != ["Mul"]:
                continue
            (after,) = users[output]
            scale = next((self.numbers.get(name) for name in after.input if name != output), None)
            if scale is None or scale.size != 1:
                continue
            for at in (1, 2):
                values = self.numbers[node.input[at]]
                node.input[at] = self.constant(f"scaled {node.input[at]}", values * scale.item())
            node.output[0] = after.output[0]
            self.graph.node.remove(after)

    def heads(self) -> list[list[onnx.NodeProto]]:
        """Convolutions that make outputs, those of the same kind and maps together."""
        users = self.users()
        groups = defaultdict(list)
        for node in self.convolutions():
            if [user.op_type for user in users[node.output[0]]] == ["Transpose"]:
                groups[node.input[0], _kind(node)].append(node)
        return list(groups.values())

    def merge(self, convolutions: list[onnx.NodeProto]) -> None:
        """Put one convolution in the place of several, and cut its channels apart."""
        from onnx import helper

        maps = convolutions[0].input[0]
        inputs = [maps]
        for at, what in ((1, "weights"), (2, "biases")):
            values = np.concatenate([self.numbers[node.input[at]] for node in convolutions])
            inputs.append(self.constant(f"merged {what} of {maps}", values))
        whole = helper.make_node("Conv", inputs, [f"merged heads of {maps}"])
        whole.attribute.extend(convolutions[0].attribute)
        nodes = [whole]
        axis = self.constant(f"channels of {maps}", np.array([1]))
        edge = self.constant(f"edge 0 of {maps}", np.array([0]))
        for node in convolutions:
            stop = self.numbers[edge] + len(self.numbers[node.input[1]])
            next_edge = self.constant(f"edge {stop.item()} of {maps}", stop)
            cut = [*whole.output, edge, next_edge, axis]
            nodes.append(helper.make_node("Slice", cut, list(node.output)))
            edge = next_edge
        place = list(self.graph.node).index(convolutions[0])
        for node in convolutions:
            self.graph.node.remove(node)
        for number, new in enumerate(nodes):
            self.graph.node.insert(place + number, new)


def _kind(node: onnx.NodeProto) -> Any:
    """What two convolutions must have in common, their numbers apart."""
    return tuple(sorted(item.SerializeToString() for item in node.attribute))
