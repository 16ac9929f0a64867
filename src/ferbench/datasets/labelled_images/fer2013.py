"""FER-2013 as one table: ``fer2013.csv`` with a face of 48 x 48 grey levels in each row.

Goodfellow et al. 2013, "Challenges in Representation Learning: A report on three machine learning
contests"; the challenge's page says what the numbers of expressions mean. ``Usage`` is Training,
PublicTest (here: validation) or PrivateTest (here: test), on which accuracies are published.
``icml_face_data.csv`` is the same with other columns first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.labelled_images.class_names import FER2013
from ferbench.datasets.labelled_images.found import Asked, Found, Read
from ferbench.errors import FormatError
from ferbench.formats.csv_rows import first_cells, rows_of
from ferbench.types.labelled_images import LabelledImage, Split

NAME: Final = "FER-2013"
SIDE_PX: Final = 48
_COLUMNS: Final = ("emotion", "pixels", "Usage")
_FILES: Final = ("fer2013.csv", "icml_face_data.csv")
_USAGES: Final[dict[str, Split]] = {
    "Training": "train",
    "PublicTest": "validation",
    "PrivateTest": "test",
}


def find(place: Path, asked: Asked) -> Found | None:
    """FER-2013's table, or a folder with it; None = it is none."""
    del asked
    paths = [place]
    if place.is_dir():
        folders = (place, place / "fer2013", place / "data")
        paths = [folder / name for folder in folders for name in _FILES]
    path = next((path for path in paths if path.is_file() and _is_table(path)), None)
    if path is None:
        return None
    splits = {split for _, split, _ in _rows(path)}
    return Found(
        name=NAME,
        layout=f"FER-2013's table ({path.name})",
        folder=path.parent,
        splits=tuple(split for split in _USAGES.values() if split in splits),
        read=lambda split: _read(path, split),
    )


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv" and set(_COLUMNS) <= set(first_cells(path))


def _rows(path: Path) -> Iterator[tuple[int, Split, dict[str, str]]]:
    """Lines with their part and cells.

    Raises:
        FormatError: a row of another use.
    """
    for line, row in rows_of(path, needed=_COLUMNS, what="FER-2013's table"):
        if row["Usage"] not in _USAGES:
            raise FormatError(
                f"{path.name}, line {line}: Usage is {row['Usage']!r}, expected "
                f"{', '.join(_USAGES)}"
            )
        yield line, _USAGES[row["Usage"]], row


def _read(path: Path, wanted: Split) -> Read:
    read = Read()
    for line, split, row in _rows(path):
        if split != wanted:
            continue
        if row["emotion"] not in FER2013:
            raise FormatError(
                f"{path.name}, line {line}: emotion is {row['emotion']!r}, expected 0 to 6"
            )
        name = f"{path.name}, line {line}"
        pixels = _pixels(row["pixels"], where=name)
        read.images.append(LabelledImage(name=name, label=FER2013[row["emotion"]], cut=pixels))
    return read


def _pixels(cell: str, *, where: str) -> NDArray[np.uint8]:
    """The grey levels of a cell, u8 (48, 48).

    Raises:
        FormatError: these are no 2304 whole numbers from 0 to 255.
    """
    try:
        levels = np.array(cell.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        levels = np.empty(0, np.int64)
    is_right = len(levels) == SIDE_PX**2 and levels.min() >= 0 and levels.max() <= 255
    if not is_right:
        raise FormatError(
            f"{where}: expected {SIDE_PX**2} grey levels from 0 to 255 in pixels, got {cell[:40]!r}"
        )
    return levels.astype(np.uint8).reshape(SIDE_PX, SIDE_PX)
