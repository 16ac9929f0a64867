"""What statistics say in single numbers, by the names that they are logged under."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable

import numpy as np

from ferbench.scoring.agreement import annotators as coders
from ferbench.scoring.curves.tolerance import LOOSE_S, TIGHT_S, mean_of
from ferbench.scoring.metrics import f1
from ferbench.scoring.session_frames import Frames
from ferbench.scoring.statistics import People, Statistics, Thresholds
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.intervals import Interval


def numbers(found: Statistics) -> dict[str, float]:
    """Everything that is one number, by the name that it is logged under; undefined ones are NaN.

    ``event/f1.lo`` and ``.hi`` are the ends of an interval, ``.chance`` the mean of shifted events,
    ``.p`` how often they are as good, ``.z``, ``.times_chance``, ``.random`` the mean of as many
    events at random times.
    """
    result: dict[str, float] = {"event/participants": float(len(found.assessment.participants))}
    for name, measured in found.assessment.measured.items():
        result |= _ends(f"event/{name}", measured.interval)
        result |= _chance(f"event/{name}", measured.chance)
        if measured.random:
            result[f"event/{name}.random"] = measured.random.mean
    result |= {
        "event/latency_q1_s": found.latency.lower_s,
        "event/latency_q3_s": found.latency.upper_s,
        "event/lag_peak_s": found.scan.peak_s,
        "event/lag_peak_f1": float(found.scan.f1[found.scan.peak]),
    }
    if found.thresholds:
        result |= _threshold_numbers(found.thresholds)
    if found.tolerance:
        everybody = np.ones((1, len(found.tolerance.participants)))
        for name, widths_s in (("f1_tight", TIGHT_S), ("f1_loose", LOOSE_S)):
            result[f"event/{name}"] = float(mean_of(found.tolerance, widths_s)(everybody)[0])
    for name, interval in found.intervals.items():
        result |= _ends(name, interval)
    result |= {
        f"segment/{name}": value for name, value in dataclasses.asdict(found.segments).items()
    }
    result |= _chance("segment/f1", found.segment_chance)
    if found.frames:
        result |= frame_numbers(found.frames)
        for name, chance in found.frames.chance.items():
            result |= _chance(f"frame/{name}", chance)
    lag_s, kappa = found.scan.kappa_peak
    result |= {"agree/detector/time/lag_peak_s": lag_s, "agree/detector/time/lag_peak_kappa": kappa}
    result |= {
        f"agree/detector/{name}": float(value)
        for name, value in coders.values(found.agreement).items()
    }
    result |= {
        f"agree/detector/segment/{k}": v for k, v in coders.segment_shares(found.agreement).items()
    }
    if found.people:
        result |= _people_numbers(found.people)
    return result


def frame_numbers(found: Frames) -> dict[str, float]:
    """``frame/f1`` and so on, and ``frame/f1_tolerant``."""
    return {
        f"frame/{name}{suffix}": value
        for scores, suffix in ((found.strict, ""), (found.tolerant, "_tolerant"))
        for name, value in dataclasses.asdict(scores).items()
    }


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    return {f"{name}.lo": interval.low, f"{name}.hi": interval.high} if interval else {}


def _chance(name: str, chance: Chance | None) -> dict[str, float]:
    if chance is None:
        return {}
    return {
        f"{name}.chance": chance.mean,
        f"{name}.p": chance.p,
        f"{name}.z": chance.z,
        f"{name}.times_chance": chance.times,
    }


def _threshold_numbers(found: Thresholds) -> dict[str, float]:
    own = found.nested.tally
    return {
        "event/average_precision": found.average_precision,
        "event/best_f1": float(f1(found.best.tally)),
        "event/best_level": found.best.level,
        "event/nested_f1": float(f1(own.weighted(np.ones(len(own.tp)))))
        if len(own.tp)
        else math.nan,
    }


def _people_numbers(found: People) -> dict[str, float]:
    """Of each pair of annotators, and the mean over the pairs that have a value."""
    names = _plain({name for pair in found.pairs for name in (pair.first, pair.second)})
    result = {"agree/people/alpha": found.alpha}
    every: dict[str, list[float]] = {}
    for pair in found.pairs:
        shares = {f"segment/{name}": value for name, value in coders.segment_shares(pair).items()}
        for name, value in (coders.values(pair) | shares).items():
            result[f"agree/people/{name}/{names[pair.first]}/{names[pair.second]}"] = float(value)
            every.setdefault(name, []).append(float(value))
    for name, values in every.items():
        known = [value for value in values if not math.isnan(value)]
        result[f"agree/people/{name}_mean"] = sum(known) / len(known) if known else math.nan
    return result


def _plain(names: Iterable[str]) -> dict[str, str]:
    """People's names as parts of a number's name: what stores do not take is "_".

    Equal ones are numbered.
    """
    result: dict[str, str] = {}
    for name in sorted(names):
        plain = re.sub(r"[^A-Za-z0-9_. -]", "_", name)
        same = sum(
            re.fullmatch(rf"{re.escape(plain)}( \d+)?", other) is not None
            for other in result.values()
        )
        result[name] = f"{plain} {same + 1}" if same else plain
    return result
