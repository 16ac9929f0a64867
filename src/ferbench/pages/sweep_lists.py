"""Events and hits of many runs, each distinct list of a session once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ferbench.pages.cell_tables import OUTCOMES, CellTables, SessionTables
from ferbench.scoring.metrics import f1
from ferbench.scoring.ratios import defined
from ferbench.scoring.tally import Tally

MOST_ENTRIES: Final = 300_000
"""Events and annotations that a page holds at most, about 8 MB."""
NO_LIST: Final = -1
_SessionLists = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLists:
    """What the sessions of some runs came to.

    Attributes:
        sessions: name and participant of each, sorted by name.
        lists: every distinct list of a session: events (onset, offset, label, outcome) and
            annotations (onset, kind, found); label, outcome and kind by number.
        words: labels and kinds.
        of_cells: for each run the number of the list of each session, ``NO_LIST`` = none.
        left_out: how many runs have no lists for want of room.
    """

    sessions: tuple[tuple[str, str], ...]
    lists: tuple[dict[str, Any], ...]
    words: tuple[str, ...]
    of_cells: tuple[tuple[int, ...], ...]
    left_out: int


def session_lists(cells: Sequence[CellTables], *, most: int = MOST_ENTRIES) -> SessionLists:
    """Collect the lists of some runs; those that come first get room first."""
    participants: dict[str, str] = {}
    for cell in cells:
        for name, session in cell.sessions.items():
            participants.setdefault(name, session.participant)
    names = sorted(participants)
    words: dict[str, int] = {}
    numbers: dict[SessionTables, int] = {}
    lists: _SessionLists = []
    of_cells = []
    room, left_out = most, 0
    for cell in cells:
        new = {one for one in cell.sessions.values() if one not in numbers}
        room -= sum(len(one.events) + len(one.annotations) for one in new)
        if room < 0:
            left_out += 1
            room = 0
            of_cells.append((NO_LIST,) * len(names))
            continue
        for one in cell.sessions.values():
            if one not in numbers:
                numbers[one] = len(lists)
                lists.append(_plain(one, words))
        found = [cell.sessions.get(name) for name in names]
        of_cells.append(tuple(NO_LIST if one is None else numbers[one] for one in found))
    return SessionLists(
        sessions=tuple((name, participants[name]) for name in names),
        lists=tuple(lists),
        words=tuple(words),
        of_cells=tuple(of_cells),
        left_out=left_out,
    )


def _plain(session: SessionTables, words: dict[str, int]) -> dict[str, Any]:
    def number(word: str) -> int:
        return words.setdefault(word, len(words))

    return {
        "counts": session.counts,
        "events": [
            [event.onset_s, event.offset_s, number(event.label), OUTCOMES.index(event.outcome)]
            for event in session.events
        ],
        "annotations": [
            [one.onset_s, number(one.kind), int(one.found)] for one in session.annotations
        ],
    }


def f1_of_participants(
    cells: Sequence[CellTables],
) -> tuple[list[str], list[list[float | None]]]:
    """Names of the annotated participants, and for each run the F1 of each; None = undefined.

    A session without a participant stands for itself.
    """
    totals: list[Mapping[str, list[int]]] = [_totals(cell) for cell in cells]
    names = sorted({name for total in totals for name in total})
    counts = np.full((len(cells), len(names), 3), np.nan)
    for k, total in enumerate(totals):
        for n, name in enumerate(names):
            if name in total:
                counts[k, n] = total[name]
    tp, fp, fn = np.moveaxis(counts, 2, 0)
    values = f1(Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(tp.shape, np.nan)))
    plain = [[defined(round(value, 4)) for value in row] for row in values.tolist()]
    return names, plain


def _totals(cell: CellTables) -> dict[str, list[int]]:
    """Counts of each participant of a run."""
    totals: dict[str, list[int]] = {}
    for name, session in cell.sessions.items():
        if session.counts is None:
            continue
        total = totals.setdefault(session.participant or f"session {name}", [0, 0, 0])
        for k, count in enumerate(session.counts):
            total[k] += count
    return totals
