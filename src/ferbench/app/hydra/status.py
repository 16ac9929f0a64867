"""What this process has seen fail, and the sweep that it has open.

What the exit code is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ferbench.app.words import FullOnce

_failures: list[str] = []
full_once: Final = FullOnce()
"""Reasons that this process told, which cells of a sweep share."""
_on_abandon: list[Callable[[str], None]] = []


def failed(what: str) -> None:
    """Remember that something failed."""
    _failures.append(what)


def exit_code() -> int:
    """0 where nothing failed."""
    return 1 if _failures else 0


def when_abandoned(action: Callable[[str], None]) -> None:
    """Do this (with the reason) if the process ends before ``settled``."""
    _on_abandon.append(action)


def settled() -> None:
    """Nothing is open any more."""
    _on_abandon.clear()


def abandon(reason: str) -> None:
    """Close what is open."""
    for action in _on_abandon:
        action(reason)
    _on_abandon.clear()
