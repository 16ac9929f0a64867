"""Runs that share stored tables: what they share is looked at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from ferbench.types import Signal
from ferbench.workflows.agreement.recorded_runs import names_of_groups
from ferbench.workflows.inspection.recorded import InspectedRun, Stored, StoredPart

Place = tuple[str, int]
"""Session and number of the part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Runs with the same tables.

    Attributes:
        name: the choices in which groups differ.
        runs: the runs.
    """

    name: str
    runs: tuple[InspectedRun, ...]

    @property
    def places(self) -> dict[Place, StoredPart]:
        """Its videos."""
        return {(part.session, part.number): part for part in self.runs[0].parts}

    def tables(self) -> Iterator[tuple[StoredPart, Stored]]:
        """Its videos with their tables, one after the other."""
        for part in self.runs[0].parts:
            yield part, self.runs[0].tables(part)


def groups_by(stage: str, runs: Sequence[InspectedRun]) -> list[Group]:
    """Runs with the same tables of a stage, named by what differs between the groups."""
    named_by = {"faces": ("detector",), "expressions": ("detector", "preprocessing", "model")}
    by_keys: dict[Hashable, list[InspectedRun]] = {}
    for run in runs:
        keys = tuple((part.session, part.number, part.keys[stage]) for part in run.parts)
        by_keys.setdefault(keys, []).append(run)
    members = list(by_keys.values())
    rows = [[run.row for run in group] for group in members]
    names = names_of_groups(rows, alone=named_by[stage])
    return [Group(name=name, runs=tuple(group)) for name, group in zip(names, members, strict=True)]


def signals_of(run: InspectedRun) -> list[Signal]:
    """The signals of all videos of a run, as it had them when it looked for events."""
    built: list[tuple[StoredPart, tuple[Signal, ...]]] = []
    for part in run.parts:
        tables = run.tables(part)
        chosen = run.selector.select(tables.faces, tables.timeline, camera=part.camera)
        signals = run.signal.build(
            tables.expressions, chosen, tables.timeline, tables.faces, tables.pictures
        )
        built.append((part, signals))
    settled: list[Signal] = []
    for part, signals in built:
        others = tuple(
            of_other
            for other, of_other in built
            if part.participant
            and other.participant == part.participant
            and other.session != part.session
        )
        settled += run.signal.apply_participant_baseline(signals, others=others)
    return settled
