"""Damaged weight files, read by what reads each kind of them."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import h5py
import numpy as np
import onnx
import torch
from safetensors.torch import save

from ferbench.errors import FerbenchError, WeightsError
from ferbench.nets.mtcnn import PNet
from ferbench.weights import hdf5, onnx_graph
from ferbench.weights.checkpoints import load_strictly, mini_xception_hdf5, torch_state_dict
from ferbench.weights.keras_file import mini_xception_names
from ferbench.weights.pickled_model import pickled_state_dict
from ferbench.weights.safetensors_file import tensors_and_metadata
from soak.fuzzing.mutations import Draw, mutated, mutated_member

_OPERATORS: Final = frozenset({"Conv", "Relu", "Add"})


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of weight file: its name, what reads it, and whether it is a zip archive."""

    name: str
    read: Callable[[Path], object]
    is_zip: bool = False


def _network(path: Path) -> None:
    load_strictly(PNet(), torch_state_dict(path), path)


def _graph(path: Path) -> object:
    return onnx_graph.session(
        onnx_graph.read(path, network="a network", operators=_OPERATORS), path
    )


KINDS: Final = (
    _Kind(name="new.pth", read=torch_state_dict, is_zip=True),
    _Kind(name="old.pth", read=torch_state_dict),
    _Kind(name="network.pt", read=_network, is_zip=True),
    _Kind(name="training.pth", read=partial(torch_state_dict, key="state_dict"), is_zip=True),
    _Kind(name="whole.pt", read=pickled_state_dict, is_zip=True),
    _Kind(name="keras.hdf5", read=mini_xception_hdf5),
    _Kind(name="other.h5", read=lambda path: _arrays(path)),
    _Kind(name="net.onnx", read=_graph),
    _Kind(name="net.safetensors", read=tensors_and_metadata),
)


def _arrays(path: Path) -> object:
    try:
        return hdf5.arrays_of(path, group="", without="optimizer")
    except hdf5.UnreadableError as error:  # a typed error of its own, which callers translate
        raise WeightsError(str(error)) from error


def _saved(content: object, **options: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def _keras(path: Path) -> None:
    draw = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for name in mini_xception_names():
            file[name] = draw.normal(size=(3, 3, 2, 2)).astype(np.float32)


def _chunked(path: Path) -> None:
    with h5py.File(path, "w") as file:
        numbers = np.arange(600.0).reshape(20, 30)
        file.create_dataset("a/weight", data=numbers, chunks=(5, 5), compression="gzip")
        file.create_dataset("a/bias", data=numbers[0], fletcher32=True)
        file["optimizer/step"] = 3


def _onnx() -> bytes:
    helper: Any = onnx.helper
    floats = onnx.TensorProto.FLOAT
    draw = np.random.default_rng(0)
    weight = onnx.numpy_helper.from_array(draw.normal(size=(4, 3, 3, 3)).astype("f4"), "weight")
    bias = onnx.numpy_helper.from_array(np.ones((1, 4, 1, 1), "f4"), "bias")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "weight"], ["a"], pads=[1, 1, 1, 1]),
            helper.make_node("Add", ["a", "bias"], ["b"]),
            helper.make_node("Relu", ["b"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", floats, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", floats, [1, 4, 8, 8])],
        [weight, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@cache
def seeds(folder: Path) -> Mapping[str, bytes]:
    """A small sound file of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    state = OrderedDict(a=torch.arange(12.0).reshape(3, 4), b=torch.ones(2, dtype=torch.float16))
    training = {"state_dict": state, "epoch": 3, "optimizer": {"state": {0: torch.ones(3)}}}
    _keras(folder / "keras.hdf5")
    _chunked(folder / "other.h5")
    return MappingProxyType(
        {
            "new.pth": _saved(state),
            "old.pth": _saved(state, _use_new_zipfile_serialization=False),
            "network.pt": _saved(PNet().state_dict()),
            "training.pth": _saved(training),
            "whole.pt": _saved(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())),
            "keras.hdf5": (folder / "keras.hdf5").read_bytes(),
            "other.h5": (folder / "other.h5").read_bytes(),
            "net.onnx": _onnx(),
            "net.safetensors": save(dict(state), {"config": "{}"}),
        }
    )


def changed(kind: _Kind, data: bytes, draw: Draw) -> bytes:
    """A damaged file; of an archive, in every second case a member of a sound one."""
    if kind.is_zip and draw.random() < 0.5:
        return mutated_member(data, draw, mutated)
    return mutated(data, draw)


def case(number: int, folder: Path) -> tuple[str, list[str]]:
    """A damaged weight file: its kind, and what became of it."""
    kind = KINDS[number % len(KINDS)]
    data = changed(kind, seeds(folder / "seeds")[kind.name], Draw(f"checkpoint {number}"))
    path = folder / f"{number:05d}.{kind.name}"
    path.write_bytes(data)
    try:
        return kind.name, [outcome(kind, path)]
    finally:
        path.unlink()


def outcome(kind: _Kind, path: Path) -> str:
    """What becomes of a file: read, or the kind of its error."""
    try:
        kind.read(path)
    except FerbenchError as error:
        return type(error).__name__
    return "read"
