"""What a blind rater sees: near-identical events of several models once, in an order by lot."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ferbench.formats.grading_key import KeyRow
from ferbench.scoring.graded_events import GradedEvent, pools
from ferbench.scoring.scored_session import Stamp

_LETTERS: Final = 8
"""Hexadecimal digits that tell the items of one page from those of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One event of the session, whoever found it.

    Attributes:
        item: its name.
        session: where it is.
        label: expression.
        onset_s: the earliest of its events'.
        offset_s: the latest of its events'.
        trigger_s: the earliest of its events'.
    """

    item: str
    session: str
    label: str
    onset_s: float
    offset_s: float
    trigger_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items in the order of sessions and time, and the key to them."""

    items: tuple[Item, ...]
    key: tuple[KeyRow, ...]

    def by_lot(self, seed: int) -> tuple[Item, ...]:
        """In an order that says nothing."""
        order = np.random.default_rng(seed).permutation(len(self.items))
        return tuple(self.items[place] for place in order)


def grading_items(rows: Sequence[KeyRow], *, tolerance_s: float, stamp: Stamp) -> Items:
    """Pool events of all models.

    Items are named by the digest of all their times and a number in the order of time. So pages of
    one set of events have the same items whatever their order, and no name tells a model.
    """
    events = [_event(row) for row in sorted(rows, key=_place)]
    pooled = pools(events, tolerance_s=tolerance_s, stamp=stamp)
    shown = [_item(pool) for pool in pooled]
    digest = hashlib.sha256(repr(shown).encode()).hexdigest()[:_LETTERS]
    items = []
    key: list[KeyRow] = []
    for number, (item, pool) in enumerate(zip(shown, pooled, strict=True), start=1):
        name = f"{digest}-{number:04d}"
        items.append(replace(item, item=name))
        key += [_key_row(name, event) for event in pool]
    return Items(items=tuple(items), key=tuple(key))


def _place(row: KeyRow) -> tuple[str, float, float, str]:
    return row.session, row.onset_s, row.trigger_s, row.model


def _event(row: KeyRow) -> GradedEvent:
    return GradedEvent(
        session=row.session,
        participant=row.participant,
        model=row.model,
        label=row.label,
        onset_s=row.onset_s,
        offset_s=row.offset_s,
        trigger_s=row.trigger_s,
        timecode=row.timecode,
        unit=(),
        rows={},
    )


def _item(pool: Sequence[GradedEvent]) -> Item:
    return Item(
        item="",
        session=pool[0].session,
        label=pool[0].label,
        onset_s=min(event.onset_s for event in pool),
        offset_s=max(event.offset_s for event in pool),
        trigger_s=min(event.trigger_s for event in pool),
    )


def _key_row(item: str, event: GradedEvent) -> KeyRow:
    return KeyRow(
        item=item,
        participant=event.participant,
        session=event.session,
        model=event.model,
        label=event.label,
        onset_s=event.onset_s,
        offset_s=event.offset_s,
        trigger_s=event.trigger_s,
        timecode=event.timecode,
    )
