"""Networks as ONNX graphs with their numbers, kept so that each is translated once per machine.

A graph is a file of the cache, named by the key of what it was made from and by the digest of its
own bytes. One whose bytes changed, or that somebody else may have written, is not used, and made
again. It holds operators and numbers, no program.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ferbench.atomic import replacing
from ferbench.last_use import mark_used
from ferbench.places import cache_dir, default_root
from ferbench.rights import make_folder

log = logging.getLogger("ferbench")

_OTHERS_MAY_WRITE: Final = 0o022


def kept_or_made(key: str, make: Callable[[], bytes]) -> bytes:
    """The graph of a key: the kept one, or one that is made and kept.

    Args:
        key: of everything that the graph is made from, 64 hexadecimal digits; "" = it cannot be
            told, and the graph is not kept.
        make: gives the bytes of an ONNX file.
    """
    if not key:
        return make()
    graph = _kept(key)
    if graph is None:
        graph = make()
        _keep(key, graph)
    return graph


def folder() -> Path:
    """Where graphs are kept (safe to delete)."""
    return cache_dir(default_root()) / "graphs"


def size_bytes() -> int:
    """Bytes that all kept graphs take."""
    return sum(path.stat().st_size for path in folder().glob("*.onnx"))


def _kept(key: str) -> bytes | None:
    """A graph whose bytes are those that this user wrote; None = there is none."""
    for path in sorted(folder().glob(f"{key}-*.onnx")):
        try:
            data = path.read_bytes() if _is_own(path) else b""
        except OSError:
            continue
        if path.name == _name(key, data):
            mark_used(path)
            return data
    return None


def _keep(key: str, graph: bytes) -> None:
    """Write a graph in the place of others of its key; where that fails it is only told."""
    path = folder() / _name(key, graph)
    try:
        make_folder(path.parent)
        spoilt = [other for other in path.parent.glob(f"{key}-*.onnx") if other != path]
        with replacing(path) as part:
            part.touch(mode=0o600)
            part.write_bytes(graph)
        for other in spoilt:
            other.unlink(missing_ok=True)
    except OSError as error:
        log.warning(
            "%s cannot be written (%s): the network is translated again at the next start",
            path,
            error.strerror or error,
        )


def _is_own(path: Path) -> bool:
    """Whether nobody but this user may have written a file (always True where nothing tells)."""
    if not hasattr(os, "geteuid"):
        return True
    about = path.stat()
    return about.st_uid == os.geteuid() and not about.st_mode & _OTHERS_MAY_WRITE


def _name(key: str, graph: bytes) -> str:
    return f"{key}-{hashlib.sha256(graph).hexdigest()}.onnx"
