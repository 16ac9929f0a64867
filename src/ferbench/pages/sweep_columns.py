"""The columns of a page of runs: as a comparison has them, intervals in one column each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ferbench.report.comparison import Comparison
from ferbench.report.shown_numbers import (
    MAIN_NUMBER,
    column_titles,
    is_smaller_better,
    is_whole,
)
from ferbench.results import RunRow

MOST_AXES: Final = 12
"""Choices that the parallel axes show at most."""
_OWN_TITLES: Final = {"event/count": "events (all sessions)"}
"""Where a number's own name says too little."""
_OF_THE_MAIN: Final = tuple(f"{MAIN_NUMBER}.{end}" for end in ("lo", "hi", "chance", "p"))


def columns_of(comparison: Comparison) -> list[dict[str, Any]]:
    """Columns in their order, each with its values, a value per row of the comparison.

    Name, what is sorted by, its interval, chance level and p, what differs, other numbers. A
    column's ``kind`` is ``text``, ``number`` or ``interval``; undefined values are None.
    """
    titles = dict(zip(comparison.metrics, column_titles(comparison.metrics), strict=True))
    titles |= {name: title for name, title in _OWN_TITLES.items() if name in titles}
    of_main = [name for name in comparison.metrics if name == comparison.by]
    of_main += [name for name in _OF_THE_MAIN if name in titles and name not in of_main]
    others = [name for name in comparison.metrics if name not in of_main]
    rows = comparison.rows
    columns = [_texts("run", [row.name for row in rows])]
    for title, mark in comparison.marks.items():
        columns.append(_texts(title, [mark[row.run_id] for row in rows]))
    columns += _numbers(of_main, titles, rows)
    for name in comparison.params:
        columns.append(_texts(name, [row.params.get(name, "") for row in rows]))
    return columns + _numbers(others, titles, rows)


def _texts(title: str, values: Sequence[str]) -> dict[str, Any]:
    numbers = [_number(value) for value in values]
    is_numeric = all(number is not None for number, value in zip(numbers, values, strict=True))
    return {"title": title, "kind": "text", "values": list(values), "numeric": is_numeric}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _numbers(
    names: Sequence[str], titles: dict[str, str], rows: Sequence[RunRow]
) -> list[dict[str, Any]]:
    columns = []
    for name in names:
        base, _, end = name.rpartition(".")
        if end == "hi" and f"{base}.lo" in names:
            continue
        values: list[Any] = [row.metrics.get(name) for row in rows]
        kind, title = "number", titles[name]
        if end == "lo" and f"{base}.hi" in names:
            highs = [row.metrics.get(f"{base}.hi") for row in rows]
            values = [
                None if low is None or high is None else [low, high]
                for low, high in zip(values, highs, strict=True)
            ]
            kind, title = "interval", f"{titles.get(base, base)} interval"
        columns.append(
            {
                "title": title,
                "kind": kind,
                "values": values,
                "digits": 0 if is_whole(name) else 3,
                "smaller": is_smaller_better(name),
            }
        )
    return columns


def axes_of(comparison: Comparison) -> list[dict[str, Any]]:
    """Parallel axes: what differs, then the number that is sorted by.

    Each has ``at``, the place of every row from 0 (bottom) to 1 or None, and ``ticks``, places with
    their texts. Fewer than two rows, or nothing that differs, have none.
    """
    if len(comparison.rows) < 2 or not comparison.params or not comparison.by:
        return []
    axes = []
    for name in comparison.params[:MOST_AXES]:
        axes.append(_axis(name, [row.params.get(name, "") for row in comparison.rows]))
    scores = [row.metrics.get(comparison.by) for row in comparison.rows]
    known = [score for score in scores if score is not None]
    title = column_titles((comparison.by,))[0]
    return [*axes, _scale(title, scores, min(known), max(known))] if known else []


def _axis(title: str, texts: Sequence[str]) -> dict[str, Any]:
    """An axis of numbers where all values are numbers, else of words."""
    numbers = [_number(text) for text in texts]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and min(known) < max(known):
        places = _scale(title, numbers, min(known), max(known))
        values = sorted(set(known))
        if len(values) <= 8:
            low, high = values[0], values[-1]
            places["ticks"] = [[(v - low) / (high - low), f"{v:g}"] for v in values]
        return places
    words = sorted(set(texts))
    last = max(len(words) - 1, 1)
    place = {word: 0.5 if len(words) == 1 else k / last for k, word in enumerate(words)}
    ticks = [[at, word or "–"] for word, at in place.items()]
    return {"title": title, "at": [place[text] for text in texts], "ticks": ticks}


def _scale(title: str, values: Sequence[float | None], low: float, high: float) -> dict[str, Any]:
    width = high - low or 1.0
    at = [None if value is None else (value - low) / width for value in values]
    ticks = [[0.0, f"{low:.3g}"], [1.0, f"{high:.3g}"]] if high > low else [[0.0, f"{low:.3g}"]]
    return {"title": title, "at": at, "ticks": ticks}
