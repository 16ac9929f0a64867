"""The counts that a run left: a row per session, with what the session was scored against."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import ConfigError
from ferbench.results import RunRow
from ferbench.types import Counts, CountsRow

COUNTS_TABLE: Final = "counts.csv"


def changed_annotations(rows: Sequence[CountsRow], first: Sequence[CountsRow]) -> list[str]:
    """Sessions of a run whose annotations or observed time are not those of the first run."""
    digests = {row.session_id: row.annotations_sha for row in first}
    changed = []
    for row in rows:
        if digests.get(row.session_id, row.annotations_sha) != row.annotations_sha:
            changed.append(row.session_id)
    return changed


def counts_of(path: Path, run: RunRow) -> list[CountsRow]:
    """A run's counts with the window that it was scored with, one row per session.

    Args:
        path: its table of counts.
        run: the run.

    Raises:
        ConfigError: no row is of its window.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [_row(line) for line in csv.DictReader(stream)]
    return of_own_window(rows, run)


def of_own_window(counts: Sequence[CountsRow], run: RunRow) -> list[CountsRow]:
    """Those of a run's counts that are of the window that it was scored with.

    Raises:
        ConfigError: there are none.
    """
    rows = list(counts)
    post_s = run.params.get("scoring.post_s")
    if post_s is not None:
        rows = [row for row in rows if _has_width(row, float(post_s))]
    if not rows:
        raise ConfigError(
            f"run {run.run_id[:8]}: {COUNTS_TABLE} has no counts with its own window of {post_s} s"
        )
    return rows


def _has_width(row: CountsRow, post_s: float) -> bool:
    """Whether counts are of a window; those that were not matched by one are of every."""
    return math.isnan(row.post_s) or math.isclose(row.post_s, post_s)


def _row(line: dict[str, str]) -> CountsRow:
    def number(name: str) -> float:
        text = line[name]
        if not text:
            return math.nan
        return float(text)

    return CountsRow(
        session_id=line["session"],
        participant=line["participant"],
        threshold=number("threshold"),
        pre_s=number("pre_s"),
        post_s=number("post_s"),
        counts=Counts(
            tp=int(number("tp")),
            fp=int(number("fp")),
            fn=int(number("fn")),
            n_ref=int(number("n_ref")),
            observed_s=number("observed_s"),
            valid_s=number("valid_s"),
            ignored=int(line.get("ignored") or 0),  # older runs do not have it
        ),
        annotations_sha=line["annotations_sha"],
    )
