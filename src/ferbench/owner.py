"""Which process writes a run, or makes a table: one that died is told from one that goes on."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

OWNER_TAG: Final = "ferbench.owner"
MACHINE: Final = "FERBENCH_MACHINE"
"""Variable that tells machines apart where they have the same host name and machine-id, as nodes of
a cluster that start from one image may.
"""

Fate = Literal["open", "ended", "unknown"]

_ENDED_STATES: Final = ("Z", "X")
"""Of Linux: a process that has ended, and whose parent has not heard of it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process, so that no other one is ever taken for it.

    Attributes:
        place: first 12 digits of a digest of the machine and of what numbers its processes (a
            container numbers its own). A digest, because machines are named after people.
        boot: first 12 digits of what this start of the machine is called; "-" = the system does
            not say.
        pid: number of the process.
        started: when it began; on Linux in ticks since the machine's start, which no change of the
            clock moves, elsewhere in seconds.
    """

    place: str
    boot: str
    pid: int
    started: str

    def __str__(self) -> str:
        """As a run's tag has it."""
        return f"{self.place} {self.boot} {self.pid} {self.started}"

    @classmethod
    def read(cls, text: str) -> Owner | None:
        """The owner that a tag names; None = it names none."""
        words = text.split()
        if len(words) != 4 or not words[2].isdecimal():
            return None
        place, boot, pid, started = words
        return cls(place=place, boot=boot, pid=int(pid), started=started)


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(place=_place(), boot=_boot(), pid=pid, started=_started(pid) or "-")


def fate_of(tag: str) -> Fate:
    """Whether the process that a run's tag names goes on.

    Args:
        tag: value of ``OWNER_TAG``; "" = the run has none.

    Returns:
        ``open``; ``ended``: for certain; ``unknown``: it is on another machine or in another
        container, or cannot be seen.
    """
    owner = Owner.read(tag)
    if owner is None or owner.place != _place() or owner.started == "-":
        return "unknown"
    if owner.boot != _boot():
        return "ended"
    started = _started(owner.pid)
    if started is None:
        return "unknown"
    return "open" if started == owner.started else "ended"


def _place() -> str:
    parts = [socket.gethostname(), _text("/etc/machine-id"), _link("/proc/self/ns/pid")]
    if os.environ.get(MACHINE):
        parts.append(os.environ[MACHINE])
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]


def _boot() -> str:
    return _text("/proc/sys/kernel/random/boot_id").replace("-", "")[:12] or "-"


def _text(path: str) -> str:
    """The text of a file of the system; "" = this system has none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process began; "" = there is none, or it has ended; None = that cannot be seen."""
    if sys.platform == "linux":
        return _started_on_linux(pid)
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return f"{process.create_time():.3f}"
    except psutil.NoSuchProcess:
        return ""
    except psutil.Error:
        return None


def _started_on_linux(pid: int) -> str | None:
    """See ``_started``. That /proc shows nothing is no proof: it may hide other people's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    stat = _text(f"/proc/{pid}/stat")
    if not stat:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before may have spaces
    return "" if state in _ENDED_STATES else fields[18]
