"""Reading weight files into state_dicts with ferbench's names. Nothing in a file is executed."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

import h5py
import numpy as np
import torch

from ferbench.errors import WeightsError

StateDict = dict[str, torch.Tensor]

_PARALLEL: Final = "module."
_MAX_NAMED: Final = 5
_REFUSED: Final = re.compile(r"GLOBAL (\S+) ")

# What numpy's arrays and numbers are made with in a pickle, by numpy 1 and 2.
NUMPY_NAMES: Final = (
    "numpy.ndarray",
    "numpy.dtype",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
)


class _Inert:
    """Stands where a file has an object that is not needed; takes everything and keeps nothing."""

    def __new__(cls, *_args: object) -> _Inert:
        return super().__new__(cls)

    def __init__(self, *_args: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


def torch_state_dict(path: Path, *, key: str = "", inert: Sequence[str] = ()) -> StateDict:
    """Read a network's state_dict from a file that ``torch.save`` made, new or old format.

    Only what torch holds harmless is created (tensors, plain values, containers); a file that asks
    for anything else is refused. The prefix ``module.``, which training on several devices leaves
    on all names, is taken off.

    Args:
        path: the file.
        key: where in the saved dictionary the state_dict is; "" = it is what was saved.
        inert: full names of classes and functions that the file may mention besides; whatever it
            makes with them becomes an empty object of a class of ours, and neither is imported nor
            runs.

    Raises:
        WeightsError: it cannot be read, asks for more than that, or holds something else than names
            with tensors.
    """
    allowed = cast(
        list[Callable[..., object] | tuple[Callable[..., object], str]],
        [(_Inert, name) for name in inert],
    )
    try:
        with torch.serialization.safe_globals(allowed):
            saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise almost anything
        raise WeightsError(
            f"{path} cannot be read as a torch file of plain tensors: {_reason(error)}"
        ) from error
    state = _unwrapped(saved, key, path)
    if not isinstance(state, dict):
        raise WeightsError(
            f"{path}: expected a state_dict (names with tensors), got a {type(state).__name__}"
        )
    for name, value in state.items():
        if not (isinstance(name, str) and isinstance(value, torch.Tensor)):
            raise WeightsError(
                f"{path}: expected a state_dict (names with tensors), got {name!r} with a {type(value).__name__}"
            )
    if state and all(name.startswith(_PARALLEL) for name in state):
        return {name.removeprefix(_PARALLEL): value for name, value in state.items()}
    return dict(state)


def _reason(error: Exception) -> str:
    """Torch's reason, without its advice to load the file with less care."""
    refused = _REFUSED.search(str(error))
    if refused:
        return (
            f"besides tensors it needs {refused[1]}; such a file can run programs, so nothing of it was loaded. "
            "Get the file from the model's authors, or have its state_dict alone saved again"
        )
    if isinstance(
        error, pickle.UnpicklingError | KeyError
    ):  # the key: a byte of a text, taken for an instruction
        return "it was not written by torch.save (or with another pickle protocol than 2), or it is damaged"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().split("\n", 1)[0] or "it ends too early"


def _unwrapped(saved: object, key: str, path: Path) -> object:
    if not key:
        return saved
    if isinstance(saved, dict) and key in saved:
        return saved[key]
    found = (
        ", ".join(map(repr, list(saved)[:_MAX_NAMED]))
        if isinstance(saved, dict)
        else f"a {type(saved).__name__}"
    )
    hint = ""
    if isinstance(saved, dict) and "param_groups" in saved:
        hint = (
            "; this is an optimizer's state: take the file that was saved together with the network"
        )
    raise WeightsError(
        f"{path}: expected a dictionary with a network's {key!r}, got {found or 'nothing'}{hint}"
    )


def load_strictly(net: torch.nn.Module, state: StateDict, path: Path) -> None:
    """Put a state_dict into a network.

    Entries that the network's class names in ``UNUSED`` (published, but without effect on its
    output) are left out.

    Raises:
        WeightsError: names or shapes differ (says which).
    """
    unused: frozenset[str] = getattr(net, "UNUSED", frozenset())
    own = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    misshaped = {
        name: f"{name} {tuple(value.shape)} instead of {own[name]}"
        for name, value in state.items()
        if name in own and tuple(value.shape) != own[name]
    }
    fitting = {
        name: value for name, value in state.items() if name not in unused and name not in misshaped
    }
    try:
        rest = net.load_state_dict(fitting, strict=False)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit {type(net).__name__}: {' '.join(str(error).split())}"
        ) from error
    faults = {
        "missing": [name for name in rest.missing_keys if name not in misshaped],
        "unexpected": rest.unexpected_keys,
        "of another shape": list(misshaped.values()),
    }
    told = "; ".join(
        f"{len(names)} {what}: {_first(names)}" for what, names in faults.items() if names
    )
    if told:
        raise WeightsError(
            f"{path} does not fit {type(net).__name__}: {told}. Is it the file of this model, with these classes?"
        )


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_MAX_NAMED]) + (", ..." if len(names) > _MAX_NAMED else "")


def poster_v2_pth(path: Path) -> StateDict:
    """Read POSTER V2 as its training script saves it, for ``ferbench.nets.poster_v2.PosterV2``.

    The file also holds the optimizer's state and the script's own objects with learning curves;
    they are left out.

    Raises:
        WeightsError: it cannot be read, asks for other objects, or has no ``state_dict``. The
            script's "best" file has none: by a slip it holds the optimizer's state only.
    """
    return torch_state_dict(
        path,
        key="state_dict",
        inert=("__main__.RecorderMeter", "__main__.RecorderMeter1", *NUMPY_NAMES),
    )


def apvit_pth(path: Path) -> StateDict:
    """Read APViT as its publishing script saves it, for ``ferbench.nets.apvit.APViT``.

    Raises:
        WeightsError: as ``torch_state_dict``.
    """
    return torch_state_dict(path, key="state_dict")


def rmn_checkpoint(path: Path) -> StateDict:
    """Read a Residual Masking Network as its training script saves it, for
    ``ferbench.nets.resmasking``.

    The file also holds learning curves, some of them numbers of numpy; they are left out.

    Raises:
        WeightsError: as ``torch_state_dict``.
    """
    return torch_state_dict(path, key="net", inert=NUMPY_NAMES)


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
    """Read mini-XCEPTION's weights as Keras 2 saved them, for
    ``ferbench.nets.mini_xception.MiniXception``.

    Keras stores kernels as (height, width, in, out) and depthwise ones as (height, width, channel,
    1). The optimizer's state, which published files carry as well, is left out.

    Raises:
        WeightsError: not an HDF5 file, or datasets are missing or extra (names them).
    """
    found = _datasets(path)
    found = {
        name: value for name, value in found.items() if not name.startswith("optimizer_weights/")
    }
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
            value = (
                value.transpose(2, 3, 0, 1)
                if "depthwise" in theirs
                else value.transpose(3, 2, 0, 1)
            )
        state[ours] = torch.from_numpy(np.ascontiguousarray(value))
        if ours.endswith("running_var"):
            state[ours.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return state
