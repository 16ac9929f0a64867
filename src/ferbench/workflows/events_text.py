"""Found events of one or several files as lines of text and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.wording import plural
from ferbench.workflows.found_events import SessionEvents


def lines_of_one(session: SessionEvents) -> list[str]:
    """A line per event, and how many there are."""
    return [*session.lines(), session.total()]


def lines_of_several(by_path: Mapping[Path, SessionEvents], *, noun: str) -> list[str]:
    """The events of each file below its name, and how many there are in all.

    Args:
        by_path: what each file holds.
        noun: what a file is called in the last line: session, or file.
    """
    lines = []
    for path, session in by_path.items():
        lines.append(f"{session.session_id} ({path.name}): {session.total()}")
        lines += [f"  {line}" for line in session.lines()]
    num_events = sum(len(session.events) for session in by_path.values())
    return [*lines, f"{plural(num_events, 'event')} in {plural(len(by_path), noun)}"]


def plain_events(by_path: Mapping[Path, SessionEvents]) -> dict[str, Any]:
    """The events of each session as plain values."""
    return {session.session_id: session.as_json() for session in by_path.values()}


def notes_of(by_path: Mapping[Path, SessionEvents]) -> list[str]:
    """What is odd about the question for some of the files."""
    return [f"{path.name}: {session.note}" for path, session in by_path.items() if session.note]
