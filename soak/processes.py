"""Processes and what they started (Linux)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def below(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *below(child)]
    return found


def title(pid: int) -> str:
    """What a process is called; "" = it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return ""


def kill_tree(pid: int) -> None:
    """Kill a process and all below it, at once and without a word."""
    for each in (pid, *below(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
