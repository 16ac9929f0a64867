"""Statistics as files that a person opens.

Pictures with their numbers, tables, and a summary in sentences.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ferbench.report import statistics_pictures as drawn
from ferbench.report.files import write_csv
from ferbench.report.statistics_text import summary
from ferbench.scoring.agreement.annotators import segment_shares, values
from ferbench.scoring.matching.event_scoring import EventScoring
from ferbench.scoring.metrics import f1, false_alarms_per_min, precision, recall
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.timespans import TOLERANCE
from ferbench.types import F64


def write_statistics(
    found: Statistics,
    folder: Path,
    scoring: EventScoring,
    *,
    level: float = math.nan,
    pictures: bool = True,
) -> None:
    """Write ``summary.txt, breakdowns.csv, agreement.csv``, and pictures, each with its numbers as
    CSV.

    Args:
        found: the statistics.
        folder: where to; made if missing.
        scoring: how they were made.
        level: the event rule's threshold, marked in curves; NaN = not known.
        pictures: False = only sentences and tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.txt").write_text(
        "".join(f"{line}\n" for line in summary(found, scoring)), encoding="utf-8"
    )
    _breakdowns(found, folder / "breakdowns.csv")
    _agreement(found, folder / "agreement.csv")
    if pictures:
        _pictures(found, folder, scoring, level)


def _breakdowns(found: Statistics, path: Path) -> None:
    header = (
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
    rows = [
        tuple(getattr(row, name) for name in header)
        for group in found.breakdowns.values()
        for row in group
    ]
    write_csv(path, header, rows)


def _agreement(found: Statistics, path: Path) -> None:
    rows: list[tuple[object, ...]] = []
    for pair in (found.agreement, *(found.people.pairs if found.people else ())):
        every = {name: float(value) for name, value in values(pair).items()}
        every |= {f"segment/{name}": share for name, share in segment_shares(pair).items()}
        for name, value in every.items():
            ends = (
                found.intervals.get(f"agree/detector/{name}") if pair is found.agreement else None
            )
            rows.append(
                (
                    pair.first,
                    pair.second,
                    name,
                    value,
                    *((ends.low, ends.high) if ends else (None, None)),
                )
            )
    if found.people:
        rows.append(("all annotators", "", "alpha", found.people.alpha, None, None))
    write_csv(path, ("first", "second", "measure", "value", "low", "high"), rows)


def _pictures(found: Statistics, folder: Path, scoring: EventScoring, level: float) -> None:
    measured = found.assessment.measured
    chance = measured["f1"].chance
    if found.thresholds and len(found.thresholds.curve.level):
        _precision_recall(found, folder / "precision_recall.png", scoring)
        _over_thresholds(found, folder / "thresholds.png", level)
    if found.tolerance:
        pooled = found.tolerance.pooled()
        drawn.tolerance(
            folder / "tolerance.png",
            post_s=found.tolerance.post_s,
            f1=f1(pooled),
            precision=precision(pooled),
            recall=recall(pooled),
            chosen_s=scoring.post_s,
            title="scores over the width of the window",
        )
    drawn.lag_scan(
        folder / "lag_scan.png",
        offset_s=found.scan.offset_s,
        f1=found.scan.f1,
        kappa=found.scan.kappa,
        peak_s=found.scan.peak_s,
        window_s=found.scan.half_width_s,
        title="when events follow annotations",
    )
    drawn.latencies(
        folder / "latency.png",
        lags_s=[lag for own in found.assessment.lags_s for lag in own],
        pre_s=scoring.pre_s,
        post_s=scoring.post_s,
        title="latency of matched events",
    )
    _forest(found, folder / "participants.png")
    if found.assessment.shifted and chance:
        draws = f1(found.assessment.shifted.tally)
        drawn.null(
            folder / "chance.png",
            draws=draws,
            value=measured["f1"].value,
            p=chance.p,
            title="F1 by chance",
        )


def _precision_recall(found: Statistics, path: Path, scoring: EventScoring) -> None:
    assert found.thresholds
    pooled, band, measured = (
        found.thresholds.pooled,
        found.thresholds.band,
        found.assessment.measured,
    )
    best, reached = found.thresholds.best.tally, recall(pooled)
    band_of: tuple[F64, F64, F64, F64] = (np.empty(0),) * 4
    if band:  # beyond the largest recall of all there are only draws without those who were missed
        kept = band.x <= float(np.nanmax(reached, initial=0.0)) + TOLERANCE
        band_of = (band.x[kept], band.low[kept], band.high[kept], band.undefined[kept])
    drawn.precision_recall(
        path,
        level=found.thresholds.curve.level,
        recall=reached,
        precision=precision(pooled),
        band=band_of,
        confidence=scoring.confidence,
        chance=found.thresholds.chance,
        points=(
            drawn.Point(
                x=measured["recall"].value, y=measured["precision"].value, label="this run"
            ),
            drawn.Point(
                x=float(recall(best)),
                y=float(precision(best)),
                label=f"best F1 {float(f1(best)):.3f} (optimistic)",
            ),
        ),
        title="precision and recall at every threshold",
    )


def _over_thresholds(found: Statistics, path: Path, level: float) -> None:
    assert found.thresholds
    pooled, best = found.thresholds.pooled, found.thresholds.best
    value = float(f1(best.tally))
    drawn.thresholds(
        path,
        level=found.thresholds.curve.level,
        f1=f1(pooled),
        recall=recall(pooled),
        false_alarms_per_min=false_alarms_per_min(pooled),
        floor=found.thresholds.curve.floor,
        chosen=level,
        best=drawn.Point(
            x=best.level, y=value, label=f"best {value:.3f} at {best.level:.3g} (optimistic)"
        ),
        title="scores over the threshold",
    )


def _forest(found: Statistics, path: Path) -> None:
    tally, measured = found.assessment.tally, found.assessment.measured["f1"]
    own, num_ref = f1(tally).tolist(), (tally.tp + tally.fn).astype(int).tolist()
    rows = [
        drawn.ForestRow(name=name, value=value, low=math.nan, high=math.nan, n=n)
        for name, value, n in zip(found.assessment.participants, own, num_ref, strict=True)
    ]
    everybody = _row(measured.value, measured.interval, sum(num_ref))
    chance = measured.chance.mean if measured.chance else math.nan
    drawn.forest(path, rows=rows, pooled=everybody, chance=chance, title="F1 of each participant")


def _row(value: float, interval: Interval | None, n: int) -> drawn.ForestRow:
    low, high = (interval.low, interval.high) if interval else (math.nan, math.nan)
    return drawn.ForestRow(name="all", value=value, low=low, high=high, n=n)
