"""Errors of the system, real ones: each says what to do, alone and behind one of ferbench's."""

from __future__ import annotations

import errno
import os
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ferbench.errors import CacheError, VideoError
from ferbench.sentences import Setting, Text
from ferbench.system_errors import LOST, next_step, said

FULL = Path("/dev/full")
NO_ROOM = "make room on that disk and run the same again: what is stored is kept"


def raised(action):
    with pytest.raises(Exception) as error:  # noqa: PT011 - which one is what is looked at
        action()
    return error.value


def fill_disk():
    with FULL.open("wb", buffering=0) as device:
        device.write(b"a")


def fill_database(folder):
    with closing(sqlite3.connect(folder / "full.db")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")


@pytest.mark.skipif(not FULL.exists(), reason="Linux")
def test_a_full_disk():
    error = raised(fill_disk)
    assert said(error) == f"No space left on device; {NO_ROOM}"


def test_a_full_database(tmp_path):
    assert said(raised(lambda: fill_database(tmp_path))) == f"database or disk is full; {NO_ROOM}"


def test_a_database_that_can_only_be_read(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        error = raised(lambda: database.execute("INSERT INTO t VALUES (1)"))
    assert said(error).endswith(
        "it can only be read; choose another folder, or have it made writable"
    )


def test_names_and_rights(tmp_path):
    gone = tmp_path / "gone"
    assert said(raised(gone.read_bytes)) == f"{gone}: No such file or directory"
    refused = PermissionError(errno.EACCES, "Permission denied", os.fsencode(gone))
    assert said(refused).startswith(f"{gone}: Permission denied; this account may not; ")
    assert said(MemoryError()) == "MemoryError"
    assert said(OSError("odd\nsecond line")) == "odd"


@pytest.mark.parametrize("number", [*LOST])
def test_disks_and_mounts_that_are_gone(number):
    error = OSError(number, os.strerror(number), "a.mp4")
    assert said(error).endswith(
        "its disk or mount does not answer; run the same again when it does"
    )


def test_an_error_of_ferbench_says_it_too_also_from_another_process():
    def store():
        try:
            fill_disk()
        except OSError as error:
            raise CacheError("a.parquet cannot be written: no room") from error

    error = raised(store)
    assert str(error) == f"a.parquet cannot be written: no room; {NO_ROOM}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_the_system_says_goes_before_a_general_hint():
    error = VideoError("a.mp4 cannot be read", hint=Text("check ", Setting("dataset.videos")))
    assert str(error) == "a.mp4 cannot be read; check dataset.videos"
    error.__cause__ = OSError(errno.EIO, "Input/output error")
    assert "check" not in str(error)
    assert "its disk or mount does not answer" in str(error)
    error.__cause__ = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert str(error) == "a.mp4 cannot be read; check dataset.videos"


def test_chains_that_go_round_end():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert next_step(one) == ""
