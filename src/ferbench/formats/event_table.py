"""Tables of events, as ferbench and other programs write them, for scoring without a run.

A CSV with the columns ``session, onset_s`` and, where they are there, ``offset_s, trigger_s, label,
peak``; or the JSON of ``ferbench events --json`` (of several files an object by session; of one
file the session is named after the JSON file).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.errors import FormatError
from ferbench.formats.csv_rows import rows_of, seconds_of
from ferbench.json_texts import read_json
from ferbench.sentences import Action, Text
from ferbench.spelling import plain
from ferbench.types import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """The content of one file.

    Attributes:
        events: in the file's order.
        sessions: sessions that the file names; of these some can be without events (only in JSON).
        has_triggers: the file says when each event's rule became true; else ``trigger_s`` repeats
            the onset.
    """

    events: tuple[Event, ...]
    sessions: frozenset[str]
    has_triggers: bool


def read_events(path: Path) -> EventTable:
    """Read a table of events.

    Raises:
        FormatError: no such file, not such a table, or a time that cannot be used; names the line.
    """
    if path.suffix.lower() == ".json":
        return _from_json(path)
    what = Text("a table of events (made with ", Action("find_events"), ")")
    events = []
    triggers = []
    for line, row in rows_of(path, needed=("session", "onset_s"), what=what):
        events.append(_event(f"{path.name}, line {line}", row, row["session"]))
        triggers.append(row.get("trigger_s", ""))
    return EventTable(
        events=tuple(events),
        sessions=frozenset(event.session_id for event in events),
        has_triggers=bool(triggers) and "" not in triggers,
    )


def _from_json(path: Path) -> EventTable:
    """The events in what ``ferbench events --json`` prints."""
    events = []
    has_triggers = True
    rows_of_session = _rows_by_session(path)
    for session, rows in rows_of_session.items():
        for index, row in enumerate(rows):
            where = f"{path.name}, {session}, event {index}"
            events.append(_event(where, _checked(where, row), session))
            has_triggers = has_triggers and "trigger_s" in row
    return EventTable(
        events=tuple(events),
        sessions=frozenset(plain(session) for session in rows_of_session),
        has_triggers=has_triggers,
    )


def _rows_by_session(path: Path) -> dict[str, list[Any]]:
    content = _parsed(path)
    if _has_events(content):
        content = {path.stem: content}
    if isinstance(content, dict) and all(map(_has_events, content.values())):
        return {session: found["events"] for session, found in content.items()}
    printed = Action("find_events")
    raise FormatError(
        Text(f"{path}: expected what ", printed, " prints as JSON: events, or events by session")
    )


def _checked(where: str, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or "onset_s" not in row:
        raise FormatError(f"{where}: expected an object with onset_s, got {row!r}")
    return row


def _parsed(path: Path) -> Any:
    try:
        return read_json(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except ValueError as error:
        raise FormatError(f"{path}: not JSON ({error})") from error


def _has_events(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("events"), list)


def _event(where: str, row: Mapping[str, Any], session: str) -> Event:
    if not plain(session):
        raise FormatError(f"{where}: session is empty; expected the name of a session")
    onset_s = seconds_of(where, "onset_s", row["onset_s"])
    return Event(
        session_id=plain(session),
        onset_s=onset_s,
        offset_s=_seconds_or(onset_s, where, "offset_s", row),
        trigger_s=_seconds_or(onset_s, where, "trigger_s", row),
        label=str(row.get("label", "")),
        peak=math.nan,
    )


def _seconds_or(default_s: float, where: str, name: str, row: Mapping[str, Any]) -> float:
    value = row.get(name)
    if value is None or value == "":
        return default_s
    return seconds_of(where, name, value)
