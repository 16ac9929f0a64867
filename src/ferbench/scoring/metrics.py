"""The metrics: one table from which everything else is made.

Scores, intervals, chance levels, paired comparisons, the summary's sentences, console, tables of
runs and sessions, the saved view of MLflow and the table in docs/outputs.md follow from
``METRICS``. A new metric is one entry in it, and a test.

Formulas as in sed_eval (github.com/TUT-ARG/sed_eval); what differs: F1 is 0, not undefined, when
only one of events and annotations is empty. Metrics are NaN where there is nothing to divide by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ferbench.scoring.metric import CountMetric, LagMetric, Metric
from ferbench.scoring.ratios import ratios
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import weighted_median
from ferbench.types import F64, Counts


def precision(tally: Tally) -> F64:
    """Share of the events that match an annotation, tp / (tp + fp); NaN without events."""
    return ratios(tally.tp, tally.tp + tally.fp)


def recall(tally: Tally) -> F64:
    """Share of the annotations that match an event, tp / (tp + fn); NaN without annotations."""
    return ratios(tally.tp, tally.tp + tally.fn)


def f1(tally: Tally) -> F64:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn).

    NaN without events and annotations.
    """
    return ratios(2 * tally.tp, 2 * tally.tp + tally.fp + tally.fn)


def false_alarms_per_min(tally: Tally) -> F64:
    """Events without an annotation per observed minute; NaN without observed time."""
    return ratios(tally.fp, tally.observed_s / 60)


_TABLE: Final[tuple[Metric, ...]] = (
    CountMetric(
        name="precision",
        title="precision",
        meaning="tp / (tp + fp)",
        formula=precision,
        higher_is_better=True,
        rests_on="events",
        against_chance=True,
    ),
    CountMetric(
        name="recall",
        title="recall",
        meaning="tp / (tp + fn)",
        formula=recall,
        higher_is_better=True,
        rests_on="annotations",
        against_chance=True,
    ),
    CountMetric(
        name="f1",
        title="F1",
        meaning="2 tp / (2 tp + fp + fn)",
        formula=f1,
        higher_is_better=True,
        rests_on="events and annotations",
        against_chance=True,
    ),
    CountMetric(
        name="false_alarms_per_min",
        title="false alarms per minute",
        meaning="fp / observed minutes",
        formula=false_alarms_per_min,
        higher_is_better=False,
        rests_on="events",
        decimals=2,
        unit="1/min",
    ),
    LagMetric(
        name="latency_s",
        title="latency, s",
        meaning="median over the matches of event's time - annotation's onset",
        formula=weighted_median,
        higher_is_better=False,
        rests_on="matches",
        decimals=2,
        unit="s",
    ),
    CountMetric(
        name="tp",
        title="matched",
        meaning="events that match an annotation",
        formula=lambda tally: tally.tp,
        higher_is_better=True,
        rests_on="sessions",
        decimals=0,
        headline=False,
    ),
    CountMetric(
        name="fp",
        title="false",
        meaning="events without an annotation",
        formula=lambda tally: tally.fp,
        higher_is_better=False,
        rests_on="sessions",
        decimals=0,
        headline=False,
    ),
    CountMetric(
        name="fn",
        title="missed",
        meaning="annotations without an event",
        formula=lambda tally: tally.fn,
        higher_is_better=False,
        rests_on="sessions",
        decimals=0,
        headline=False,
    ),
)

METRICS: Final[dict[str, Metric]] = {metric.name: metric for metric in _TABLE}
"""All metrics by name, in the order in which they are shown."""

MAIN: Final = "f1"
"""The metric that runs are compared by, shown with its interval, chance level and p value."""


def headline() -> list[Metric]:
    """The metrics that are shown and have intervals."""
    return [metric for metric in METRICS.values() if metric.headline]


def count_formulas() -> dict[str, Formula]:
    """Formulas of the headline metrics that recorded counts are enough for, by name."""
    return {metric.name: metric.formula for metric in headline() if isinstance(metric, CountMetric)}


def values_of(counts: Counts) -> dict[str, float]:
    """All headline metrics of one Counts by name; those that need lags are left out.

    >>> values_of(Counts(tp=1, fp=1, fn=0, n_ref=1, observed_s=60.0, valid_s=60.0))["f1"]
    0.6666666666666666
    """
    tally = Tally.of([counts])
    return {name: float(formula(tally)[0]) for name, formula in count_formulas().items()}


def headline_values(counts: Counts, lags_s: Sequence[float]) -> dict[str, float]:
    """All headline metrics of some sessions together by name; undefined ones are NaN.

    Args:
        counts: of the sessions.
        lags_s: of their matches, seconds.
    """
    return {metric.name: metric.value(counts, lags_s) for metric in headline()}


def metrics_table() -> str:
    """The metrics as a table for docs/outputs.md."""
    lines = ["| number | formula | better | unit | n |", "|---|---|---|---|---|"]
    for metric in METRICS.values():
        better = "smaller"
        if metric.higher_is_better:
            better = "larger"
        cells = (f"`{metric.logged_as}`", metric.meaning, better, metric.unit, metric.rests_on)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
