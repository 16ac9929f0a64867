"""The times of an .eaf file's annotations, also of those that have none of their own.

As ELAN shows and exports them. Time slots without a time are spread evenly between those that have
one: of a tier that hangs on another between the slots of its own annotations, else between all
slots of the file. Annotations that divide another one (Symbolic_Subdivision) share its time evenly,
others that refer to one (Symbolic_Association) have its time. Times are whole milliseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from ferbench.formats.eaf_document import EafAnnotation, EafDocument, EafTier

_REFERS: Final = "Symbolic_Association"
_ZERO: Final = ""
"""Stands for a slot at 0 ms, before all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EafTime:
    """Begin and end of an annotation, ms; None = not known. ``shared``: spread evenly, as above."""

    begin_ms: int | None
    end_ms: int | None
    shared: bool = False


class EafTimes:
    """The times of a document's annotations."""

    def __init__(self, document: EafDocument) -> None:
        """Spread the slots that have no time."""
        self._document = document
        own = document.slots_ms
        self._slots_ms = {slot: time for slot, time in own.items() if time is not None}
        self._all_spread: dict[str, int] = {}
        self._shares = _Shares.of(document)
        self._known: dict[str, EafTime] = {}
        if None in own.values():
            self._all_spread = _spread([_ZERO, *own], {**self._slots_ms, _ZERO: 0})
            for tier in _parents_first(document):
                self._spread_tier(tier)

    def of(self, annotation: EafAnnotation) -> EafTime:
        """The time of an annotation.

        Raises FormatError where it refers to nothing, or has a slot that is not there.
        """
        way = self._way_up(annotation)
        for each in reversed(way):
            if each.name not in self._known:
                self._known[each.name] = self._time(each)
        return self._known[annotation.name]

    def _way_up(self, annotation: EafAnnotation) -> list[EafAnnotation]:
        """The annotation, the one that it refers to, and so on to one with slots of its own."""
        way = [annotation]
        seen = {annotation.name}
        while way[-1].slots is None and way[-1].name not in self._known:
            parent = self._document.annotations.get(way[-1].parent)
            if parent is None or parent.name in seen:
                what = f"refers to {way[-1].parent}, which leads nowhere"
                raise self._document.wrong(f"annotation {way[-1].name} {what}", way[-1].line)
            seen.add(parent.name)
            way.append(parent)
        return way

    def _time(self, annotation: EafAnnotation) -> EafTime:
        """The time of an annotation; that of the one that it refers to is known."""
        if annotation.slots is not None:
            return self._time_of_slots(annotation, annotation.slots)
        parent = self._known[annotation.parent]
        place, num_shares = self._shares.of_annotation(annotation)
        if num_shares == 1 or parent.begin_ms is None or parent.end_ms is None:
            return parent
        length_ms = parent.end_ms - parent.begin_ms
        return EafTime(
            begin_ms=parent.begin_ms + place * length_ms // num_shares,
            end_ms=parent.begin_ms + (place + 1) * length_ms // num_shares,
            shared=True,
        )

    def _time_of_slots(self, annotation: EafAnnotation, slots: tuple[str, str]) -> EafTime:
        own = self._document.slots_ms
        for slot in slots:
            if slot not in own:
                what = f"annotation {annotation.name}: there is no time slot {slot}"
                raise self._document.wrong(what, annotation.line)
        begins, ends = slots
        return EafTime(
            begin_ms=self._slots_ms.get(begins),
            end_ms=self._slots_ms.get(ends),
            shared=own[begins] is None or own[ends] is None,
        )

    def _spread_tier(self, tier: EafTier) -> None:
        """Give times to a tier's slots that have none; those of the tiers above have theirs."""
        pairs = [note.slots for note in tier.annotations if note.slots is not None]
        used = set(chain.from_iterable(pairs))
        if "PARENT_REF" in tier.attributes:
            for slots in _chains(pairs, self._slots_ms):
                self._slots_ms |= _spread(slots, self._slots_ms)
            in_order = [slot for slot in self._document.slots_ms if slot in used]
            self._slots_ms |= _spread(in_order, self._slots_ms)
            return
        for slot in used & self._all_spread.keys():
            self._slots_ms.setdefault(slot, self._all_spread[slot])


def _spread(slots: Sequence[str], known_ms: dict[str, int]) -> dict[str, int]:
    """Times of the slots without one that lie between two with one, in rising order.

    >>> _spread(["a", "b", "c", "d"], {"a": 0, "d": 100})
    {'b': 33, 'c': 66}
    """
    spread_ms: dict[str, int] = {}
    last: int | None = None
    for at, slot in enumerate(slots):
        if slot not in known_ms:
            continue
        if last is not None and at > last + 1:
            begin_ms, end_ms = known_ms[slots[last]], known_ms[slot]
            step_ms = (end_ms - begin_ms) // (at - last)
            if step_ms >= 0:
                for place in range(1, at - last):
                    spread_ms[slots[last + place]] = begin_ms + place * step_ms
        last = at
    return spread_ms


def _chains(pairs: Sequence[tuple[str, str]], known_ms: dict[str, int]) -> list[list[str]]:
    """Slots from one with a time to the next with one, along annotations that share slots."""
    next_of = {}
    for begins, ends in reversed(pairs):
        next_of[begins] = ends
    chains = []
    between: set[str] = set()
    for begins, ends in pairs:
        if begins not in known_ms:
            continue
        chain = [begins]
        following: str | None = ends
        while following is not None and following not in known_ms and following not in between:
            between.add(following)
            chain.append(following)
            following = next_of.get(following)
        if len(chain) > 1 and following in known_ms:
            chains.append([*chain, following])
    return chains


def _parents_first(document: EafDocument) -> list[EafTier]:
    """Tiers in an order in which each comes after the one that it hangs on."""
    ordered: dict[str, EafTier] = {}
    for name in document.tiers:
        way: dict[str, None] = {}
        above = name
        while above in document.tiers and above not in ordered and above not in way:
            way[above] = None
            above = document.tiers[above].attributes.get("PARENT_REF", "")
        for each in reversed(way):
            ordered.setdefault(each, document.tiers[each])
    return list(ordered.values())


@dataclass(slots=True, kw_only=True)
class _Shares:
    """Which share of the annotation that it divides each annotation has: its place, of how many."""

    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: EafDocument) -> _Shares:
        """Find all annotations that divide another one.

        A tier of a type that says nothing divides where several of its annotations refer to one.
        """
        shares = cls()
        for tier in document.tiers.values():
            constraint = document.constraint(tier).replace(" ", "_")
            if constraint == _REFERS:
                continue
            children: dict[str, list[EafAnnotation]] = defaultdict(list)
            for note in tier.annotations:
                if note.slots is None:
                    children[note.parent].append(note)
            for siblings in children.values():
                shares._divide(siblings)
        return shares

    def _divide(self, siblings: Sequence[EafAnnotation]) -> None:
        for place, note in enumerate(_in_order(siblings)):
            self.places[note.name] = (place, len(siblings))

    def of_annotation(self, annotation: EafAnnotation) -> tuple[int, int]:
        """Its place among those that divide the same, and how many these are."""
        return self.places.get(annotation.name, (0, 1))


def _in_order(siblings: Sequence[EafAnnotation]) -> list[EafAnnotation]:
    """Annotations that divide one, each after the one that it names as the one before it."""
    names = {note.name for note in siblings}
    followers: dict[str, list[EafAnnotation]] = defaultdict(list)
    for note in siblings:
        followers[note.previous if note.previous in names else ""].append(note)
    ordered: dict[str, EafAnnotation] = {}
    waiting = list(reversed(followers[""]))
    while waiting:
        note = waiting.pop()
        if note.name not in ordered:
            ordered[note.name] = note
            waiting += reversed(followers[note.name])
    for note in siblings:  # in a circle
        ordered.setdefault(note.name, note)
    return list(ordered.values())
