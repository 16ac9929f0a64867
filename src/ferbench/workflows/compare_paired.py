"""Runs on the same participants compared with a first one, from their recorded counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ferbench.errors import ConfigError, FerbenchError
from ferbench.report.comparability import matching_params
from ferbench.report.statistics_text import FEW
from ferbench.results import RunRow
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.paired import Difference
from ferbench.scoring.uncertainty.paired_runs import in_common, paired, values_on
from ferbench.sentences import Text, joined
from ferbench.tracking.query import runs_of
from ferbench.tracking.store import Store
from ferbench.types import CountsRow
from ferbench.wording import some
from ferbench.workflows.paired_comparison import PairedComparison
from ferbench.workflows.recorded_counts import COUNTS_TABLE, changed_annotations, counts_of

CountsOf = Callable[[RunRow], Sequence[CountsRow]]
"""From a run to its counts, a row per session; may raise FerbenchError."""


def counts_in(store: Store) -> CountsOf:
    """Counts of the runs that a store has."""
    return lambda run: counts_of(store.file(run.run_id, COUNTS_TABLE), run)


def one_run(store: Store, name: str) -> RunRow:
    """The run with an id or a name.

    Raises:
        FerbenchError: there is none, or several.
    """
    selection = runs_of(store, name)
    num_runs = len(selection.runs)
    if num_runs != 1:
        raise FerbenchError(
            f"{name!r} is {selection.what} with {num_runs} runs; expected one run's id or name"
        )
    return selection.runs[0]


def compare_two(store: Store, names: tuple[str, str], *, seed: int) -> PairedComparison:
    """Compare the second of two runs with the first; see ``compare_paired``.

    Args:
        store: that has them.
        names: id or name of each.
        seed: of the random numbers.
    """
    first, second = (one_run(store, name) for name in names)
    return compare_paired(store, first, [second], seed=seed)


def compare_against(
    store: Store, name: str, runs: Sequence[RunRow], *, seed: int
) -> PairedComparison:
    """Compare each of some runs that has numbers with one; see ``compare_paired``.

    Args:
        store: that has them.
        name: id or name of the one; it may be among the runs.
        runs: those that cannot be compared are left out and noted.
        seed: of the random numbers.
    """
    first = one_run(store, name)
    others = [run for run in runs if run.run_id != first.run_id and run.metrics]
    return compare_paired(store, first, others, seed=seed, leave_out=True)


def compare_paired(
    store: Store, first: RunRow, others: Sequence[RunRow], *, seed: int, leave_out: bool = False
) -> PairedComparison:
    """Compare recorded runs; see ``paired_of``."""
    return paired_of(first, others, counts_in(store), seed=seed, leave_out=leave_out)


def paired_of(
    first: RunRow,
    others: Sequence[RunRow],
    counts_of_run: CountsOf,
    *,
    seed: int,
    rules: StatisticsRules | None = None,
    leave_out: bool = False,
) -> PairedComparison:
    """Compare other runs with a first one by participant, on the sessions that all have.

    Args:
        first: a run.
        others: other runs.
        counts_of_run: finds their counts.
        seed: of the random numbers.
        rules: draws and intervals; None = the default ones.
        leave_out: other runs that cannot be compared are left out and noted, as long as one is
            left.

    Raises:
        ConfigError: no other run, another way of scoring, other annotations, or no session in
            common.
        TrackingError: a run has no table of counts.
    """
    counts = counts_of_run(first)
    counts_of_others, left_out = _comparable_runs(
        counts_of_run, first, counts, others, leave_out=leave_out
    )
    tables, dropped = in_common([counts, *counts_of_others.values()])
    if not tables[0]:
        raise ConfigError("these runs have no session in common")
    rules = rules or StatisticsRules()
    differences = paired(
        tables[0],
        tables[1:],
        draws=rules.draws,
        seed=seed,
        level=rules.confidence,
        method=rules.method,
        alpha=rules.alpha,
    )
    participants = {row.participant or f"session {row.session_id}" for row in tables[0]}
    values = values_on(tables)
    return PairedComparison(
        first=first,
        others=tuple(run for run in others if run.run_id in counts_of_others),
        rules=rules,
        seed=seed,
        values=values.by_name,
        differences=differences,
        participants=len(participants),
        notes=(
            *_notes(dropped, len(participants), differences[MAIN][0]),
            *_undefined(values.left_out),
            *left_out,
        ),
    )


def _comparable_runs(
    counts_of_run: CountsOf,
    first: RunRow,
    counts: Sequence[CountsRow],
    others: Sequence[RunRow],
    *,
    leave_out: bool,
) -> tuple[dict[str, Sequence[CountsRow]], list[str]]:
    """Counts of the other runs that can be compared, by their ids, and which are left out.

    Raises:
        ConfigError: none is left.
        FerbenchError: one cannot be compared, and ``leave_out`` is False.
    """
    found: dict[str, Sequence[CountsRow]] = {}
    left_out: list[str] = []
    for run in others:
        try:
            found[run.run_id] = _comparable(counts_of_run, first, counts, run)
        except FerbenchError as error:
            if not leave_out:
                raise
            left_out.append(Text(f"left out: {run.name} ({run.run_id[:8]}): ", error.text()))
    if not found:
        raise ConfigError(joined("; ", left_out) or "there is no other run to compare with")
    return found, left_out


def _undefined(left_out: Mapping[str, int]) -> list[str]:
    """Who is no part of a mean over participants."""
    missing = [f"{name} {number}" for name, number in left_out.items() if number]
    if not missing:
        return []
    return [f"participants without a number of their own in some run, left out: {some(missing)}"]


def _notes(dropped: Sequence[str], participants: int, example: Difference) -> list[str]:
    notes = []
    if dropped:
        notes.append(f"only in some of the runs, left out: {', '.join(dropped)}")
    if participants < FEW:
        notes.append(
            f"only {participants} participants: intervals of so few are too short "
            "(docs/scoring.md, Intervals)"
        )
    if example.least_p > 0.05:
        notes.append(
            f"with {participants} participants no p value can be below {example.least_p:.3g}, "
            "however large a difference"
        )
    return notes


def _comparable(
    counts_of_run: CountsOf, first: RunRow, counts: Sequence[CountsRow], run: RunRow
) -> Sequence[CountsRow]:
    """The counts of another run.

    Raises:
        ConfigError: it was scored in another way, or a session against other annotations.
        TrackingError: it has no table of counts.
    """
    different = [
        f"{name} {first.params.get(name, '-')} and {run.params.get(name, '-')}"
        for name in matching_params([first, run])
    ]
    if different:
        raise ConfigError(
            f"these runs were scored in different ways ({'; '.join(different)}); compare those "
            "with the same"
        )
    rows = counts_of_run(run)
    changed = changed_annotations(rows, counts)
    if changed:
        raise ConfigError(
            "these runs were scored against different annotations or observed time "
            f"({some(changed)}); a paired comparison needs the same"
        )
    return rows
