"""Lanes: order, bounds, and how they end."""

from __future__ import annotations

import random
import threading
import time
from contextlib import closing

import cv2
import pytest
import torch

from ferbench.pipeline.batches import Batches
from ferbench.pipeline.lanes import AHEAD, Lanes, without_thread_pools


def lanes(count, work, prepare=lambda: None):
    return Lanes(count=count, work=work, prepare=prepare)


def lane_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ferbench-lane")]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_the_order_of_pieces_whatever_each_takes(count):
    draw = random.Random(0)

    def work(piece):
        time.sleep(draw.random() / 500)
        return piece * piece

    done = list(lanes(count, work).results(iter(range(60))))
    assert done == [piece * piece for piece in range(60)]
    assert lane_threads() == []


def test_few_pieces_are_on_their_way_however_long_the_input_is():
    fetched, taken, most = 0, 0, 0
    lock = threading.Lock()

    def pieces():
        nonlocal fetched, most
        for piece in range(200):
            fetched += 1
            most = max(most, fetched - taken)
            yield piece

    def work(piece):
        with lock:
            time.sleep(0.001)
        return piece

    for _ in lanes(2, work).results(pieces()):
        taken += 1
    assert taken == 200
    assert most <= 2 + AHEAD + 1, "one more is fetched before the oldest is taken"


def test_a_lane_that_dies_ends_the_pass_and_no_further_piece_is_begun():
    begun = []

    def work(piece):
        begun.append(piece)
        if piece == 3:
            raise ValueError("this lane died")
        return piece

    done = []
    with pytest.raises(ValueError, match="this lane died"):
        done.extend(lanes(2, work).results(iter(range(1000))))
    assert max(begun) <= 3 + 2 + AHEAD
    assert lane_threads() == []


def test_what_the_source_raises_is_raised_and_what_it_gave_before_is_not_lost():
    def pieces():
        yield from range(5)
        raise OSError("no more")

    done = []
    with pytest.raises(OSError, match="no more"):
        done.extend(lanes(2, lambda piece: piece).results(pieces()))
    assert done == list(range(len(done)))
    assert lane_threads() == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_a_caller_that_stops_leaves_no_thread(interrupt):
    slow = threading.Event()

    def stops():
        with closing(lanes(3, lambda _: slow.wait(0.01)).results(iter(range(10**9)))) as all_:
            for number, _ in enumerate(all_):
                if number == 4:
                    raise interrupt

    with pytest.raises(interrupt):
        stops()
    assert lane_threads() == []


def test_a_lane_that_cannot_be_prepared_raises_instead_of_hanging():
    def prepare():
        raise RuntimeError("no such device")

    with pytest.raises(Exception, match=r"initializer|no such device"):
        list(lanes(2, lambda piece: piece, prepare).results(iter(range(10))))
    assert lane_threads() == []


def test_no_piece_is_kept_after_its_result_was_taken():
    """Memory of frames is used again as soon as nobody holds them."""
    alive = 0

    class Piece:
        def __init__(self):
            nonlocal alive
            alive += 1

        def __del__(self):
            nonlocal alive
            alive -= 1

    most = 0
    for _ in lanes(2, lambda _: None).results(Piece() for _ in range(100)):
        most = max(most, alive)
    assert most <= 2 + AHEAD + 1


def test_thread_counts_of_libraries_come_back_when_the_last_pass_ends():
    before = (torch.get_num_threads(), cv2.getNumThreads())
    torch.set_num_threads(2)
    cv2.setNumThreads(2)
    try:
        with without_thread_pools():
            assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
            with without_thread_pools():
                pass
            assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (2, 2)
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


# Batches
# --------------------------------------------------------------------------------------------------


def test_batches_are_halved_where_the_memory_is_too_small(caplog):
    tried = []

    def call(batch):
        tried.append(len(batch))
        if len(batch) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch * 2

    batches = Batches(size=16)
    items = torch.arange(23)
    done = list(batches.map(call, items))
    assert torch.equal(torch.cat([result for _, result in done]), items * 2)
    assert [at for at, _ in done] == [0, 4, 8, 12, 16, 20]
    assert tried[:3] == [16, 8, 4]
    assert batches.size == 4, "the next pass does not try again what did not fit"
    assert "no memory for 16 items at a time; going on with 8" in caplog.text


def test_an_item_that_does_not_fit_alone_is_an_error():
    def call(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        list(Batches(size=16).map(call, torch.arange(3)))


def test_no_items_are_no_batches():
    assert list(Batches(size=4).map(lambda _: pytest.fail("called"), torch.empty(0, 3))) == []
