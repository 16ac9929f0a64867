"""What participants say one by one, in single numbers."""

from __future__ import annotations

import math

from ferbench.scoring.metrics import MAIN
from ferbench.scoring.participants.learned import Learned
from ferbench.scoring.participants.own_chance import AboveChance
from ferbench.scoring.participants.people import People
from ferbench.scoring.uncertainty.intervals import Interval


def people_numbers(people: People) -> dict[str, float]:
    """By the names that they are logged under; undefined ones are NaN.

    ``event/f1_macro`` is a mean over participants, ``event/f1_macro.left_out`` how many have no
    number; ``event/above_chance`` participants above their own chance level,
    ``event/f1.least_detectable`` the F1 that would mostly be above chance, ``event/within_f1`` that
    with thresholds chosen on other data of the same participant.
    """
    found: dict[str, float] = {}
    for name, mean in people.macro.items():
        found[f"event/{name}_macro"] = mean.value
        found |= _ends(f"event/{name}_macro", mean.interval)
        found[f"event/{name}_macro.left_out"] = float(mean.left_out)
    if people.own is not None:
        found |= _above_chance(people.own)
    if not math.isnan(people.least_detectable):
        found[f"event/{MAIN}.least_detectable"] = people.least_detectable
    if people.learned is not None:
        found |= _learned(people.learned)
    return found


def _above_chance(own: AboveChance) -> dict[str, float]:
    return {
        "event/above_chance": float(own.above),
        "event/above_chance.tested": float(own.tested),
        "event/above_chance.expected": own.expected,
        "event/above_chance.p": own.p,
        "event/above_chance.holm": float(own.above_holm),
    }


def _learned(learned: Learned) -> dict[str, float]:
    within = learned.of("within", "rest")
    return {
        "event/within_f1": within.f1,
        **_ends("event/within_f1", within.interval),
        "event/within_f1.best": learned.of("in-sample", "rest").f1,
        "event/within_f1.between": learned.of("between", "rest").f1,
    }


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return {}
    return {f"{name}.lo": interval.low, f"{name}.hi": interval.high}
