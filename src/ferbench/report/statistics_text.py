"""Statistics in sentences, as a paper would have them."""

from __future__ import annotations

import math

import numpy as np

from ferbench.report.chance_text import chance_lines
from ferbench.report.people_text import learned_lines, people_lines, robustness_lines, time_lines
from ferbench.report.rates_text import alarm_lines, froc_lines, no_face_lines
from ferbench.report.statistics_words import beside_chance, counted, interval_text, number
from ferbench.scoring.agreement.annotators import values
from ferbench.scoring.errhri import FrameScores
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metric import Metric
from ferbench.scoring.metrics import METRICS, f1
from ferbench.scoring.session_agreement import AnnotatorAgreement
from ferbench.scoring.session_frames import Frames
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.assessment import Measured
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.coverage import LEVEL
from ferbench.wording import plural

FEW = 20
"""Participants below which an interval's measured coverage is told."""


def summary(statistics: Statistics, criterion: Criterion, rules: StatisticsRules) -> list[str]:
    """What a paper would say, one sentence per number."""
    return [
        *_of_matching(statistics, criterion),
        *_of_headline(statistics),
        *_of_intervals(statistics, rules),
        *chance_lines(statistics.assessment, rules.surrogates),
        *alarm_lines(statistics.in_alarm, statistics.intervals),
        *no_face_lines(statistics.no_face),
        *people_lines(statistics),
        *_of_curves(statistics, criterion),
        *learned_lines(statistics.people.learned),
        *robustness_lines(statistics.robustness),
        *_of_lag(statistics),
        *time_lines(statistics.time_bins),
        *_of_agreement(statistics),
        *_of_segments(statistics, rules),
        *_of_frames(statistics, criterion, rules),
    ]


def _of_matching(statistics: Statistics, criterion: Criterion) -> list[str]:
    """What was compared, and how."""
    tally = statistics.assessment.tally
    tp, fp, fn = (float(np.sum(column)) for column in (tally.tp, tally.fp, tally.fn))
    num_ignored = statistics.assessment.num_ignored
    observed_s = float(np.sum(tally.observed_s))
    participants = len(statistics.assessment.participants)
    lines = [
        f"{counted(tp + fp + (num_ignored or 0), 'event')}, {counted(tp + fn, 'annotation')}, "
        f"{counted(statistics.sessions, 'session')} of {counted(participants, 'participant')}, "
        f"{_time(observed_s)} observed; an event matches an annotation when {criterion}"
    ]
    if num_ignored is not None:
        lines.append(
            f"{counted(num_ignored, 'further event')} where another one counts already: ignored, "
            "no false alarms"
        )
    event_points, annotation_points = statistics.points
    if criterion.needs_extent and (event_points or annotation_points):
        lines.append(
            f"{event_points} of the events and {annotation_points} of the annotations are points "
            "without an extent: this criterion is not made for them (a window is)"
        )
    return lines


def _time(seconds: float) -> str:
    if math.isnan(seconds):
        return "unknown time"
    if seconds >= 60:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.1f} s"


def _of_headline(statistics: Statistics) -> list[str]:
    return [
        _sentence(METRICS[name], measured)
        for name, measured in statistics.assessment.measured.items()
    ]


def _sentence(metric: Metric, measured: Measured) -> str:
    value = number(measured.value, metric.decimals)
    interval = interval_text(measured.interval, metric.decimals)
    return f"{metric.title} {value}{interval}{beside_chance(measured.chance, metric.decimals)}"


def _of_intervals(statistics: Statistics, rules: StatisticsRules) -> list[str]:
    """What intervals are over, and how far to believe them."""
    assessment = statistics.assessment
    if not assessment.measured["f1"].interval:
        return []
    participants = len(assessment.participants)
    caution = _caution(assessment.measured["f1"], participants)
    if participants < 2:
        return caution
    lines = [
        f"intervals: {100 * rules.confidence:g}%, {rules.draws} draws of "
        f"{plural(participants, 'participant')}, method {rules.method}, seed {rules.seed}",
        *caution,
    ]
    if assessment.num_unnamed:
        lines.append(
            "without a participant, standing for themselves: "
            f"{plural(assessment.num_unnamed, 'session')}; "
            "where one person is behind several, intervals are too narrow"
        )
    return lines


def _caution(measured: Measured, participants: int) -> list[str]:
    if participants >= FEW:
        return []
    if participants < 2:
        return ["one participant: no interval can be made"]
    if measured.coverage is None:
        return [
            f"only {participants} participants: how often such intervals hold was not measured; "
            "do not rely on them"
        ]
    measured_with, share = measured.coverage
    return [
        f"only {participants} participants: in simulations with {measured_with}, {share:.0%} of "
        f"such intervals of {LEVEL:.0%} held the true F1"
    ]


def _of_curves(statistics: Statistics, criterion: Criterion) -> list[str]:
    if criterion.no_curves:
        return [criterion.no_curves]
    if statistics.thresholds is None:
        return []
    return [
        _of_thresholds(statistics.thresholds),
        *froc_lines(statistics.thresholds.froc, statistics.intervals),
    ]


def _of_thresholds(thresholds: Thresholds) -> str:
    """Average precision, and the best thresholds."""
    nested, best = thresholds.nested, thresholds.best
    nested_f1 = math.nan
    if len(nested.tally.tp):
        everybody = np.ones(len(nested.tally.tp))
        nested_f1 = float(f1(nested.tally.weighted(everybody)))
    where = "(no threshold finds anything)"
    if math.isfinite(best.level):
        where = f"at {best.level:.3g}"
    left_out = ""
    if nested.left_out:
        left_out = f" (without {', '.join(nested.left_out)}: the others have no annotations)"
    return (
        f"over all thresholds: average precision {number(thresholds.average_precision)}; best F1 "
        f"{number(float(f1(best.tally)))} {where} (optimistic: chosen on the same data); with "
        f"thresholds chosen on the other participants {number(nested_f1)}{left_out}"
    )


def _of_lag(statistics: Statistics) -> list[str]:
    scan = statistics.scan
    if not math.isfinite(scan.peak_s):
        return []
    if not scan.tp[scan.peak]:
        first_s, last_s = scan.offset_s[0], scan.offset_s[-1]
        return [
            f"no event is within ±{scan.half_width_s:g} s of an annotation, wherever between "
            f"{first_s:g} and {last_s:g} s the annotations are moved"
        ]
    matches = counted(scan.tp[scan.peak], "match", "matches")
    return [
        f"events follow annotations best after {scan.peak_s:.2f} s (±{scan.half_width_s:g} s): "
        f"{matches} there, F1 {number(float(scan.f1[scan.peak]))}; best of {len(scan.offset_s)} "
        "offsets"
    ]


def _of_agreement(statistics: Statistics) -> list[str]:
    """Kappa with the annotations, and that of annotators with each other beside it: the ceiling."""
    kappa = float(values(statistics.agreement)["time/kappa"])
    if math.isnan(kappa):
        return []
    interval = interval_text(statistics.intervals.get("agree/detector/time/kappa"))
    line = f"kappa of time with the annotations {number(kappa)}{interval}"
    if statistics.annotators:
        line += f"; {_of_annotators(statistics.annotators)}"
    return [line]


def _of_annotators(annotators: AnnotatorAgreement) -> str:
    kappas = [float(values(pair)["time/kappa"]) for pair in annotators.pairs]
    defined = [kappa for kappa in kappas if not math.isnan(kappa)]
    mean = math.nan
    if defined:
        mean = sum(defined) / len(defined)
    return f"annotators with each other {number(mean)} (mean of {plural(len(defined), 'pair')})"


def _of_segments(statistics: Statistics, rules: StatisticsRules) -> list[str]:
    segments = statistics.segments
    if math.isnan(segments.accuracy):
        return []
    interval = interval_text(statistics.intervals.get("segment/f1"))
    return [
        f"segments of {rules.segment_s:g} s: precision {number(segments.precision)}, recall "
        f"{number(segments.recall)}, F1 {number(segments.f1)}{interval}"
        f"{_beside_shifts(statistics.segment_chance)}"
    ]


def _of_frames(statistics: Statistics, criterion: Criterion, rules: StatisticsRules) -> list[str]:
    frames = statistics.frames
    if frames is None:
        return []
    if math.isnan(frames.strict.accuracy):
        return [
            "frames (ERR@HRI 2024): undefined; some events or annotations have no extent, or "
            "times are unknown"
        ]
    return _frame_lines(frames, rate_hz=rules.frame_rate_for(criterion))


def _frame_lines(frames: Frames, *, rate_hz: float | None) -> list[str]:
    strict = _frame_scores(frames.strict, frames.chance.get("f1"))
    tolerant = _frame_scores(frames.tolerant, frames.chance.get("f1_tolerant"))
    return [
        f"frames at {rate_hz:g} Hz (ERR@HRI 2024, macro): {strict}",
        f"forgiven within {plural(frames.tolerance, 'frame')}: {tolerant}",
    ]


def _frame_scores(scores: FrameScores, chance: Chance | None) -> str:
    return f"accuracy {number(scores.accuracy)}, F1 {number(scores.f1)}{_beside_shifts(chance)}"


def _beside_shifts(chance: Chance | None) -> str:
    """The chance level of what only circular shifts are made for."""
    text = beside_chance(chance)
    return text and f"{text} (by circular shifts alone: a common time course is not ruled out)"
