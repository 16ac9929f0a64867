"""Weights that are no numbers, pickles that ask for too much, and mutated files of every kind."""

from __future__ import annotations

import io
import random
import resource
import struct
import zipfile

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save

from ferbench.errors import WeightsError
from ferbench.nets.mtcnn import PNet
from ferbench.weights import onnx_graph
from ferbench.weights.checkpoints import load_strictly, torch_state_dict
from ferbench.weights.pickle_limits import MOST_BYTES, MOST_INSTRUCTIONS
from ferbench.weights.pickled_model import pickled_state_dict
from ferbench.weights.safetensors_file import tensors_and_metadata

STATE = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.ones(2)}
MANY = 2 * MOST_INSTRUCTIONS


def saved(content: object, **options: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def archive_with(pickled: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", pickled)
        archive.writestr("net/version", "3\n")
    return stream.getvalue()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_refused(wrong, tmp_path):
    state = PNet().state_dict()
    name = list(state)[2]
    state[name].view(-1)[0] = wrong
    with pytest.raises(WeightsError, match=rf"NaN or infinite in 1 tensor\(s\): {name}\. "):
        load_strictly(PNet(), state, tmp_path / "pnet.pt")


def test_values_that_are_too_large_for_float32_are_refused(tmp_path):
    state = {
        name: torch.full_like(value, 1e300, dtype=torch.float64)
        for name, value in PNet().state_dict().items()
    }
    with pytest.raises(WeightsError, match="NaN or infinite"):
        load_strictly(PNet(), state, tmp_path / "pnet.pt")


def graph_with(values: list[float]) -> bytes:
    helper = onnx.helper
    weight = helper.make_tensor("weight", onnx.TensorProto.FLOAT, [len(values)], values)
    shape = [len(values)]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "weight"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)],
        [weight],
    )
    return helper.make_model(graph).SerializeToString()


@pytest.mark.parametrize("values", [[1, np.nan], [np.inf, 1], [np.nan]])
def test_graphs_with_values_that_are_no_numbers_are_refused(values, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(graph_with(values))
    with pytest.raises(WeightsError, match=r"NaN or infinite in 1 tensor\(s\): weight"):
        onnx_graph.read(path, network="a net", operators=frozenset({"Add"}))


@pytest.mark.parametrize("values", [[1, 2], [np.inf]])
def test_graphs_with_numbers_and_bounds_are_read(values, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(graph_with(values))
    assert onnx_graph.read(path, network="a net", operators=frozenset({"Add"})).graph.node


BOMBS = {
    "lists": archive_with(b"\x80\x02" + b"]" * MANY + b"."),
    "objects": archive_with(b"\x80\x02" + b"ccollections\nOrderedDict\n)R" * MANY + b"."),
    "numbers": archive_with(b"\x80\x02(" + b"K\x01" * MANY + b"l."),
    "a text": archive_with(
        b"\x80\x02X" + struct.pack("<I", 2 * MOST_BYTES) + b"a" * 2 * MOST_BYTES
    ),
    "an older file": b"\x80\x02" + b"]" * MANY,
}


@pytest.mark.parametrize("name", BOMBS)
def test_pickles_that_ask_for_too_much_are_refused(name, tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(BOMBS[name])
    before = peak_mib()
    with pytest.raises(WeightsError, match=f"{MOST_INSTRUCTIONS} instr|at most {MOST_BYTES}"):
        torch_state_dict(path)
    if name != "an older file":
        with pytest.raises(WeightsError):
            pickled_state_dict(path)
    assert peak_mib() - before < 200


SEEDS = {
    "new": (torch_state_dict, saved(STATE)),
    "old": (torch_state_dict, saved(STATE, _use_new_zipfile_serialization=False)),
    "whole": (pickled_state_dict, saved(torch.nn.Sequential(torch.nn.Linear(3, 2)))),
    "safetensors": (tensors_and_metadata, save(STATE, {"config": "{}"})),
}


def mutated(data: bytes, seed: str) -> bytes:
    """The same file with some bits, numbers or pieces changed."""
    draw = random.Random(seed)
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 3))):
        at = draw.randrange(len(changed))
        match draw.randrange(4):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                del changed[max(1, at) :]
            case 2:
                changed[at : at + 4] = struct.pack("<I", draw.choice((0, 2**31 - 1, 2**32 - 1)))
            case 3:
                changed[at:at] = changed[at : at + 64]
    return bytes(changed)


@pytest.mark.parametrize("kind", SEEDS)
def test_mutated_files_are_read_or_refused(kind, tmp_path):
    read, data = SEEDS[kind]
    path = tmp_path / "net.pt"
    path.write_bytes(data)
    read(path)
    messages = []
    for number in range(15):
        path.write_bytes(mutated(data, f"{kind} {number}"))
        try:
            read(path)
        except WeightsError as error:
            messages.append(str(error))
    assert messages
    assert all(str(path) in message for message in messages)
