"""The worked examples of docs/scoring.md that look at participants one by one, by the program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import stdtrit

from ferbench.scoring.curves.time_bins import time_bins
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1, false_alarms_per_min, recall
from ferbench.scoring.participants.learned import learned_threshold
from ferbench.scoring.participants.macro import macro_means
from ferbench.scoring.participants.own_chance import above_chance
from ferbench.scoring.participants.split_sessions import halves
from ferbench.scoring.robustness import robustness_of
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.threshold_scores import thresholds_of
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.power import least_difference, significant_from, standard_error
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation, Event

WINDOW = Window()


def macro(block: Any) -> dict[str, object]:
    counts = np.array([block.numbers(f"{who}_counts") for who in "ABC"])
    tp, fp, fn = counts.T
    tally = Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(3, 60.0))
    means = macro_means(tally, weights=None, level=0.95, method="percentile")
    return {
        "f1": float(f1(tally.weighted(np.ones(3)))),
        "left_out": means["f1"].left_out,
        **{f"{name}_macro": means[name].value for name in ("precision", "recall", "f1")},
    }


def own_chance(block: Any) -> dict[str, object]:
    [draws] = block.numbers("draws")
    found = []
    for p in block.numbers("p_of_each"):
        chance = Chance(value=0.5, mean=0.1, p=p, z=0.0, times=5.0, draws=int(draws))
        found.append((chance, "circular"))
    names = [f"p{k}" for k in range(len(found))]
    result = above_chance(names, found, alpha=0.05, draws=int(draws))
    return {
        "above": result.above,
        "expected": result.expected,
        "p": result.p,
        "above_by_holm": result.above_holm,
    }


def least_detectable(block: Any) -> dict[str, object]:
    [error], [people] = block.numbers("standard_error"), block.numbers("participants")
    [alpha], [alpha_of_one] = block.numbers("alpha"), block.numbers("alpha_of_one")
    # Two values around 0 that have this standard error.
    away = error * math.sqrt((people - 1) / people) / math.sqrt(2)
    replicates = np.array([-away, away])
    assert math.isclose(standard_error(replicates, int(people)), error)
    null = np.array(block.numbers("null"))
    return {
        "t_significant": float(stdtrit(people - 1, 1 - alpha / 2)),
        "t_over": float(stdtrit(people - 1, 0.8)),
        "least_difference": least_difference(replicates, int(people), alpha=alpha, least_p=0.001),
        "not_above": significant_from(null, alpha=alpha_of_one),
    }


def session(block: Any, rows: Any = (), events_s: Any = ()) -> ScoredSession:
    [observed] = block.spans("observed")
    return ScoredSession(
        session_id="s",
        participant="s",
        events=tuple(
            Event(session_id="s", onset_s=t, offset_s=t, trigger_s=t, label="surprise", peak=1.0)
            for t in events_s
        ),
        annotations=tuple(
            Annotation(session_id="s", onset_s=t, offset_s=t) for t in block.numbers("annotations")
        ),
        observed=(observed,),
        profile=ThresholdSweep.of(rows),
    )


def within(block: Any) -> dict[str, object]:
    events = [word.split("@") for word in block.words("events")]
    rows = [(-math.inf, float(level), float(t), float(t), float(t)) for t, level in events]
    whole = session(block, rows)
    thresholds = thresholds_of([whole], WINDOW, weights=None, rules=StatisticsRules())
    found = learned_threshold([whole], thresholds, WINDOW, WINDOW.onset_window)
    cut = halves(whole, WINDOW.onset_window, "trigger")
    curve = thresholds_of(cut[:1], WINDOW, weights=None, rules=StatisticsRules()).curve
    first = {
        level: float(f1(curve.at_levels(np.array([level])))[0, 0]) for level in (0.9, 0.7, 0.6)
    }
    return {
        **{f"first_half_at_{level}": value for level, value in first.items()},
        "within_f1": found.of("within", "rest").f1,
        "within_best_f1": found.of("in-sample", "rest").f1,
    }


def over_time(block: Any) -> dict[str, object]:
    [parts] = block.numbers("parts")
    rules = StatisticsRules(time_bins=int(parts))
    whole = session(block, events_s=block.numbers("events"))
    pooled = time_bins([whole], WINDOW, rules, intervals=False).pooled
    found, alarms = recall(pooled), false_alarms_per_min(pooled)
    return {
        "first_recall": found[0],
        "second_recall": found[1],
        "first_false_alarms_per_min": alarms[0],
        "second_false_alarms_per_min": alarms[1],
    }


def robust(block: Any) -> dict[str, object]:
    rules = StatisticsRules(surrogates=20, robustness=True)
    found = robustness_of([session(block, events_s=block.numbers("events"))], WINDOW, rules)
    lowest, highest = found.ends
    return {
        "post_s": [cell.post_s for cell in found.cells],
        "lowest_f1": lowest,
        "highest_f1": highest,
        "settings": len(found.cells),
    }


PEOPLE = {
    "robustness": robust,
    "macro": macro,
    "above_chance": own_chance,
    "least_detectable": least_detectable,
    "within": within,
    "time": over_time,
}
