"""Pieces of work dealt out to processes, each with an environment of its own (such as its GPU).

A process has one piece in hand at a time. One that dies costs that piece, and another takes its
place; one whose parent is gone ends with its next message.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ferbench.interrupts import InHand, heed_signals, in_hand
from ferbench.sentences import Setting, Text
from ferbench.video.decoder_death import how_it_ended, is_from_outside

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_PATIENCE_S: Final = 10.0
"""Time in which a process that is told to end may finish what its lanes are at."""
_FEWER: Final = Text("run again, perhaps with fewer ", Setting("runtime.workers"))
_STEP_S: Final = 0.5
"""So often it is looked whether the work is to end."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Work = Callable[[Piece, Callable[[int], None]], Result]
"""From a piece, and a function that is told how much of it was done, to a result. Can be pickled,
as can what it takes and gives; what it raises ends its process.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """A process ended with a piece in hand.

    Attributes:
        how: such as ``SIGKILL``.
        is_from_outside: the system or somebody ended it; else it did so itself.
        hint: what to do next.
    """

    how: str
    is_from_outside: bool
    hint: Text = _FEWER


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker:
    """A process, the environment that it has, and the number of the piece in its hand."""

    process: BaseProcess
    pipe: Connection
    environment: Mapping[str, str]
    number: int


@dataclass(slots=True, kw_only=True, eq=False)
class Workers(Generic[Piece, Result]):
    """Processes that do the same work on pieces; each has its environment as long as they go on.

    Attributes:
        work: what is done with a piece.
        environments: variables of each process, which it has before it imports anything of ours.
        on_progress: told how much was done.
    """

    work: Work[Piece, Result]
    environments: Sequence[Mapping[str, str]]
    on_progress: Callable[[int], None]
    _waiting: deque[tuple[int, Piece]] = field(default_factory=deque)
    _workers: list[_Worker] = field(default_factory=list)

    def results(self, pieces: Sequence[Piece]) -> Generator[tuple[int, Result | Died], None, None]:
        """Number and result of each piece, as they come. No process is left when this ends.

        Raises:
            KeyboardInterrupt: the work was asked to end; the processes kept what they had finished.
        """
        self._waiting.extend(enumerate(pieces))
        with in_hand() as hand:
            hand.begin()
            try:
                yield from self._results(len(pieces), hand)
            finally:
                self._end()

    def _results(
        self, num_pieces: int, hand: InHand
    ) -> Generator[tuple[int, Result | Died], None, None]:
        for environment in self.environments[:num_pieces]:
            self._start(environment)
        while self._workers:
            if hand.should_end:
                raise KeyboardInterrupt
            for ready in wait([worker.pipe for worker in self._workers], _STEP_S):
                [worker] = [one for one in self._workers if one.pipe is ready]
                yield from self._heard(worker)

    def _heard(self, worker: _Worker) -> Generator[tuple[int, Result | Died], None, None]:
        """What one process says: how much it did, its result, or that it is no more."""
        number = worker.number
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.pipe.close()
            worker.process.join()
            if self._waiting:
                self._start(worker.environment)
            exit_code = worker.process.exitcode
            yield (
                number,
                Died(how=how_it_ended(exit_code), is_from_outside=is_from_outside(exit_code)),
            )
            return
        if kind == "progress":
            self.on_progress(value)
            return
        if self._waiting:
            self._hand(worker)
        else:
            self._workers.remove(worker)
            worker.pipe.close()  # it ends
            worker.process.join()
        yield number, value

    def _start(self, environment: Mapping[str, str]) -> None:
        """A new process with the next piece in hand."""
        context = multiprocessing.get_context("spawn")  # a fork would share the threads' locks
        ours, its = context.Pipe()
        process = context.Process(
            target=_serve, args=(its, dict(environment)), name="ferbench-worker", daemon=True
        )
        process.start()
        its.close()  # else its end would not be seen
        worker = _Worker(process=process, pipe=ours, environment=environment, number=-1)
        self._workers.append(worker)
        self._hand(worker)

    def _hand(self, worker: _Worker) -> None:
        """Give a process the next piece, and the work itself with its first one."""
        work = self.work if worker.number < 0 else None
        worker.number, piece = self._waiting.popleft()
        try:
            worker.pipe.send((work, piece))
        except OSError:  # it died just now: its pipe tells so next
            return

    def _end(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        try:
            for worker in self._workers:
                worker.process.join(_PATIENCE_S)
        finally:  # also where somebody cannot wait
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
                worker.pipe.close()
            self._workers.clear()


def _serve(pipe: Connection, environment: dict[str, str]) -> None:
    """What a process does: one piece after the other, until its parent closes the pipe."""
    heed_signals(lambda: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the parent heeds it
    os.environ.update(environment)
    work: Any = None
    try:
        while True:
            new_work, piece = pipe.recv()
            work = new_work or work
            result = work(piece, lambda count: pipe.send(("progress", count)))
            pipe.send(("result", result))
    except (EOFError, OSError, KeyboardInterrupt):  # the parent needs no more, or is gone
        return
