"""The numbers of an agreement as tables of texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Final

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.agreement.segments import MEASURES
from ferbench.thesis.grade_counts import Grades
from ferbench.wording import plural
from ferbench.workflows.agreement.parts import EmotionAgreement, Pair, SegmentAgreement

_MEASURES_ARE = (
    "overall: both say the same; true: of what the second flags, the share that the first flags "
    "too; false: of what the second does not flag, the share that the first does not flag either"
)


MOST_PAIRS: Final = 20
"""Ordered pairs that a table still lists; more are summarised."""

_LONG_NAME: Final = 20
"""Characters above which models go by their numbers in tables of pairs."""

_FURTHEST: Final = 5


def short_names(models: Sequence[str]) -> dict[str, str]:
    """What models are called in tables of pairs: by number, where a name is long."""
    if max(map(len, models), default=0) <= _LONG_NAME:
        return {model: model for model in models}
    return {model: str(number) for number, model in enumerate(models, start=1)}


def segment_tables(segments: SegmentAgreement) -> list[TextTable]:
    """Shares of segments: a row per ordered pair of models, or of many what they come to."""
    sessions = plural(len(segments.sheet), "session")
    if segments.max_events is not None:
        sessions += f" ({segments.left_out} with more than {segments.max_events} events left out)"
    title = f"agreement on segments: {sessions}; {segments.segments_are}\n{_MEASURES_ARE}"
    if len(segments.pairs) > MOST_PAIRS:
        shares = {
            measure: {pair: segments.share(measure, *pair) for pair in segments.pairs}
            for measure in MEASURES
        }
        return _summary(title, shares, segments.models)
    short = short_names(segments.models)
    rows = []
    for (first, second), pair in segments.pairs.items():
        numbers = [number(segments.share(measure, first, second)) for measure in MEASURES]
        counts = (str(pair.counts.compared), str(pair.sessions))
        rows.append((short[first], short[second], *numbers, *counts))
    header = ("first", "second", *MEASURES, "segments", "sessions")
    return [TextTable(title=title, header=header, rows=tuple(rows))]


def _summary(
    title: str, shares: Mapping[str, Mapping[Pair, float]], models: Sequence[str]
) -> list[TextTable]:
    """Lowest, median and highest share of each measure, and the pairs that agree least."""
    rows = []
    for measure, share_of_pair in shares.items():
        defined = [share for share in share_of_pair.values() if not math.isnan(share)]
        cells = (number(f(defined)) if defined else "-" for f in (min, median, max))
        rows.append((measure, *cells, str(len(defined))))
    header = ("share", "lowest", "median", "highest", "pairs")
    short = short_names(models)
    overall = {pair: share for pair, share in shares["overall"].items() if not math.isnan(share)}
    unordered = {pair: overall[pair] for pair in combinations(models, 2) if pair in overall}
    furthest = sorted(unordered, key=lambda pair: unordered[pair])[:_FURTHEST]
    pairs = [(short[one], short[two], number(unordered[one, two])) for one, two in furthest]
    return [
        TextTable(title=title, header=header, rows=tuple(rows)),
        TextTable(
            title="the pairs that agree least",
            header=("one", "other", "overall"),
            rows=tuple(pairs),
        ),
    ]


def event_table(segments: SegmentAgreement) -> TextTable:
    """A row per model: events per session."""
    names = _numbered(segments.models)
    rows = []
    for model, events in segments.events.items():
        numbers = (number(events.maximum, 0), number(events.mean), number(events.sample_sd))
        histogram = " ".join(map(str, events.histogram))
        rows.append((names.get(model, model), str(events.sessions), *numbers, histogram))
    return TextTable(
        title="events per session (all sessions)",
        header=("model", "sessions", "max", "mean", "sd", "sessions with 0, 1, ... events"),
        rows=tuple(rows),
    )


def _numbered(models: Sequence[str]) -> dict[str, str]:
    """Whole names, after the number where tables of pairs have that."""
    short = short_names(models)
    return {model: model if name == model else f"{name} {model}" for model, name in short.items()}


def expression_tables(emotions: EmotionAgreement) -> list[TextTable]:
    """Shares of frames with the same expression: a row per pair, or of many what they come to."""
    title = f"agreement on each frame's expression: {plural(emotions.videos, 'video')}"
    if len(emotions.pairs) > MOST_PAIRS:
        shares = {pair: emotions.overall(*pair) for pair in emotions.pairs}
        return _summary(title, {"overall": shares}, emotions.models)
    short = short_names(emotions.models)
    rows = []
    for first, second in emotions.unordered_pairs:
        overall = number(emotions.overall(first, second))
        frames = str(int(emotions.pairs[first, second].table.sum()))
        rows.append((short[first], short[second], overall, frames))
    header = ("one", "other", "overall", "frames")
    return [TextTable(title=title, header=header, rows=tuple(rows))]


def total_table(emotions: EmotionAgreement) -> TextTable:
    """A row per expression and one for all: frames of each model."""
    short = short_names(emotions.models)
    totals = [emotions.totals[model] for model in emotions.models]
    rows = []
    for k, name in enumerate(emotions.classes):
        rows.append((name, *(str(frames[k]) for frames in totals)))
    rows.append(("all", *(str(frames.sum()) for frames in totals)))
    title = "frames of each expression"
    numbered = [name for model, name in _numbered(emotions.models).items() if name != model]
    return TextTable(
        title="; ".join([title, *numbered]),
        header=("expression", *short.values()),
        rows=tuple(rows),
    )


def grade_table(grades: Grades) -> TextTable:
    """A row per model: true, false and missed events."""
    rows = []
    for model, counts in grades.models.items():
        cells = (counts.tp, counts.fp, counts.fn, counts.total)
        rows.append((model, *map(str, cells)))
    sessions = plural(grades.sessions, "session")
    times = f"{grades.times}, true {grades.true_times}, false {grades.false_times}"
    return TextTable(
        title=f"graded events: {sessions}; different times: {times}\n"
        "missed: times graded true that only other models have",
        header=("model", "true", "false", "missed", "events"),
        rows=tuple(rows),
    )
