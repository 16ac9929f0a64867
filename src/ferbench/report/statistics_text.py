"""Statistics in sentences, as a paper would have them."""

from __future__ import annotations

import math

import numpy as np

from ferbench.scoring.agreement.annotators import values
from ferbench.scoring.matching.criteria import OnsetOffset, Overlap
from ferbench.scoring.matching.event_scoring import EventScoring
from ferbench.scoring.metrics import f1
from ferbench.scoring.statistics import Statistics, Thresholds
from ferbench.scoring.uncertainty.assessment import Measured
from ferbench.scoring.uncertainty.chance import Chance, Null
from ferbench.scoring.uncertainty.coverage import LEVEL
from ferbench.scoring.uncertainty.intervals import Interval

FEW = 20
"""Participants below which an interval's measured coverage is told."""
_DECIMALS = {"false_alarms_per_min": 2, "latency_s": 2}
_NAMES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_alarms_per_min": "false alarms per minute",
    "latency_s": "latency, s",
}


def summary(found: Statistics, scoring: EventScoring) -> list[str]:
    """What a paper would say, one sentence per number."""
    assessment = found.assessment
    lines = _of_matching(found, scoring)
    lines += [_sentence(name, measured) for name, measured in assessment.measured.items()]
    lines += _of_intervals(found, scoring)
    if assessment.shifted:
        lines.append(_of_surrogates(assessment.shifted, scoring.surrogates))
    if found.thresholds:
        lines.append(_of_thresholds(found.thresholds))
    if math.isfinite(found.scan.peak_s):
        scan = found.scan
        lines.append(
            f"events follow annotations best after {scan.peak_s:.2f} s (±{scan.half_width_s:g} s): "
            f"{_many(scan.tp[scan.peak], 'match', 'matches')} there, F1 {_number(float(scan.f1[scan.peak]))}; "
            f"best of {len(scan.offset_s)} offsets"
        )
    return [
        *lines,
        *_of_agreement(found),
        *_of_segments(found, scoring),
        *_of_frames(found, scoring),
    ]


def _of_intervals(found: Statistics, scoring: EventScoring) -> list[str]:
    """What intervals are over, and how far to believe them."""
    assessment = found.assessment
    if not assessment.measured["f1"].interval:
        return []
    people = len(assessment.participants)
    if people < 2:
        return _caution(assessment.measured["f1"], people)
    lines = [
        f"intervals: {100 * scoring.confidence:g}%, {scoring.draws} draws of {people} "
        f"participant{'s' * (people != 1)}, method {scoring.method}, seed {scoring.seed}",
        *_caution(assessment.measured["f1"], people),
    ]
    if assessment.num_unnamed:
        lines.append(
            f"{assessment.num_unnamed} session(s) without a participant stand for themselves; where one person is "
            "behind several, intervals are too narrow"
        )
    return lines


def _of_thresholds(found: Thresholds) -> str:
    """Average precision, and the best thresholds."""
    own, left_out = found.nested.tally, found.nested.left_out
    chosen = float(f1(own.weighted(np.ones(len(own.tp))))) if len(own.tp) else math.nan
    where = (
        f"at {found.best.level:.3g}"
        if math.isfinite(found.best.level)
        else "(no threshold finds anything)"
    )
    without = (
        f" (without {', '.join(left_out)}: the others have no annotations)" if left_out else ""
    )
    return (
        f"over all thresholds: average precision {_number(found.average_precision)}; best F1 "
        f"{_number(float(f1(found.best.tally)))} {where} (optimistic: chosen on the same data); with thresholds chosen "
        f"on the other participants {_number(chosen)}{without}"
    )


def _of_segments(found: Statistics, scoring: EventScoring) -> list[str]:
    segments = found.segments
    if math.isnan(segments.accuracy):
        return []
    return [
        f"segments of {scoring.segment_s:g} s: precision {_number(segments.precision)}, recall "
        f"{_number(segments.recall)}, F1 {_number(segments.f1)}{_ends(found.intervals.get('segment/f1'))}"
        f"{_beside(found.segment_chance)}"
    ]


def _of_frames(found: Statistics, scoring: EventScoring) -> list[str]:
    if found.frames is None:
        return []
    strict, tolerant, tolerance = found.frames.strict, found.frames.tolerant, found.frames.tolerance
    if math.isnan(strict.accuracy):
        return [
            "frames (ERR@HRI 2024): undefined; some events or annotations have no extent, or times are unknown"
        ]
    return [
        f"frames at {scoring.frame_rate_hz:g} Hz (ERR@HRI 2024, macro): accuracy {_number(strict.accuracy)}, F1 "
        f"{_number(strict.f1)}{_beside(found.frames.chance.get('f1'))}",
        f"forgiven within {tolerance} frame{'s' * (tolerance != 1)}: accuracy {_number(tolerant.accuracy)}, F1 "
        f"{_number(tolerant.f1)}{_beside(found.frames.chance.get('f1_tolerant'))}",
    ]


def _of_matching(found: Statistics, scoring: EventScoring) -> list[str]:
    """What was compared, and how."""
    tally = found.assessment.tally
    tp, fp, fn, observed_s = (
        float(np.sum(column)) for column in (tally.tp, tally.fp, tally.fn, tally.observed_s)
    )
    people = len(found.assessment.participants)
    time = f"{observed_s / 60:.1f} min" if observed_s >= 60 else f"{observed_s:.1f} s"
    if math.isnan(observed_s):
        time = "unknown time"
    lines = [
        f"{_many(tp + fp, 'event')}, {_many(tp + fn, 'annotation')}, {_many(found.sessions, 'session')} of "
        f"{_many(people, 'participant')}, {time} observed; an event matches an annotation when "
        f"{scoring.rule}"
    ]
    if any(found.points) and isinstance(scoring.criterion, OnsetOffset | Overlap):
        lines.append(
            f"{found.points[0]} of the events and {found.points[1]} of the annotations are points without an extent: "
            "this criterion is not made for them (scoring=events is)"
        )
    return lines


def _of_surrogates(null: Null, surrogates: int) -> str:
    if null.num_unplaced:
        return f"no chance level: the observed time of {null.num_unplaced} session(s) is not known"
    short = f"; {null.num_short} session(s) too short for a least shift" if null.num_short else ""
    return f"chance: {surrogates} circular shifts of each session's events within what was observed{short}"


def _sentence(name: str, measured: Measured) -> str:
    decimals = _DECIMALS.get(name, 3)
    text = f"{_NAMES[name]} {_number(measured.value, decimals)}"
    text += _ends(measured.interval, decimals)
    return text + _beside(measured.chance, decimals)


def _beside(chance: Chance | None, decimals: int = 3) -> str:
    if chance is None or math.isnan(chance.mean):
        return ""
    times = f", {chance.times:.1f} times chance" if math.isfinite(chance.times) else ""
    return f"; chance {_number(chance.mean, decimals)}, p = {chance.p:.4f}{times}"


def _ends(interval: Interval | None, decimals: int = 3) -> str:
    if not interval or math.isnan(interval.low):
        return ""
    return f" [{_number(interval.low, decimals)}, {_number(interval.high, decimals)}]"


def _of_agreement(found: Statistics) -> list[str]:
    """Kappa with the annotations, and that of people with each other beside it: the ceiling."""
    own = float(values(found.agreement)["time/kappa"])
    if math.isnan(own):
        return []
    told = f"kappa of time with the annotations {_number(own)}{_ends(found.intervals.get('agree/detector/time/kappa'))}"
    if found.people:
        known = [
            value
            for pair in found.people.pairs
            if not math.isnan(value := float(values(pair)["time/kappa"]))
        ]
        mean = sum(known) / len(known) if known else math.nan
        told += f"; annotators with each other {_number(mean)} (mean of {len(known)} pair{'s' * (len(known) != 1)})"
    return [told]


def _caution(measured: Measured, people: int) -> list[str]:
    if people >= FEW:
        return []
    if people < 2:
        return ["one participant: no interval can be made"]
    if measured.coverage is None:
        return [
            f"only {people} participants: how often such intervals hold was not measured; do not rely on them"
        ]
    measured_with, share = measured.coverage
    return [
        f"only {people} participants: in simulations with {measured_with}, {share:.0%} of such intervals of "
        f"{LEVEL:.0%} held the true F1"
    ]


def _many(count: float, one: str, more: str = "") -> str:
    return f"{count:.0f} {one if count == 1 else more or one + 's'}"


def _number(value: float, decimals: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"
