"""Reading weight files into state_dicts with ferbench's names. Nothing in a file is executed."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch

from ferbench.errors import WeightsError
from ferbench.weights import keras_file
from ferbench.weights.pickle_limits import check_torch_file

StateDict = dict[str, torch.Tensor]

_PARALLEL: Final = "module."
_MAX_NAMED: Final = 5
_MAX_SHOWN: Final = 200
_REFUSED: Final = re.compile(r"GLOBAL (\S+) ")
_NO_PICKLE: Final = (
    pickle.UnpicklingError,
    KeyError,  # a byte of a text, taken for an instruction
)

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
    saved = _loaded(path, inert)
    state = _unwrapped(saved, key, path)
    _refuse_other_than_tensors(state, path)
    if state and all(name.startswith(_PARALLEL) for name in state):
        return {name.removeprefix(_PARALLEL): value for name, value in state.items()}
    return dict(state)


def _loaded(path: Path, inert: Sequence[str]) -> object:
    """What ``torch.load`` makes of a file, with objects of ours in place of the inert names."""
    allowed = cast(
        list[Callable[..., object] | tuple[Callable[..., object], str]],
        [(_Inert, name) for name in inert],
    )
    try:
        check_torch_file(path)  # torch fills the memory with whatever a file asks for
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise almost anything
        raise WeightsError(
            f"{path} cannot be read as a torch file of plain tensors: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Torch's reason, without its advice to load the file with less care."""
    refused = _REFUSED.search(str(error))
    if refused:
        return (
            f"besides tensors it needs {refused[1]}; such a file can run programs, so nothing of "
            "it was loaded. Get the file from the model's authors, or have its state_dict alone "
            "saved again"
        )
    if isinstance(error, _NO_PICKLE):
        return (
            "it was not written by torch.save (or with another pickle protocol than 2), or it is "
            "damaged"
        )
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    first_line = str(error).strip().split("\n", 1)[0]
    return first_line or "it ends too early"


def _unwrapped(saved: object, key: str, path: Path) -> Any:
    """The state_dict in what was saved."""
    if not key:
        return saved
    if isinstance(saved, dict) and key in saved:
        return saved[key]
    raise WeightsError(
        f"{path}: expected a dictionary with a network's {key!r}, got {_content_words(saved)}"
    )


def _content_words(saved: object) -> str:
    """What was saved instead of a dictionary with a state_dict."""
    if not isinstance(saved, dict):
        return f"a {type(saved).__name__}"
    names = ", ".join(_short(repr(name)) for name in list(saved)[:_MAX_NAMED]) or "nothing"
    if "param_groups" in saved:
        return (
            f"{names}; this is an optimizer's state: take the file that was saved together with "
            "the network"
        )
    return names


def _refuse_other_than_tensors(state: Any, path: Path) -> None:
    expected = "expected a state_dict (names with tensors)"
    if not isinstance(state, dict):
        raise WeightsError(f"{path}: {expected}, got a {type(state).__name__}")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            kind = type(value).__name__
            raise WeightsError(f"{path}: {expected}, got {_short(repr(name))} with a {kind}")


def load_strictly(net: torch.nn.Module, state: StateDict, path: Path) -> None:
    """Put a state_dict into a network.

    Entries that the network's class names in ``UNUSED`` (published, but without effect on its
    output) are left out.

    Raises:
        WeightsError: names or shapes differ, or values are NaN or infinite (says which).
    """
    unused: frozenset[str] = getattr(net, "UNUSED", frozenset())
    misshaped = _misshaped(net, state)
    left_out = unused | misshaped.keys()
    fitting = {name: value for name, value in state.items() if name not in left_out}
    try:
        rest = net.load_state_dict(fitting, strict=False)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path} does not fit {type(net).__name__}: {reason}") from error
    faults = {
        "missing": [name for name in rest.missing_keys if name not in misshaped],
        "unexpected": rest.unexpected_keys,
        "of another shape": list(misshaped.values()),
    }
    problems = [f"{len(names)} {kind}: {_first(names)}" for kind, names in faults.items() if names]
    if problems:
        raise WeightsError(
            f"{path} does not fit {type(net).__name__}: {'; '.join(problems)}. Is it the file of "
            "this model, with these classes?"
        )
    _refuse_no_numbers(net, path)


def _refuse_no_numbers(net: torch.nn.Module, path: Path) -> None:
    """Raise WeightsError where a network now has NaN or infinite values, which spread to all."""
    wrong = [
        name
        for name, value in net.state_dict().items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if wrong:
        raise WeightsError(
            f"{path} has values that are NaN or infinite in {len(wrong)} tensor(s): "
            f"{_first(wrong)}. It is damaged, or its training failed: fetch it again"
        )


def _misshaped(net: torch.nn.Module, state: StateDict) -> dict[str, str]:
    """The entries that have another shape in the network, with both."""
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    misshaped: dict[str, str] = {}
    for name, value in state.items():
        shape = tuple(value.shape)
        if shapes.get(name, shape) != shape:
            misshaped[name] = f"{name} {shape} instead of {shapes[name]}"
    return misshaped


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in names[:_MAX_NAMED])
    return f"{shown}, ..." if len(names) > _MAX_NAMED else shown


def _short(name: str) -> str:
    return name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."


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


def ddamfn_pth(path: Path) -> StateDict:
    """Read DDAMFN or DDAMFN++ as its training script saves it, for ``ferbench.nets.ddamfn.Ddamfn``.

    The file also holds the optimizer's state; it is left out.

    Raises:
        WeightsError: as ``torch_state_dict``.
    """
    return torch_state_dict(path, key="model_state_dict")


def rmn_checkpoint(path: Path) -> StateDict:
    """Read a Residual Masking Network as its training script saves it (``nets.resmasking``).

    The file also holds learning curves, some of them numbers of numpy; they are left out.

    Raises:
        WeightsError: as ``torch_state_dict``.
    """
    return torch_state_dict(path, key="net", inert=NUMPY_NAMES)


def mini_xception_hdf5(path: Path) -> StateDict:
    """Read mini-XCEPTION's weights as Keras 2 saved them (``nets.mini_xception.MiniXception``).

    Keras stores kernels as (height, width, in, out) and depthwise ones as (height, width, channel,
    1). The optimizer's state, which published files carry as well, is left out.

    Raises:
        WeightsError: not an HDF5 file, or datasets are missing or extra (names them).
    """
    arrays = keras_file.weights_of(path)
    names = keras_file.mini_xception_names()
    _refuse_other_datasets(arrays.keys(), names.keys(), path)
    state: StateDict = {}
    for theirs, ours in names.items():
        array = keras_file.in_torch_order(theirs, arrays[theirs])
        state[ours] = torch.from_numpy(np.ascontiguousarray(array))
        if ours.endswith("running_var"):
            state[ours.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    return state


def _refuse_other_datasets(names: Set[str], expected: Set[str], path: Path) -> None:
    missing = ", ".join(sorted(expected - names)) or "none"
    extra = ", ".join(sorted(names - expected)) or "none"
    if names != expected:
        raise WeightsError(
            f"{path} is not a mini-XCEPTION as Keras 2 saves it: missing datasets: {missing}; "
            f"extra datasets: {extra}"
        )
