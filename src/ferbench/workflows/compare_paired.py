"""``ferbench compare --paired`` and ``--against``.

Runs on the same participants, from their recorded counts.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferbench.app.tables import FittedTable, rows_table
from ferbench.errors import ConfigError, FerbenchError
from ferbench.report.compare import MATCHING
from ferbench.report.statistics_text import FEW
from ferbench.results import CountsRow, RunRow
from ferbench.scoring.matching.event_scoring import EventScoring
from ferbench.scoring.metrics import METRICS, values_of
from ferbench.scoring.uncertainty.paired import Difference, in_common, paired
from ferbench.tracking.store import Store
from ferbench.types import Counts
from ferbench.wording import some

TABLE: Final = "counts.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Other runs against a first one.

    Attributes:
        first: the run that all are compared with.
        others: the other runs.
        values: by metric, the first run's and then each other's, on the sessions that all have.
        settings: how intervals were made.
        seed: of the random numbers.
        differences: by metric, one for each other run.
        participants: that all were compared on.
        notes: what a reader should know.
    """

    first: RunRow
    others: tuple[RunRow, ...]
    values: dict[str, tuple[float, ...]]
    settings: EventScoring
    seed: int
    differences: dict[str, tuple[Difference, ...]]
    participants: int
    notes: tuple[str, ...]


def compare_paired(
    store: Store, first: RunRow, others: Sequence[RunRow], *, seed: int, leave_out: bool = False
) -> Comparison:
    """Compare other runs with a first one, participant by participant, on the sessions that all
    have.

    Args:
        store: that has their counts.
        first: a run.
        others: other runs.
        seed: of the random numbers.
        leave_out: other runs that cannot be compared are left out and noted, as long as one is
            left.

    Raises:
        ConfigError: no other run, another way of scoring, other annotations, or no session in
            common.
        TrackingError: a run has no table of counts.
    """
    counts, fitting, unfit = _counts(store, first), [], []
    for run in others:
        try:
            fitting.append((run, _comparable(store, first, counts, run)))
        except FerbenchError as error:
            if not leave_out:
                raise
            unfit.append(f"left out: {run.name} ({run.run_id[:8]}): {error}")
    if not fitting:
        raise ConfigError("; ".join(unfit) or "there is no other run to compare with")
    runs = tuple(run for run, _ in fitting)
    tables, dropped = in_common([counts, *(rows for _, rows in fitting)])
    if not tables[0]:
        raise ConfigError("these runs have no session in common")
    settings = EventScoring()
    found = paired(
        tables[0],
        tables[1:],
        draws=settings.draws,
        seed=seed,
        level=settings.confidence,
        method=settings.method,
    )
    notes = [f"only in some of the runs, left out: {', '.join(dropped)}"] if dropped else []
    people = {row.participant or f"session {row.session_id}" for row in tables[0]}
    if len(people) < FEW:
        notes.append(
            f"only {len(people)} participants: intervals of so few are too short (docs/scoring.md, Intervals)"
        )
    example = found["f1"][0]
    if example.least_p > 0.05:
        notes.append(
            f"with {len(people)} participants no p value can be below {example.least_p:.3g}, however large a difference"
        )
    totals = [values_of(sum((row.counts for row in rows[1:]), rows[0].counts)) for rows in tables]
    return Comparison(
        first=first,
        others=runs,
        settings=settings,
        seed=seed,
        values={name: tuple(own[name] for own in totals) for name in METRICS},
        differences=found,
        participants=len(people),
        notes=(*notes, *unfit),
    )


def _comparable(
    store: Store, first: RunRow, counts: Sequence[CountsRow], run: RunRow
) -> list[CountsRow]:
    """The counts of another run.

    Raises:
        ConfigError: it was scored in another way, or a session against other annotations.
        TrackingError: it has no table of counts.
    """
    if _rule(first) != _rule(run):
        names = sorted(name for name, _ in _rule(first) ^ _rule(run))
        told = (
            f"{name} {first.params.get(name, '-')} and {run.params.get(name, '-')}"
            for name in dict.fromkeys(names)
        )
        raise ConfigError(
            f"these runs were scored in different ways ({'; '.join(told)}); compare those with the same"
        )
    rows = _counts(store, run)
    digests = {row.session_id: row.annotations_sha for row in counts}
    changed = [
        row.session_id
        for row in rows
        if digests.get(row.session_id, row.annotations_sha) != row.annotations_sha
    ]
    if changed:
        raise ConfigError(
            f"these runs were scored against different annotations or observed time ({some(changed)}); a paired "
            "comparison needs the same"
        )
    return rows


def _rule(run: RunRow) -> set[tuple[str, str]]:
    """How a run's events were matched."""
    return {(name, value) for name, value in run.params.items() if name.startswith(MATCHING)}


def _counts(store: Store, run: RunRow) -> list[CountsRow]:
    """A run's counts with the window that it was scored with."""
    path = store.file(run.run_id, TABLE)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [_row(line) for line in csv.DictReader(stream)]
    post_s = run.params.get("scoring.post_s")
    own = [
        row
        for row in rows
        if post_s is None or math.isnan(row.post_s) or math.isclose(row.post_s, float(post_s))
    ]
    if not own:
        raise ConfigError(
            f"run {run.run_id[:8]}: {TABLE} has no counts with its own window of {post_s} s"
        )
    return own


def _row(line: dict[str, str]) -> CountsRow:
    def number(name: str) -> float:
        return float(line[name]) if line[name] else math.nan

    whole = {name: int(number(name)) for name in ("tp", "fp", "fn", "n_ref")}
    return CountsRow(
        session_id=line["session"],
        participant=line["participant"],
        threshold=number("threshold"),
        pre_s=number("pre_s"),
        post_s=number("post_s"),
        counts=Counts(**whole, observed_s=number("observed_s"), valid_s=number("valid_s")),
        annotations_sha=line["annotations_sha"],
    )


def tables(found: Comparison) -> list[FittedTable]:
    """A table for each other run, or for several one of F1."""
    several = len(found.others) > 1
    corrected = ("p (Holm)", "p (max-T)") if several else ()
    header = ("metric", "first", "other", "difference", "95 % interval", "p", *corrected)
    result = []
    for k, other in enumerate(found.others):
        rows = []
        for name in METRICS:
            difference = found.differences[name][k]
            values = (found.values[name][0], found.values[name][k + 1])
            adjusted = (_text(difference.p_holm, 4), _text(difference.p_max, 4)) if several else ()
            rows.append((name, *map(_text, values), *_difference(difference), *adjusted))
        title = f"{other.name} ({other.run_id[:8]}) against {found.first.name} ({found.first.run_id[:8]})"
        result.append(rows_table(title, header, rows))
    return result


def _difference(found: Difference) -> tuple[str, str, str]:
    low, high = found.interval.low, found.interval.high
    sign = "+" if found.value > 0 else ""
    return f"{sign}{_text(found.value)}", f"{_text(low)} to {_text(high)}", _text(found.p, 4)


def closing(found: Comparison) -> list[str]:
    """What the numbers rest on."""
    example = found.differences["f1"][0]
    swaps = f"all {example.swaps} swaps" if example.exact else f"{example.swaps} random swaps"
    return [
        f"{found.participants} participants; p by {swaps} of the two runs within participants; intervals by "
        f"{found.settings.draws} draws of them, method {found.settings.method}; seed {found.seed}",
        *found.notes,
    ]


def plain(found: Comparison) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""

    def value(number: float) -> float | None:
        return None if math.isnan(number) else number

    def of(difference: Difference) -> dict[str, Any]:
        return {
            "difference": value(difference.value),
            "low": value(difference.interval.low),
            "high": value(difference.interval.high),
            "p": value(difference.p),
            "p_holm": value(difference.p_holm),
            "p_max": value(difference.p_max),
            "exact": difference.exact,
            "swaps": difference.swaps,
        }

    return {
        "first": found.first.run_id,
        "values": {name: value(own[0]) for name, own in found.values.items()},
        "participants": found.participants,
        "draws": found.settings.draws,
        "confidence": found.settings.confidence,
        "method": found.settings.method,
        "seed": found.seed,
        "others": [
            {
                "run_id": other.run_id,
                **{
                    name: {"value": value(found.values[name][k + 1]), **of(each[k])}
                    for name, each in found.differences.items()
                },
            }
            for k, other in enumerate(found.others)
        ],
        "notes": list(found.notes),
    }


def _text(value: float, decimals: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"
