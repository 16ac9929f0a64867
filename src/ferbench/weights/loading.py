"""Loading detectors and models, and holding to the weight files that they were loaded from.

Where nobody published a file's digest, that of the first file which its network could be loaded
with goes into ``weights.lock``: not that of any file that happens to lie there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ferbench.errors import WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.published import PublishedFile, advice, checked, digest

if TYPE_CHECKING:
    import torch

FOUND_HERE: Final = "found here"


def keep(item: PublishedFile, folder: Path, *, origin: str = FOUND_HERE) -> None:
    """Hold to a file that could be loaded.

    Write its digest into ``weights.lock``, where nobody knows it yet.

    Args:
        item: the file.
        folder: the models folder.
        origin: what the lock shall say of where it came from.

    Raises:
        WeightsError: as ``check``, or the lock cannot be written.
    """
    path, got = checked(item, folder)
    if digest(item, folder) is None:
        _note(item, folder, got, path.stat().st_size, origin)


def _note(item: PublishedFile, folder: Path, got: str, size_bytes: int, origin: str) -> None:
    """Write a line into the lock, unless another process just did."""
    with weights_lock.alone(folder):
        known = digest(item, folder)
        if known is None:
            line = weights_lock.Locked(
                file=item.file, sha256=got, size_bytes=size_bytes, origin=origin
            )
            weights_lock.add(line, folder)
        elif known != got:
            raise WeightsError(f"{folder / item.file} was replaced while it was loaded. Run again.")


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
    origins: Mapping[str, str] | None = None,
) -> _Engine_co:
    """Load a component, and from then on hold to the files that it was loaded from.

    Args:
        part: detector or model.
        device: where its networks go.
        folder: the models folder.
        origins: where files came from that arrived just now, for the lock.

    Raises:
        WeightsError: a file is missing, is another one, or does not fit; nothing is noted then.
    """
    unpublished = [item for item in part.weights_files() if len(item.sha256) < 64]
    seen = [checked(item, folder) for item in unpublished]
    try:
        loaded = part.load(device, folder)
    except WeightsError as error:
        if not unpublished:
            raise
        told = str(error) if str(error).endswith((".", "?")) else f"{error}."
        raise WeightsError(
            " ".join([told, *(advice(item, folder) for item in unpublished)])
        ) from error
    for item, (path, got) in zip(unpublished, seen, strict=True):
        if digest(item, folder) is None:
            _note(
                item, folder, got, path.stat().st_size, (origins or {}).get(item.file, FOUND_HERE)
            )
    return loaded
