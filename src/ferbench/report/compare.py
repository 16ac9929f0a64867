"""Runs beside each other: what differs between them, and how they did."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ferbench.errors import ConfigError
from ferbench.results import RunRow

SHOWN_METRICS = (
    "event/f1",
    "event/f1.lo",
    "event/f1.hi",
    "event/f1.chance",
    "event/f1.p",
    "event/precision",
    "event/recall",
    "event/false_alarms_per_min",
    "event/latency_s",
    "event/count",
    "sessions/annotated",
    "sessions/failed",
    "quality/face_share",
    "speed/e2e_fps",
)
BELONGING = ("event/f1.lo", "event/f1.hi", "event/f1.chance", "event/f1.p")
"""Shown wherever they are known: F1 is not to be read without them."""
OF_CHOICE = {"detector": ("quality/faces", "speed/detect_fps"), "model": ("speed/classify_fps",)}
"""Shown where the runs differ in this choice.

The rates are those of when the stage's tables were made.
"""
SMALLER_IS_BETTER = (
    "event/f1.p",
    "event/false_alarms_per_min",
    "event/latency_s",
    "event/fp",
    "event/fn",
    "sessions/failed",
)

WHOLE = (
    "event/count",
    "event/tp",
    "event/fp",
    "event/fn",
    "sessions/failed",
    "sessions/annotated",
    "quality/faces",
)
MATCHING = "scoring"
"""The group of choices that says which events count for which annotations."""
DATA_TAGS = {"videos": "ferbench.videos_sha", "annotations": "ferbench.annotations_sha"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A table of runs.

    Attributes:
        params: names of the choices that differ between the runs.
        by: number that the rows are sorted by; "" = they are sorted by name, for there is nothing
            that is better.
        metrics: names of the numbers shown, ``by`` first.
        rows: best first; runs without that number last.
        constant: choices that are the same in all runs.
        data: where runs were scored on different files: a letter for each run id, the same for the
            same files.
        states: where not every run is finished: the state of each run id.
        warnings: why the numbers cannot be compared, one sentence each.
    """

    by: str
    params: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[RunRow, ...]
    constant: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> RunRow | None:
        """The first run, where it is really better than nothing.

        Scored above 0, and on the data of the others.
        """
        if not self.by or self.warnings or not self.rows:
            return None
        value = self.rows[0].metrics.get(self.by, math.nan)
        good = not math.isnan(value) and (value > 0 or self.by in SMALLER_IS_BETTER)
        return self.rows[0] if good else None

    def cells(self, row: RunRow) -> list[str]:
        """Texts of a row: short run id, state and data where they differ, differing choices,
        numbers.
        """
        numbers = [
            format_number(row.metrics.get(name, math.nan), whole=name in WHOLE)
            for name in self.metrics
        ]
        marks = [group[row.run_id] for group in (self.states, self.data) if group]
        return [
            row.run_id[:8],
            *marks,
            *(row.params.get(name, "") for name in self.params),
            *numbers,
        ]

    @property
    def header(self) -> list[str]:
        """Column names for ``cells``.

        Numbers without their family (``event/f1`` is ``f1``), where that is clear.
        """
        marks = [name for name, group in (("state", self.states), ("data", self.data)) if group]
        return ["run", *marks, *self.params, *_titles(self.metrics)]

    @property
    def importance(self) -> list[str]:
        """The header's names, what says most first: for a screen that has no room for all."""
        marks = self.header[: len(self.header) - len(self.params) - len(self.metrics)]
        numbers = _titles(self.metrics)
        params = sorted(
            self.params, key=lambda name: "." in name
        )  # a choice before the values that go with it
        return [*marks, *numbers[:1], *params[:4], *numbers[1:4], *params[4:], *numbers[4:]]


def _titles(metrics: Sequence[str]) -> list[str]:
    """Numbers without their family, where that leaves them different."""
    short = [_short(name) for name in metrics]
    return [
        title if short.count(title) == 1 else name
        for title, name in zip(short, metrics, strict=True)
    ]


def _short(metric: str) -> str:
    return metric.rpartition("/")[2]


def format_number(value: float, *, whole: bool = False) -> str:
    """Three decimals, none for what is counted in whole numbers; empty where undefined."""
    if math.isnan(value):
        return ""
    return f"{value:.0f}" if whole else f"{value:.3f}"


def compare(
    runs: Sequence[RunRow], *, by: str | None = None, metrics: Sequence[str] = SHOWN_METRICS
) -> Comparison:
    """Put runs in order and drop what they have in common.

    Args:
        runs: at least one.
        by: number to sort by, with its family (without: ``event``, or the only one of that name):
            largest first, smallest first where smaller is better. None = F1, or, where no run is
            scored, the name: more events are not better.
        metrics: numbers to show; those that no run has, or that are equal in all of several runs,
            are left out.

    Raises:
        ConfigError: no run has a number of that name, or several have; names the nearest.
    """
    known = sorted({name for run in runs for name in run.metrics})
    chosen = _metric(by, known) if by is not None else ("event/f1" if "event/f1" in known else "")
    sign = 1.0 if chosen in SMALLER_IS_BETTER else -1.0
    rows = sorted(
        runs, key=lambda r: (sign * r.metrics[chosen] if chosen in r.metrics else math.inf, r.name)
    )
    names = sorted({name for run in runs for name in run.params})
    finished = [run for run in runs if run.params]  # an interrupted run has no choices to differ in
    differing = [n for n in names if len({run.params.get(n) for run in finished}) > 1]
    # A plug's fields differ with the plug: where the plug itself is shown, its other fields say the
    # same again only if they take one value per choice.
    shown = [n for n in differing if not _follows_from(n, differing, finished)]
    constant = {
        n: finished[0].params[n] for n in names if n not in differing and n in finished[0].params
    }
    measured = [run.metrics for run in runs if run.metrics]
    varying = [
        m
        for m in metrics
        if m != chosen
        and (m in BELONGING or len(runs) == 1 or len({r.get(m) for r in measured}) > 1)
    ]
    of_choice = [m for plug, numbers in OF_CHOICE.items() if plug in shown for m in numbers]
    present = [m for m in (*varying, *of_choice) if m in known]
    first = (chosen,) if chosen else ()
    data, warnings = _data(rows)
    matching = matching_params(finished)
    if matching:
        warnings.append(
            f"these runs matched events with annotations in different ways ({', '.join(matching)}); their numbers "
            "cannot be compared: a wider window finds more, also by chance"
        )
    return Comparison(
        by=chosen,
        params=tuple(shown),
        metrics=(*first, *present),
        rows=tuple(rows),
        constant=constant,
        data=data,
        states={run.run_id: state_of(run) for run in rows}
        if any(state_of(r) != "finished" for r in rows)
        else {},
        warnings=tuple(warnings),
    )


def matching_params(runs: Sequence[RunRow]) -> list[str]:
    """Choices in which the runs' ways of matching differ; none = all matched in the same way.

    The criterion itself, where that differs, else its fields.
    """
    prefix = f"{MATCHING}."
    names = sorted({name for run in runs for name in run.params if name.startswith(prefix)})
    differing = [name for name in names if len({run.params.get(name) for run in runs}) > 1]
    if differing and len({run.params.get(MATCHING) for run in runs}) > 1:
        return [MATCHING]
    return differing


def _metric(wanted: str, known: Sequence[str]) -> str:
    """The full name of a number that may be given without its family."""
    if wanted in known:
        return wanted
    if f"event/{wanted}" in known:
        return f"event/{wanted}"
    same = [name for name in known if _short(name) == wanted]
    if len(same) == 1:
        return same[0]
    if same:
        raise ConfigError(
            f"several metrics are called {wanted!r}: {', '.join(same)}; give the full name"
        )
    events_last = sorted(
        known, key=lambda name: name.startswith("event/")
    )  # theirs are meant by a short name
    whole = {name: name for name in known} | {_short(name): name for name in events_last}
    near = [
        whole[name]
        for name in difflib.get_close_matches(wanted.rpartition("/")[2], whole, n=4, cutoff=0.5)
    ]
    some = list(dict.fromkeys(near)) or [name for name in known if name.startswith("event/")]
    raise ConfigError(
        f"no run has a metric {wanted!r}; nearest: {', '.join(some) or 'none'} ('ferbench compare --json' lists all)"
    )


def state_of(run: RunRow) -> str:
    """``finished``, ``running``, ``failed``, or ``partly`` where it has numbers although some
    sessions failed.
    """
    return "partly" if run.state == "failed" and run.metrics else run.state


def _data(rows: Sequence[RunRow]) -> tuple[dict[str, str], list[str]]:
    """Which runs were scored on the same files.

    Letters by run id, and a warning where there are several.
    """
    warnings: list[str] = []
    letters: dict[tuple[str, ...], str] = {}
    for row in rows:
        key = _files(row)
        if any(key) and key not in letters:
            letters[key] = _letter(len(letters))
    if len(letters) > 1:
        kinds = [kind for k, kind in enumerate(DATA_TAGS) if len({key[k] for key in letters}) > 1]
        warnings.append(
            f"these runs were scored on different data ({' and '.join(kinds)} differ; column 'data'); "
            "their numbers cannot be compared"
        )
    sessions = {
        run.metrics["sessions/annotated"] for run in rows if "sessions/annotated" in run.metrics
    }
    if len(sessions) > 1:
        numbers = ", ".join(f"{n:.0f}" for n in sorted(sessions))
        warnings.append(
            f"these runs scored different numbers of sessions ({numbers}; column 'annotated')"
        )
    data = {row.run_id: letters.get(_files(row), "") for row in rows} if len(letters) > 1 else {}
    return data, warnings


def _files(run: RunRow) -> tuple[str, ...]:
    return tuple(run.tags.get(tag, "") for tag in DATA_TAGS.values())


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)


def _follows_from(name: str, differing: Sequence[str], runs: Sequence[RunRow]) -> bool:
    """Whether a field such as ``event.enter`` is determined by its plug's choice (``event``), which
    is shown too.
    """
    plug = name.split(".")[0]
    if plug == name or plug not in differing:
        return False
    values: dict[str | None, set[str | None]] = {}
    for run in runs:
        values.setdefault(run.params.get(plug), set()).add(run.params.get(name))
    return all(len(seen) == 1 for seen in values.values())
