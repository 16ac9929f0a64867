"""Pictures of a set of labelled images: their files, their bytes, their pixels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DatasetError
from ferbench.types.labelled_images import Picture

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""Endings of pictures, in small letters."""


def first_picture(folder: Path) -> Path | None:
    """The first picture that lies in a folder itself, by its name; None = there is none."""
    names = [
        entry.name
        for entry in os.scandir(folder)
        if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".")
    ]
    return folder / min(names) if names else None


def pictures_in(folder: Path) -> Iterator[Path]:
    """The pictures of a folder and of those below it, sorted; hidden ones are none."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            yield path


def content_of(picture: Picture, folder: Path) -> bytes:
    """What a picture's digest is made of: the bytes of its file, or its pixels.

    Raises:
        DatasetError: the file cannot be read.
    """
    if not isinstance(picture, str):
        return str(picture.shape).encode() + picture.tobytes()
    path = folder / picture
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror or error}") from error


def pixels_of(picture: Picture, folder: Path) -> NDArray[np.uint8]:
    """The pixels as people see them: RGB u8 (H, W, 3), turned as the file says.

    What is transparent becomes its own colour.

    Raises:
        DatasetError: the file cannot be read, is cut off, or is no picture; the caller names it.
    """
    if not isinstance(picture, str):
        return np.repeat(picture[:, :, None], 3, axis=2)
    from PIL import Image, ImageOps

    content = content_of(picture, folder)
    try:
        with Image.open(io.BytesIO(content)) as image:
            rgb = ImageOps.exif_transpose(image).convert("RGB")
            return np.array(rgb)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"cannot be decoded: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why, without the memory address of what was read."""
    if type(error).__name__ == "UnidentifiedImageError":
        return "it is no picture"
    return str(error) or type(error).__name__
