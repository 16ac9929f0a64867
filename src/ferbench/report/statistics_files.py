"""Statistics as files that a person opens.

Pictures with their numbers, tables, and a summary in sentences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.report import curve_pictures, distribution_pictures
from ferbench.report.distribution_pictures import ForestRow
from ferbench.report.figures import PLAIN, PictureStyle, Point, columns
from ferbench.report.files import write_csv
from ferbench.report.froc_files import froc_picture, write_rates
from ferbench.report.people_files import write_people
from ferbench.report.rates_files import write_no_face, write_time_in_alarm
from ferbench.report.statistics_text import summary
from ferbench.rights import make_folder
from ferbench.scoring.agreement.annotators import AnnotatorPair, segment_shares, values
from ferbench.scoring.curves.tolerance import ToleranceCurve
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metrics import f1, false_alarms_per_min, precision, recall
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.statistics_rules import Extent, StatisticsRules
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.assessment import Assessment
from ferbench.scoring.uncertainty.chance import Chance, Null, NullName
from ferbench.timespans import TOLERANCE
from ferbench.types import F64

SUMMARY = "summary.txt"
_BREAKDOWN_COLUMNS = (
    "breakdown",
    "value",
    "n_ref",
    "tp",
    "recall",
    "lag_median_s",
    "sessions",
    "fp",
    "false_alarms_per_min",
)
_AGREEMENT_COLUMNS = ("first", "second", "measure", "value", "low", "high")


def write_statistics(
    statistics: Statistics,
    folder: Path,
    criterion: Criterion,
    rules: StatisticsRules,
    *,
    level: float = math.nan,
    pictures: PictureStyle | None = PLAIN,
) -> None:
    """Write ``summary.txt, breakdowns.csv, agreement.csv``, and pictures with their numbers as CSV.

    Args:
        statistics: what to write.
        folder: where to; made if missing.
        criterion: how events were matched.
        rules: how the statistics were made.
        level: the event rule's threshold, marked in curves; NaN = not known.
        pictures: how pictures are drawn; None = only sentences and tables, with that of the curve
            over thresholds.
    """
    make_folder(folder)
    lines = summary(statistics, criterion, rules)
    (folder / SUMMARY).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    _breakdowns(statistics, folder / "breakdowns.csv")
    _agreement(statistics, folder / "agreement.csv")
    if statistics.thresholds:
        write_rates(statistics.thresholds, statistics.intervals, folder / "froc_rates.csv")
    if statistics.in_alarm:
        write_time_in_alarm(statistics.in_alarm, folder / "time_in_alarm.csv")
    if statistics.no_face:
        write_no_face(statistics.no_face, folder / "no_face.csv")
    write_people(statistics, folder, pictures=pictures)
    if pictures:
        marked = _Marked(extent=rules.extent(criterion), confidence=rules.confidence, level=level)
        _pictures(statistics, folder, marked, pictures)
    else:
        _curve(statistics.thresholds, folder / "precision_recall.csv")


def _curve(thresholds: Thresholds | None, path: Path) -> None:
    """The numbers of the curve over thresholds, which a page of several runs draws together."""
    if thresholds and len(thresholds.curve.level):
        pooled = thresholds.pooled
        rows = columns(thresholds.curve.level, recall(pooled), precision(pooled))
        write_csv(path, ("level", "recall", "precision"), rows)


def _breakdowns(statistics: Statistics, path: Path) -> None:
    rows = []
    for group in statistics.breakdowns.values():
        for row in group:
            rows.append(tuple(getattr(row, name) for name in _BREAKDOWN_COLUMNS))
    write_csv(path, _BREAKDOWN_COLUMNS, rows)


def _agreement(statistics: Statistics, path: Path) -> None:
    rows = []
    for name, value in _measures(statistics.agreement).items():
        interval = statistics.intervals.get(f"agree/detector/{name}")
        ends = (interval.low, interval.high) if interval else (None, None)
        rows.append(_agreement_row(statistics.agreement, name, value, ends))
    if statistics.annotators:
        for pair in statistics.annotators.pairs:
            for name, value in _measures(pair).items():
                rows.append(_agreement_row(pair, name, value, (None, None)))
        rows.append(("all annotators", "", "alpha", statistics.annotators.alpha, None, None))
    write_csv(path, _AGREEMENT_COLUMNS, rows)


def _measures(pair: AnnotatorPair) -> dict[str, float]:
    measures = {name: float(value) for name, value in values(pair).items()}
    for name, share in segment_shares(pair).items():
        measures[f"segment/{name}"] = share
    return measures


def _agreement_row(
    pair: AnnotatorPair, name: str, value: float, ends: tuple[float | None, float | None]
) -> tuple[object, ...]:
    return (pair.first, pair.second, name, value, *ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """What pictures mark, or tell, of the rules."""

    extent: Extent
    confidence: float
    level: float


def _pictures(statistics: Statistics, folder: Path, marked: _Marked, style: PictureStyle) -> None:
    extent = marked.extent
    assessment, thresholds = statistics.assessment, statistics.thresholds
    if thresholds and len(thresholds.curve.level):
        _precision_recall(thresholds, assessment, folder / "precision_recall.png", marked, style)
        _over_thresholds(thresholds, folder / "thresholds.png", marked, style)
        _froc(thresholds, assessment, folder / "froc.png", marked, style)
    if statistics.tolerance:
        _tolerance(statistics.tolerance, folder / "tolerance.png", extent.post_s, style)
    curve_pictures.lag_scan(
        folder / "lag_scan.png",
        offset_s=statistics.scan.offset_s,
        f1=statistics.scan.f1,
        kappa=statistics.scan.kappa,
        peak_s=statistics.scan.peak_s,
        window_s=statistics.scan.half_width_s,
        title="when events follow annotations",
        style=style,
    )
    distribution_pictures.latencies(
        folder / "latency.png",
        lags_s=[lag_s for lags_s in assessment.lags_s for lag_s in lags_s],
        pre_s=extent.pre_s,
        post_s=extent.post_s,
        title="latency of matched events",
        style=style,
    )
    _forest(assessment, folder / "participants.png", style)
    measured = assessment.measured["f1"]
    if measured.chance and measured.hardest:
        null = assessment.nulls[measured.hardest]
        _chance(null, measured.hardest, measured.chance, folder / "chance.png", style)


def _tolerance(curve: ToleranceCurve, path: Path, chosen_s: float, style: PictureStyle) -> None:
    pooled = curve.pooled()
    curve_pictures.tolerance(
        path,
        post_s=curve.post_s,
        f1=f1(pooled),
        precision=precision(pooled),
        recall=recall(pooled),
        chosen_s=chosen_s,
        title="scores over the width of the window",
        style=style,
    )


def _chance(null: Null, name: NullName, chance: Chance, path: Path, style: PictureStyle) -> None:
    distribution_pictures.null(
        path,
        draws=f1(null.tally),
        value=chance.value,
        p=chance.p,
        title=f"F1 by chance ({name})",
        style=style,
    )


def _precision_recall(
    thresholds: Thresholds, assessment: Assessment, path: Path, marked: _Marked, style: PictureStyle
) -> None:
    pooled, best = thresholds.pooled, thresholds.best.tally
    reached = recall(pooled)
    this_run = Point(
        x=assessment.measured["recall"].value,
        y=assessment.measured["precision"].value,
        label="this run",
    )
    best_point = Point(
        x=float(recall(best)),
        y=float(precision(best)),
        label=f"best F1 {float(f1(best)):.3f} (optimistic)",
    )
    curve_pictures.precision_recall(
        path,
        level=thresholds.curve.level,
        recall=reached,
        precision=precision(pooled),
        band=_band(thresholds, largest_recall=float(np.nanmax(reached, initial=0.0))),
        confidence=marked.confidence,
        chance=(recall(thresholds.chance), precision(thresholds.chance)),
        points=(this_run, best_point),
        title="precision and recall at every threshold",
        style=style,
    )


def _band(thresholds: Thresholds, *, largest_recall: float) -> tuple[F64, F64, F64, F64]:
    """The band up to the largest recall of all.

    Beyond it there are only draws without those who were missed.
    """
    band = thresholds.band
    if band is None:
        return np.empty(0), np.empty(0), np.empty(0), np.empty(0)
    kept = band.x <= largest_recall + TOLERANCE
    return band.x[kept], band.low[kept], band.high[kept], band.undefined[kept]


def _froc(
    thresholds: Thresholds, assessment: Assessment, path: Path, marked: _Marked, style: PictureStyle
) -> None:
    if not math.isnan(thresholds.froc.mean):
        this_run = Point(
            x=assessment.measured["false_alarms_per_min"].value,
            y=assessment.measured["recall"].value,
            label="this run",
        )
        froc_picture(path, thresholds, this_run, confidence=marked.confidence, style=style)


def _over_thresholds(
    thresholds: Thresholds, path: Path, marked: _Marked, style: PictureStyle
) -> None:
    pooled, best = thresholds.pooled, thresholds.best
    best_f1 = float(f1(best.tally))
    curve_pictures.thresholds(
        path,
        level=thresholds.curve.level,
        f1=f1(pooled),
        recall=recall(pooled),
        false_alarms_per_min=false_alarms_per_min(pooled),
        floor=thresholds.curve.floor,
        chosen=marked.level,
        best=Point(
            x=best.level,
            y=best_f1,
            label=f"best {best_f1:.3f} at {best.level:.3g} (optimistic)",
        ),
        title="scores over the threshold",
        style=style,
    )


def _forest(assessment: Assessment, path: Path, style: PictureStyle) -> None:
    tally, measured = assessment.tally, assessment.measured["f1"]
    num_annotations = (tally.tp + tally.fn).astype(int).tolist()
    rows = []
    for name, value, n in zip(
        assessment.participants, f1(tally).tolist(), num_annotations, strict=True
    ):
        rows.append(ForestRow(name=name, value=value, low=math.nan, high=math.nan, n=n))
    low = high = chance = math.nan
    if measured.interval:
        low, high = measured.interval.low, measured.interval.high
    if measured.chance:
        chance = measured.chance.mean
    pooled = ForestRow(name="all", value=measured.value, low=low, high=high, n=sum(num_annotations))
    distribution_pictures.forest(
        path,
        rows=rows,
        pooled=pooled,
        chance=chance,
        title="F1 of each participant",
        style=style,
    )
