"""Whether a decoder that gets nowhere waits for its file: a lost mount is no fault of the video."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_ANSWER_S: Final = 10.0
"""Time in which a disk or a mount has to give what a decoder waits for."""
_BLOCK: Final = 65536
_PROGRAM: Final = f"""
import os, sys
process, path = sys.argv[1:]
def read(name, at):
    descriptor = os.open(name, os.O_RDONLY)
    os.pread(descriptor, {_BLOCK}, at)
    os.close(descriptor)
folder = f"/proc/{{process}}"
for number in os.listdir(f"{{folder}}/fd"):
    name = os.readlink(f"{{folder}}/fd/{{number}}")
    if name.startswith("/") and not name.startswith(("/dev/", "/memfd:", "/proc/")):
        with open(f"{{folder}}/fdinfo/{{number}}") as about:
            at = int(about.readline().split()[1])
        read(f"{{folder}}/fd/{{number}}", at)
read(path, 0)
"""
"""Reads what a process is about to read of its files. What is read elsewhere may be in memory."""


def can_be_read(path: Path, process: int) -> bool:
    """Whether a file gives what a process is about to read of it.

    Another process is asked: who reads from a lost mount may not come back, and cannot be ended.

    Args:
        path: the file.
        process: number of a process that has it open, or is about to open it; on Linux.
    """
    asked = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, str(process), str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with suppress(subprocess.TimeoutExpired):
        return asked.wait(_ANSWER_S) == 0
    asked.kill()
    return False
