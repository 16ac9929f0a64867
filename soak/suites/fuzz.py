"""Damaged videos, tables and weight files: each is read, or refused with one of ferbench's errors.

Two processes read them. None may end, hang or take 4 GB, and none may raise anything else. A case
is done again with ``python -m soak.fuzzing KIND NUMBER``.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SMALL: Final = {"videos": 44, "tables": 40, "checkpoints": 15, "crashes": 1}
FULL: Final = {"videos": 2200, "tables": 2200, "checkpoints": 540, "crashes": 1}

PROCESSES: Final = 2
MOST_BYTES: Final = 4 * 10**9
HANG_S: Final = 300.0
"""More than the watchdogs of a video together: two of 120 s for its header, two of 20 s."""
_START_S: Final = 120.0
_END_S: Final = 10.0
_ROOT: Final = Path(__file__).parents[2]


@dataclass(slots=True, kw_only=True)
class _Counts:
    """What became of all files so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    most_all_bytes: int = 0
    most_one_bytes: int = 0
    most_seconds: float = 0.0

    def add(self, case: dict[str, Any]) -> None:
        """Take note of a case."""
        self.files[case["file"]] += 1
        self.outcomes.update(case["outcomes"])
        self.most_all_bytes = max(self.most_all_bytes, case["all_bytes"])
        self.most_one_bytes = max(self.most_one_bytes, case["one_bytes"])
        self.most_seconds = max(self.most_seconds, case["seconds"])
        name = f"{case['kind']} {case['number']}"
        if case["stack"]:
            self.lost.append(f"{name}: {case['stack'].strip().splitlines()[-1]}")
        if max(case["all_bytes"], case["one_bytes"]) >= MOST_BYTES:
            self.lost.append(f"{name}: took {case['all_bytes'] / 1e9:.2f} GB")
        if case["kind"] == "crashes" and case["outcomes"] != ["read", "DecoderDiedError", "read"]:
            self.lost.append(f"{name}: {case['outcomes']}")

    def told(self) -> dict[str, object]:
        """The counts, without what was lost."""
        return {
            "files": sum(self.files.values()),
            "by_file": dict(sorted(self.files.items())),
            "outcomes": dict(self.outcomes.most_common()),
            "peak_mb": round(self.most_all_bytes / 1e6),
            "peak_of_a_process_mb": round(self.most_one_bytes / 1e6),
            "longest_s": self.most_seconds,
        }


def run(folder: Path, tell: Callable[[str], None], **sizes: int) -> dict[str, object]:
    """Read so many damaged files of each kind.

    Args:
        folder: where they lie while they are read.
        tell: is told how far it is.
        sizes: how many of each kind.

    Returns:
        Counts by kind.

    Raises:
        AssertionError: a process ended or hung, took too much memory, or raised something else; or
            a crash cost more than its video.
    """
    cases = iter([(kind, number) for kind, count in sizes.items() for number in range(count)])
    counts = {kind: _Counts() for kind in sizes}
    total, lock = sum(sizes.values()), threading.Lock()

    def work(_: int) -> None:
        for case in _answers(cases, lock, folder):
            with lock:
                counts[case["kind"]].add(case)
                done = sum(each.files.total() for each in counts.values())
                if done % 200 == 0:
                    tell(f"{done} of {total}, lost: {sum(len(c.lost) for c in counts.values())}")

    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(work, range(PROCESSES)))
    lost = [line for each in counts.values() for line in each.lost]
    for line in lost:
        tell(f"lost: {line}")
    if lost:
        raise AssertionError(f"{len(lost)} did not hold: {lost[0]}")
    return {kind: each.told() for kind, each in counts.items()}


def _answers(
    cases: Iterator[tuple[str, int]], lock: threading.Lock, folder: Path
) -> Iterator[dict[str, Any]]:
    """What becomes of the next cases; after one that ends or hangs its process, another goes on."""
    reader: _Reader | None = None
    while True:
        with lock:
            kind, number = next(cases, ("", 0))
        if not kind:
            break
        reader = reader or _Reader(folder)
        answer = reader.ask(kind, number)
        if answer is None:
            yield _lost(kind, number, reader.end())
            reader = None
        else:
            yield answer
    if reader is not None:
        reader.end()


def _lost(kind: str, number: int, exit_code: int | None) -> dict[str, Any]:
    """A case without an answer: its process ended, or hung and was ended."""
    reason = f"no answer in {HANG_S:g} s" if exit_code is None else f"exit code {exit_code}"
    about = {"file": "lost", "outcomes": [], "seconds": 0.0, "all_bytes": 0, "one_bytes": 0}
    return {"kind": kind, "number": number, "stack": f"its process: {reason}", **about}


class _Reader:
    """A process that reads damaged files."""

    def __init__(self, folder: Path) -> None:
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.fuzzing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)]),
                "TMPDIR": str(folder),
            },
        )
        self._wait_s = HANG_S + _START_S
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def ask(self, kind: str, number: int) -> dict[str, Any] | None:
        """What becomes of a case; None = the process ended, or does not answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{kind} {number}\n".encode())
            self._process.stdin.flush()
            line = self._lines.get(timeout=self._wait_s)
        except (BrokenPipeError, queue.Empty):
            return None
        self._wait_s = HANG_S
        return json.loads(line) if line else None

    def end(self) -> int | None:
        """End it; its exit code, None = it had to be ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            return self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None
        finally:
            self._reading.join()
            self._process.stdout.close()
