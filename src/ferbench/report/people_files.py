"""Participants one by one, learned thresholds and scores over time, as tables and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferbench.report.figures import PictureStyle, blank_figure, dress, save
from ferbench.report.files import write_csv
from ferbench.report.people_text import bin_titles
from ferbench.report.robustness_files import write_robustness
from ferbench.scoring.curves.time_bins import TimeBins
from ferbench.scoring.metrics import (
    METRICS,
    count_formulas,
    f1,
    false_alarms_per_min,
    precision,
    recall,
)
from ferbench.scoring.participants.learned import Learned
from ferbench.scoring.participants.people import People
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.uncertainty.assessment import Assessment
from ferbench.types import F64

_SPLIT_COLUMNS = (
    "chosen_on",
    "scored_on",
    "f1",
    "low",
    "high",
    "precision",
    "recall",
    "tp",
    "fp",
    "fn",
    "participants",
    "left_out",
)
_BIN_COLUMNS = (
    "bin",
    "from",
    "to",
    "sessions",
    "annotations",
    "tp",
    "fp",
    "observed_s",
    "recall",
    "recall_low",
    "recall_high",
    "false_alarms_per_min",
    "false_alarms_per_min_low",
    "false_alarms_per_min_high",
    "precision",
    "f1",
)


def write_people(statistics: Statistics, folder: Path, *, pictures: PictureStyle | None) -> None:
    """Write tables of participants, of learned thresholds, of time and of robustness.

    ``by_participant.csv, macro.csv, learned_thresholds.csv, time_bins.csv, robustness.csv``.

    Args:
        statistics: what to write; what there is not is not written.
        folder: where to.
        pictures: how pictures of the last two are drawn; None = only tables.
    """
    _by_participant(statistics.assessment, statistics.people, folder / "by_participant.csv")
    _macro(statistics.people, folder / "macro.csv")
    if statistics.people.learned is not None:
        _learned(statistics.people.learned, folder / "learned_thresholds.csv")
    if statistics.robustness is not None:
        write_robustness(statistics.robustness, folder / "robustness.csv", pictures)
    if statistics.time_bins is not None:
        _time_bins(statistics.time_bins, folder / "time_bins.csv")
        if pictures:
            _over_time(statistics.time_bins, folder / "time_bins.png", pictures)


def _by_participant(assessment: Assessment, people: People, path: Path) -> None:
    """One row per participant: counts, scores, and the own chance level."""
    formulas = count_formulas()
    tally = assessment.tally
    values = {name: formula(tally).tolist() for name, formula in formulas.items()}
    rows = []
    for who, name in enumerate(assessment.participants):
        own: tuple[object, ...] = (None, None, None, None)
        if people.own is not None:
            one = people.own.people[who]
            chance = one.chance
            own = (
                chance.mean if chance else None,
                chance.p if chance else None,
                one.p_holm,
                one.hardest,
            )
        counts = (int(tally.tp[who]), int(tally.fp[who]), int(tally.fn[who]))
        scores = tuple(of_all[who] for of_all in values.values())
        rows.append((name, *counts, float(tally.observed_s[who]), *scores, *own))
    header = ("participant", "tp", "fp", "fn", "observed_s", *formulas)
    write_csv(path, (*header, "f1_chance", "p", "p_holm", "null"), rows)


def _macro(people: People, path: Path) -> None:
    rows = []
    for name, mean in people.macro.items():
        ends = (mean.interval.low, mean.interval.high) if mean.interval else (None, None)
        rows.append((name, mean.value, *ends, mean.participants, mean.left_out))
    write_csv(path, ("metric", "mean", "low", "high", "participants", "left_out"), rows)


def _learned(learned: Learned, path: Path) -> None:
    rows = []
    for split in learned.splits:
        total = split.tally.weighted(np.ones(len(split.participants)))
        ends = (split.interval.low, split.interval.high) if split.interval else (None, None)
        counts = (int(total.tp), int(total.fp), int(total.fn))
        scores = (float(precision(total)), float(recall(total)))
        people = (len(split.participants), len(split.left_out))
        rows.append((split.chosen, split.scored_on, split.f1, *ends, *scores, *counts, *people))
    write_csv(path, _SPLIT_COLUMNS, rows)


def _time_bins(bins: TimeBins, path: Path) -> None:
    pooled = bins.pooled
    found, alarms = _ends(bins, "recall"), _ends(bins, "false_alarms_per_min")
    rows = []
    for place, title in enumerate(bin_titles(bins)):
        rows.append(
            (
                title,
                *bins.edges[place : place + 2].tolist(),
                int(bins.sessions[place]),
                int(pooled.tp[place] + pooled.fn[place]),
                int(pooled.tp[place]),
                int(pooled.fp[place]),
                float(pooled.observed_s[place]),
                float(recall(pooled)[place]),
                *found[place],
                float(false_alarms_per_min(pooled)[place]),
                *alarms[place],
                float(precision(pooled)[place]),
                float(f1(pooled)[place]),
            )
        )
    write_csv(path, _BIN_COLUMNS, rows)


def _ends(bins: TimeBins, metric: str) -> list[tuple[float | None, float | None]]:
    """Ends of each bin's interval."""
    if metric not in bins.intervals:
        return [(None, None)] * len(bins.sessions)
    return [(each.low, each.high) for each in bins.intervals[metric]]


def _over_time(bins: TimeBins, path: Path, style: PictureStyle) -> None:
    """Recall, and false alarms per minute, in each bin, with intervals and what they rest on."""
    pooled = bins.pooled
    figure = blank_figure(6.4, 5.2, style)
    upper, lower = figure.subplots(2, 1, sharex=True)
    titles = bin_titles(bins)
    for axes, metric, values in (
        (upper, "recall", recall(pooled)),
        (lower, "false_alarms_per_min", false_alarms_per_min(pooled)),
    ):
        dress(axes, style)
        axes.set_ylabel(METRICS[metric].title)
        place = np.arange(len(titles))
        low, high = _arrays(bins, metric)
        axes.vlines(place, low, high, color=style.faint, linewidth=1.4)
        axes.plot(place, values, color=style.ink, linewidth=1.2, marker="o", markersize=5)
        axes.set_ylim(bottom=0)
    upper.set_ylim(-0.02, 1.02)
    upper.set_title("scores over a session", loc="left", fontsize=10, color=style.ink)
    step = max(len(titles) // 8, 1)
    shown = range(0, len(titles), step)
    annotations = (pooled.tp + pooled.fn).astype(int)
    lower.set_xticks(list(shown), [f"{titles[k]}\n(n={annotations[k]})" for k in shown], fontsize=8)
    lower.set_xlabel("time of the session (n = annotations)")
    lower.xaxis.label.set_color(style.ink)
    save(figure, path, style)


def _arrays(bins: TimeBins, metric: str) -> tuple[F64, F64]:
    """Lower and upper ends of all bins, f64 (B,) each; NaN = no interval."""
    unknown = np.full(len(bins.sessions), np.nan)
    if metric not in bins.intervals:
        return unknown, unknown
    low = np.array([each.low for each in bins.intervals[metric]])
    return low, np.array([each.high for each in bins.intervals[metric]])
