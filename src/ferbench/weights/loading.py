"""Loading detectors and models, and locking the digests of the files that they were loaded from.

Where nobody published a file's digest, that of the first file which its network could be loaded
with goes into ``weights.lock``: not that of any file that happens to lie there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ferbench.errors import WeightsError
from ferbench.sentences import Part, Text
from ferbench.weights import lock as weights_lock
from ferbench.weights.checking import advice, check_with_digest
from ferbench.weights.digests import known_digest
from ferbench.weights.published import PublishedFile

if TYPE_CHECKING:
    import torch

FOUND_HERE: Final = "found here"
_NO_ORIGINS: Final[Mapping[str, str]] = MappingProxyType({})


def lock_digest(item: PublishedFile, folder: Path, *, origin: str = FOUND_HERE) -> None:
    """Write the digest of a file that could be loaded into the lock, where nobody knows it yet.

    Args:
        item: the file.
        folder: the models folder.
        origin: what the lock shall say of where it came from.

    Raises:
        WeightsError: as ``checking.check``, or the lock cannot be written.
    """
    path, sha256 = check_with_digest(item, folder)
    if known_digest(item, folder) is None:
        _add_to_lock(item, path, sha256, folder, origin)


def _add_to_lock(item: PublishedFile, path: Path, sha256: str, folder: Path, origin: str) -> None:
    """Write an entry, unless another process just did."""
    size_bytes = path.stat().st_size
    with weights_lock.exclusive(folder):
        locked = known_digest(item, folder)
        if locked is None:
            entry = weights_lock.LockEntry(
                file=item.file, sha256=sha256, size_bytes=size_bytes, origin=origin
            )
            weights_lock.add(entry, folder)
        elif locked != sha256:
            raise WeightsError(f"{path} was replaced while it was loaded. Run again.")


_Engine_co = TypeVar("_Engine_co", covariant=True)


class Loadable(Protocol[_Engine_co]):
    """A component with weight files: a detector or a model."""

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """Its files."""

    def load(self, device: torch.device, models: Path, /) -> _Engine_co:
        """Its networks with their weights."""


def load(
    part: Loadable[_Engine_co],
    device: torch.device,
    folder: Path,
    *,
    origins: Mapping[str, str] = _NO_ORIGINS,
) -> _Engine_co:
    """Load a component, and lock the digests of the files that it was loaded from.

    Args:
        part: detector or model.
        device: where its networks go.
        folder: the models folder.
        origins: where files came from that arrived just now, for the lock.

    Raises:
        WeightsError: a file is missing, is another one, or does not fit; nothing is locked then.
    """
    unpublished = [item for item in part.weights_files() if not item.has_whole_digest]
    checked = [check_with_digest(item, folder) for item in unpublished]
    loaded = _loaded(part, device, folder, unpublished)
    for item, (path, sha256) in zip(unpublished, checked, strict=True):
        if known_digest(item, folder) is None:
            origin = origins.get(item.file, FOUND_HERE)
            _add_to_lock(item, path, sha256, folder, origin)
    return loaded


def _loaded(
    part: Loadable[_Engine_co],
    device: torch.device,
    folder: Path,
    unpublished: list[PublishedFile],
) -> _Engine_co:
    """The loaded component; an error says what to do about files of unpublished digest."""
    try:
        return part.load(device, folder)
    except WeightsError as error:
        if not unpublished:
            raise
        raise WeightsError(_with_advice(error, unpublished, folder)) from error


def _with_advice(error: WeightsError, items: list[PublishedFile], folder: Path) -> Text:
    """An error of loading, and what to do about each of the files."""
    parts: list[Part] = [error.text()]
    if not str(error).endswith((".", "?")):
        parts.append(".")
    for item in items:
        parts += [" ", advice(item, folder)]
    return Text(*parts)
