"""Runs beside each other: what differs between them, and how they did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ferbench.errors import ConfigError
from ferbench.results import RunRow

SHOWN_METRICS = (
    "event/f1",
    "event/precision",
    "event/recall",
    "event/false_alarms_per_min",
    "event/latency_s",
    "event/count",
    "quality/face_share",
    "quality/faces_per_frame",
    "speed/e2e_fps",
    "sessions/failed",
)
SMALLER_IS_BETTER = ("event/false_alarms_per_min", "event/latency_s", "event/fp", "event/fn", "sessions/failed")

WHOLE = ("event/count", "event/tp", "event/fp", "event/fn", "sessions/failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A table of runs.

    Attributes:
        params: names of the choices that differ between the runs.
        by: number that the rows are sorted by; "" = they are sorted by name, for there is nothing that is better.
        metrics: names of the numbers shown, ``by`` first.
        rows: best first; runs without that number last.
        constant: choices that are the same in all runs.
    """

    by: str
    params: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[RunRow, ...]
    constant: Mapping[str, str] = field(default_factory=dict)

    def cells(self, row: RunRow) -> list[str]:
        """Texts of a row: short run id, differing choices, numbers."""
        numbers = [format_number(row.metrics.get(name, math.nan), whole=name in WHOLE) for name in self.metrics]
        return [row.run_id[:8], *(row.params.get(name, "") for name in self.params), *numbers]

    @property
    def header(self) -> list[str]:
        """Column names for ``cells``; numbers without their family (``event/f1`` is ``f1``)."""
        return ["run", *self.params, *(name.rpartition("/")[2] for name in self.metrics)]


def format_number(value: float, *, whole: bool = False) -> str:
    """Three decimals, none for what is counted in whole numbers; empty where undefined."""
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if whole else f"{value:.3f}"


def compare(runs: Sequence[RunRow], *, by: str | None = None, metrics: Sequence[str] = SHOWN_METRICS) -> Comparison:
    """Put runs in order and drop what they have in common.

    Args:
        runs: at least one.
        by: number to sort by: largest first, smallest first where smaller is better. None = F1, or, where no run is
            scored, the name: more events are not better.
        metrics: numbers to show; those that no run has, or that are equal in all of several runs, are left out.

    Raises:
        ConfigError: no run has a number of that name; names those there are.
    """
    known = sorted({name for run in runs for name in run.metrics})
    if by is not None and by not in known:
        raise ConfigError(f"no run has a metric {by!r}; there are: {', '.join(known) or 'none'}")
    chosen = by if by is not None else ("event/f1" if "event/f1" in known else "")
    sign = 1.0 if chosen in SMALLER_IS_BETTER else -1.0
    rows = sorted(runs, key=lambda r: (sign * r.metrics[chosen] if chosen in r.metrics else math.inf, r.name))
    names = sorted({name for run in runs for name in run.params})
    finished = [run for run in runs if run.params]  # an interrupted run has no choices to differ in
    differing = [n for n in names if len({run.params.get(n) for run in finished}) > 1]
    # A plug's fields differ with the plug: where the plug itself is shown, its other fields say the same again only
    # if they take one value per choice.
    shown = [n for n in differing if not _follows_from(n, differing, finished)]
    constant = {n: finished[0].params[n] for n in names if n not in differing and n in finished[0].params}
    measured = [run.metrics for run in runs if run.metrics]
    varying = [m for m in metrics if m != chosen and (len(runs) == 1 or len({r.get(m) for r in measured}) > 1)]
    present = [m for m in varying if m in known]
    first = (chosen,) if chosen else ()
    return Comparison(by=chosen, params=tuple(shown), metrics=(*first, *present), rows=tuple(rows), constant=constant)


def _follows_from(name: str, differing: Sequence[str], runs: Sequence[RunRow]) -> bool:
    """Whether a field such as ``event.enter`` is determined by its plug's choice (``event``), which is shown too."""
    plug = name.split(".")[0]
    if plug == name or plug not in differing:
        return False
    values: dict[str | None, set[str | None]] = {}
    for run in runs:
        values.setdefault(run.params.get(plug), set()).add(run.params.get(name))
    return all(len(seen) == 1 for seen in values.values())
