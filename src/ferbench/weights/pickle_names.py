"""The objects that a pickle asks for, found without making any, and which a model may have."""

from __future__ import annotations

import pickletools
import zipfile
from typing import IO, Final

from ferbench.weights import archives
from ferbench.weights.pickle_limits import check_instructions, check_members

ALLOWED: Final = frozenset(
    {
        "collections.OrderedDict",
        "builtins.set",
        "__builtin__.set",  # the same, as Python 2 and torch's files call it
        "torch.Size",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        *(f"torch.{name}" for name in ("float16", "bfloat16", "float32", "float64", "bool")),
        *(f"torch.{name}" for name in ("uint8", "int8", "int16", "int32", "int64")),
        *(f"torch.{name}Storage" for name in ("Half", "BFloat16", "Float", "Double", "Bool")),
        *(f"torch.{name}Storage" for name in ("Byte", "Char", "Short", "Int", "Long")),
    }
)
"""What a file may really have made. None of it takes a name, a path or a function."""

STOOD_IN: Final = ("timm.", "torch.nn.", "mobilefacenet.")
"""Beginnings of names that become stand-ins; ``mobilefacenet`` is a module of EmotiEffLib's."""

MAX_NAMED: Final = 5
_PROTOCOL: Final = 2
_OTHER_WAYS: Final = frozenset(
    {"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"}
)


class RefusedError(Exception):
    """The file asks for something that it must not have; the message says for what."""


def pickle_of(file: IO[bytes]) -> bytes:
    """The pickle in the zip archive that ``torch.save`` writes; the numbers lie beside it.

    Raises:
        zipfile.BadZipFile: it is no such archive.
    """
    if not zipfile.is_zipfile(file):
        raise zipfile.BadZipFile(
            "it is no zip archive, or its end is missing. Fetch it again; files of torch before "
            "1.6 and plain pickles are not read"
        )
    with archives.opened(file) as archive:
        check_members(archive)
        return archive.read(_pickle_among(archive.namelist()))


def _pickle_among(members: list[str]) -> str:
    pickles = [name for name in members if _is_pickle(name)]
    is_script = any(name.endswith("/constants.pkl") for name in members)
    if len(pickles) != 1 or is_script:
        raise zipfile.BadZipFile(
            f"a zip archive, but not of a model: data.pkl {len(pickles)} times, or TorchScript"
        )
    return pickles[0]


def _is_pickle(member: str) -> bool:
    return member.count("/") == 1 and member.endswith("/data.pkl")


def allowed_names(pickled: bytes) -> set[str]:
    """Names of the objects that a pickle asks for, found without making any.

    Raises:
        RefusedError: some of them are not allowed.
    """
    names, protocol = _names_and_protocol(pickled)
    refused = [name for name in names if not _is_allowed(name)]
    if refused:
        shown = ", ".join(refused[:MAX_NAMED])
        raise RefusedError(f"{shown}, ..." if len(refused) > MAX_NAMED else shown)
    if protocol != _PROTOCOL:
        raise RefusedError(f"pickle protocol {protocol}, where torch.save writes protocol 2")
    return set(names)


def _names_and_protocol(pickled: bytes) -> tuple[list[str], int]:
    """Names in the order of their first mention, and the protocol that the pickle says it has."""
    check_instructions(pickletools.genops(pickled))
    names: dict[str, None] = {}
    protocol = _PROTOCOL
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            module_and_name = str(argument).split(" ")
            names[".".join(module_and_name)] = None
        elif opcode.name == "PROTO":
            protocol = int(str(argument))
        elif opcode.name in _OTHER_WAYS:
            raise RefusedError(
                f"objects by the pickle instruction {opcode.name}, which torch.save does not write"
            )
    return list(names), protocol


def _is_allowed(name: str) -> bool:
    return name in ALLOWED or name.startswith(STOOD_IN)
