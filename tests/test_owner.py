"""Whether the process of a run goes on: only what is certain is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from ferbench import owner
from ferbench.owner import Owner, fate_of, this_process

SAYS_ITS_OWNER = """
import sys
from ferbench.owner import this_process
print(this_process(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other():
    program = [sys.executable, "-c", SAYS_ITS_OWNER]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_process_goes_on_until_it_is_killed_also_before_anybody_has_heard_of_it(other):
    tag = other.stdout.readline().decode().strip()
    assert Owner.read(tag).pid == other.pid
    assert fate_of(tag) == "open"
    other.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # it has ended, its number is taken
    assert fate_of(tag) == "ended"
    other.wait()
    assert fate_of(tag) == "ended"


def test_another_process_with_the_same_number_is_not_taken_for_it():
    mine = this_process()
    assert fate_of(str(mine)) == "open"
    assert fate_of(str(replace(mine, started=f"{int(mine.started) - 1}"))) == "ended"


def test_what_began_before_the_machine_was_started_again_has_ended():
    assert fate_of(str(replace(this_process(), boot="0123456789ab"))) == "ended"


@pytest.mark.parametrize("tag", ["", "a", "a b c d", "a b 1", "0123456789ab - 1 77"])
def test_what_is_elsewhere_or_says_nothing_is_not_judged(tag):
    assert fate_of(tag) == "unknown"


def test_another_machine_or_container_is_not_judged(monkeypatch):
    tag = str(replace(this_process(), started="1"))
    assert fate_of(tag) == "ended"
    monkeypatch.setattr(owner.socket, "gethostname", lambda: "another")
    assert fate_of(tag) == "unknown"


def test_a_process_that_the_system_hides_is_not_judged(monkeypatch):
    """/proc may show nobody other people's processes (hidepid)."""
    tag = str(this_process())
    text = owner._text
    monkeypatch.setattr(owner, "_text", lambda path: "" if "stat" in path else text(path))
    assert fate_of(tag) == "unknown"


def test_no_machine_is_named():
    assert owner.socket.gethostname() not in str(this_process())


def test_machines_that_are_named_alike_can_be_told_apart(monkeypatch):
    tag = str(replace(this_process(), started="1"))
    monkeypatch.setenv(owner.MACHINE, "node-7")
    assert fate_of(tag) == "unknown"
    assert "node-7" not in str(this_process())
