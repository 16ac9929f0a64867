"""What errors of the system say, and what to do next: full disks, rights, mounts that are lost."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from typing import Final

_NO_ROOM: Final = "make room on that disk and run the same again: what is stored is kept"
_READ_ONLY: Final = "it can only be read; choose another folder, or have it made writable"
_NO_RIGHTS: Final = "this account may not; choose another folder, or have its rights changed"
_NO_DATABASE: Final = "its folder is missing, or this account may not write there"
_GONE: Final = "its disk or mount does not answer; run the same again when it does"
_TOO_MANY_FILES: Final = "too many files are open; allow more with ulimit -n"
_NO_MEMORY: Final = "run the same again when there is more memory"

_NEXT: Final = {
    getattr(errno, name): text
    for text, names in {
        _NO_ROOM: ("ENOSPC", "EDQUOT", "EFBIG"),
        _READ_ONLY: ("EROFS",),
        _GONE: ("EIO", "ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "EREMOTEIO", "EHOSTDOWN"),
        _TOO_MANY_FILES: ("EMFILE", "ENFILE"),
        _NO_MEMORY: ("ENOMEM",),
    }.items()
    for name in names
    if hasattr(errno, name)
}
_NEXT_OF_SQLITE: Final = {
    sqlite3.SQLITE_FULL: _NO_ROOM,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _NO_DATABASE,
    sqlite3.SQLITE_IOERR: _GONE,
}
FORESEEN: Final = (OSError, sqlite3.Error, MemoryError)
"""Errors of the system and of what it stores; they are told without a stack."""
LOST: Final = tuple(number for number, text in _NEXT.items() if text == _GONE)
"""Numbers of errors by which the system tells that a disk or a mount is gone."""


def next_step(error: BaseException | None) -> str:
    """What to do about the error of a disk, of a database on it, or of memory, that is behind one.

    "" = there is none of these behind it.

    >>> next_step(OSError(errno.ENOSPC, "No space left on device"))
    'make room on that disk and run the same again: what is stored is kept'
    """
    for each in _chain(error):
        text = ""
        if isinstance(each, OSError):
            text = _NEXT.get(each.errno or 0, "")
        elif isinstance(each, sqlite3.Error):
            text = _NEXT_OF_SQLITE.get(getattr(each, "sqlite_errorcode", 0) & 0xFF, "")
        if text:
            return text
    return ""


def said(error: BaseException) -> str:
    """One line of an error that is none of ferbench's, and what to do next.

    >>> said(FileNotFoundError(errno.ENOENT, "No such file or directory", "P07.mp4"))
    'P07.mp4: No such file or directory'
    """
    text = str(error).partition("\n")[0] or type(error).__name__
    step = next_step(error)
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        text = f"{name}{error.strerror}"
        if isinstance(error, PermissionError):
            step = _NO_RIGHTS
    return f"{text}; {step}" if step else text


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
