"""How long work ends when it is asked to: the first time in order, the second time at once.

Ctrl-C (SIGINT), SIGTERM and SIGHUP are a KeyboardInterrupt, as Python does it for Ctrl-C. But where
work is in hand whose finished part can be kept, the first of them is noted, and whoever has the
work in hand ends it soon; the next one is a KeyboardInterrupt.

That is so in a program that calls ``heed_signals``. In a notebook Ctrl-C stays a KeyboardInterrupt.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_AGAIN_S: Final = 0.3
"""A signal so soon after the first is the same one, which came twice (from terminal and parent)."""
_CLOSING_S: Final = 5.0
"""Time to close records in; further signals in it are those of an impatient sender."""


class _Asked:
    """What this process was asked for.

    Attributes:
        num_in_hand: works that are in hand.
        at_s: when they were asked to end; None = they were not.
        ended_s: when work was ended last.
    """

    def __init__(self) -> None:
        self.num_in_hand = 0
        self.at_s: float | None = None
        self.ended_s: float | None = None

    def heed(self, tell: Callable[[], None]) -> None:
        """A signal came. Raises KeyboardInterrupt where nothing is left to be finished."""
        now_s = time.monotonic()
        if self.num_in_hand and self.at_s is None:
            self.at_s = now_s
            tell()
            return
        if self.at_s is not None and now_s - self.at_s < _AGAIN_S:
            return
        if self.ended_s is not None and now_s - self.ended_s < _CLOSING_S:
            return
        self.ended_s = now_s
        raise KeyboardInterrupt


_asked = _Asked()


class InHand:
    """Work whose finished part can be kept; see ``in_hand``."""

    def __init__(self) -> None:
        self._has_begun = False

    def begin(self) -> None:
        """From now on there is something to finish."""
        if not self._has_begun:
            _asked.num_in_hand += 1
            self._has_begun = True

    @property
    def should_end(self) -> bool:
        """Whether the work is to be ended as soon as that can be done in order."""
        return self._has_begun and _asked.at_s is not None

    def _end(self) -> None:
        """Nothing is in hand any more; what comes is the closing of records."""
        _asked.num_in_hand -= self._has_begun
        if self.should_end and not _asked.num_in_hand:
            _asked.at_s, _asked.ended_s = None, time.monotonic()


@contextmanager
def in_hand() -> Iterator[InHand]:
    """Do work that ends in order when it is asked to.

    Whoever works looks at ``should_end`` now and then; where it says so, what is finished is kept,
    and KeyboardInterrupt is raised.

    Raises:
        KeyboardInterrupt: at the end, where the work was asked to end and came to its end anyway.
    """
    work = InHand()
    try:
        yield work
        was_asked = work.should_end
    finally:
        work._end()
    if was_asked:
        raise KeyboardInterrupt


def heed_signals(tell: Callable[[], None]) -> None:
    """Heed signals as the module says. One that is ignored stays ignored: ``nohup`` does that.

    Args:
        tell: called by the first signal of those that come while work is in hand.
    """
    global _asked
    if threading.current_thread() is not threading.main_thread():
        return
    _asked = _Asked()

    def heed(number: int, frame: FrameType | None) -> None:
        del number, frame
        _asked.heed(tell)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal_number = getattr(signal, name, None)
        if signal_number is not None and signal.getsignal(signal_number) != signal.SIG_IGN:
            signal.signal(signal_number, heed)
