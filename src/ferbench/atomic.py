"""Files that are there whole, or as they were: written beside their place, then moved there."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ferbench.owner import fate_of, this_process
from ferbench.rights import close_file, make_folder

_PART: Final = ".part"


def part_beside(path: Path) -> Path:
    """A name beside ``path`` to write to, which no other has and which says whose it is."""
    words = "_".join([*str(this_process()).split(), uuid.uuid4().hex])
    return path.with_name(f".{words}{_PART}{path.suffix}")


def is_part(name: str) -> bool:
    """Whether a file's name is one that ``part_beside`` gives."""
    return name.startswith(".") and _PART in name[-len(_PART) - 8 :]


def writer_of(name: str) -> str:
    """Who writes to a name of ``part_beside``, as ``owner.fate_of`` takes it."""
    return " ".join(name.removeprefix(".").split("_")[:4])


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, and move what was written to its place at the end.

    Makes the folder. Others have no rights to it and to the file. After an error nothing is left
    beside ``path``, which stays as it was; the error names ``path``.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "notes.txt"
    >>> with replacing(target) as part:
    ...     _ = part.write_text("all of it")
    >>> target.read_text()
    'all of it'
    """
    make_folder(path.parent)
    part = part_beside(path)
    try:
        yield part
        close_file(part)
        part.replace(path)
    except OSError as error:
        if part.name in f"{error.filename} {error.filename2}":  # nobody knows that name
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def remove_left_over(folder: Path) -> None:
    """Take away what writers below a folder had begun whose process is gone for certain.

    What others remove meanwhile, or keep from this account, is passed by.
    """
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if is_part(name) and fate_of(writer_of(name)) == "ended":
                path = Path(above, name)
                if name in folders:
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    with suppress(OSError):
                        path.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file."""
    with replacing(path) as part:
        part.write_bytes(data)


def write_new(path: Path, data: bytes) -> None:
    """Write a whole file, unless there is one; of processes that do so at once, one succeeds."""
    make_folder(path.parent)
    part = part_beside(path)
    try:
        part.write_bytes(data)
        close_file(part)
        try:
            os.link(part, path)
        except FileExistsError:
            return
        except OSError:  # file systems without links, of memory cards and some servers
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole file as UTF-8, line ends as they are."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
