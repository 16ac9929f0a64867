"""What statistics say in single numbers, by the names that they are logged under."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable

import numpy as np

from ferbench.scoring.agreement import annotators as annotator_agreement
from ferbench.scoring.agreement.annotators import AnnotatorPair
from ferbench.scoring.curves.tolerance import LOOSE_S, TIGHT_S, ToleranceCurve, mean_of
from ferbench.scoring.further_intervals import at_rate
from ferbench.scoring.metrics import MAIN, f1, recall
from ferbench.scoring.no_face import NoFaceBounds
from ferbench.scoring.participants.people_numbers import people_numbers
from ferbench.scoring.robustness import Robustness
from ferbench.scoring.session_agreement import AnnotatorAgreement
from ferbench.scoring.session_frames import Frames
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.assessment import Assessment
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.intervals import Interval


def numbers(statistics: Statistics) -> dict[str, float]:
    """Everything that is one number, by the name that it is logged under; undefined ones are NaN.

    ``event/f1.lo`` and ``.hi`` are the ends of an interval, ``.chance`` the mean of the null
    detector that is hardest to beat, ``.p`` how often it is as good, ``.z``, ``.times_chance``;
    ``.chance_jitter``, ``.p_jitter`` and so on those of each; ``.random`` the mean of as many
    events at random times.
    """
    result = _assessment_numbers(statistics.assessment)
    result |= people_numbers(statistics.people)
    if statistics.robustness:
        result |= _robustness_numbers(statistics.robustness)
    result |= _lag_numbers(statistics)
    if statistics.thresholds:
        result |= _threshold_numbers(statistics.thresholds)
    if statistics.tolerance:
        result |= _tolerance_numbers(statistics.tolerance)
    if statistics.in_alarm:
        alarm, everybody = statistics.in_alarm, statistics.in_alarm.everybody
        result["event/time_in_alarm"] = float(alarm.share(everybody)[0])
        result["event/improvement_over_chance"] = float(alarm.improvement(everybody)[0])
    if statistics.no_face:
        result |= _no_face_numbers(statistics.no_face)
    for name, interval in statistics.intervals.items():
        result |= _ends(name, interval)
    for name, value in dataclasses.asdict(statistics.segments).items():
        result[f"segment/{name}"] = value
    result |= _chance("segment/f1", statistics.segment_chance)
    if statistics.frames:
        result |= frame_numbers(statistics.frames)
        for name, chance in statistics.frames.chance.items():
            result |= _chance(f"frame/{name}", chance)
    result |= _detector_numbers(statistics)
    if statistics.annotators:
        result |= _annotator_numbers(statistics.annotators)
    return result


def frame_numbers(frames: Frames) -> dict[str, float]:
    """``frame/f1`` and so on, and ``frame/f1_tolerant``."""
    result: dict[str, float] = {}
    for name, value in dataclasses.asdict(frames.strict).items():
        result[f"frame/{name}"] = value
    for name, value in dataclasses.asdict(frames.tolerant).items():
        result[f"frame/{name}_tolerant"] = value
    return result


def _assessment_numbers(assessment: Assessment) -> dict[str, float]:
    result = {"event/participants": float(len(assessment.participants))}
    if assessment.num_ignored is not None:
        result["event/ignored"] = float(assessment.num_ignored)
    for name, measured in assessment.measured.items():
        result |= _ends(f"event/{name}", measured.interval)
        result |= _chance(f"event/{name}", measured.chance)
        if measured.random:
            result[f"event/{name}.random"] = measured.random.mean
    for null, chance in assessment.measured[MAIN].chances.items():
        result[f"event/{MAIN}.chance_{null}"] = chance.mean
        result[f"event/{MAIN}.p_{null}"] = chance.p
    return result


def _robustness_numbers(robustness: Robustness) -> dict[str, float]:
    lowest, highest = robustness.ends
    return {
        "event/robustness.settings": float(len(robustness.cells)),
        "event/robustness.above_chance": float(robustness.above),
        "event/robustness.lowest_f1": lowest,
        "event/robustness.highest_f1": highest,
    }


def _lag_numbers(statistics: Statistics) -> dict[str, float]:
    latency, scan = statistics.latency, statistics.scan
    return {
        "event/latency_q1_s": latency.lower_s,
        "event/latency_q3_s": latency.upper_s,
        "event/lag_peak_s": scan.peak_s,
        "event/lag_peak_f1": float(scan.f1[scan.peak]),
    }


def _threshold_numbers(thresholds: Thresholds) -> dict[str, float]:
    nested_tally = thresholds.nested.tally
    nested_f1 = math.nan
    if len(nested_tally.tp):
        everybody = np.ones(len(nested_tally.tp))
        nested_f1 = float(f1(nested_tally.weighted(everybody)))
    froc = thresholds.froc
    at_rates = zip(froc.rates_per_min.tolist(), froc.recall.tolist(), strict=True)
    return {
        "event/froc": froc.mean,
        **{at_rate(rate): value for rate, value in at_rates},
        "event/average_precision": thresholds.average_precision,
        "event/best_f1": float(f1(thresholds.best.tally)),
        "event/best_level": thresholds.best.level,
        "event/nested_f1": nested_f1,
    }


def _no_face_numbers(bounds: NoFaceBounds) -> dict[str, float]:
    result = {"event/unseen": float(bounds.unseen)}
    for metric, formula in (("recall", recall), ("f1", f1)):
        values = bounds.values(formula(bounds.tally))
        result[f"event/{metric}_without_unseen"] = values["excluded"]
        result[f"event/{metric}_if_unseen_found"] = values["best"]
    return result


def _tolerance_numbers(curve: ToleranceCurve) -> dict[str, float]:
    everybody = np.ones((1, len(curve.participants)))
    return {
        "event/f1_tight": float(mean_of(curve, TIGHT_S)(everybody)[0]),
        "event/f1_loose": float(mean_of(curve, LOOSE_S)(everybody)[0]),
    }


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return {}
    return {f"{name}.lo": interval.low, f"{name}.hi": interval.high}


def _chance(name: str, chance: Chance | None) -> dict[str, float]:
    if chance is None:
        return {}
    return {
        f"{name}.chance": chance.mean,
        f"{name}.p": chance.p,
        f"{name}.z": chance.z,
        f"{name}.times_chance": chance.times,
    }


def _detector_numbers(statistics: Statistics) -> dict[str, float]:
    """Agreement of the detector with the annotations."""
    lag_s, kappa = statistics.scan.kappa_peak
    result = {"agree/detector/time/lag_peak_s": lag_s, "agree/detector/time/lag_peak_kappa": kappa}
    for name, value in _agreement_measures(statistics.agreement).items():
        result[f"agree/detector/{name}"] = value
    return result


def _agreement_measures(pair: AnnotatorPair) -> dict[str, float]:
    measures = {name: float(value) for name, value in annotator_agreement.values(pair).items()}
    for name, share in annotator_agreement.segment_shares(pair).items():
        measures[f"segment/{name}"] = float(share)
    return measures


def _annotator_numbers(agreement: AnnotatorAgreement) -> dict[str, float]:
    """Of each pair of annotators, and the mean over the pairs that have a value."""
    annotators = {name for pair in agreement.pairs for name in (pair.first, pair.second)}
    plain = _plain_names(annotators)
    result = {"agree/people/alpha": agreement.alpha}
    values_of: dict[str, list[float]] = {}
    for pair in agreement.pairs:
        for name, value in _agreement_measures(pair).items():
            result[f"agree/people/{name}/{plain[pair.first]}/{plain[pair.second]}"] = value
            values_of.setdefault(name, []).append(value)
    for name, values in values_of.items():
        result[f"agree/people/{name}_mean"] = _mean_of_defined(values)
    return result


def _mean_of_defined(values: Iterable[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    if not defined:
        return math.nan
    return sum(defined) / len(defined)


def _plain_names(names: Iterable[str]) -> dict[str, str]:
    """Annotators' names as parts of a number's name: what stores do not take is "_".

    Equal ones are numbered.
    """
    result: dict[str, str] = {}
    for name in sorted(names):
        plain = re.sub(r"[^A-Za-z0-9_. -]", "_", name)
        numbered = re.compile(rf"{re.escape(plain)}( \d+)?")
        same = sum(numbered.fullmatch(other) is not None for other in result.values())
        if same:
            plain = f"{plain} {same + 1}"
        result[name] = plain
    return result
