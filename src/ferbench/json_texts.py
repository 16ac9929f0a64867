"""JSON that anybody may have written: one kind of error, and no more than a record can have.

``json`` ends in ``RecursionError`` where a text is nested deeply, and takes about ten times the
text's size.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

MOST_BYTES: Final = 64 * 2**20
"""Bytes of a text: events of a thousand hours have a tenth of it."""


def read_json(path: Path) -> Any:
    """What a file of JSON says.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, no UTF-8, or no JSON that can be read; says why.
    """
    check_size(path.stat().st_size)
    return json_of(path.read_bytes())


def json_of(text: str | bytes) -> Any:
    """What a text of JSON says; bytes are UTF-8.

    Raises:
        ValueError: it is too large, no UTF-8, or no JSON that can be read; says why.

    >>> json_of("[" * 100_000)
    Traceback (most recent call last):
    ValueError: its brackets are nested too deeply
    """
    check_size(len(text))
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("its brackets are nested too deeply") from error


def check_size(num_bytes: int) -> None:
    """Raise ValueError where a text is larger than ``MOST_BYTES``."""
    if num_bytes > MOST_BYTES:
        raise ValueError(f"it has {num_bytes} bytes, expected JSON of at most {MOST_BYTES}")
