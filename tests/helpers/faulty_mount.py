"""A mount of one file whose disk fails when it is told to: a file system of this process (FUSE).

``python faulty_mount.py FOLDER FILE``: FOLDER has FILE's bytes under its name. SIGUSR1: reading
fails (EIO). SIGUSR2: reading gets no answer any more. Without a cache, so that it is noticed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT, _FILE = 1, 2
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _RELEASE = 1, 2, 3, 14, 15, 18
_FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR, _INTERRUPT = 25, 26, 27, 28, 29, 36
_DIRECT = 1
"""Reads come here, whatever was read before."""


@contextmanager
def faulty_mount(folder: Path, file: Path) -> Iterator[subprocess.Popen]:
    """The mount's process; it takes the signals above. Its file is ``folder / file.name``."""
    folder.mkdir()
    program = subprocess.Popen(
        [sys.executable, __file__, str(folder), str(file)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "mounted\n"
        yield program
    finally:
        program.kill()  # whoever waits gets an error then
        program.wait()
        subprocess.run(["umount", "-l", str(folder)], check=False)


def why_no_mount() -> str:
    """Why this account can mount nothing here; "" = it can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no right to /dev/fuse"
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "no right to mount"


def _serve(folder: str, file: Path) -> None:
    data, state = file.read_bytes(), {"is": "well"}
    signal.signal(signal.SIGUSR1, lambda *_: state.update({"is": "failing"}))
    signal.signal(signal.SIGUSR2, lambda *_: state.update({"is": "silent"}))
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"faulty", folder.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    while True:
        request = os.read(device, 1 << 17)
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        if opcode in (_FORGET, _INTERRUPT) or (opcode == _READ and state["is"] == "silent"):
            continue
        body = request[40:]
        if opcode == _READ and state["is"] == "failing":
            answer: bytes | int = errno.EIO
        else:
            answer = _answer(opcode, node, body, file.name.encode(), data)
        number, payload = (answer, b"") if isinstance(answer, int) else (0, answer)
        os.write(device, struct.pack("<IiQ", 16 + len(payload), -number, unique) + payload)


def _answer(opcode: int, node: int, body: bytes, name: bytes, data: bytes) -> bytes | int:
    """What is answered; a number = an error."""
    if opcode == _INIT:
        return struct.pack("<IIII", 7, 31, 1 << 16, 0) + bytes(48)
    if opcode == _GETATTR:
        return struct.pack("<QII", 60, 0, 0) + _about(node, data)
    if opcode == _LOOKUP:
        if body.rstrip(b"\0") != name:
            return errno.ENOENT
        return struct.pack("<QQQQII", _FILE, 0, 60, 60, 0, 0) + _about(_FILE, data)
    if opcode in (_OPEN, _OPENDIR):
        return struct.pack("<QII", 0, _DIRECT if opcode == _OPEN else 0, 0)
    if opcode in (_READ, _READDIR):
        _, at, size = struct.unpack_from("<QQI", body)
        if opcode == _READ:
            return data[at : at + size]
        entry = struct.pack("<QQII", _FILE, 1, len(name), stat.S_IFREG >> 12) + name
        return b"" if at else entry + bytes(-len(entry) % 8)
    return b"" if opcode in (_RELEASE, _RELEASEDIR, _FLUSH) else errno.ENOSYS


def _about(node: int, data: bytes) -> bytes:
    mode, size = (stat.S_IFDIR | 0o755, 0) if node == _ROOT else (stat.S_IFREG | 0o644, len(data))
    numbers = (mode, 1, os.getuid(), os.getgid(), 0, 4096, 0)
    return struct.pack("<QQQQQQIII7I", node, size, size // 512, 0, 0, 0, 0, 0, 0, *numbers)


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
