"""A lock among processes of any number of machines that share a folder: a file of its holder.

That one of many creates a file holds on local disks, on NFS since version 3 and on SMB. Locks of
the system do not: a mount may keep them to its machine, refuse them or hang.

The file says which process holds the lock, which shows every few seconds that it lives by a new
modification time. Who waits takes over from a process that has ended for certain, or that showed
nothing for a minute of being watched. Clocks of machines are not compared. A holder that only
seemed dead goes on beside the one who took over: both make the same table, which is published whole
and is the same, so the price is work.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.owner import Fate, fate_of, this_process
from ferbench.rights import make_folder, umask

log = logging.getLogger("ferbench")

BEAT_S = 10.0
"""A holder shows so often that it lives."""
STALE_S = 60.0
"""A holder that showed nothing for so long, while somebody watched, is taken for dead."""
SUFFIX: Final = ".held"
ASIDE: Final = ".aside"
"""A lock on its way out, for the moment that this takes."""

_POLL_FIRST_S: Final = 0.02
_POLL_MOST_S: Final = 0.5
_MOST_BYTES: Final = 1000
_GONE: Final = (errno.ENOENT, errno.ESTALE)
"""A file that another process, or another machine, has removed."""


@contextmanager
def locked(file: Path, *, told_after_s: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock inside; wait for it as long as somebody else holds it.

    Args:
        file: of the lock; there while it is held.
        told_after_s: when ``waiting`` is called, once.
        waiting: tells that another process holds it.

    Raises:
        OSError: the folder cannot be written.
    """
    make_folder(file.parent)
    mine = f"{this_process()} {uuid.uuid4().hex}"
    _acquire(file, mine, told_after_s, waiting)
    done = threading.Event()
    threading.Thread(target=_beat, args=(file, mine, done), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        with suppress(OSError):  # of a mount that is lost: others see no beat any more
            remove(file, mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A lock as it was read.

    Attributes:
        text: its holder, and 32 hexadecimal digits that no other lock has.
        beat_ns: its modification time.
    """

    text: str
    beat_ns: int

    @property
    def fate(self) -> Fate:
        """Whether its holder goes on."""
        return fate_of(self.text.rpartition(" ")[0])


def look_at(file: Path) -> Seen | None:
    """A lock as it is; None = it is not held.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:  # opening makes a mount ask its server
            text = opened.read(_MOST_BYTES).decode(errors="replace")
            return Seen(text=text, beat_ns=os.fstat(opened.fileno()).st_mtime_ns)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def remove(file: Path, text: str) -> bool:
    """Remove the lock that says ``text``, and no other one that may be in its place by now.

    Of several processes that do so one succeeds.

    Raises:
        OSError: it cannot be removed.
    """
    seen = look_at(file)
    if seen is None or seen.text != text:
        return False
    aside = file.with_name(f".{uuid.uuid4().hex}{ASIDE}")
    try:
        file.rename(aside)
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise
    moved = look_at(aside)
    is_right = moved is None or moved.text == text
    if not is_right:  # another one was faster here, and a third one holds the lock by now
        with suppress(OSError):
            os.link(aside, file)
    aside.unlink(missing_ok=True)
    return is_right


def _acquire(file: Path, mine: str, told_after_s: float, waiting: Callable[[], None]) -> None:
    watched, began_s, pause_s, is_told = _Watched(), time.monotonic(), _POLL_FIRST_S, False
    while not _create(file, mine):
        seen = look_at(file)
        if seen is None:
            continue
        if watched.is_dead(seen):
            if remove(file, seen.text):
                log.debug("%s: its holder is gone (%s)", file, seen.text)
            continue
        if not is_told and time.monotonic() - began_s >= told_after_s:
            is_told = True
            waiting()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _POLL_MOST_S)


def _create(file: Path, text: str) -> bool:
    """Create a lock; False = there is one."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        handle = os.open(file, flags, 0o666 & ~umask())
    except FileExistsError:
        return False
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text.encode())
    except OSError:  # a full disk; a lock without a name would be in everybody's way
        file.unlink(missing_ok=True)
        raise
    return True


def _beat(file: Path, mine: str, done: threading.Event) -> None:
    """Show that the holder of a lock lives, until it is done or another has taken over."""
    while not done.wait(BEAT_S):
        with suppress(OSError):
            seen = look_at(file)
            if seen is not None and seen.text == mine:
                os.utime(file)


@dataclass(slots=True)
class _Watched:
    """For how long a lock showed nothing while it was watched."""

    seen: Seen | None = None
    still_s: float = 0.0
    looked_s: float = 0.0

    def is_dead(self, seen: Seen) -> bool:
        """Whether the holder of a lock, seen now, is taken for dead.

        A pause of the watcher (a stopped process, a mount that was away) counts as a moment:
        during it the holder could not be heard.
        """
        now_s = time.monotonic()
        passed_s = min(now_s - self.looked_s, 2 * _POLL_MOST_S)
        self.still_s = self.still_s + passed_s if seen == self.seen else 0.0
        self.seen, self.looked_s = seen, now_s
        return seen.fate == "ended" or self.still_s >= STALE_S
