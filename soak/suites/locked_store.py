"""A run whose ``mlflow.db`` another process locks: it waits, then goes on, and nothing is lost.

A lock of less than a minute is waited for; what is recorded during a longer one waits on disk.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from soak.small_study import copy_weights, make_study

SMALL: Final = {"short_s": 3.0, "long_s": 0.0}
FULL: Final = {"short_s": 45.0, "long_s": 300.0}
_HOLDS: Final = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
database.execute("ROLLBACK")
"""


def run(
    folder: Path, tell: Callable[[str], None], *, short_s: float, long_s: float
) -> dict[str, object]:
    """Do a run during a lock of each length (0 = leave it out), and count what is recorded."""
    places = {"FERBENCH_HOME": str(folder / "home"), "FERBENCH_MODELS": str(folder / "models")}
    environment = {**os.environ, **places, "CI": "1"}
    copy_weights(folder / "models")
    settings = [*make_study(folder / "study", clips=1, frames=12), "signal.labels=[happiness]"]
    settings += ["detector=scrfd_500m", "model=mini_xception", "report.timelines=0"]
    settings += ["tracking.patience_s=2"]
    database = folder / "home" / "mlflow.db"
    _ferbench(["run", *settings], environment)
    tell("a run without a lock")
    counted: dict[str, object] = {}
    for name, lock_s in (("short", short_s), ("long", long_s)):
        if not lock_s:
            continue
        begun_s = time.monotonic()
        with _held(database, lock_s) as holder:
            _ferbench(["run", *settings], environment)
            ended_s = time.monotonic() - begun_s
            was_locked = holder.poll() is None
            tell(f"locked for {lock_s:.0f} s: the run ended after {ended_s:.0f} s")
            if name == "short":
                assert not was_locked, "it did not wait for the lock"
            holder.wait()
        if name == "long":
            assert was_locked, "the lock was waited for to its end"
            last = _ferbench(["sync"], environment).splitlines()[-1]
            assert last == "1 record delivered", last
        counted[f"{name}_lock_run_s"] = round(ended_s, 1)
    counted["runs"] = _finished(database)
    assert counted["runs"] == 1 + bool(short_s) + bool(long_s)
    return counted


def _held(database: Path, lock_s: float) -> subprocess.Popen[bytes]:
    """A process that holds the lock now."""
    command = [sys.executable, "-c", _HOLDS, str(database), str(lock_s)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def _ferbench(arguments: list[str], environment: Mapping[str, str]) -> str:
    """A command to its end: it succeeds, and shows no stack."""
    done = subprocess.run(
        [sys.executable, "-m", "ferbench.app.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        check=False,
    )
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert "Traceback" not in text, text
    assert "sqlalchemy" not in text.lower(), text
    return text


def _finished(database: Path) -> int:
    """Runs that ended well, of all runs there are."""
    with closing(sqlite3.connect(database)) as connection:
        states = [state for (state,) in connection.execute("SELECT status FROM runs")]
    assert set(states) == {"FINISHED"}, states
    return len(states)
