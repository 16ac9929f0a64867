"""AffectNet as its authors hand it out: tables with whole pictures, or cut faces with arrays.

Mollahosseini, Hasani and Mahoor 2017, "AffectNet: A Database for Facial Expression, Valence, and
Arousal Computing in the Wild"; mohammadmahoor.com/pages/databases/affectnet. There is no public
test part: accuracies are published on the validation part.

- ``training.csv`` and ``validation.csv``: ``subDirectory_filePath, face_x, face_y, face_width,
  face_height, facial_landmarks, expression, valence, arousal``, of the manually annotated pictures;
  with these names in the first line or without. Tables of automatic annotations are left alone.
- ``train_set`` and ``val_set``: ``images/7.jpg`` is a cut face, ``annotations/7_exp.npy`` its
  expression (the smaller distribution with eight classes).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.datasets.labelled_images.class_names import AFFECTNET, AFFECTNET_OTHERS
from ferbench.datasets.labelled_images.found import (
    Asked,
    Found,
    Read,
    split_folders,
    subfolders,
)
from ferbench.datasets.labelled_images.pictures import SUFFIXES
from ferbench.errors import FormatError
from ferbench.formats.csv_rows import first_cells, rows_of
from ferbench.types.labelled_images import BoxXyxy, LabelledImage, Split

NAME: Final = "AffectNet"
_ARRAY: Final = "_exp.npy"
_COLUMNS: Final = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
_NEEDED: Final = ("subDirectory_filePath", "expression")
_BY_MACHINE: Final = "automatic"
"""In the name of a table whose labels no person gave."""
RATED: Final = {"valence": "_val.npy", "arousal": "_aro.npy"}
"""What is rated besides, -1 to 1 (below = not rated); as arrays, the endings of their files."""

_BOX: Final = ("face_x", "face_y", "face_width", "face_height")


def find_arrays(place: Path, asked: Asked) -> Found | None:
    """AffectNet's cut faces with an array for each label; None = there are none."""
    del asked
    folders = {split: path for split, path in split_folders(place).items() if _has_arrays(path)}
    if not folders and _has_arrays(place):
        folders = {"": place}
    if not folders:
        return None
    return Found(
        name=NAME,
        layout="AffectNet's cut faces (images, annotations/*_exp.npy)",
        folder=place,
        splits=tuple(folders),
        read=lambda split: _read_arrays(place, folders[split]),
    )


def _has_arrays(folder: Path) -> bool:
    annotations = folder / "annotations"
    has_any = annotations.is_dir() and any(
        path.name.endswith(_ARRAY) for path in annotations.iterdir()
    )
    return has_any and (folder / "images").is_dir()


def _read_arrays(place: Path, folder: Path) -> Read:
    read = Read()
    images = {
        path.stem: path
        for path in (folder / "images").iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    }
    arrays = sorted((folder / "annotations").glob(f"*{_ARRAY}"), key=_by_number)
    for path in arrays:
        stem = path.name.removesuffix(_ARRAY)
        label = _label(_number_in(path), read, where=path.name)
        if label is None:
            continue
        if stem not in images:
            read.missing.append(stem)
            continue
        cut = images[stem].relative_to(place).as_posix()
        arrays_of = {name: path.with_name(f"{stem}{end}") for name, end in RATED.items()}
        cells = {name: _number_in(each) for name, each in arrays_of.items() if each.is_file()}
        values = _values(cells, where=stem)
        read.images.append(LabelledImage(name=cut, label=label, cut=cut, values=values))
    return read


def _by_number(path: Path) -> tuple[int, str]:
    stem = path.name.removesuffix(_ARRAY)
    return (int(stem) if stem.isdecimal() else 0, stem)


def _number_in(path: Path) -> str:
    """The number of an expression in an array's file; it may be stored as a text.

    Raises:
        FormatError: it holds no single value.
    """
    try:
        return str(np.load(path, allow_pickle=False).item())
    except (OSError, ValueError, MemoryError) as error:
        raise FormatError(f"{path.name}: expected an array with one number: {error}") from error


def find_table(place: Path, asked: Asked) -> Found | None:
    """AffectNet's tables with whole pictures; None = there are none."""
    del asked
    if not place.is_dir():
        return None
    tables: dict[Split, Path] = {}
    for folder in (place, *subfolders(place)):
        for path in sorted(folder.glob("*.csv")):
            if _is_table(path):
                tables.setdefault(_split_of_table(path), path)
    if not tables:
        return None
    return Found(
        name=NAME,
        layout=f"AffectNet's tables ({', '.join(path.name for path in tables.values())})",
        folder=place,
        splits=tuple(tables),
        read=lambda split: _read_table(place, tables[split]),
    )


def _is_table(path: Path) -> bool:
    return _BY_MACHINE not in path.name.lower() and (_has_header(path) or _has_no_header(path))


def _has_header(path: Path) -> bool:
    return set(_NEEDED) <= set(first_cells(path))


def _has_no_header(path: Path) -> bool:
    """Whether the first line is an image already, in the columns of the authors."""
    cells = first_cells(path)
    if len(cells) != len(_COLUMNS):
        return False
    row = dict(zip(_COLUMNS, cells, strict=True))
    is_picture = Path(row["subDirectory_filePath"]).suffix.lower() in SUFFIXES
    return is_picture and row["expression"] in {*AFFECTNET, *AFFECTNET_OTHERS}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines with their cells, whether or not the first one names the columns."""
    if _has_header(path):
        yield from rows_of(path, needed=_NEEDED, what="AffectNet's table")
        return
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for line, cells in enumerate(csv.reader(stream), start=1):
            if len(cells) != len(_COLUMNS):
                raise FormatError(
                    f"{path.name}, line {line}: expected {len(_COLUMNS)} cells, got {len(cells)}"
                )
            yield line, dict(zip(_COLUMNS, cells, strict=True))


def _split_of_table(path: Path) -> Split:
    name = path.stem.lower()
    if "train" in name:
        return "train"
    return "validation" if "val" in name else ""


def _read_table(place: Path, path: Path) -> Read:
    read = Read()
    roots = _roots(place, path)
    root: Path | None = None
    for line, row in _rows(path):
        where = f"{path.name}, line {line}"
        label = _label(row["expression"], read, where=where)
        if label is None:
            continue
        name = row["subDirectory_filePath"].replace("\\", "/")
        if root is None:
            root = next((each for each in roots() if (each / name).is_file()), None)
        if root is None or not (root / name).is_file():
            read.missing.append(name)
            continue
        read.images.append(
            LabelledImage(
                name=name,
                label=label,
                whole=(root / name).relative_to(place).as_posix(),
                box_xyxy=_box(row, where=where),
                values=_values({name: row.get(name, "") for name in RATED}, where=where),
            )
        )
    return read


def _roots(place: Path, table: Path) -> partial[Iterator[Path]]:
    """Folders that a table's paths may begin in: up to two levels below, and beside the table."""

    def folders() -> Iterator[Path]:
        yield from (place, table.parent)
        for folder in subfolders(place):
            yield folder
            yield from subfolders(folder)

    return partial(folders)


def _label(number: str, read: Read, *, where: str) -> str | None:
    """The expression of a number; None = none of the eight, which is counted.

    Raises:
        FormatError: AffectNet has no such number.
    """
    number = number.strip().removesuffix(".0")
    if number in AFFECTNET_OTHERS:
        read.left_out[AFFECTNET_OTHERS[number]] += 1
        return None
    if number not in AFFECTNET:
        raise FormatError(f"{where}: expected an expression from 0 to 10, got {number!r}")
    return AFFECTNET[number]


def _values(cells: Mapping[str, str], *, where: str) -> dict[str, float]:
    """What is rated; AffectNet writes -2 where nothing is.

    Raises:
        FormatError: a cell is no number.
    """
    values = {}
    for name, cell in cells.items():
        try:
            value = float(cell) if cell else math.nan
        except ValueError as error:
            raise FormatError(f"{where}: expected a number as {name}, got {cell!r}") from error
        if -1 <= value <= 1:
            values[name] = value
    return values


def _box(row: Mapping[str, str], *, where: str) -> BoxXyxy | None:
    """The face's box of a row; None = the row has none.

    Raises:
        FormatError: a cell is no number.
    """
    cells = [row.get(name, "") for name in _BOX]
    if not all(cells):
        return None
    try:
        x, y, width, height = (float(cell) for cell in cells)
    except ValueError as error:
        raise FormatError(f"{where}: expected numbers in {', '.join(_BOX)}: {error}") from error
    is_box = all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0
    return (x, y, x + width, y + height) if is_box else None
