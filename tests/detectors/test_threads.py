"""Detectors that several threads call at once, as the lanes of a pass do.

Every detector whose weights are small; the same rows to the bit as one frame after the other.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch

from ferbench.detectors.engines import Gate
from helpers.photographs import assert_same, configured, fetched, of_frame, video_frames

CPU = torch.device("cpu")
CASES = {
    "retinaface_mnet025": {},
    "retinaface_mnet025_sglee487": {"engine": "torch"},
    "scrfd_500m": {"canvas": "tight"},
    "scrfd_2.5g": {},
    "insightface_scrfd": {},
    "mtcnn": {},
    "yunet": {},
}
NUMBERS = tuple(range(60, 124, 4))


@pytest.fixture(scope="module")
def frames(samples):
    """From the animation without a face to the man."""
    return video_frames(samples / "noface_face.mov", NUMBERS)


@pytest.fixture(scope="module", params=CASES)
def detect(request, models):
    detector = configured(request.param, **CASES[request.param])
    fetched(detector, models)
    return detector.load(CPU, models)


@pytest.fixture(scope="module")
def alone(detect, frames):
    """Each frame by itself, one after the other, in one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [detect(frames[n : n + 1]) for n in range(len(frames))]
    finally:
        torch.set_num_threads(before)


def in_lanes(work, jobs, lanes):
    """Do all jobs in so many threads, each of which has torch to itself."""
    with ThreadPoolExecutor(lanes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, jobs))


@pytest.mark.weights
@pytest.mark.parametrize("lanes", [2, 4])
def test_threads_find_what_one_finds(lanes, detect, alone, frames):
    order = np.random.default_rng(lanes).permutation(len(frames))
    found = in_lanes(lambda n: detect(frames[n : n + 1]), order.tolist(), lanes)
    assert {len(faces) for faces in alone} >= {0, 1}
    for n, faces in zip(order, found, strict=True):
        assert_same(faces, alone[n])


@pytest.mark.weights
@pytest.mark.parametrize("batch", [3, 16])
def test_batches_find_what_single_frames_give(batch, detect, alone, frames):
    firsts = range(0, len(frames), batch)
    found = in_lanes(lambda first: detect(frames[first : first + batch]), firsts, 2)
    for first, faces in zip(firsts, found, strict=True):
        for n in range(first, min(first + batch, len(frames))):
            assert_same(of_frame(faces, n - first), alone[n])


@pytest.mark.weights
def test_all_work_is_done_by_the_thread_that_calls(detect, frames, monkeypatch):
    """Neither by threads of Python's, nor by those of the libraries."""
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail(f"starts {thread}"))
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        everybody_s, own_s = time.process_time(), time.thread_time()
        detect(frames)
        everybody_s, own_s = time.process_time() - everybody_s, time.thread_time() - own_s
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])
    assert everybody_s - own_s < 0.2 * everybody_s


def test_gate_lets_in_what_fits_and_a_large_frame_alone():
    gate = Gate(10)
    inside, most = [], []
    lock = threading.Lock()

    def work(pixels):
        with gate.room_for(pixels):
            with lock:
                inside.append(pixels)
                most.append((sum(inside), len(inside)))
            threading.Event().wait(0.002)
            with lock:
                inside.remove(pixels)

    in_lanes(work, [4, 5, 25, 3, 10, 1, 25, 6, 4, 4, 4] * 3, 4)
    assert max(count for _, count in most) > 1
    assert all(pixels <= 10 or count == 1 for pixels, count in most)
    assert {pixels for pixels, _ in most} >= {25}


def test_gate_opens_again_after_an_error():
    gate = Gate(10)
    with pytest.raises(ValueError, match="broken"), gate.room_for(10):
        raise ValueError("broken")
    with gate.room_for(10):
        assert not gate._has_room(1)
    assert gate._has_room(1)
