"""RAF-DB's basic expressions as its authors hand them out.

Li, Deng and Du 2017, "Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression
Recognition in the Wild"; www.whdeng.cn/RAF/model1.html. ``EmoLabel/list_patition_label.txt`` has a
line ``train_00001.jpg 5`` for each image; ``Image/aligned`` has the cut faces, 100 x 100 pixels, as
``train_00001_aligned.jpg``; ``Image/original`` the whole pictures, and ``Annotation/boundingbox``
where the face lies in them, as left, top, right and bottom in pixels.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from ferbench.datasets.labelled_images.class_names import RAFDB
from ferbench.datasets.labelled_images.found import Asked, Found, Read, first_that_is
from ferbench.errors import FormatError
from ferbench.types.labelled_images import BoxXyxy, LabelledImage, Split

NAME: Final = "RAF-DB"
_LISTS: Final = ("list_patition_label.txt", "list_partition_label.txt")  # the authors' spelling


def find(place: Path, asked: Asked) -> Found | None:
    """RAF-DB in a folder; None = it is none."""
    del asked
    for base in (place, place / "basic"):
        places = [folder / name for folder in (base / "EmoLabel", base) for name in _LISTS]
        listed = first_that_is(places)
        if listed is not None:
            break
    else:
        return None
    rows = _rows(listed)
    splits: list[Split] = [
        split for split in ("train", "test") if any(name.startswith(split) for name, _ in rows)
    ]
    return Found(
        name=NAME,
        layout=f"RAF-DB's own folders ({listed.name})",
        folder=base,
        splits=tuple(splits),
        read=lambda split: _read(base, rows, split),
    )


def _rows(path: Path) -> list[tuple[str, str]]:
    """Names of images and their expressions.

    Raises:
        FormatError: a line is no name with a number from 1 to 7.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in RAFDB:
            raise FormatError(
                f"{path.name}, line {number}: expected an image and a number from 1 to 7, such as "
                f"'train_00001.jpg 5', got {line.strip()!r}"
            )
        rows.append((words[0], RAFDB[words[1]]))
    return rows


def _read(base: Path, rows: list[tuple[str, str]], split: Split) -> Read:
    read = Read()
    aligned = _folder_of(base, "aligned")
    original = _folder_of(base, "original")
    for name, label in rows:
        if not name.startswith(split):
            continue
        path = Path(name)
        cut = _existing(base, aligned, f"{path.stem}_aligned{path.suffix}", name)
        whole = _existing(base, original, name)
        if cut is None and whole is None:
            read.missing.append(name)
            continue
        box_xyxy = _box(base, path.stem) if whole is not None else None
        read.images.append(
            LabelledImage(name=name, label=label, cut=cut, whole=whole, box_xyxy=box_xyxy)
        )
    return read


def _folder_of(base: Path, name: str) -> Path | None:
    """Where pictures of a kind lie; archives may unpack into a folder of their own name."""
    places = [base / "Image" / name / name, base / "Image" / name, base / name / name, base / name]
    return first_that_is(places)


def _existing(base: Path, folder: Path | None, *names: str) -> str | None:
    """The first of some files that is there, by its path within the data set."""
    if folder is None:
        return None
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    return None if path is None else path.relative_to(base).as_posix()


def _box(base: Path, stem: str) -> BoxXyxy | None:
    """Where the face lies in the whole picture; None = it is not told.

    Raises:
        FormatError: a file of a box has no four numbers.
    """
    name = f"{stem}_boundingbox.txt"
    path = first_that_is([base / "Annotation" / "boundingbox" / name, base / "boundingbox" / name])
    if path is None:
        return None
    words = path.read_text(encoding="utf-8-sig").split()
    try:
        left, top, right, bottom = (float(word) for word in words)
    except ValueError as error:
        raise FormatError(
            f"{path.name}: expected left, top, right and bottom, got {' '.join(words)[:60]!r}"
        ) from error
    box_xyxy = (left, top, right, bottom)
    return box_xyxy if all(map(math.isfinite, box_xyxy)) else None
