"""What a reader of labelled images says of a folder, before any label is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from ferbench.datasets.labelled_images.class_names import ClassNames
from ferbench.types.labelled_images import LabelledImage, Split
from ferbench.wording import plural, some

Pictures = Literal["auto", "faces", "whole"]
"""What pictures in folders of classes are: faces cut out already, or whole pictures."""

_SPLITS: Final[dict[str, Split]] = {
    **dict.fromkeys(("train", "training", "train_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val_set", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set"), "test"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for.

    Attributes:
        known_as: the data set that it is, such as ``RAF-DB``; "" = as its files tell.
        classes: what its names of classes mean, where ferbench does not know it.
        pictures: what pictures in folders of classes are.
    """

    known_as: str = ""
    classes: ClassNames = field(default_factory=dict)
    pictures: Pictures = "auto"


@dataclass(slots=True, kw_only=True)
class Read:
    """What was read of a part of a data set.

    Attributes:
        images: labelled images.
        left_out: labelled images that are not among them, by the reason.
        notices: what a reader should know.
        missing: names of labelled images whose file is not there.
    """

    images: list[LabelledImage] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def finish(self) -> None:
        """Count and tell what is not there."""
        if self.missing:
            self.left_out["no file"] += len(self.missing)
            self.notices.append(
                f"{plural(len(self.missing), 'labelled image')} without a file: "
                f"{some(self.missing)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A folder that a reader knows.

    Attributes:
        name: the data set; "" = not known.
        layout: how its files lie, in words.
        folder: what the paths of pictures begin at.
        splits: the parts that are there; ("",) = the data set has none.
        read: reads one of them.
    """

    name: str
    layout: str
    folder: Path
    splits: tuple[Split, ...]
    read: Callable[[Split], Read]


def split_of(folder_name: str) -> Split | None:
    """The part that a folder's name means; None = none."""
    return _SPLITS.get(folder_name.strip().lower())


def split_folders(folder: Path) -> dict[Split, Path]:
    """The folders of parts in a folder."""
    found: dict[Split, Path] = {}
    for path in subfolders(folder):
        split = split_of(path.name)
        if split is not None:
            found[split] = path
    return found


def subfolders(folder: Path) -> list[Path]:
    """The folders of a folder, sorted; hidden ones are left out."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )


def first_that_is(paths: list[Path]) -> Path | None:
    """The first of some paths at which there is something; None = none."""
    return next((path for path in paths if path.exists()), None)
