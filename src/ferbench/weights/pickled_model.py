"""Weights out of whole pickled models, ``torch.save(model)``, as HSEmotion publishes them.

No code of a file runs.

Such a file names the classes of the library that made it (timm of 2021 to 2023) and can ask for any
other object, so reading it plainly needs that very library and can run any program. Here it passes
two gates:

1. every object that the pickle names must be in a short list (``pickle_names``), before anything is
   made of it (torch's own list is long, and any library may add to it);
2. torch's own restricted reader (``weights_only=True``) makes tensors of it. Instead of classes of
   timm and ``torch.nn`` it gets stand-ins, which keep an object's state and do nothing; none is
   imported.

The weights are then collected from the stand-ins as ``torch.nn.Module.state_dict`` would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, Final, cast

import torch

from ferbench.errors import WeightsError
from ferbench.weights.checkpoints import StateDict
from ferbench.weights.pickle_names import STOOD_IN, RefusedError, allowed_names, pickle_of

_Safe = Callable[..., object] | tuple[Callable[..., object], str]

_MAX_MODULES: Final = 10_000
_TORCH_REASON: Final = re.compile(
    r"WeightsUnpickler error:\s*(.*?)\s*(?:\n\nCheck the documentation|$)", re.DOTALL
)
_ADVICE: Final = (
    "Nothing of it was loaded. A pickle can run programs: get the file from the model's authors, "
    "or have them save the state_dict alone"
)


class _StandIn:
    """An object of one of the file's classes: holds its state, does nothing."""

    __slots__ = ("state",)
    full_name: ClassVar[str] = ""
    state: dict[str, Any]

    def __new__(cls, *arguments: object) -> _StandIn:
        if arguments:
            raise RefusedError(f"a call of {cls.full_name} with {len(arguments)} argument(s)")
        stand_in = super().__new__(cls)
        stand_in.state = {}
        return stand_in

    def __setstate__(self, state: object) -> None:
        if self.state or type(state) is not dict:
            raise RefusedError(
                f"a {type(state).__name__} as state of {self.full_name}, or a second state"
            )
        self.state = state


def pickled_state_dict(path: Path) -> StateDict:
    """Read the weights of a model that was saved whole, with the names of its ``state_dict``.

    Args:
        path: a file that ``torch.save`` of torch 1.6 or newer made of a ``torch.nn.Module``.

    Returns:
        Tensors on the CPU, without gradients, in the order of ``state_dict``.

    Raises:
        WeightsError: it cannot be read, is of another kind, or asks for objects that are neither
            tensors nor layers of timm or torch (names them).
    """
    try:
        return _weights_of(path)
    except RefusedError as error:
        raise WeightsError(f"{path} is refused, because it asks for {error}. {_ADVICE}") from error
    except WeightsError:
        raise
    except Exception as error:  # a damaged file makes torch raise almost anything
        raise WeightsError(
            f"{path} cannot be read as a model that torch.save saved: {_reason(error)}"
        ) from error


def _weights_of(path: Path) -> StateDict:
    with path.open("rb") as file:
        model = _opened(file)
    if isinstance(model, _StandIn):
        return dict(_entries(model))
    raise WeightsError(
        f"{path}: expected a model that was saved whole, got a {type(model).__name__}"
    )


def hse_state_dict(path: Path) -> StateDict:
    """Read a published HSEmotion model for ``ferbench.nets.hse``.

    Its head is a linear layer in a list of one (``classifier.0``), or that layer itself
    (``classifier``), depending on how it was trained; both get the first name.

    Raises:
        WeightsError: as ``pickled_state_dict``.
    """
    alone = {f"classifier.{rest}": f"classifier.0.{rest}" for rest in ("weight", "bias")}
    return {alone.get(name, name): value for name, value in pickled_state_dict(path).items()}


def _opened(file: IO[bytes]) -> object:
    names = allowed_names(pickle_of(file))
    stand_ins = [(_stand_in(name), name) for name in sorted(names) if name.startswith(STOOD_IN)]
    file.seek(0)
    with torch.serialization.safe_globals(cast(list[_Safe], stand_ins)):
        return torch.load(file, map_location="cpu", weights_only=True, mmap=False)


def _stand_in(name: str) -> type[_StandIn]:
    return type("_StandIn", (_StandIn,), {"__slots__": (), "full_name": name})


def _reason(error: Exception) -> str:
    """Torch's reason, without its advice to load the file with less care."""
    match = _TORCH_REASON.search(str(error))
    reason = match[1] if match else str(error).strip().split("\n", 1)[0]
    return reason or type(error).__name__


def _entries(model: _StandIn) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and lasting buffers of a module, then those of its children.

    As in ``torch.nn.Module.state_dict``.
    """
    waiting = [("", model)]
    count = 0
    while waiting:
        prefix, module = waiting.pop()
        count += 1
        if count > _MAX_MODULES:
            raise RefusedError(f"more than {_MAX_MODULES} modules, or a module inside itself")
        yield from _tensors(module, prefix)
        waiting.extend(reversed(_children(module, prefix)))


def _tensors(module: _StandIn, prefix: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and lasting buffers of one module."""
    passing = module.state.get("_non_persistent_buffers_set", set())
    for name, value in (*_members(module, "_parameters"), *_members(module, "_buffers")):
        if name in passing:
            continue
        if not isinstance(value, torch.Tensor):
            raise RefusedError(f"a {_kind(value)} as tensor {prefix}{name}")
        yield prefix + name, value.detach()


def _children(module: _StandIn, prefix: str) -> list[tuple[str, _StandIn]]:
    """The modules in a module, each with the prefix of its names."""
    children: list[tuple[str, _StandIn]] = []
    for name, child in _members(module, "_modules"):
        if not isinstance(child, _StandIn):
            raise RefusedError(f"a {_kind(child)} as module {prefix}{name}")
        children.append((f"{prefix}{name}.", child))
    return children


def _members(module: _StandIn, kind: str) -> list[tuple[str, object]]:
    members = module.state.get(kind, {})
    if not isinstance(members, dict) or not all(map(_is_name, members)):
        raise RefusedError(
            f"a {type(members).__name__} with other things than names as {kind} of "
            f"{module.full_name}"
        )
    return [(name, value) for name, value in members.items() if value is not None]


def _is_name(key: object) -> bool:
    return isinstance(key, str) and "." not in key


def _kind(value: object) -> str:
    return value.full_name if isinstance(value, _StandIn) else type(value).__name__
