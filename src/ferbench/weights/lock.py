"""What weight files were when they first came here, where their yaml does not give the whole
SHA-256.

``weights.lock`` in a models folder has a line per file. Whoever shares it shares which files are
loaded.
"""

from __future__ import annotations

import string
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.errors import WeightsError

NAME: Final = "weights.lock"
FETCHING: Final = ".fetch.lock"  # locked while one process changes a models folder; stays there
_HEAD: Final = """\
# Weight files whose yaml does not give the whole sha256: what they were when they first came here. Every load checks
# them against this. To accept other content on purpose, delete a file's line.
# sha256, size in bytes, file, origin; with tabs between them
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One line: a file below the models folder, its digest (64 hexadecimal digits), its size and
    where it came from.
    """

    file: str
    sha256: str
    size_bytes: int
    origin: str


def read(folder: Path) -> dict[str, Locked]:
    """The lines by file; none where there is no such file.

    Raises:
        WeightsError: it cannot be read (names the line).
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    found: dict[str, Locked] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split("\t")
        if (
            len(parts) != 4
            or not _is_digest(parts[0])
            or not parts[1].isdecimal()
            or parts[2] in found
        ):
            raise WeightsError(
                f"{path}, line {number}: expected sha256, size, file and origin with tabs between them, each file "
                f"once; got {line!r}. Put the line right or delete it; a deleted one is written again at the next load."
            )
        found[parts[2]] = Locked(
            sha256=parts[0], size_bytes=int(parts[1]), file=parts[2], origin=parts[3]
        )
    return found


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not set(text) - set(string.hexdigits.lower())


def add(entry: Locked, folder: Path) -> None:
    """Write a line (in place of the file's old one).

    One process at a time: the caller holds the folder's lock.

    Raises:
        WeightsError: the folder cannot be written to, or what is there cannot be read.
    """
    lines = read(folder) | {entry.file: entry}
    text = "".join(
        f"{line.sha256}\t{line.size_bytes}\t{line.file}\t{line.origin}\n"
        for line in sorted(lines.values(), key=lambda line: line.file)
    )
    target = folder / NAME
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_text(_HEAD + text, encoding="utf-8", newline="\n")
        part.replace(target)
    except OSError as error:
        raise WeightsError(
            f"the digest of {entry.file} cannot be noted in {target}: {error.strerror or error}. Have somebody who may "
            "write there run 'ferbench models verify'."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _unheard(text: str) -> None:
    pass


@contextmanager
def alone(folder: Path, notify: Callable[[str], None] = _unheard) -> Iterator[None]:
    """Be the one process that changes a models folder.

    The lock's file stays: removing it would let a waiting process in beside the next one.

    Args:
        folder: made if missing.
        notify: told one sentence where another process has to be waited for.

    Raises:
        WeightsError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / FETCHING)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify(f"another process is fetching into {folder}; waiting for it")
            lock.acquire()
    except OSError as error:
        raise WeightsError(f"{folder} cannot be written to: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
