"""Pieces dealt out to processes: results, deaths, interrupts, and no process that stays."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import dataclass

import pytest
import torch

from ferbench.pipeline.devices import environments
from ferbench.pipeline.recipe import Runtime
from ferbench.pipeline.workers import Died, Workers


@dataclass
class Squares:
    """Takes the square of a number; some numbers do other things."""

    def __call__(self, number, on_progress):
        on_progress(1)
        if number == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 14:
            raise ArithmeticError("an error that nobody foresaw")
        if number >= 1000:
            time.sleep(number)
        return number**2, os.environ["FERBENCH_TEST_NAME"], os.getpid()


ENVIRONMENTS = [{"FERBENCH_TEST_NAME": "a"}, {"FERBENCH_TEST_NAME": "b"}]


def workers(on_progress=lambda _: None):
    return Workers(work=Squares(), environments=ENVIRONMENTS, on_progress=on_progress)


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
def test_each_piece_is_done_once_and_no_process_stays():
    done = []
    found = dict(workers(done.append).results([2, 3, 4, 5]))
    assert {number: result[0] for number, result in found.items()} == {0: 4, 1: 9, 2: 16, 3: 25}
    assert sum(done) == 4
    assert {name for _, name, _ in found.values()} == {"a", "b"}
    assert all(has_ended(pid) for _, _, pid in found.values())


@pytest.mark.slow
def test_a_process_that_dies_costs_its_piece_and_another_takes_its_place():
    found = dict(workers().results([13, 2, 14, 3, 4]))
    assert found[0] == Died(how="SIGKILL", is_from_outside=True)
    assert found[2] == Died(how="exit code 1", is_from_outside=False)
    assert [found[number][0] for number in (1, 3, 4)] == [4, 9, 16]


@pytest.mark.slow
def test_an_interrupt_ends_all_processes():
    begun = []

    def interrupt(count):
        begun.append(count)
        if len(begun) == 2:
            raise KeyboardInterrupt

    dealt = workers(interrupt)
    began = time.monotonic()
    with closing(dealt.results([1000, 1001, 2])) as results, pytest.raises(KeyboardInterrupt):
        list(results)
    assert time.monotonic() - began < 60, "they were ended, not waited for"
    assert not dealt._workers


def test_each_process_has_one_of_the_gpus_and_its_share_of_the_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    share = {"OMP_NUM_THREADS": "2"}
    assert environments(torch.device("cpu"), 4) == [share] * 4
    for given, names in (("2, 5,GPU-7", ["2", "5", "GPU-7"]), (None, ["0", "1", "2"])):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if given is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
        found = environments(torch.device("cuda"), 4)
        assert [one["CUDA_VISIBLE_DEVICES"] for one in found] == [*names, names[0]]
    assert Runtime(device="cuda").num_workers(torch.device("cuda")) == 3
    assert Runtime().num_workers(torch.device("cpu")) == 1
    assert Runtime(workers=2).num_workers(torch.device("cuda")) == 2


def test_no_pieces_need_no_process():
    assert list(workers().results([])) == []
