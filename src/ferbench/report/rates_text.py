"""What a recall costs, and what it is worth, in sentences.

False alarms, time in alarm, time without a face.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ferbench.report.statistics_words import interval_text, number
from ferbench.scoring.curves.froc import Froc
from ferbench.scoring.metrics import METRICS, f1, recall
from ferbench.scoring.no_face import NoFaceBounds
from ferbench.scoring.time_in_alarm import TimeInAlarm
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.wording import plural


def froc_lines(froc: Froc, intervals: Mapping[str, Interval]) -> list[str]:
    """Recall at each rate, their mean, and where the curve ends; none where it is undefined.

    Args:
        froc: of all sessions.
        intervals: by the names that numbers are logged under.
    """
    if math.isnan(froc.mean):
        return []
    rates = froc.rates_per_min.tolist()
    at_rates = [
        f"{value:.3f} at {rate:g}" for rate, value in zip(rates, froc.recall.tolist(), strict=True)
    ]
    mean = f"{number(froc.mean)}{interval_text(intervals.get('event/froc'))}"
    line = (
        f"recall over false alarms per minute (optimistic: thresholds chosen on the same data): "
        f"{', '.join(at_rates)}; mean {mean}"
    )
    if froc.largest_per_min < rates[-1]:
        line = f"{line} (the lowest threshold has {froc.largest_per_min:.2f} per minute)"
    return [line]


def alarm_lines(alarm: TimeInAlarm | None, intervals: Mapping[str, Interval]) -> list[str]:
    """Share of time in alarm, and the improvement over it; none where it is undefined.

    Args:
        alarm: of all sessions.
        intervals: by the names that numbers are logged under.
    """
    if alarm is None:
        return []
    share = float(alarm.share(alarm.everybody)[0])
    improvement = float(alarm.improvement(alarm.everybody)[0])
    if math.isnan(share) or math.isnan(improvement):
        return []
    around = interval_text(intervals.get("event/improvement_over_chance"))
    return [
        f"in alarm {share:.1%} of the observed time, where an annotation would be found; "
        f"improvement of recall over annotations at random times {number(improvement)}{around}"
    ]


def no_face_lines(bounds: NoFaceBounds | None) -> list[str]:
    """What scores would be if annotations without a face counted otherwise; none if there are none.

    Args:
        bounds: of all sessions; None = not known.
    """
    if bounds is None or not bounds.unseen:
        return []
    each = []
    for name, formula in (("recall", recall), ("f1", f1)):
        values = bounds.values(formula(bounds.tally))
        each.append(
            f"{METRICS[name].title} {number(values['missed'])} as missed, "
            f"{number(values['excluded'])} without them, {number(values['best'])} if found"
        )
    unseen = plural(bounds.unseen, "missed annotation")
    return [f"no face in the whole window of {unseen}: {'; '.join(each)}"]
