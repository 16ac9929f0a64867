"""The key of a page that hides models: whose events each of its items stands for.

A CSV beside the page, a row per event: the page shows near-identical events of several models
once, so an item can have several rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import FormatError
from ferbench.formats.csv_rows import rows_of, seconds_of
from ferbench.formats.csv_text import csv_text
from ferbench.formats.grades import GradeRow
from ferbench.formats.spreadsheet_text import as_harmless, as_meant
from ferbench.wording import some

COLUMNS: Final = (
    "item",
    "participant",
    "session",
    "model",
    "label",
    "onset_s",
    "offset_s",
    "trigger_s",
    "timecode",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One event, and the item that shows it.

    Attributes:
        item: its name on the page.
        participant: who is on the video; "" = not told.
        session: of the event.
        model: whose event it is.
        label: expression.
        onset_s: the event's own, seconds of the session.
        offset_s: likewise.
        trigger_s: likewise.
        timecode: of its first frame, as the thesis has it; "" = not told.
    """

    item: str
    participant: str
    session: str
    model: str
    label: str
    onset_s: float
    offset_s: float
    trigger_s: float
    timecode: str


def read_grading_key(path: Path) -> dict[str, tuple[KeyRow, ...]]:
    """Events by item.

    Raises:
        FormatError: no such file, or not such a table; names the line.
    """
    found: dict[str, list[KeyRow]] = defaultdict(list)
    for line, row in rows_of(path, needed=COLUMNS, what="the key of a page for grading"):
        where = f"{path.name}, line {line}"
        text = {name: as_meant(row[name]) for name in COLUMNS}
        if not text["item"]:
            raise FormatError(f"{where}: item is empty")
        event = KeyRow(
            item=text["item"],
            participant=text["participant"],
            session=text["session"],
            model=text["model"],
            label=text["label"],
            onset_s=seconds_of(where, "onset_s", row["onset_s"]),
            offset_s=seconds_of(where, "offset_s", row["offset_s"]),
            trigger_s=seconds_of(where, "trigger_s", row["trigger_s"]),
            timecode=text["timecode"],
        )
        found[event.item].append(event)
    return {item: tuple(rows) for item, rows in found.items()}


def write_grading_key(path: Path, rows: Iterable[KeyRow]) -> None:
    """Write a key, whole or not at all."""
    lines = []
    for row in rows:
        values = [getattr(row, name) for name in COLUMNS]
        lines.append([as_harmless(v) if isinstance(v, str) else repr(float(v)) for v in values])
    write_text(path, f"\ufeff{csv_text(COLUMNS, lines)}")


def credited(
    rows: Iterable[GradeRow], key: Mapping[str, tuple[KeyRow, ...]], *, key_name: str
) -> list[GradeRow]:
    """Grades of items as grades of the events that they stand for; others as they are.

    An event without a time code takes that of its item: near-identical events have one place.

    Raises:
        FormatError: an item is not in the key.
    """
    found: list[GradeRow] = []
    unknown: list[str] = []
    for row in rows:
        if not row.item:
            found.append(row)
            continue
        events = key.get(row.item, ())
        timecode = next((event.timecode for event in events if event.timecode), "")
        if not events:
            unknown.append(row.item)
        for event in events:
            found.append(
                replace(
                    row,
                    participant=event.participant,
                    session=event.session,
                    model=event.model,
                    label=event.label,
                    onset_s=event.onset_s,
                    offset_s=event.offset_s,
                    trigger_s=event.trigger_s,
                    timecode=event.timecode or timecode,
                )
            )
    if unknown:
        raise FormatError(
            f"{key_name} has no item {some(sorted(set(unknown)))}",
            hint="give the key that was written with the page",
        )
    return found
