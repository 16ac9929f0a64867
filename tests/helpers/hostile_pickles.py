"""Pickles that do what no model does, written by hand, and files around them."""

from __future__ import annotations

import io
import zipfile

ABSENT = "timm.models.no_such_module"


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def named(module: str, attribute: str) -> bytes:
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def made(kind: bytes, *arguments: bytes) -> bytes:
    return kind + b"(" + b"".join(arguments) + b"t\x81"


def model_with(value: bytes, *, slot: str = "_parameters") -> bytes:
    """A ``torch.nn.Identity`` that holds something."""
    return (
        made(named("torch.nn.modules.linear", "Identity"))
        + b"}"
        + text(slot)
        + b"}"
        + text("x")
        + value
        + b"ssb"
    )


IDENTITY = named("torch.nn.modules.linear", "Identity")
REBUILD = named("torch._utils", "_rebuild_tensor_v2")
TOUCH = text("touch CANARY")
MAKE = text("open('CANARY', 'w').close()")


def write(target, body: bytes, *, protocol: int = 2) -> bytes:
    """A file like that of ``torch.save`` around a pickle; returns the pickle."""
    pickled = b"\x80" + bytes([protocol]) + body + b"."
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("model/data.pkl", pickled)
        archive.writestr("model/version", "3\n")
        archive.writestr("model/byteorder", "little")
    return pickled


def nested() -> bytes:
    """A file inside the file, read by a function of torch."""
    inner = io.BytesIO()
    write(inner, call(named("os", "system"), TOUCH))
    data = inner.getvalue()
    return call(
        named("torch.storage", "_load_from_bytes"), b"B" + len(data).to_bytes(4, "little") + data
    )


# Files that run something, which a plain unpickler lets them: the pickle, its protocol, the
# refusal. ``get_outdir`` makes a folder.
OUTDIR = named("timm.utils.summary", "get_outdir")
GETATTR = named("builtins", "getattr")
RUNNING = {
    "command": (call(named("os", "system"), TOUCH), 2, r"os\.system"),
    "command of posix": (call(named("posix", "system"), TOUCH), 2, r"posix\.system"),
    "process": (
        call(named("subprocess", "call"), b"](" + text("touch") + text("CANARY") + b"e"),
        2,
        r"subprocess\.call",
    ),
    "eval": (call(named("builtins", "eval"), MAKE), 2, r"builtins\.eval"),
    "exec of Python 2": (call(named("__builtin__", "exec"), MAKE), 2, r"__builtin__\.exec"),
    "deep in a model": (model_with(call(named("os", "system"), TOUCH)), 2, r"os\.system"),
    "dotted name": (
        call(named("torch.serialization", "os.system"), TOUCH),
        4,
        r"torch\.serialization\.os\.system",
    ),
    "dotted name in timm": (
        call(named("timm.models._hub", "os.system"), TOUCH),
        4,
        "pickle protocol 4",
    ),
    "chain of getattr": (
        call(
            call(
                GETATTR, call(GETATTR, named("torch", "serialization"), text("os")), text("system")
            ),
            TOUCH,
        ),
        2,
        r"builtins\.getattr, torch\.serialization",
    ),
    "function of timm": (
        call(OUTDIR, text("CANARY")),
        2,
        r"a call of timm\.utils\.summary\.get_outdir with 1 ",
    ),
    "function of timm in place of __setstate__": (
        made(IDENTITY) + b"}" + text("__setstate__") + OUTDIR + b"sb" + text("CANARY") + b"b",
        2,
        r"a str as state of torch\.nn\.modules\.linear\.Identity",
    ),
    "name from the stack": (
        text("os") + text("system") + b"\x93(" + TOUCH + b"tR",
        4,
        "instruction STACK_GLOBAL",
    ),
    "instance instruction": (b"(S'touch CANARY'\nios\nsystem\n", 2, "instruction INST"),
    "object instruction": (b"(" + named("os", "system") + TOUCH + b"o", 2, "instruction OBJ"),
    "file inside the file": (nested(), 2, r"torch\.storage\._load_from_bytes"),
}

# Files that run nothing, but are refused: the pickle, the message.
REFUSED = {
    "layer with arguments": (
        made(IDENTITY, text("x")),
        r"a call of torch\.nn\.modules\.linear\.Identity with 1 arg",
    ),
    "layer called with arguments": (
        call(named(ABSENT, "Net"), text("x")),
        r"a call of timm\.models\.no_such_module\.Net",
    ),
    "layer with named arguments": (IDENTITY + b")}\x92", "instruction NEWOBJ_EX"),
    "another protocol": (b"N\x80\x05", "pickle protocol 5, where torch.save writes protocol 2"),
    "extension code": (b"\x82\x01", "instruction EXT1"),
    "named persistent object": (b"Pstorage\n", "instruction PERSID"),
    "state twice": (
        made(IDENTITY) + b"}" + text("a") + b"K\x01sb}" + text("b") + b"K\x01sb",
        "or a second state",
    ),
    "state of two parts": (made(IDENTITY) + b"}}\x86b", "a tuple as state"),
    "defaults of a function of torch": (
        REBUILD + b"N}" + text("__defaults__") + b"K\x01\x85s\x86b",
        "Can only build.*function",
    ),
    "attribute of a layer's class": (
        IDENTITY + b"N}" + text("__setstate__") + b"K\x01s\x86b",
        "Can only build.*type",
    ),
    "call of a number": (b"K\x01)R", "reduce for unrecognized function"),
    "object that torch would make": (
        call(named("torch", "device"), text("cpu")),
        r"asks for torch\.device\.",
    ),
    "wrapped tensor": (
        named("torch._utils", "_rebuild_wrapper_subclass"),
        r"_rebuild_wrapper_subclass",
    ),
    "something persistent that is no storage": (
        b"(" + text("module") + b"K\x01tQ",
        "Only persistent_load of storage",
    ),
    "many names": (
        b"".join(named(f"m{k}", "f") for k in range(7)),
        r"m0\.f, m1\.f, m2\.f, m3\.f, m4\.f, \.\.\.",
    ),
    "text as tensor": (model_with(text("no tensor")), r"a str as tensor x"),
    "layer as tensor": (
        model_with(made(IDENTITY), slot="_buffers"),
        r"a torch\.nn\.\S*\.Identity as tensor x",
    ),
    "text as layer": (model_with(text("no layer"), slot="_modules"), "a str as module x"),
    "list of tensors": (
        made(IDENTITY) + b"}" + text("_parameters") + b"]sb",
        "a list with other things than names",
    ),
    "number as name": (
        made(IDENTITY) + b"}" + text("_buffers") + b"}K\x01Nssb",
        "other things than names",
    ),
    "name of another's tensor": (
        made(IDENTITY) + b"}" + text("_buffers") + b"}" + text("a.b") + b"Nssb",
        "other things",
    ),
    "layer inside itself": (
        made(IDENTITY) + b"q\x01}" + text("_modules") + b"}" + text("x") + b"h\x01ssb",
        "more than 10000 modules, or a module inside itself",
    ),
}
