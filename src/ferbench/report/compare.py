"""Runs beside each other: what differs between them, and how they did."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence

from ferbench.errors import ConfigError
from ferbench.report.comparability import (
    data_letters,
    data_warnings,
    differs,
    matching_warnings,
)
from ferbench.report.comparison import Comparison
from ferbench.report.shown_numbers import (
    BELONGING,
    MAIN_NUMBER,
    OF_CHOICE,
    is_smaller_better,
    short_name,
    shown_numbers,
)
from ferbench.results import RunRow

_ERROR_TAG = "ferbench.error"
"""Runs that broke off have it, also those that had logged their numbers by then."""


def compare(
    runs: Sequence[RunRow], *, by: str | None = None, metrics: Sequence[str] | None = None
) -> Comparison:
    """Put runs in order and drop what they have in common.

    Args:
        runs: at least one.
        by: number to sort by, with its family (without: ``event``, or the only one of that name):
            largest first, smallest first where smaller is better. None = F1, or, where no run is
            scored, the name: more events are not better.
        metrics: numbers to show; those that no run has, or that are equal in all of several runs,
            are left out. None = ``shown_numbers()``.

    Raises:
        ConfigError: no run has a number of that name, or several have; names the nearest.
    """
    known = {name for run in runs for name in run.metrics}
    sorted_by = _sorted_by(by, sorted(known))
    rows = _in_order(runs, sorted_by)
    finished = [run for run in runs if run.params]  # an interrupted run has no choices to differ in
    differing = _differing(finished)
    # A plug's fields differ with the plug: where the plug itself is shown, its other fields say the
    # same again only if they take one value per choice.
    params = [name for name in differing if not _follows_from(name, differing, finished)]
    numbers = _numbers(runs, metrics or shown_numbers(), sorted_by=sorted_by, params=params)
    return Comparison(
        by=sorted_by,
        params=tuple(params),
        metrics=tuple(name for name in numbers if name in known),
        rows=tuple(rows),
        constant=_constant(finished, differing),
        data=data_letters(rows),
        states=_states(rows),
        warnings=(*data_warnings(rows), *matching_warnings(finished)),
    )


def _differing(runs: Sequence[RunRow]) -> list[str]:
    """Params in which runs differ, sorted."""
    names = {name for run in runs for name in run.params}
    return sorted(name for name in names if differs(name, runs))


def _constant(runs: Sequence[RunRow], differing: Sequence[str]) -> dict[str, str]:
    """Params that are the same in all runs, sorted."""
    if not runs:
        return {}
    return {name: value for name, value in sorted(runs[0].params.items()) if name not in differing}


def _sorted_by(by: str | None, known: Sequence[str]) -> str:
    if by is not None:
        return _full_name(by, known)
    if MAIN_NUMBER in known:
        return MAIN_NUMBER
    return ""


def _in_order(runs: Sequence[RunRow], by: str) -> list[RunRow]:
    """Best first; of equal ones by name; those without the number last."""
    sign = -1.0
    if is_smaller_better(by):
        sign = 1.0

    def rank(run: RunRow) -> tuple[float, str]:
        if by not in run.metrics:
            return math.inf, run.name
        return sign * run.metrics[by], run.name

    return sorted(runs, key=rank)


def _numbers(
    runs: Sequence[RunRow], shown: Sequence[str], *, sorted_by: str, params: Sequence[str]
) -> list[str]:
    """Names of the numbers to show: that which is sorted by, what varies, what belongs to it."""
    measured = [run.metrics for run in runs if run.metrics]
    numbers = [sorted_by]
    for name in shown:
        varies = len({metrics.get(name) for metrics in measured}) > 1
        is_told = len(runs) == 1 and (name != "sessions/failed" or any(map(_has_failed, runs)))
        says_something = varies or name in BELONGING or is_told
        if says_something and name != sorted_by:
            numbers.append(name)
    for choice, of_choice in OF_CHOICE.items():
        if choice in params:
            numbers += of_choice
    return numbers


def _has_failed(run: RunRow) -> bool:
    """Whether a session of a run failed."""
    return run.metrics.get("sessions/failed", 0.0) > 0


def _states(rows: Sequence[RunRow]) -> dict[str, str]:
    """The state of each run by its id; empty where all are finished."""
    states = {run.run_id: state_of(run) for run in rows}
    if all(state == "finished" for state in states.values()):
        return {}
    return states


def _full_name(given: str, known: Sequence[str]) -> str:
    """The full name of a number that may be given without its family."""
    if given in known:
        return given
    if f"event/{given}" in known:
        return f"event/{given}"
    same = [name for name in known if given in (short_name(name), name.rpartition("/")[2])]
    if len(same) == 1:
        return same[0]
    if same:
        raise ConfigError(
            f"several metrics are called {given!r}: {', '.join(same)}; give the full name"
        )
    nearest = _nearest(given, known)
    raise ConfigError(
        f"no run has a metric {given!r}; nearest: {', '.join(nearest) or 'none'}",
        hint="docs/outputs.md lists what a run has",
    )


def _nearest(given: str, known: Sequence[str]) -> list[str]:
    """Numbers with names like the given one; none = all of events."""
    full_names = {name: name for name in known}
    # A short name means the number of events, where several families have it.
    for name in sorted(known, key=lambda name: name.startswith("event/")):
        full_names[short_name(name)] = name
    similar = difflib.get_close_matches(short_name(given), full_names, n=4, cutoff=0.5)
    nearest = list(dict.fromkeys(full_names[name] for name in similar))
    return nearest or [name for name in known if name.startswith("event/")]


def state_of(run: RunRow) -> str:
    """``finished``, ``running``, ``failed``, ``died``, or ``partly``: only some sessions failed."""
    if run.state == "failed" and run.metrics and _ERROR_TAG not in run.tags:
        return "partly"
    return run.state


def _follows_from(name: str, differing: Sequence[str], runs: Sequence[RunRow]) -> bool:
    """Whether a field such as ``event.enter`` is determined by its plug's choice (``event``).

    And that is shown too.
    """
    plug = name.split(".")[0]
    if plug == name or plug not in differing:
        return False
    values: dict[str | None, set[str | None]] = {}
    for run in runs:
        values.setdefault(run.params.get(plug), set()).add(run.params.get(name))
    return all(len(seen) == 1 for seen in values.values())
