"""A run's tables as a page of runs shows them, read back from the files that the run left."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import TrackingError
from ferbench.pages.cell_tables import (
    CellTables,
    Outcome,
    SessionTables,
    ShownAnnotation,
    ShownEvent,
)
from ferbench.results import RunRow

SESSION_PAGES: Final = "sessions"
"""Folder of a run's session pages among its artifacts."""

FileOf = Callable[[str], Path | None]
"""From a file's name among the artifacts to where it is; None = the run has none."""

_Rows = list[dict[str, str]]
_CURVE: Final = "statistics/precision_recall.csv"
TABLES: Final = ("events.csv", "matches.csv", "sessions.csv", _CURVE)
"""Names of a run's files that are read here."""
_HITS: Final[dict[str, Outcome]] = {
    "match": "hit",
    "false alarm": "false alarm",
    "ignored": "ignored",
}


def tables_below(artifacts: Path) -> FileOf:
    """The files of a folder of artifacts."""

    def find(name: str) -> Path | None:
        path = artifacts / name
        return path if path.is_file() else None

    return find


def pages_below(artifacts: Path) -> frozenset[str]:
    """Names of the session pages in a folder of artifacts."""
    return frozenset(path.name for path in (artifacts / SESSION_PAGES).glob("*.html"))


def stamp_of(row: RunRow) -> str:
    """Which time of an event a run's matches are told by."""
    return row.params.get("scoring.stamp", "trigger")


def read_cell(
    file_of: FileOf, *, stamp: str, place: str = "", pages: frozenset[str] = frozenset()
) -> CellTables:
    """Read a run's tables.

    Args:
        file_of: finds its files.
        stamp: which time of an event its matches are told by, ``trigger`` or ``onset``.
        place: address of the folder with its session pages, relative to the page that links them.
        pages: their names.

    Raises:
        TrackingError: a table is not as a run writes it.
    """
    events = _by_session(_rows(file_of("events.csv")))
    matches = _by_session(_rows(file_of("matches.csv")))
    sessions = {}
    for row in _rows(file_of("sessions.csv")):
        name = row["session"]
        sessions[name] = _session(row, events.get(name, []), matches.get(name, []), stamp)
    curve = tuple(
        (float(row["recall"]), float(row["precision"]))
        for row in _rows(file_of(_CURVE))
        if row["recall"] and row["precision"]
    )
    return CellTables(sessions=sessions, curve=curve, place=place, pages=pages)


def _rows(path: Path | None) -> _Rows:
    if path is None:
        return []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrackingError(f"{path} cannot be read: {error}") from error
    if rows and None in rows[-1].values():  # cut off within a line
        raise TrackingError(f"{path} is not whole; write the run's tables again")
    return rows


def _by_session(rows: _Rows) -> dict[str, _Rows]:
    groups: dict[str, _Rows] = {}
    for row in rows:
        groups.setdefault(row["session"], []).append(row)
    return groups


def _session(
    row: Mapping[str, str], events: Sequence[Mapping[str, str]], matches: _Rows, stamp: str
) -> SessionTables:
    outcomes: dict[tuple[str, float], Counter[Outcome]] = {}
    for match in matches:
        if match["outcome"] in _HITS:
            key = match["event_label"], float(match["event_s"])
            outcomes.setdefault(key, Counter())[_HITS[match["outcome"]]] += 1
    counts = None
    if row["tp"]:
        counts = int(row["tp"]), int(row["fp"]), int(row["fn"])
    return SessionTables(
        participant=row["participant"],
        counts=counts,
        events=tuple(_event(event, outcomes, f"{stamp}_s") for event in events),
        annotations=tuple(_annotations(matches)),
    )


def _event(
    row: Mapping[str, str], outcomes: Mapping[tuple[str, float], Counter[Outcome]], stamp: str
) -> ShownEvent:
    """An event with what it counted as; of several alike each takes one outcome."""
    outcome: Outcome = "not scored"
    left = outcomes.get((row["label"], float(row[stamp])))
    if left:
        outcome = next(iter(left))
        left[outcome] -= 1
        if left[outcome] == 0:
            del left[outcome]
    return ShownEvent(
        onset_s=float(row["onset_s"]),
        offset_s=float(row["offset_s"]),
        label=row["label"],
        outcome=outcome,
    )


def _annotations(matches: _Rows) -> list[ShownAnnotation]:
    annotations = [
        ShownAnnotation(
            onset_s=float(row["annotation_s"]),
            kind=row["annotation_kind"],
            found=row["outcome"] == "match",
        )
        for row in matches
        if row["annotation_s"]
    ]
    return sorted(annotations, key=lambda one: (one.onset_s, one.kind))
