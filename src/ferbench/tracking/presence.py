"""Whether a store is there, as a process that records sees it; what waits is delivered in between.

A store that is away is asked again after a pause that is ten times what asking took: a server that
lets every call run into its time limit costs a tenth of the time, and not minutes for each step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from ferbench.errors import StoreAwayError
from ferbench.tracking.absence import is_locked
from ferbench.tracking.delivery import Delivery
from ferbench.tracking.outbox import Outbox
from ferbench.wording import plural

Told = TypeVar("Told")

log = logging.getLogger("ferbench")

PATIENCE_S: Final = 15.0
"""How long a run waits at its end for a store that is away."""
_ON_THE_WAY_S: Final = 10.0
"""What a step may spend on delivering what waits."""
_PAUSES_S: Final = (2.0, 300.0)
_SHARE: Final = 0.1
"""Of the time, that is spent on asking a store that is away."""
_TRIES_EACH_S: Final = 1.0

_asked_again_s: Final[dict[Path, float]] = {}
"""Of stores that are away, by outbox (monotonic): each cell of a sweep has a store of its own, and
need not find out by itself."""


class Presence:
    """Whether a store is there, and the delivery of what waits for it."""

    def __init__(self, outbox: Outbox, delivery: Delivery) -> None:
        self._outbox = outbox
        self._delivery = delivery

    def asked(self, ask: Callable[[], Told]) -> Told | None:
        """What the store tells; None = it is away. What waits is delivered first.

        Raises:
            TrackingError: the store refuses.
        """
        if not self._is_there():
            return None
        begun_s = time.monotonic()
        try:
            return ask()
        except StoreAwayError as error:
            self._note_absence(error, took_s=time.monotonic() - begun_s)
            return None

    def _is_there(self) -> bool:
        again_s = _asked_again_s.get(self._outbox.folder)
        if again_s is None and not self._num_waiting():
            return True
        if again_s is not None and time.monotonic() < again_s:
            return False
        return self._caught_up(lock_s=0, patience_s=_ON_THE_WAY_S)

    def _note_absence(self, error: StoreAwayError, *, took_s: float) -> None:
        """Let the store be asked again later: the more it took to find out, the later."""
        shortest_s, longest_s = _PAUSES_S
        pause_s = min(max(shortest_s, took_s / _SHARE), longest_s)
        if self._outbox.folder not in _asked_again_s:
            state = "is locked by another process" if is_locked(error) else "does not answer"
            told = "the store %s %s; the run goes on, what it records waits in %s"
            log.warning(told, self._outbox.uri, state, self._outbox.folder)
        _asked_again_s[self._outbox.folder] = time.monotonic() + pause_s

    def wait(self, patience_s: float) -> None:
        """Deliver all that waits: after a run, or a sweep's last cell.

        What still waits after so long without any delivery is told.
        """
        least, end_s = self._num_waiting(), time.monotonic() + patience_s
        while least:
            self._caught_up(lock_s=patience_s, patience_s=None)
            left = self._num_waiting()
            if left < least:
                least, end_s = left, time.monotonic() + patience_s
            elif time.monotonic() >= end_s:
                told = "%s waiting in %s: 'ferbench sync' delivers what waits"
                log.warning(told, plural(left, "record"), self._outbox.folder)
                return
            else:
                time.sleep(_TRIES_EACH_S)

    def _num_waiting(self) -> int:
        """Runs of which something waits, without what the store refused."""
        return sum(not each.refused for each in self._outbox.waiting())

    def _caught_up(self, *, lock_s: float, patience_s: float | None) -> bool:
        """Deliver what waits; return whether the store is there."""
        begun_s = time.monotonic()
        try:
            if not self._delivery.store.answers():
                raise StoreAwayError("no answer")
            refused = self._refused(lock_s, patience_s)
        except StoreAwayError as error:
            self._note_absence(error, took_s=time.monotonic() - begun_s)
            return False
        for run_id, reason in refused:
            log.error("%s is kept in %s: %s", run_id, self._outbox.folder, reason)
        if _asked_again_s.pop(self._outbox.folder, None) is not None:
            log.warning("the store %s answers again", self._outbox.uri)
        return True

    def _refused(self, lock_s: float, patience_s: float | None) -> list[tuple[str, str]]:
        """Deliver what waits, unless somebody else does; what the store refuses, and why."""
        with self._outbox.held(patience_s=lock_s) as is_held:
            if not is_held:
                return []
            return self._delivery.deliver(self._outbox, again=False, patience_s=patience_s)
