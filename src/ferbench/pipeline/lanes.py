"""Lanes: threads that each take a piece of work and do all of it, while the caller fetches more.

Pieces come back in the order in which they went in, so nothing depends on which lane was faster. At
most a few pieces are on their way at a time, so memory stays flat however long the input is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

AHEAD: Final = 2
"""Pieces that wait ready beyond those in the lanes."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class Lanes(Generic[Piece, Result]):
    """A number of threads that do the same work on pieces.

    Attributes:
        count: threads.
        work: what is done with a piece, in one of the threads.
        prepare: done once in each thread before its first piece; None = nothing is.
    """

    count: int
    work: Callable[[Piece], Result]
    prepare: Callable[[], None] | None

    def results(self, pieces: Iterator[Piece]) -> Generator[Result, None, None]:
        """The results of all pieces, in their order.

        Pieces are fetched in the calling thread. What fetching or working raises is raised here;
        then, and when the generator is closed, no further piece is begun, and no thread is left.
        """
        begun: deque[Future[Result]] = deque()
        pool = ThreadPoolExecutor(self.count, "ferbench-lane", initializer=self.prepare)
        try:
            for piece in pieces:
                begun.append(pool.submit(self.work, piece))
                del piece  # its memory is free as soon as its lane is done
                while begun and (len(begun) >= self.count + AHEAD or begun[0].done()):
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_threads_lock = threading.Lock()
_num_inside = 0
_threads_before: tuple[int, int] = (0, 0)


@contextmanager
def without_thread_pools() -> Iterator[None]:
    """Keep torch and OpenCV from starting threads of their own: they would wait for the lanes.

    A lane has to call ``use_one_thread`` as well, because torch counts for each thread. The numbers
    are as before when the last of those who are inside leaves.
    """
    global _num_inside, _threads_before
    import cv2
    import torch

    with _threads_lock:
        _num_inside += 1
        if _num_inside == 1:
            _threads_before = (torch.get_num_threads(), cv2.getNumThreads())
        use_one_thread()
    try:
        yield
    finally:
        with _threads_lock:
            _num_inside -= 1
            if _num_inside == 0:
                torch.set_num_threads(_threads_before[0])
                cv2.setNumThreads(_threads_before[1])


def use_one_thread() -> None:
    """Have torch compute in the calling thread alone, and OpenCV in whichever thread calls it."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
