"""``weights.lock``: digests of files whose yaml does not give the whole SHA-256.

It lies in a models folder and has a line per file. Whoever shares it shares which files are loaded.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.atomic import write_text
from ferbench.errors import WeightsError, WeightsFolderError
from ferbench.rights import make_open_folder, open_file
from ferbench.sentences import Action, Text

NAME: Final = "weights.lock"
FETCHING: Final = ".fetch.lock"  # locked while one process changes a models folder; stays there
_DIGITS: Final = 64
_HEAD: Final = """\
# Weight files whose yaml does not give the whole sha256: \
what they were when they first came here. Every load checks
# them against this. To accept other content on purpose, delete a file's line.
# sha256, size in bytes, file, origin; with tabs between them
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry:
    """One line.

    Attributes:
        file: the file below the models folder.
        sha256: its digest, 64 hexadecimal digits.
        size_bytes: its size.
        origin: where it came from.
    """

    file: str
    sha256: str
    size_bytes: int
    origin: str


def read(folder: Path) -> dict[str, LockEntry]:
    """The entries by file; none where there is no lock.

    Raises:
        WeightsError: it cannot be read (names the line).
    """
    path = folder / NAME
    entries: dict[str, LockEntry] = {}
    for number, line in enumerate(_lines(path), start=1):
        if _is_remark(line):
            continue
        entry = _parsed(line)
        if entry is None or entry.file in entries:
            raise WeightsError(
                f"{path}, line {number}: expected sha256, size, file and origin with tabs between "
                f"them, each file once; got {line!r}. Put the line right or delete it; a deleted "
                "one is written again at the next load."
            )
        entries[entry.file] = entry
    return entries


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsFolderError(f"{path} cannot be read: {reason}") from error


def _is_remark(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _parsed(line: str) -> LockEntry | None:
    """The entry of a line; None = it is none."""
    parts = line.split("\t")
    if len(parts) != 4:
        return None
    sha256, size, file, origin = parts
    if not _is_digest(sha256) or not size.isdecimal():
        return None
    return LockEntry(file=file, sha256=sha256, size_bytes=int(size), origin=origin)


def _is_digest(text: str) -> bool:
    return len(text) == _DIGITS and not set(text) - set(string.hexdigits.lower())


def add(entry: LockEntry, folder: Path) -> None:
    """Write an entry (in place of the file's old one).

    One process at a time: the caller holds the folder (``exclusive``).

    Raises:
        WeightsFolderError: it cannot be written to, or its lock cannot be read.
        WeightsError: its lock is none.
    """
    entries = read(folder) | {entry.file: entry}
    lines = []
    for _, each in sorted(entries.items()):
        lines.append(f"{each.sha256}\t{each.size_bytes}\t{each.file}\t{each.origin}\n")
    target = folder / NAME
    try:
        write_text(target, _HEAD + "".join(lines))
    except OSError as error:
        reason = error.strerror or error
        raise WeightsFolderError(
            Text(
                f"the digest of {entry.file} cannot be noted in {target}: {reason}. Have somebody "
                "who may write there run ",
                Action("verify_weights"),
                ".",
            )
        ) from error


def _ignore_notice(text: str) -> None:
    """Nobody reads it."""


@contextmanager
def exclusive(folder: Path, notify: Callable[[str], None] = _ignore_notice) -> Iterator[None]:
    """Be the one process that changes a models folder.

    The lock's file stays: removing it would let a waiting process in beside the next one.

    Args:
        folder: made if missing.
        notify: called with one sentence where another process has to be waited for.

    Raises:
        WeightsFolderError: it cannot be written to.
    """
    try:
        make_open_folder(folder)
        lock = FileLock(folder / FETCHING)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify(f"another process is fetching into {folder}; waiting for it")
            lock.acquire()
        open_file(folder / FETCHING)
    except OSError as error:
        reason = error.strerror or error
        raise WeightsFolderError(f"{folder} cannot be written to: {reason}") from error
    try:
        yield
    finally:
        lock.release()
