"""Pictures of a set of labelled images: their files, their bytes, their pixels."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DatasetError
from ferbench.types.labelled_images import Picture
from ferbench.video.limits import MOST_PIXELS

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""Endings of pictures, in small letters."""

MOST_BYTES: Final = 2**28
"""Of a picture's file; one of ``MOST_PIXELS`` that nothing compresses has 200 MB."""


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
        num_bytes = path.stat().st_size
        if num_bytes > MOST_BYTES:
            raise DatasetError(f"it has {num_bytes} bytes, expected at most {MOST_BYTES}")
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
            _check_size(image.size)
            rgb = ImageOps.exif_transpose(image).convert("RGB")
            return np.array(rgb)
    except _damaged() as error:
        raise DatasetError(f"cannot be decoded: {_reason(error)}") from error


def _check_size(size_px: tuple[int, int]) -> None:
    """Raise DatasetError for a picture that unfolds to gigabytes, before there is memory for it."""
    width, height = size_px
    if width * height > MOST_PIXELS:
        side = math.isqrt(MOST_PIXELS)
        raise DatasetError(
            f"it is a picture of {width} x {height} pixels, expected at most {MOST_PIXELS} in all "
            f"(such as {side} x {side})"
        )


def size_px_of(path: Path) -> tuple[int, int] | None:
    """Width and height that a picture's header tells; None = it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.size
    except _damaged():
        return None


def _damaged() -> tuple[type[Exception], ...]:
    """What reading a damaged picture may end in."""
    from PIL import Image

    return (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def _reason(error: Exception) -> str:
    """Why, without the memory address of what was read."""
    if type(error).__name__ == "UnidentifiedImageError":
        return "it is no picture"
    return str(error) or type(error).__name__
