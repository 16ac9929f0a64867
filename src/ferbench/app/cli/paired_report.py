"""What ``ferbench compare --paired`` and ``--against`` print."""

from __future__ import annotations

import math
from typing import Any

from ferbench.app.tables import FittedTable, number, rows_table
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.uncertainty.paired import Difference
from ferbench.workflows.compare_paired import PairedComparison


def tables(comparison: PairedComparison) -> list[FittedTable]:
    """A table for each other run, or for several one of F1."""
    corrected: tuple[str, ...] = ()
    if len(comparison.others) > 1:
        corrected = ("p (Holm)", "p (max-T)")
    header = ("metric", "first", "other", "difference", "95 % interval", "p", *corrected)
    first = comparison.first
    result = []
    for k, other in enumerate(comparison.others):
        rows = [_row(comparison, name, k) for name in comparison.differences]
        title = f"{other.name} ({other.run_id[:8]}) against {first.name} ({first.run_id[:8]})"
        result.append(rows_table(title, header, rows))
    return result


def _row(comparison: PairedComparison, name: str, k: int) -> tuple[str, ...]:
    """A metric of the k-th other run beside that of the first."""
    difference = comparison.differences[name][k]
    first, other = comparison.values[name][0], comparison.values[name][k + 1]
    row = [name, number(first), number(other), *_difference(difference)]
    if len(comparison.others) > 1:
        row += [number(difference.p_holm, 4), number(difference.p_max, 4)]
    return tuple(row)


def _difference(difference: Difference) -> tuple[str, str, str]:
    low, high = difference.interval.low, difference.interval.high
    sign = ""
    if difference.value > 0:
        sign = "+"
    interval = f"{number(low)} to {number(high)}"
    return f"{sign}{number(difference.value)}", interval, number(difference.p, 4)


def closing(comparison: PairedComparison) -> list[str]:
    """What the numbers rest on."""
    example = comparison.differences[MAIN][0]
    swaps = f"{example.swaps} random swaps"
    if example.exact:
        swaps = f"all {example.swaps} swaps"
    rules = comparison.rules
    return [
        f"{comparison.participants} participants; p by {swaps} of the two runs within "
        f"participants; intervals by {rules.draws} draws of them, method {rules.method}; seed "
        f"{comparison.seed}",
        *comparison.notes,
    ]


def plain(comparison: PairedComparison) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    others = []
    for k, other in enumerate(comparison.others):
        metrics: dict[str, Any] = {}
        for name, differences in comparison.differences.items():
            value = _defined(comparison.values[name][k + 1])
            metrics[name] = {"value": value, **_plain_difference(differences[k])}
        others.append({"run_id": other.run_id, **metrics})
    return {
        "first": comparison.first.run_id,
        "values": {name: _defined(values[0]) for name, values in comparison.values.items()},
        "participants": comparison.participants,
        "draws": comparison.rules.draws,
        "confidence": comparison.rules.confidence,
        "method": comparison.rules.method,
        "seed": comparison.seed,
        "others": others,
        "notes": list(comparison.notes),
    }


def _plain_difference(difference: Difference) -> dict[str, Any]:
    return {
        "difference": _defined(difference.value),
        "low": _defined(difference.interval.low),
        "high": _defined(difference.interval.high),
        "p": _defined(difference.p),
        "p_holm": _defined(difference.p_holm),
        "p_max": _defined(difference.p_max),
        "exact": difference.exact,
        "swaps": difference.swaps,
    }


def _defined(number: float) -> float | None:
    if math.isnan(number):
        return None
    return number
