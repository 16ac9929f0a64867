"""Bringing one file here: over https, from Google Drive, or as a wheel.

``http`` (with ``http_fetch``, ``http_answer`` and ``http_part``), ``drive`` and ``wheel`` are the
ways; ``sources`` says where a file can come from, ``address`` which addresses are allowed,
``content`` whether what came can be what its name says. Nothing here knows of models.

A file reaches its place only whole and with the right SHA-256; what came of an interrupted download
waits beside it, unless nobody knows the digest that the rest would have to complete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import WeightsError
from ferbench.sentences import Action, Text

OnBytes = Callable[[int, int | None], None]
"""Called with how many bytes of a file are here, and of how many (None = not known)."""

Accept = Callable[[Path], None]
"""Called with a whole file before it gets its place.

Raises WeightsError where it is not what it should be.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a download is tried.

    Attributes:
        waits_s: pauses before the next attempt; they begin anew after each attempt that brought
            more of the file.
        connect_s: longest wait for a connection.
        read_s: longest silence while bytes should come.
    """

    waits_s: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0)
    connect_s: float = 10.0
    read_s: float = 60.0


PATIENT: Final = Patience()


def ignore_bytes(done_bytes: int, total_bytes: int | None) -> None:
    """An OnBytes that nobody watches."""


def accept_any(arrived: Path) -> None:
    """An Accept for files that their digest vouches for."""


def wrong_file(origin: str, *, got: str, expected: str) -> WeightsError:
    """The error for a file that arrived whole with another SHA-256."""
    return WeightsError(
        f"{origin} has sha256 {got}, expected {expected}: not kept. If the publisher replaced the "
        "file on purpose, check it and change sha256 in the yaml (every key, and so every result, "
        "changes with it), or delete its line in weights.lock where the yaml does not tell."
    )


def by_hand(where: str) -> Text:
    """What to do about a file that only a person can download: ``where`` says from where."""
    return Text(
        f"{where} and run ", Action("import_weights", "DIR"), " on the folder where it lies."
    )
