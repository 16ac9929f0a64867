"""The largest memory that a process and those that it started had at a time."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_STEP_S: Final = 0.01
_PROC: Final = Path("/proc")


class PeakMemory:
    """Watches this process and its children while it is open.

    Attributes:
        all_bytes: of all of them together; what they share is counted once.
        one_bytes: of the largest of them.
    """

    def __init__(self) -> None:
        self.all_bytes = self.one_bytes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin, with what there is now."""
        (_PROC / "self/clear_refs").write_text("5", encoding="ascii")  # the peak so far
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the last look."""
        self._is_over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._is_over.wait(_STEP_S):
            self._look()

    def _look(self) -> None:
        found = [_memory(process) for process in (os.getpid(), *_children())]
        own = sum(each["VmRSS"] - each["RssShmem"] for each in found)
        shared = max(each["RssShmem"] for each in found)
        self.all_bytes = max(self.all_bytes, own + shared)
        self.one_bytes = max(self.one_bytes, *(each["VmHWM"] for each in found))


def _children() -> list[int]:
    found: list[int] = []
    for task in (_PROC / "self/task").iterdir():
        try:
            found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:  # the thread ended
            continue
    return found


def _memory(process: int) -> dict[str, int]:
    """Bytes of a process by name, 0 where it is gone."""
    sizes = dict.fromkeys(("VmRSS", "VmHWM", "RssShmem"), 0)
    try:
        lines = (_PROC / str(process) / "status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return sizes
    for line in lines:
        name, _, value = line.partition(":")
        if name in sizes:
            sizes[name] = int(value.split()[0]) * 1024
    return sizes
