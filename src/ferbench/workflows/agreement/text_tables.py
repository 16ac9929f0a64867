"""The numbers of an agreement as tables of texts."""

from __future__ import annotations

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.agreement.segments import MEASURES
from ferbench.thesis.grade_counts import Grades
from ferbench.wording import plural
from ferbench.workflows.agreement.parts import EmotionAgreement, SegmentAgreement

_MEASURES_ARE = (
    "overall: both say the same; true: of what the second flags, the share that the first flags "
    "too; false: of what the second does not flag, the share that the first does not flag either"
)


def segment_table(segments: SegmentAgreement) -> TextTable:
    """A row per ordered pair of models: shares of segments."""
    sessions = plural(len(segments.sheet), "session")
    if segments.max_events is not None:
        sessions += f" ({segments.left_out} with more than {segments.max_events} events left out)"
    rows = []
    for (first, second), pair in segments.pairs.items():
        shares = [number(segments.share(measure, first, second)) for measure in MEASURES]
        rows.append((first, second, *shares, str(pair.counts.compared), str(pair.sessions)))
    return TextTable(
        title=f"agreement on segments: {sessions}; {segments.segments_are}\n{_MEASURES_ARE}",
        header=("first", "second", *MEASURES, "segments", "sessions"),
        rows=tuple(rows),
    )


def event_table(segments: SegmentAgreement) -> TextTable:
    """A row per model: events per session."""
    rows = []
    for model, events in segments.events.items():
        numbers = (number(events.maximum, 0), number(events.mean), number(events.sample_sd))
        histogram = " ".join(map(str, events.histogram))
        rows.append((model, str(events.sessions), *numbers, histogram))
    return TextTable(
        title="events per session (all sessions)",
        header=("model", "sessions", "max", "mean", "sd", "sessions with 0, 1, ... events"),
        rows=tuple(rows),
    )


def expression_table(emotions: EmotionAgreement) -> TextTable:
    """A row per ordered pair of models: the share of frames with the same expression."""
    rows = []
    for (first, second), counts in emotions.pairs.items():
        overall = number(emotions.overall(first, second))
        rows.append((first, second, overall, str(int(counts.table.sum()))))
    return TextTable(
        title=f"agreement on each frame's expression: {plural(emotions.videos, 'video')}",
        header=("first", "second", "overall", "frames"),
        rows=tuple(rows),
    )


def total_table(emotions: EmotionAgreement) -> TextTable:
    """A row per expression and one for all: frames of each model."""
    totals = [emotions.totals[model] for model in emotions.models]
    rows = []
    for k, name in enumerate(emotions.classes):
        rows.append((name, *(str(frames[k]) for frames in totals)))
    rows.append(("all", *(str(frames.sum()) for frames in totals)))
    return TextTable(
        title="frames of each expression",
        header=("expression", *emotions.models),
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
