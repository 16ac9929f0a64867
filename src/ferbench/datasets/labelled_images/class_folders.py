"""A folder for each class, below a folder for each part or not.

So come FER-2013 (``test/angry``) and RAF-DB (``DATASET/test/1``) from where people share data sets,
and so anybody can lay out images of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ferbench.datasets.labelled_images import fer2013
from ferbench.datasets.labelled_images.class_names import (
    AFFECTNET,
    FER2013,
    RAFDB,
    meanings,
)
from ferbench.datasets.labelled_images.found import (
    Asked,
    Found,
    Read,
    split_folders,
    split_of,
    subfolders,
)
from ferbench.datasets.labelled_images.pictures import first_picture, pictures_in, size_px_of
from ferbench.errors import DatasetError
from ferbench.formats.csv_rows import first_cells, rows_of
from ferbench.sentences import Setting, Text
from ferbench.types.labelled_images import LabelledImage, Split
from ferbench.wording import plural, some

NUMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "RAF-DB": RAFDB,
    "AffectNet": AFFECTNET,
    "FER-2013": FER2013,
}
"""What numbers mean, by the data set."""
_FER2013_NAMES: Final = {"angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"}
_BOTH_TESTS: Final = (
    "FER-2013's folder test mostly has the public and the private test part together; accuracies "
    "are published of the private one"
)
_LOOKED_AT: Final = 20
_MOST_PX: Final = 512
_MOST_UNEQUAL: Final = 1.25


def find(place: Path, asked: Asked) -> Found | None:
    """Folders of classes; None = there are none with pictures.

    Raises:
        DatasetError: numbers that several data sets use, or names that mean nothing.
    """
    base = _unpacked(place)
    parts: dict[Split, Path] = {}
    for split, folder in split_folders(base).items():
        if any(_is_class(path) for path in subfolders(folder)):
            parts[split] = folder
    parts = parts or {"": base}
    folders = [path for part in parts.values() for path in subfolders(part) if _is_class(path)]
    if not folders:
        return None
    names = list(dict.fromkeys(path.name for path in folders))
    name = asked.known_as or _known_by(names, folders)
    labels = _labels(names, asked, name, base)
    are_faces = _are_faces(folders, asked, name)
    return Found(
        name=name,
        layout=f"folders of classes ({some(names)})",
        folder=base,
        splits=tuple(parts),
        read=lambda split: _read(base, split, parts[split], labels, name, are_faces=are_faces),
    )


def _unpacked(place: Path) -> Path:
    """The folder itself, or the only one in it, as archives leave them."""
    folders = subfolders(place)
    while len(folders) == 1 and not (_is_class(folders[0]) or split_of(folders[0].name)):
        place, folders = folders[0], subfolders(folders[0])
    return place


def _is_class(folder: Path) -> bool:
    """Whether a folder has pictures of its own."""
    return first_picture(folder) is not None


def _known_by(names: Iterable[str], folders: list[Path]) -> str:
    """The data set that the names of its classes tell; "" = none."""
    there = {name.strip().lower() for name in names}
    if there == RAFDB.keys():
        return "RAF-DB"
    if there == AFFECTNET.keys():
        return "AffectNet"
    if there == _FER2013_NAMES and _sizes(folders) == {(fer2013.SIDE_PX, fer2013.SIDE_PX)}:
        return fer2013.NAME
    return ""


def _labels(names: list[str], asked: Asked, name: str, base: Path) -> dict[str, str]:
    numbers = [each for each in names if each.strip().isdecimal() and each not in asked.classes]
    if not numbers:
        return meanings(names, asked.classes, where=str(base))
    if name not in NUMBERS:
        raise DatasetError(
            f"{base}: classes {some(numbers)} are numbers, which {', '.join(NUMBERS)} use for "
            "different expressions",
            hint=Text("say which data set it is with ", Setting("known_as", "NAME")),
        )
    said = {number: NUMBERS[name].get(number, number) for number in numbers}
    return meanings(names, {**said, **asked.classes}, where=str(base))


def _are_faces(folders: list[Path], asked: Asked, name: str) -> bool:
    """Whether the pictures are faces that are cut out already."""
    if asked.pictures != "auto":
        return asked.pictures == "faces"
    if name:
        return True
    sizes = _sizes(folders)
    [(width_px, height_px), *others] = sizes or {(0, 1)}
    longer, shorter = max(width_px, height_px), min(width_px, height_px)
    return not others and longer <= _MOST_PX and longer <= _MOST_UNEQUAL * shorter


def _sizes(folders: list[Path]) -> set[tuple[int, int]]:
    """Width and height of the first pictures of the classes, pixels."""
    sizes = set()
    for folder in folders[:_LOOKED_AT]:
        path = first_picture(folder)
        size_px = None if path is None else size_px_of(path)
        if size_px is not None:  # else it is told when it is to be decoded
            sizes.add(size_px)
    return sizes


def _read(
    base: Path,
    split: Split,
    part: Path,
    labels: Mapping[str, str],
    name: str,
    *,
    are_faces: bool,
) -> Read:
    read = Read()
    for folder in subfolders(part):
        if not _is_class(folder):
            continue
        label = labels[folder.name]
        for path in pictures_in(folder):
            if not label:
                read.left_out[folder.name] += 1
                continue
            file = path.relative_to(base).as_posix()
            cut, whole = (file, None) if are_faces else (None, file)
            read.images.append(LabelledImage(name=file, label=label, cut=cut, whole=whole))
    what = "faces that are cut out" if are_faces else "whole pictures"
    read.notices.append(f"its pictures are taken for {what}")
    if name == fer2013.NAME and split == "test":
        read.notices.append(_BOTH_TESTS)
    read.notices += _contradictions(base, split, read, labels)
    return read


def _contradictions(
    base: Path, split: Split, read: Read, labels: Mapping[str, str]
) -> Iterable[str]:
    """Where a table of labels beside the folders says something else than these."""
    tables = [base / f"{split}_labels.csv", base.parent / f"{split}_labels.csv"]
    table = next((path for path in tables if path.is_file()), None)
    if table is None or not {"image", "label"} <= set(first_cells(table)):
        return
    said = {
        row["image"]: labels.get(row["label"])
        for _, row in rows_of(table, needed=("image", "label"), what="a table of labels")
    }
    others = [
        image.name
        for image in read.images
        if said.get(Path(image.name).name, image.label) != image.label
    ]
    if others:
        yield (
            f"{table.name} gives {plural(len(others), 'image')} another class than the folder, "
            f"which counts: {some(others)}"
        )
