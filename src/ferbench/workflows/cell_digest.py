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

_CHANGES_NO_RESULT: Final = ("tracking", OF_A_SWEEP)


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
        "config": repr([pair for pair in config.items() if pair[0] not in _CHANGES_NO_RESULT]),
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
