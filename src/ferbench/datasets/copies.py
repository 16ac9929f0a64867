"""Files that are in a folder of videos twice, as after a backup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath


def copies_of(groups: Iterable[Sequence[str]], folder: Path) -> dict[str, str]:
    """Files with the bytes of another one of their group that is in another folder, each with that
    one.

    The least deep file is kept, of several the first by name.

    Args:
        groups: paths of files that may be the same, below the folder, with forward slashes.
        folder: of the videos.
    """
    found: dict[str, str] = {}
    for group in groups:
        paths = sorted(
            (PurePosixPath(path) for path in group), key=lambda path: (len(path.parts), path)
        )
        for k, path in enumerate(paths):
            for earlier in paths[:k]:
                elsewhere = earlier.parent != path.parent and str(earlier) not in found
                if elsewhere and _same_bytes(folder / earlier, folder / path):
                    found[str(path)] = str(earlier)
                    break
    return found


def _same_bytes(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and _sha256(one) == _sha256(other)
    except OSError:  # such a file is listed as one that cannot be read
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
