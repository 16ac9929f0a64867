"""All that the results of a sweep's cell are a function of, as one digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import ferbench
from ferbench.config.settings import OF_A_SWEEP, Settings
from ferbench.errors import WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.pipeline.cache import Cache
from ferbench.provenance import library_versions
from ferbench.types import LoadedDataset
from ferbench.weights.digests import with_resolved_digests

_SECTIONS_THAT_CHANGE_NONE: Final = ("tracking", OF_A_SWEEP)
CHANGES_NO_RESULT: Final = {
    "paths": ("cache_limit_gb",),
    "runtime": (
        "chunk_s",
        "decoder_memory_gib",
        "decoder_patience_s",
        "fetch_weights",
        "lanes",
        "retry_suspects",
        "workers",
    ),
}
"""Keys of sections that a command may set otherwise, and go on with what was computed before."""


def decisive(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what changes no result: where records go, and how it is computed."""
    kept = {key: config[key] for key in config if key not in _SECTIONS_THAT_CHANGE_NONE}
    for section, names in CHANGES_NO_RESULT.items():
        if isinstance(kept.get(section), Mapping):
            kept[section] = {k: v for k, v in kept[section].items() if k not in names}
    return kept


def cell_digest(
    config: Mapping[str, Any], settings: Settings, loaded: LoadedDataset, *, number: int
) -> str:
    """The same for a cell that would come to the same results, to the bit.

    Args:
        config: the cell's configuration, composed and resolved.
        settings: built from it.
        loaded: of the settings' data set.
        number: which cell of its sweep it is: two with the same settings are two.

    Returns:
        64 hexadecimal digits; "" = a file of the data set cannot be read, so nothing can be said.

    Raises:
        ConfigError: there is no such device.
        WeightsError: digests of weights contradict each other.
    """
    memory = Cache(settings.paths.cache)
    try:
        files = _files(loaded, memory)
    except (OSError, WeightsError):
        return ""
    spec = {
        "number": number,
        "config": repr(decisive(config)),
        "recipe": with_resolved_digests(settings.recipe, settings.paths.models),
        "device": settings.runtime.torch_device().type,
        "files": files,
        "code": _code(),
        "versions": library_versions(),
    }
    return fingerprint(spec)


def _files(loaded: LoadedDataset, memory: Cache) -> dict[str, Any]:
    """Digests of everything that was read or will be.

    Raises:
        OSError: a file is not there.
        WeightsError: a file cannot be read.
    """
    videos = [
        [session.session_id, session.camera, part.path.name, memory.digest(part.path)]
        for session in loaded.sessions
        for part in session.parts
    ]
    tables = {
        kind: [memory.digest(file) for file in files] for kind, files in loaded.tables.items()
    }
    return {"videos": videos, "tables": tables}


@cache
def _code() -> str:
    """Digest of ferbench's own sources: of a checkout with changes no revision tells them."""
    folder = Path(ferbench.__file__).parent
    code = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        code.update(path.relative_to(folder).as_posix().encode())
        code.update(path.read_bytes())
    return code.hexdigest()
