"""Who may read what ferbench writes: the account that runs it, unless ``FERBENCH_UMASK`` says more.

Tables, records and pages tell of people. Weights do not, and a laboratory shares them: they keep
the rights that the account gives by itself.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError

VARIABLE: Final = "FERBENCH_UMASK"
_PRIVATE: Final = 0o077
_OCTAL: Final = re.compile(r"(0o?)?[0-7]{1,3}")
_WITHOUT_RIGHTS: Final = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)

_accounts_own: int | None = None
"""The umask before ``keep_private``; None = the process has it still."""


def umask() -> int:
    """Rights that others do not get: all, or those that ``FERBENCH_UMASK`` says.

    Raises:
        ConfigError: the variable holds no octal number.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return _PRIVATE
    if not _OCTAL.fullmatch(text):
        raise ConfigError(
            f"{VARIABLE} is {text!r}; expected the rights to take away, as umask has them",
            hint="027 lets a group read, 022 everybody",
        )
    return int(text.removeprefix("0o"), 8)


def keep_private() -> None:
    """Let all files of this process, and of its children, have these rights.

    For a program; a library leaves the process of its user as it is.

    Raises:
        ConfigError: ``FERBENCH_UMASK`` holds no octal number.
    """
    global _accounts_own
    before = os.umask(umask())
    if _accounts_own is None:
        _accounts_own = before


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing, for the account alone.

    Raises:
        OSError: it cannot be made.
    """
    _make(path, 0o777 & ~umask())


def make_open_folder(path: Path) -> None:
    """The same for what tells nothing of people, with the rights that the account gives by itself.

    Raises:
        OSError: it cannot be made.
    """
    _make(path, 0o777 & ~_ordinary())


def close_file(path: Path) -> None:
    """Take others' rights to a file away."""
    _change(path, 0o666 & ~umask())


def open_file(path: Path) -> None:
    """Give a file that tells nothing of people the rights that the account gives by itself."""
    _change(path, 0o666 & ~_ordinary())


def _make(path: Path, mode: int) -> None:
    missing = []
    for folder in (path, *path.parents):
        if folder.exists():
            break
        missing.append(folder)
    for folder in reversed(missing):
        with suppress(FileExistsError):  # another process was faster
            folder.mkdir()
            _change(folder, mode)
    path.mkdir(exist_ok=True)  # raises where a file has the name


def _change(path: Path, mode: int) -> None:
    """Set rights; file systems without any (of memory cards, some of servers) keep their own."""
    try:
        path.chmod(mode)
    except OSError as error:
        if error.errno not in _WITHOUT_RIGHTS:
            raise


def _ordinary() -> int:
    """The account's own umask."""
    if _accounts_own is not None:
        return _accounts_own
    own = os.umask(_PRIVATE)
    os.umask(own)
    return own
