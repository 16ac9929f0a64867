"""The beginning of a file that is downloaded over https, and where it waits for the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CHUNK_BYTES: Final = 1 << 16


class Part:
    """The beginning of a file, with its running digest; the file exists only once it has bytes.

    Attributes:
        path: where it lies.
        size_bytes: how many bytes are there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()
        if path.is_file():
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    self._count(chunk)

    def _begin(self) -> None:
        self.size_bytes, self._hasher = 0, hashlib.sha256()

    def _count(self, chunk: bytes) -> None:
        self._hasher.update(chunk)
        self.size_bytes += len(chunk)

    @property
    def sha256(self) -> str:
        """Digest of the bytes that are there."""
        return self._hasher.hexdigest()

    def clear(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self._begin()

    def extend(self, chunks: Iterator[bytes]) -> Iterator[int]:
        """Append the chunks; yields the size after each."""
        with self.path.open("ab") as stream:
            for chunk in chunks:
                stream.write(chunk)
                stream.flush()  # before it counts: a full disk shows here
                self._count(chunk)
                yield self.size_bytes
