"""HDF5 files, read with care: only numbers that lie in the file itself, and no more than fit.

An HDF5 file may have its numbers read from other files (external storage, virtual data sets,
links), may announce any size, and may ask for a filter that is loaded as a program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from ferbench.weights import archives

MOST_BYTES: Final = 2**30
"""Bytes of all numbers of a file, which may not grow more than an archive either."""

_MOST_OBJECTS: Final = 100_000
_BUILT_IN_FILTERS: Final = frozenset({*range(1, 7), h5py.h5z.FILTER_LZF})
"""deflate, shuffle, fletcher32, szip, nbit, scale-offset, and h5py's own."""


class UnreadableError(Exception):
    """The file cannot be read, or wants more than its own bytes; the message says why."""


def check(path: Path) -> None:
    """Check that a file is whole as far as its structure tells, and holds its numbers itself.

    Raises:
        UnreadableError: it is not, or does not.
    """
    with _opened(path) as file:
        for _ in _datasets(file, ""):
            pass


def arrays_of(path: Path, *, group: str, without: str) -> dict[str, npt.NDArray[Any]]:
    """The numbers of a file by the names of their data sets.

    Args:
        path: the file.
        group: names are relative to this one, if there is one of this name.
        without: beginning of names that are left out.

    Raises:
        UnreadableError: it cannot be read, has other data than numbers, or has them read from
            elsewhere.
    """
    with _opened(path) as file:
        wanted: dict[str, h5py.Dataset] = {}
        num_bytes = 0
        for name, dataset in _datasets(_group(file, group), ""):
            if name.startswith(without):
                continue
            if dataset.dtype.kind not in "fiu" or dataset.shape is None:
                raise UnreadableError(f"{name} holds no numbers, but {dataset.dtype}")
            wanted[name] = dataset
            num_bytes += dataset.size * dataset.dtype.itemsize
        grown = max(archives.FREE_BYTES, archives.MOST_GROWTH * path.stat().st_size)
        most = min(MOST_BYTES, grown)
        if num_bytes > most:
            raise UnreadableError(
                f"its numbers would take {num_bytes} bytes, expected at most {most}"
            )
        return {name: np.asarray(dataset) for name, dataset in wanted.items()}


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except UnreadableError:
        raise
    except Exception as error:  # h5py raises almost anything for a damaged file
        raise UnreadableError(" ".join(str(error).split()) or type(error).__name__) from error


def _group(file: h5py.File, name: str) -> h5py.Group:
    """The group of a name, or the file itself where it has none."""
    if name not in set(file):  # "in file" would follow a link
        return file
    _refuse_link(file, name, name)
    found = file[name]
    if not isinstance(found, h5py.Group):
        raise UnreadableError(f"{name} is no group")
    return found


def _datasets(start: h5py.Group, prefix: str) -> Iterator[tuple[str, h5py.Dataset]]:
    """The data sets below a group, each under its first name, in order of names."""
    seen = {_address(start)}
    waiting = [(prefix, start)]
    while waiting:
        name, group = waiting.pop()
        deeper = []
        for key in group:
            full = f"{name}/{key}" if name else key
            _refuse_link(group, key, full)
            item = group[key]
            if _address(item) in seen:
                continue
            seen.add(_address(item))
            if len(seen) > _MOST_OBJECTS:
                raise UnreadableError(f"it has more than {_MOST_OBJECTS} groups and data sets")
            if isinstance(item, h5py.Group):
                deeper.append((full, item))
            elif isinstance(item, h5py.Dataset):
                _refuse_outside(item, full)
                yield full, item
        waiting += reversed(deeper)


def _address(item: h5py.Group | h5py.Dataset) -> tuple[int, int]:
    about = h5py.h5o.get_info(item.id)
    return about.fileno, about.addr


def _refuse_link(group: h5py.Group, key: str, name: str) -> None:
    if type(group.get(key, getlink=True)) is not h5py.HardLink:
        raise UnreadableError(f"{name} is a link to elsewhere; nothing was read through it")


def _refuse_outside(dataset: h5py.Dataset, name: str) -> None:
    created = dataset.id.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count():
        raise UnreadableError(f"{name} has its numbers read from other files; nothing was read")
    filters = {created.get_filter(number)[0] for number in range(created.get_nfilters())}
    if not filters <= _BUILT_IN_FILTERS:
        numbers = ", ".join(map(str, sorted(filters - _BUILT_IN_FILTERS)))
        raise UnreadableError(f"{name} needs filters that are programs of their own ({numbers})")
