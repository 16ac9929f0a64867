"""Files that are in a folder of videos twice, as after a backup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath


def copies_of(groups: Iterable[Sequence[str]], folder: Path) -> dict[str, str]:
    """Each file that has the bytes of another one of its group in another folder, and that one.

    The least deep file is kept, of several the first by name.

    Args:
        groups: paths of files that may be the same, below the folder, with forward slashes.
        folder: of the videos.
    """
    copies: dict[str, str] = {}
    for group in groups:
        copies |= _copies_in(group, folder)
    return copies


def _copies_in(group: Sequence[str], folder: Path) -> dict[str, str]:
    copies: dict[str, str] = {}
    kept: list[PurePosixPath] = []
    for path in sorted(map(PurePosixPath, group), key=_depth_and_name):
        original = _original(path, kept, folder)
        if original is None:
            kept.append(path)
        else:
            copies[str(path)] = str(original)
    return copies


def _depth_and_name(path: PurePosixPath) -> tuple[int, PurePosixPath]:
    return len(path.parts), path


def _original(
    path: PurePosixPath, candidates: Iterable[PurePosixPath], folder: Path
) -> PurePosixPath | None:
    """The first candidate in another folder with the bytes of ``path``; None = there is none."""
    for candidate in candidates:
        elsewhere = candidate.parent != path.parent
        if elsewhere and _same_bytes(folder / candidate, folder / path):
            return candidate
    return None


def _same_bytes(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and _sha256(one) == _sha256(other)
    except OSError:  # such a file is listed as one that cannot be read
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
