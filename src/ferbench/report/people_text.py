"""Participants one by one, learned thresholds and time, in sentences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from ferbench.report.statistics_words import interval_text, number
from ferbench.scoring.curves.time_bins import TimeBins
from ferbench.scoring.metrics import MAIN, METRICS, false_alarms_per_min, recall
from ferbench.scoring.participants.learned import Learned
from ferbench.scoring.participants.macro import MacroMean
from ferbench.scoring.participants.own_chance import AboveChance
from ferbench.scoring.participants.people import People
from ferbench.scoring.robustness import Robustness
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.power import POWER
from ferbench.wording import plural

_MOST_BINS: Final = 6
"""So many bins of time are told in a sentence; of more, the first and the last."""


def people_lines(statistics: Statistics) -> list[str]:
    """Means over participants, who is above the own chance level, what could have been found."""
    people = statistics.people
    lines = []
    if len(statistics.assessment.participants) > 1:
        lines += _macro(people.macro)
    if people.own is not None and len(people.own.people) > 1:
        lines += _own(people.own)
    return [*lines, *_detectable(statistics, people)]


def _macro(macro: Mapping[str, MacroMean]) -> list[str]:
    parts, missing = [], []
    for name, mean in macro.items():
        metric = METRICS[name]
        value = number(mean.value, metric.decimals)
        parts.append(f"{metric.title} {value}{interval_text(mean.interval, metric.decimals)}")
        if mean.left_out:
            missing.append(f"{metric.title} of {mean.left_out}")
    left_out = f"; undefined and left out: {', '.join(missing)}" if missing else ""
    return [f"mean over participants: {', '.join(parts)}{left_out}"]


def _own(own: AboveChance) -> list[str]:
    people = plural(len(own.people), "participant")
    untested = len(own.people) - own.tested
    if not own.tested:
        return [f"none of {people} has events, annotations and known time: none is above chance"]
    without = f" ({untested} without events, annotations or known time)" if untested else ""
    lines = [
        f"above their own chance level (p <= {own.alpha:g}): {own.above} of {people}{without}, "
        f"where chance gives {own.expected:.1f} or fewer (binomial {_p(own.p)}); "
        f"{own.above_holm} after Holm's correction for {own.tested}"
    ]
    if own.least_p_holm > own.alpha:
        lines.append(
            f"so few draws cannot give a corrected p below {own.least_p_holm:.2g}: more draws can"
        )
    return lines


def _p(p: float) -> str:
    """A probability to four digits, never as 0."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _detectable(statistics: Statistics, people: People) -> list[str]:
    """What could have been found, where nothing was."""
    measured = statistics.assessment.measured[MAIN]
    chance = measured.chance
    if chance is None or math.isnan(chance.p) or chance.p <= people.alpha:
        return []
    participants = plural(len(statistics.assessment.participants), "participant")
    least = people.least_detectable
    if math.isnan(least):
        return []
    if least > _largest_f1(statistics.assessment.tally):
        return [
            f"{participants} like these would show no F1 as above chance in {POWER:.0%} of "
            "studies, however good: there is too little to count"
        ]
    return [
        f"{participants} like these would show an F1 of {number(least)} as above chance in "
        f"{POWER:.0%} of studies (p <= {people.alpha:g}); a smaller one may be there unseen"
    ]


def _largest_f1(tally: Tally) -> float:
    """F1 where as many events match as can: there are fewer of them, or fewer annotations."""
    num_events = float(np.sum(tally.tp + tally.fp))
    num_ref = float(np.sum(tally.tp + tally.fn))
    return 2 * min(num_events, num_ref) / (num_events + num_ref)


def learned_lines(learned: Learned | None) -> list[str]:
    """F1 at thresholds chosen on others, and on other data of the same participant."""
    if learned is None:
        return []
    within = learned.of("within", "rest")
    if not within.participants:
        return [
            "no threshold can be chosen within participants: no first half or other session has "
            "annotations"
        ]
    others = learned.of("between", "rest")
    best = learned.of("in-sample", "rest")
    halved = ""
    if learned.halved:
        halved = f" (of {plural(learned.halved, 'participant')} the second half of one session)"
    left_out = ""
    if within.left_out:
        left_out = (
            f"; without {plural(len(within.left_out), 'participant')}, who have none to choose on"
        )
    return [
        "thresholds chosen on other data of the same participant: F1 "
        f"{number(within.f1)}{interval_text(within.interval)}{halved}; on the same data, chosen on "
        f"the other participants {number(others.f1)}, best {number(best.f1)} (optimistic){left_out}"
    ]


def robustness_lines(robustness: Robustness | None) -> list[str]:
    """F1 under neighbouring settings, and in how many of them it is above chance."""
    if robustness is None:
        return []
    lowest, highest = robustness.ends
    cells = plural(len(robustness.cells), "setting")
    varied = ", ".join(robustness.varied()) or "nothing to vary"
    return [
        f"under {cells} around this run's ({varied}): F1 between {number(lowest)} and "
        f"{number(highest)}; above chance (p <= {robustness.alpha:g}, not corrected) in "
        f"{robustness.above} of {len(robustness.cells)}"
    ]


def time_lines(bins: TimeBins | None) -> list[str]:
    """Recall and false alarms per minute over the time of a session."""
    if bins is None:
        return []
    pooled = bins.pooled
    found, alarms = recall(pooled).tolist(), false_alarms_per_min(pooled).tolist()
    titles = bin_titles(bins)
    shown = range(len(titles))
    if len(titles) > _MOST_BINS:
        shown = range(0, len(titles), len(titles) - 1)
    each = []
    for place in shown:
        n = int(pooled.tp[place] + pooled.fn[place])
        each.append(f"{titles[place]} {number(found[place])} (n={n}), {number(alarms[place], 2)}")
    return [f"over a session, recall and false alarms per minute: {'; '.join(each)}"]


def bin_titles(bins: TimeBins) -> list[str]:
    """What each bin is called: seconds or shares of a session."""
    ends = bins.edges.tolist()
    if math.isnan(bins.length_s):
        return [f"{100 * a:.0f}-{100 * b:.0f} %" for a, b in itertools.pairwise(ends)]
    return [f"{a:g}-{b:g} s" for a, b in itertools.pairwise(ends)]
