"""Reading labelled images, whichever of the known layouts they come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import numpy as np

from ferbench.checks import check_at_least_1, check_choice
from ferbench.datasets.labelled_images import affectnet, class_folders, fer2013, rafdb
from ferbench.datasets.labelled_images.class_folders import NUMBERS
from ferbench.datasets.labelled_images.found import Asked, Found, Pictures
from ferbench.errors import ConfigError, DatasetError
from ferbench.types.labelled_images import LabelledImages, Split
from ferbench.wording import some

_FINDERS: Final[tuple[Callable[[Path, Asked], Found | None], ...]] = (
    rafdb.find,
    fer2013.find,
    affectnet.find_arrays,
    affectnet.find_table,
    class_folders.find,
)
_LAYOUTS: Final = (
    "RAF-DB (EmoLabel/list_patition_label.txt), FER-2013 (fer2013.csv), AffectNet (validation.csv, "
    "or val_set with images and annotations), or a folder of pictures for each class"
)
_PREFERRED: Final[tuple[Split, ...]] = ("test", "validation", "", "train")
ALL: Final = "all"


def read_labelled_images(
    place: Path,
    *,
    split: str | None = None,
    most: int | None = None,
    seed: int = 0,
    asked: Asked | None = None,
) -> LabelledImages:
    """Read the labels of a data set; no picture is decoded.

    Args:
        place: its folder, or FER-2013's table.
        split: ``test``, ``validation``, ``train`` or ``all``; None = the first of these that is
            there.
        most: at most so many images, drawn by lot; None = all.
        seed: of the lot.
        asked: what its files do not tell.

    Raises:
        DatasetError: no such folder, no known layout, a class that means nothing, or no image.
        FormatError: a table of labels that cannot be read; names the line.
        ConfigError: there is no such part.
    """
    asked = asked or Asked()
    check_choice("pictures", asked.pictures, get_args(Pictures))
    if most is not None:
        check_at_least_1("most", most, of="image")
    asked = Asked(
        known_as=_known_name(asked.known_as), classes=asked.classes, pictures=asked.pictures
    )
    if not place.exists():
        raise DatasetError(f"{place}: there is no such folder; check the name")
    found = next(filter(None, (find(place, asked) for find in _FINDERS)), None)
    if found is None:
        raise DatasetError(f"{place}: expected {_LAYOUTS}; found {_listing(place)}", key="dataset")
    chosen = _chosen(found, split)
    return _read(found, chosen, asked, most=most, seed=seed)


def _known_name(text: str) -> str:
    """The name of a data set, however it is spelled; "" = none is given."""
    if not text:
        return ""
    letters = _letters(text)
    name = next((name for name in NUMBERS if _letters(name) == letters), None)
    if name is None:
        raise ConfigError(key="known_as", expected=f"one of {', '.join(NUMBERS)}", got=text)
    return name


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _listing(place: Path) -> str:
    if place.is_file():
        return "a file"
    return some(sorted(path.name for path in place.iterdir())) or "nothing in it"


def _chosen(found: Found, split: str | None) -> tuple[Split, ...]:
    """The parts to read.

    Raises:
        ConfigError: there is no such part.
    """
    if split is None:
        return next((each,) for each in _PREFERRED if each in found.splits)
    if split == ALL:
        return found.splits
    wanted = [each for each in found.splits if each == split]
    if not wanted:
        there = ", ".join(each for each in found.splits if each) or "no parts at all"
        raise ConfigError(key="split", expected=f"one that is there ({there}), or all", got=split)
    return tuple(wanted)


def _read(
    found: Found, chosen: tuple[Split, ...], asked: Asked, *, most: int | None, seed: int
) -> LabelledImages:
    parts = [found.read(split) for split in chosen]
    for part in parts:
        part.finish()
    images = [image for part in parts for image in part.images]
    left_out = sum((part.left_out for part in parts), start=parts[0].left_out.__class__())
    if not images:
        told = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise DatasetError(f"{found.folder} has no image that can be used: {told or 'none'}")
    if most is not None and most < len(images):
        drawn = np.sort(np.random.default_rng(seed).choice(len(images), most, replace=False))
        left_out["not drawn"] += len(images) - most
        images = [images[place] for place in drawn.tolist()]
    return LabelledImages(
        folder=found.folder,
        name=asked.known_as or found.name,
        layout=found.layout,
        split=chosen[0] if len(chosen) == 1 else ALL,
        splits=found.splits,
        images=tuple(images),
        left_out=dict(left_out),
        notices=tuple(dict.fromkeys(notice for part in parts for notice in part.notices)),
    )
