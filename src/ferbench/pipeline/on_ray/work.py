"""What a machine of a cluster does with a piece, and what it brings back."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ferbench.pipeline.plan_parts import PlanOutcome
from ferbench.provenance import library_versions
from ferbench.rights import keep_private
from ferbench.version import __version__

_TELL_S: Final = 1.0
"""Time between two messages about frames."""

_works: Final[dict[bytes, Any]] = {}
"""What this process does with pieces, kept with the networks that it loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """What came of a piece: numbers and sentences, no tables and no frames.

    Attributes:
        outcome: of the passes.
        warnings: what was told meanwhile.
    """

    outcome: PlanOutcome
    warnings: tuple[str, ...]


def versions() -> dict[str, str]:
    """What has to be the same on all machines, so that their numbers are."""
    libraries = {name: text.partition("+")[0] for name, text in library_versions().items()}
    return {"ferbench": __version__, **libraries}


def done(work: bytes, piece: bytes, tell: Callable[[int], None]) -> NodeOutcome:
    """Do a piece in this process, and tell of its frames about every second."""
    keep_private()
    if work not in _works:
        _works.clear()
        _works[work] = pickle.loads(work)
    with _Warnings() as warnings:
        outcome = _works[work](pickle.loads(piece), _Seldom(tell))
    return NodeOutcome(outcome=outcome, warnings=tuple(warnings.texts))


@dataclass(slots=True)
class _Seldom:
    """Collects frames until it is time to tell of them."""

    tell: Callable[[int], None]
    _frames: int = 0
    _told_s: float = field(default_factory=time.monotonic)

    def __call__(self, frames: int) -> None:
        self._frames += frames
        if time.monotonic() - self._told_s >= _TELL_S:
            self.tell(self._frames)
            self._frames, self._told_s = 0, time.monotonic()


class _Warnings(logging.Handler):
    """Keeps ferbench's warnings for where the sweep was started, out of Ray's files."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self._log = logging.getLogger("ferbench")

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        self.texts.append(record.getMessage())

    def __enter__(self) -> _Warnings:
        self._log.addHandler(self)
        self._log.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = True
