"""Tables of events and of sessions' lengths, as ferbench and other programs write them.

For scoring without a run.

Events: a CSV with the columns ``session, onset_s`` and, where they are there, ``offset_s,
trigger_s, label, peak``; or the JSON of ``ferbench events --json`` (of several files an object by
session; of one file the session is named after the JSON file). Lengths: a CSV with ``session`` and
``duration_s``, how long the session is (or ``observed_s``, the seconds that count, as in a run's
``sessions.csv``), and where they are there ``participant`` and ``observed``: stretches such as
``0..60 90..inf``, seconds of the session (empty = everything).
"""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.errors import FormatError
from ferbench.timespans import clipped, total_s
from ferbench.types import Event

LENGTHS: Final = ("observed_s", "duration_s")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLength:
    """How long a session is.

    Attributes:
        duration_s: seconds that count (NaN = not known).
        valid_s: of these, the seconds with a face (NaN = not known).
        observed: stretches [from_s, to_s) of the session in which events and annotations count;
            None = everything.
        participant: whose it is; "" = the table does not say.
    """

    duration_s: float
    valid_s: float
    observed: tuple[tuple[float, float], ...] | None = None
    participant: str = ""


def session_key(name: str) -> str:
    """A session's name without outer blanks and in one Unicode form, so that the same name is the
    same text.
    """
    return unicodedata.normalize("NFC", name.strip())


def read_events(path: Path) -> EventTable:
    """Read a table of events.

    Raises:
        FormatError: no such file, not such a table, or a time that cannot be used; names the line.
    """
    if path.suffix.lower() == ".json":
        return _from_json(path)
    rows = list(
        rows_of(
            path,
            needed=("session", "onset_s"),
            what="a table of events (made with: ferbench events FILES --out EVENTS)",
        )
    )
    events = tuple(_event(f"{path.name}, line {line}", row, row["session"]) for line, row in rows)
    triggers = bool(rows) and all(row.get("trigger_s", "") != "" for _, row in rows)
    return EventTable(
        events=events, sessions=frozenset(e.session_id for e in events), has_triggers=triggers
    )


def read_lengths(path: Path) -> dict[str, SessionLength]:
    """Read a table of sessions' lengths, by session.

    Raises:
        FormatError: no such file, not such a table, or a length that cannot be used; names the
            line.
    """
    found: dict[str, SessionLength] = {}
    for line, row in rows_of(path, needed=("session",), what="a table of sessions' lengths"):
        name = next((name for name in LENGTHS if name in row), None)
        if name is None:
            raise FormatError(
                f"{path}: expected a column {' or '.join(LENGTHS)}; found: {', '.join(row)}"
            )
        where = f"{path.name}, line {line}"
        key = session_key(row["session"])
        if key in found:
            raise FormatError(
                f"{where}: session {key!r} is there twice; expected one line per session"
            )
        valid_s = _seconds(where, "valid_s", row.get("valid_s", "") or math.nan)
        length_s, observed = (
            _seconds(where, name, row[name]),
            _stretches(where, row.get("observed", "")),
        )
        if length_s < 0:
            raise FormatError(f"{where}: {name} is {row[name]!r}, expected 0 or more seconds")
        if name == "duration_s" and observed is not None:
            observed = tuple(clipped(observed, 0.0, length_s))
            length_s = total_s(observed)
        found[key] = SessionLength(
            duration_s=length_s,
            valid_s=valid_s,
            observed=observed,
            participant=session_key(row.get("participant", "")),
        )
    return found


def rows_of(
    path: Path, *, needed: Sequence[str], what: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV by column name, with the line on which each ends.

    Blanks around cells are dropped.

    Raises:
        FormatError: no such file, no CSV, a needed column is missing (``what`` says what was
            expected), or a row has another number of cells than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in needed if name not in header]
            if missing:
                found = ", ".join(header) or "nothing"
                raise FormatError(
                    f"{path} is not {what}: it has no column {', '.join(missing)}; found: {found}"
                )
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise FormatError(
                        f"{path.name}, line {reader.line_num}: expected {len(header)} cells as in the header, "
                        f"got {len(cells)}"
                    )
                yield (
                    reader.line_num,
                    dict(zip(header, (cell.strip() for cell in cells), strict=True)),
                )
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: not a CSV file in UTF-8 ({error})") from error


def _stretches(where: str, text: str) -> tuple[tuple[float, float], ...] | None:
    """Stretches such as ``0..60 90..inf``; None where the cell is empty."""
    found = []
    for piece in text.split():
        ends = [_limit(end) for end in piece.split("..")]
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise FormatError(
                f"{where}: observed is {text!r}, expected stretches such as '0..60 90..inf', in seconds"
            )
        found.append((ends[0], ends[1]))
    return tuple(found) or None


def _limit(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def is_lengths(path: Path) -> bool:
    """Whether a file's header is that of a table of sessions' lengths."""
    header = first_cells(path)
    return "session" in header and any(name in header for name in LENGTHS)


def first_cells(path: Path) -> list[str]:
    """Cells of the first line of a comma-separated file, [] where it is empty or no text."""
    try:
        with path.open("rb") as stream:
            line = stream.readline(4000).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return []
    return [cell.strip().strip('"') for cell in line.split(",")] if line else []


def _from_json(path: Path) -> EventTable:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except ValueError as error:
        raise FormatError(f"{path}: not JSON ({error})") from error
    if isinstance(content, dict) and isinstance(content.get("events"), list):
        content = {path.stem: content}
    if not isinstance(content, dict) or not all(
        isinstance(found, dict) and isinstance(found.get("events"), list)
        for found in content.values()
    ):
        raise FormatError(
            f"{path}: expected what 'ferbench events --json' prints: events, or events by session"
        )
    events, triggers = [], True
    for session, found in content.items():
        for index, row in enumerate(found["events"]):
            where = f"{path.name}, {session}, event {index}"
            if not isinstance(row, dict) or "onset_s" not in row:
                raise FormatError(f"{where}: expected an object with onset_s, got {row!r}")
            events.append(_event(where, row, session))
            triggers = triggers and "trigger_s" in row
    sessions = frozenset(session_key(session) for session in content)
    return EventTable(events=tuple(events), sessions=sessions, has_triggers=triggers)


def _event(where: str, row: Mapping[str, Any], session: str) -> Event:
    if not session_key(session):
        raise FormatError(f"{where}: session is empty; expected the name of a session")
    onset_s = _seconds(where, "onset_s", row["onset_s"])

    def at(name: str) -> float:
        value = row.get(name)
        return onset_s if value is None or value == "" else _seconds(where, name, value)

    return Event(
        session_id=session_key(session),
        onset_s=onset_s,
        offset_s=at("offset_s"),
        trigger_s=at("trigger_s"),
        label=str(row.get("label", "")),
        peak=math.nan,
    )


def _seconds(where: str, name: str, value: object) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.inf
    if math.isinf(seconds) or (math.isnan(seconds) and name != "valid_s"):
        raise FormatError(
            f"{where}: {name} is {value!r}, expected seconds with a decimal point such as 12.5"
        )
    return seconds
