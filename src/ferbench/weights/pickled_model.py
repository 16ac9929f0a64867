"""Weights out of whole pickled models, ``torch.save(model)``, as HSEmotion publishes them.

No code of a file runs.

Such a file names the classes of the library that made it (timm of 2021 to 2023) and can ask for any
other object, so reading it plainly needs that very library and can run any program. Here it passes
two gates:

1. every object that the pickle names must be in a short list, before anything is made of it
(torch's own list is long,
   and any library may add to it);
2. torch's own restricted reader (``weights_only=True``) makes tensors of it. Instead of classes of
timm and
   ``torch.nn`` it gets stand-ins, which keep an object's state and do nothing; none is imported.

The weights are then collected from the stand-ins as ``torch.nn.Module.state_dict`` would.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, Final, cast

import torch

from ferbench.errors import WeightsError

StateDict = dict[str, torch.Tensor]
_Safe = Callable[..., object] | tuple[Callable[..., object], str]

ALLOWED: Final = frozenset(
    {
        "collections.OrderedDict",
        "builtins.set",
        "__builtin__.set",  # the same, as Python 2 and torch's files call it
        "torch.Size",
        *(
            f"torch._utils.{name}"
            for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
        ),
        *(f"torch.{name}" for name in ("float16", "bfloat16", "float32", "float64", "bool")),
        *(f"torch.{name}" for name in ("uint8", "int8", "int16", "int32", "int64")),
        *(f"torch.{name}Storage" for name in ("Half", "BFloat16", "Float", "Double", "Bool")),
        *(f"torch.{name}Storage" for name in ("Byte", "Char", "Short", "Int", "Long")),
    }
)
"""What a file may really have made. None of it takes a name, a path or a function."""

STOOD_IN: Final = ("timm.", "torch.nn.")
"""Beginnings of names that become stand-ins."""

_OTHER_WAYS: Final = frozenset(
    {"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"}
)
_MAX_NAMED: Final = 5
_MAX_MODULES: Final = 10_000
_TORCH_REASON: Final = re.compile(
    r"WeightsUnpickler error:\s*(.*?)\s*(?:\n\nCheck the documentation|$)", re.DOTALL
)
_ADVICE: Final = (
    "Nothing of it was loaded. A pickle can run programs: get the file from the model's authors, or have them save the "
    "state_dict alone"
)


class _RefusedError(Exception):
    """The file asks for something that it must not have; the message says for what."""


class _StandIn:
    """An object of one of the file's classes: holds its state, does nothing."""

    __slots__ = ("state",)
    full_name: ClassVar[str] = ""
    state: dict[str, Any]

    def __new__(cls, *arguments: object) -> _StandIn:
        if arguments:
            raise _RefusedError(f"a call of {cls.full_name} with {len(arguments)} argument(s)")
        made = super().__new__(cls)
        made.state = {}
        return made

    def __setstate__(self, state: object) -> None:
        if self.state or type(state) is not dict:
            raise _RefusedError(
                f"a {type(state).__name__} as state of {self.full_name}, or a second state"
            )
        self.state = state


def pickled_state_dict(path: Path) -> StateDict:
    """Read the weights of a model that was saved whole, with the names that its ``state_dict``
    would give.

    Args:
        path: a file that ``torch.save`` of torch 1.6 or newer made of a ``torch.nn.Module``.

    Returns:
        Tensors on the CPU, without gradients, in the order of ``state_dict``.

    Raises:
        WeightsError: it cannot be read, is of another kind, or asks for objects that are neither
            tensors nor layers of timm or torch (names them).
    """
    try:
        with path.open("rb") as file:
            model = _opened(file)
        if not isinstance(model, _StandIn):
            raise WeightsError(
                f"{path}: expected a model that was saved whole, got a {type(model).__name__}"
            )
        return dict(_entries(model))
    except _RefusedError as error:
        raise WeightsError(f"{path} is refused, because it asks for {error}. {_ADVICE}") from error
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(
            f"{path} cannot be read as a model that torch.save saved: {_reason(error)}"
        ) from error


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
    names = _allowed_names(_pickle_of(file))
    stand_ins = [
        (type("_StandIn", (_StandIn,), {"__slots__": (), "full_name": name}), name)
        for name in sorted(names)
        if name.startswith(STOOD_IN)
    ]
    file.seek(0)
    with torch.serialization.safe_globals(cast(list[_Safe], stand_ins)):
        return torch.load(file, map_location="cpu", weights_only=True, mmap=False)


def _pickle_of(file: IO[bytes]) -> bytes:
    """The pickle in the zip archive that ``torch.save`` writes; the numbers lie beside it."""
    if not zipfile.is_zipfile(file):
        raise zipfile.BadZipFile(
            "it is no zip archive, or its end is missing. Fetch it again; files of torch before 1.6 and plain pickles "
            "are not read"
        )
    with zipfile.ZipFile(file) as archive:
        found = [
            name
            for name in archive.namelist()
            if name.count("/") == 1 and name.endswith("/data.pkl")
        ]
        if len(found) != 1 or any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise zipfile.BadZipFile(
                f"a zip archive, but not of a model: data.pkl {len(found)} times, or TorchScript"
            )
        return archive.read(found[0])


def _allowed_names(pickled: bytes) -> set[str]:
    """Names of the objects that a pickle asks for, found without making any.

    Raises:
        _RefusedError: some of them are not allowed.
    """
    named: dict[str, None] = {}
    protocol = 2
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            named[".".join(str(argument).split(" "))] = None
        elif opcode.name in _OTHER_WAYS:
            raise _RefusedError(
                f"objects by the pickle instruction {opcode.name}, which torch.save does not write"
            )
        elif opcode.name == "PROTO":
            protocol = int(str(argument))
    refused = [name for name in named if name not in ALLOWED and not name.startswith(STOOD_IN)]
    if refused:
        raise _RefusedError(
            ", ".join(refused[:_MAX_NAMED]) + (", ..." if len(refused) > _MAX_NAMED else "")
        )
    if protocol != 2:
        raise _RefusedError(f"pickle protocol {protocol}, where torch.save writes protocol 2")
    return set(named)


def _reason(error: Exception) -> str:
    """Torch's reason, without its advice to load the file with less care."""
    told = _TORCH_REASON.search(str(error))
    return (told[1] if told else str(error).strip().split("\n", 1)[0]) or type(error).__name__


def _entries(model: _StandIn) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and lasting buffers of a module, then those of its children, as in
    ``torch.nn.Module.state_dict``.
    """
    waiting, seen = [("", model)], 0
    while waiting:
        prefix, module = waiting.pop()
        seen += 1
        if seen > _MAX_MODULES:
            raise _RefusedError(f"more than {_MAX_MODULES} modules, or a module inside itself")
        passing = module.state.get("_non_persistent_buffers_set", set())
        for name, value in (*_members(module, "_parameters"), *_members(module, "_buffers")):
            if name not in passing:
                if not isinstance(value, torch.Tensor):
                    raise _RefusedError(f"a {_kind(value)} as tensor {prefix}{name}")
                yield prefix + name, value.detach()
        children: list[tuple[str, _StandIn]] = []
        for name, child in _members(module, "_modules"):
            if not isinstance(child, _StandIn):
                raise _RefusedError(f"a {_kind(child)} as module {prefix}{name}")
            children.append((f"{prefix}{name}.", child))
        waiting.extend(reversed(children))


def _members(module: _StandIn, kind: str) -> list[tuple[str, object]]:
    members = module.state.get(kind, {})
    if not isinstance(members, dict) or not all(
        isinstance(name, str) and "." not in name for name in members
    ):
        raise _RefusedError(
            f"a {type(members).__name__} with other things than names as {kind} of {module.full_name}"
        )
    return [(name, value) for name, value in members.items() if value is not None]


def _kind(value: object) -> str:
    return value.full_name if isinstance(value, _StandIn) else type(value).__name__
