"""Checks of arrays that travel: shapes, dtypes and order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError


def check(owner: object, name: str, shape: tuple[int | None, ...], dtype: str) -> None:
    """Raise DataError unless attribute ``name`` has this shape (None = any) and dtype.

    Dtypes are those of numpy and torch, by their names.
    """
    value: Any = getattr(owner, name)
    got_shape = tuple(value.shape)
    got_dtype = str(value.dtype).removeprefix("torch.")
    if got_dtype != dtype or not _has_shape(got_shape, shape):
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise DataError(
            f"{type(owner).__name__}.{name}: expected {dtype} of shape ({sizes}), "
            f"got {got_dtype} of shape {got_shape}"
        )


def _has_shape(got: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    if len(got) != len(expected):
        return False
    pairs = zip(got, expected, strict=True)
    return all(size is None or size == got_size for got_size, size in pairs)


def check_rising(owner: object, name: str) -> None:
    """Raise DataError where the values of attribute ``name`` fall."""
    steps = np.diff(getattr(owner, name))
    _check_steps(owner, name, steps < 0, "rising")


def check_strictly_rising(owner: object, name: str) -> None:
    """Raise DataError where the values of attribute ``name`` fall or repeat."""
    steps = np.diff(getattr(owner, name))
    _check_steps(owner, name, steps <= 0, "strictly rising")


def _check_steps(owner: object, name: str, wrong: NDArray[np.bool_], expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{type(owner).__name__}.{name}: expected {expected} values, "
            f"they fall or repeat after row {row}"
        )
