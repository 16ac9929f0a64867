"""What this process has seen fail, and the sweep that it has open.

What the exit code is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_LONG: Final = 160
"""Characters of a text that is not told in full twice."""
_failures: list[str] = []
_told: list[str] = []
_on_abandon: list[Callable[[str], None]] = []


def failed(what: str) -> None:
    """Remember that something failed."""
    _failures.append(what)


def full_once(text: str) -> str:
    """A text in full where it was not told before, else its beginning where it is long.

    Args:
        text: what is told, or ends with what was told before.
    """
    for told in _told:
        if text.endswith(told) and len(told) > _LONG:
            return f"{text.removesuffix(told)}{told.partition(': ')[0]} (see above)"
    _told.append(text)
    return text


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
