"""Reading weight files into state_dicts with ferbench's names. Nothing in a file is executed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Final

import h5py
import numpy as np
import torch

from ferbench.errors import WeightsError

StateDict = dict[str, torch.Tensor]


def torch_state_dict(path: Path) -> StateDict:
    """Read a file that ``torch.save`` made of a plain state_dict.

    Raises:
        WeightsError: it cannot be read, or holds something else than names with tensors.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise WeightsError(f"{path} cannot be read as a torch file of plain tensors: {error}") from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise WeightsError(f"{path}: expected a state_dict (names with tensors), got a {type(state).__name__}")
    return dict(state)


def load_strictly(net: torch.nn.Module, state: StateDict, path: Path) -> None:
    """Put a state_dict into a network.

    Raises:
        WeightsError: names or shapes differ (torch's message names them).
    """
    try:
        net.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path} does not fit {type(net).__name__}: {reason}") from error


# Residual convolution, its normalisation, and twice (separable convolution, normalisation): numbers in Keras' names.
_BLOCKS: Final = ((3, 3, 1, 4, 2, 5), (4, 6, 3, 7, 4, 8), (5, 9, 5, 10, 6, 11), (6, 12, 7, 13, 8, 14))
_NORM: Final = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _mini_xception_names() -> dict[str, str]:
    """Keras' dataset -> ferbench's tensor."""

    def dataset(layer: str, variable: str) -> str:
        return f"{layer}/{layer}_1/{variable}:0"

    names: dict[str, str] = {}

    def convolution(number: int, ours: str) -> None:
        names[dataset(f"conv2d_{number}", "kernel")] = f"{ours}.weight"

    def norm(number: int, ours: str) -> None:
        for theirs, name in _NORM.items():
            names[dataset(f"batch_normalization_{number}", theirs)] = f"{ours}.{name}"

    for k in (1, 2):
        convolution(k, f"stem.conv{k}")
        norm(k, f"stem.norm{k}")
    for k, (shortcut, shortcut_norm, first, first_norm, second, second_norm) in enumerate(_BLOCKS):
        convolution(shortcut, f"blocks.{k}.shortcut.conv")
        norm(shortcut_norm, f"blocks.{k}.shortcut.norm")
        for number, ours in ((first, "first"), (second, "second")):
            for variable in ("depthwise", "pointwise"):
                layer = f"separable_conv2d_{number}"
                names[dataset(layer, f"{variable}_kernel")] = f"blocks.{k}.{ours}.{variable}.weight"
        norm(first_norm, f"blocks.{k}.first.norm")
        norm(second_norm, f"blocks.{k}.second.norm")
    convolution(7, "head")
    names[dataset("conv2d_7", "bias")] = "head.bias"
    return names


def _datasets(path: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item)

    try:
        with h5py.File(path, "r") as file:
            file.get("model_weights", file).visititems(visit)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read as an HDF5 file: {error}") from error
    return found


def mini_xception_hdf5(path: Path) -> StateDict:
    """Read mini-XCEPTION's weights as Keras 2 saved them, for ``ferbench.nets.mini_xception.MiniXception``.

    Keras stores kernels as (height, width, in, out) and depthwise ones as (height, width, channel, 1). The
    optimizer's state, which published files carry as well, is left out.

    Raises:
        WeightsError: not an HDF5 file, or datasets are missing or extra (names them).
    """
    found = _datasets(path)
    found = {name: value for name, value in found.items() if not name.startswith("optimizer_weights/")}
    names = _mini_xception_names()
    missing, extra = sorted(names.keys() - found.keys()), sorted(found.keys() - names.keys())
    if missing or extra:
        raise WeightsError(
            f"{path} is not a mini-XCEPTION as Keras 2 saves it: missing datasets: {', '.join(missing) or 'none'}; "
            f"extra datasets: {', '.join(extra) or 'none'}"
        )
    state: StateDict = {}
    for theirs, ours in names.items():
        value = np.asarray(found[theirs], np.float32)
        if value.ndim == 4:
            value = value.transpose(2, 3, 0, 1) if "depthwise" in theirs else value.transpose(3, 2, 0, 1)
        state[ours] = torch.from_numpy(np.ascontiguousarray(value))
        if ours.endswith("running_var"):
            state[ours.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return state
