"""``ferbench compare --paired`` and ``--against``: runs on the same participants, from their recorded counts."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferbench.app.console import FittedTable, rows_table
from ferbench.errors import ConfigError
from ferbench.results import CountsRow, RunRow
from ferbench.scoring.events import EventScoring
from ferbench.scoring.paired import Difference, in_common, paired
from ferbench.scoring.tally import METRICS
from ferbench.tracking.store import Store
from ferbench.types import Counts

TABLE: Final = "counts.csv"
SAME_MARKS_TAG: Final = "ferbench.annotations_sha"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Other runs against a first one.

    Attributes:
        first: the run that all are compared with.
        others: the other runs.
        differences: by metric, one for each other run.
        participants: that all were compared on.
        notes: what a reader should know.
    """

    first: RunRow
    others: tuple[RunRow, ...]
    differences: dict[str, tuple[Difference, ...]]
    participants: int
    notes: tuple[str, ...]


def compare_paired(store: Store, first: RunRow, others: Sequence[RunRow], *, seed: int) -> Comparison:
    """Compare other runs with a first one, participant by participant.

    Raises:
        ConfigError: no other run, different annotations or windows, or no session in common.
        TrackingError: a run has no table of counts.
    """
    if not others:
        raise ConfigError("there is no other run to compare with")
    marks = {run.tags.get(SAME_MARKS_TAG, "") for run in (first, *others)}
    if len(marks) > 1:
        raise ConfigError("these runs were scored against different annotations; a paired comparison needs the same")
    windows = {(run.params.get("scoring.pre_s", ""), run.params.get("scoring.post_s", "")) for run in (first, *others)}
    if len(windows) > 1:
        listed = ", ".join(f"-{pre} s to +{post} s" for pre, post in sorted(windows))
        raise ConfigError(f"these runs matched events in different windows ({listed}); compare those with the same")
    tables, dropped = in_common([_counts(store, run) for run in (first, *others)])
    if not tables[0]:
        raise ConfigError("these runs have no session in common")
    settings = EventScoring()
    found = paired(
        tables[0], tables[1:], draws=settings.draws, seed=seed, level=settings.confidence, method=settings.method
    )
    notes = [f"only in some of the runs, left out: {', '.join(dropped)}"] if dropped else []
    people = {row.participant or f"session {row.session_id}" for row in tables[0]}
    example = found["f1"][0]
    if example.least_p > 0.05:
        notes.append(
            f"with {len(people)} participants no p value can be below {example.least_p:.3g}, however large a difference"
        )
    return Comparison(
        first=first, others=tuple(others), differences=found, participants=len(people), notes=tuple(notes)
    )


def _counts(store: Store, run: RunRow) -> list[CountsRow]:
    """A run's counts with the window that it was scored with."""
    path = store.file(run.run_id, TABLE)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [_row(line) for line in csv.DictReader(stream)]
    post_s = run.params.get("scoring.post_s")
    own = [row for row in rows if post_s is None or math.isnan(row.post_s) or math.isclose(row.post_s, float(post_s))]
    if not own:
        raise ConfigError(f"run {run.run_id[:8]}: {TABLE} has no counts with its own window of {post_s} s")
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
            values = [run.metrics.get(f"event/{name}", math.nan) for run in (found.first, other)]
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
        f"{found.participants} participants; p by {swaps} of the two runs within participants, intervals by bootstrap "
        "over them",
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
        "participants": found.participants,
        "others": [
            {"run_id": other.run_id, **{name: of(each[k]) for name, each in found.differences.items()}}
            for k, other in enumerate(found.others)
        ],
        "notes": list(found.notes),
    }


def _text(value: float, decimals: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"
