"""Files of Keras 2, and what it calls the tensors of mini-XCEPTION."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ferbench.errors import WeightsError
from ferbench.weights import hdf5

# Residual convolution, its normalisation, and twice (separable convolution, normalisation): numbers
# in Keras' names.
_BLOCKS: Final = (
    (3, 3, 1, 4, 2, 5),
    (4, 6, 3, 7, 4, 8),
    (5, 9, 5, 10, 6, 11),
    (6, 12, 7, 13, 8, 14),
)
_NORM: Final = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_OPTIMIZER: Final = "optimizer_weights/"


def weights_of(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file by the names of their datasets, without the optimizer's state.

    Raises:
        WeightsError: it is no HDF5 file, or has numbers read from elsewhere.
    """
    try:
        return hdf5.arrays_of(path, group="model_weights", without=_OPTIMIZER)
    except hdf5.UnreadableError as error:
        raise WeightsError(f"{path} cannot be read as an HDF5 file: {error}") from error


def in_torch_order(name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """An array of Keras, f32, with the axes of a kernel as torch has them.

    Args:
        name: its dataset: that of a depthwise kernel (height, width, channel, 1) says so.
        array: a kernel (height, width, in, out), or anything with other than four axes.
    """
    values = np.asarray(array, np.float32)
    if values.ndim != 4:
        return values
    if "depthwise" in name:
        return values.transpose(2, 3, 0, 1)
    return values.transpose(3, 2, 0, 1)


def mini_xception_names() -> dict[str, str]:
    """Keras' dataset -> ferbench's tensor."""
    names: dict[str, str] = {}
    for k in (1, 2):
        names |= _convolution(k, f"stem.conv{k}")
        names |= _norm(k, f"stem.norm{k}")
    for k, (shortcut, shortcut_norm, first, first_norm, second, second_norm) in enumerate(_BLOCKS):
        block = f"blocks.{k}"
        names |= _convolution(shortcut, f"{block}.shortcut.conv")
        names |= _norm(shortcut_norm, f"{block}.shortcut.norm")
        names |= _separable_convolution(first, f"{block}.first")
        names |= _separable_convolution(second, f"{block}.second")
        names |= _norm(first_norm, f"{block}.first.norm")
        names |= _norm(second_norm, f"{block}.second.norm")
    names |= _convolution(7, "head")
    names[_dataset("conv2d_7", "bias")] = "head.bias"
    return names


def _dataset(layer: str, variable: str) -> str:
    return f"{layer}/{layer}_1/{variable}:0"


def _convolution(number: int, ours: str) -> dict[str, str]:
    return {_dataset(f"conv2d_{number}", "kernel"): f"{ours}.weight"}


def _separable_convolution(number: int, ours: str) -> dict[str, str]:
    layer = f"separable_conv2d_{number}"
    return {
        _dataset(layer, "depthwise_kernel"): f"{ours}.depthwise.weight",
        _dataset(layer, "pointwise_kernel"): f"{ours}.pointwise.weight",
    }


def _norm(number: int, ours: str) -> dict[str, str]:
    layer = f"batch_normalization_{number}"
    return {_dataset(layer, theirs): f"{ours}.{name}" for theirs, name in _NORM.items()}
