"""What a published file is: where it belongs, its digest, and where it comes from."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Final

from ferbench.errors import WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.download.sources import Source

UNKNOWN: Final = "unknown"
"""The sha256 of a file whose digest nobody published."""

WHOLE_DIGITS: Final = 64
"""Hexadecimal digits of a whole SHA-256."""

_LEAST_DIGITS: Final = 8
_FERBENCHS_OWN: Final = frozenset({weights_lock.NAME, weights_lock.FETCHING})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One published file. Only the hash is part of a key: it says all that the others could.

    Attributes:
        file: where it lies below the models folder: a relative path with ``/`` between its parts.
        sha256: digest of its bytes: 64 hexadecimal digits, where only its beginning is published at
            least 8 of them, or ``unknown``; what is missing here, ``weights.lock`` keeps from the
            first time that the file is loaded.
        size_bytes: its size, where it is known; another file or an error page is then noticed
            before it is fetched.
        licence: licence of the weights.
        research_only: whether the licence, or that of the training data, allows research only.
        source: where it is fetched from.
        paper: what to cite.
        accuracy: what its authors published, with the data set; "" = nothing.
    """

    file: str = field(compare=False)
    sha256: str
    size_bytes: int | None = field(default=None, compare=False)
    licence: str = field(compare=False)
    research_only: bool = field(default=False, compare=False)
    source: Source = field(compare=False)
    paper: str = field(compare=False)
    accuracy: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check the place, the hash's form and the size."""
        if not _is_below(self.file):
            raise WeightsError(
                key="file",
                expected="a path below the models folder, such as paper/net.pth "
                "(no '..', drive, backslash or control character)",
                got=self.file,
            )
        if self.size_bytes is not None and self.size_bytes <= 0:
            raise WeightsError(
                key="size_bytes",
                expected=f"the size of {self.file}, a positive number",
                got=self.size_bytes,
            )
        if self.sha256 != UNKNOWN and not _is_beginning_of_digest(self.sha256):
            raise WeightsError(
                key="sha256",
                expected=f"the digest of {self.file}: {WHOLE_DIGITS} lower-case hex digits, their "
                f"beginning ({_LEAST_DIGITS} or more), or {UNKNOWN}",
                got=self.sha256,
            )

    @property
    def has_whole_digest(self) -> bool:
        """Whether the whole digest is published."""
        return len(self.sha256) == WHOLE_DIGITS

    @property
    def published_digits(self) -> str:
        """What is published of the digest: all of it, its beginning, or ""."""
        return "" if self.sha256 == UNKNOWN else self.sha256


PublishedFile.__module__ = "ferbench.weights"  # its public name, which is part of every key


def _is_beginning_of_digest(text: str) -> bool:
    if set(text) - set(string.hexdigits.lower()):
        return False
    return _LEAST_DIGITS <= len(text) <= WHOLE_DIGITS


def _is_below(file: str) -> bool:
    r"""Whether a path stays in its folder and names the same file there on every system.

    >>> _is_below("paper/net.pth")
    True
    >>> [_is_below(file) for file in ("../net.pth", "/net.pth", "C:/net.pth", "a//b", "a\tb")]
    [False, False, False, False, False]
    """
    if not file.isprintable() or set(file) & set("\\:"):
        return False
    parts = set(file.split("/"))
    return parts.isdisjoint({"", ".", ".."}) and parts.isdisjoint(_FERBENCHS_OWN)
