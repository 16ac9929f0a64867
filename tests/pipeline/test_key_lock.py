"""Locks of processes and machines that share a folder: one at a time, and none for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from ferbench.owner import MACHINE, this_process
from ferbench.pipeline import key_lock, tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.key_lock import locked, look_at, remove
from ferbench.results import StageKey
from ferbench.types import Pictures

HOLDER = """
import sys, time
from pathlib import Path
from ferbench.pipeline import key_lock
key_lock.BEAT_S = 0.1
with key_lock.locked(Path(sys.argv[1]), told_after_s=60, waiting=lambda: None):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "locks" / "a.held"


def held(file, told_after_s=60.0, waiting=lambda: None):
    return locked(file, told_after_s=told_after_s, waiting=waiting)


@contextmanager
def holder(file, *, machine=""):
    """A process that holds a lock; ``machine``: another one than this."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, MACHINE: machine},
    )
    try:
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def dead_lock(file, *, place=""):
    """The lock of a process that is no more, on this machine or another."""
    owner = replace(this_process(), started="1")
    text = f"{replace(owner, place=place or owner.place)} {uuid.uuid4().hex}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return text


def waited_s(file):
    start = time.monotonic()
    with held(file):
        return time.monotonic() - start


def test_it_says_whose_it_is_and_goes_with_its_holder(file):
    with held(file):
        text = file.read_text()
        assert text.startswith(f"{this_process()} ")
        assert look_at(file).fate == "open"
        assert file.stat().st_mode & 0o077 == 0
    assert list(file.parent.iterdir()) == []
    with pytest.raises(KeyError), held(file):
        raise KeyError
    assert list(file.parent.iterdir()) == []


def test_of_many_threads_and_a_dead_holder_one_at_a_time_is_inside(file):
    """Each round all find the lock of a dead one, so that they also race to remove it."""
    inside, most, entries, all_begin = 0, 0, 0, threading.Barrier(4)
    guard = threading.Lock()

    def work():
        nonlocal inside, most, entries
        for number in range(4):
            if all_begin.wait() == 0 and not file.exists():
                dead_lock(file, place="" if number % 2 else "0" * 12)
            all_begin.wait()
            with held(file):
                with guard:
                    inside += 1
                    entries += 1
                    most = max(most, inside)
                time.sleep(0.002)
                with guard:
                    inside -= 1

    before = key_lock.STALE_S
    key_lock.STALE_S = 0.2
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        key_lock.STALE_S = before
    assert (most, entries) == (1, 16)
    assert list(file.parent.iterdir()) == []


def test_a_killed_holder_is_followed_within_a_second(file):
    with holder(file) as process:
        killer = threading.Timer(0.5, process.send_signal, [signal.SIGKILL])
        killer.start()
        assert waited_s(file) < 1.5
    assert list(file.parent.iterdir()) == []


def test_a_holder_on_another_machine_is_waited_for_until_it_shows_no_life(file, monkeypatch):
    """Its processes cannot be seen from here, so that its beat is all there is to go by."""
    monkeypatch.setattr(key_lock, "STALE_S", 0.8)
    told, entered = [], threading.Event()

    def wait():
        with held(file, 0.3, lambda: told.append(1)):
            entered.set()

    with holder(file, machine="another") as process:
        assert look_at(file).fate == "unknown"
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not entered.wait(2.0), "it lives"
        process.kill()
        killed_s = time.monotonic()
        assert entered.wait(10.0)
        assert time.monotonic() - killed_s > 0.4
        waiter.join()
    assert told == [1]
    assert list(file.parent.iterdir()) == []


def test_a_pause_of_who_watches_is_no_silence_of_who_holds(monkeypatch):
    clock = iter((0.0, 0.5, 500.0, 500.5))
    monkeypatch.setattr(key_lock.time, "monotonic", lambda: next(clock))
    watched, seen = key_lock._Watched(), key_lock.Seen(text="elsewhere - 1 1 x", beat_ns=1)
    assert [watched.is_dead(seen) for _ in range(4)] == [False] * 4
    assert watched.still_s == 0.5 + 2 * key_lock._POLL_MOST_S + 0.5


def test_nobody_removes_what_another_has_taken_over(file):
    with held(file):
        file.unlink()
        other = dead_lock(file)
    assert file.read_text() == other
    assert not remove(file, "not this one")
    assert remove(file, other)
    assert not remove(file, other)


def test_a_lock_that_was_moved_by_mistake_is_put_back(file, monkeypatch):
    """Between looking and moving, another removed the dead lock, and a third made its own."""
    dead, look, living = dead_lock(file), key_lock.look_at, f"{this_process()} living"

    def look_then_change(path):
        seen = look(path)
        if seen is not None and seen.text == dead:
            file.write_text(living)
        return seen

    monkeypatch.setattr(key_lock, "look_at", look_then_change)
    assert not remove(file, dead)
    assert file.read_text() == living
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_lock_without_a_name_is_one_of_nobody_and_goes_when_it_is_still(file, monkeypatch):
    """Its holder was killed after it had made the file and before it wrote into it."""
    monkeypatch.setattr(key_lock, "STALE_S", 0.3)
    file.parent.mkdir()
    file.touch()
    assert 0.2 < waited_s(file) < 5


def test_two_who_make_the_same_table_leave_one_whole_table(tmp_path):
    """So a holder that only seemed dead costs work, and changes no result."""
    cache, key = Cache(tmp_path), StageKey.of("pictures", {"video": "a"})
    made = Pictures(luma=np.arange(500.0), change=np.arange(500.0) / 7)
    together = threading.Barrier(2)

    def make():
        together.wait()
        for _ in range(20):
            cache.write(key, tables.pictures_table(made), {})

    makers = [threading.Thread(target=make) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    again = tables.pictures_from(cache.read(key)[0])
    np.testing.assert_array_equal(again.change, made.change)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{key.key}.parquet"]
