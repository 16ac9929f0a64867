"""Statistics as files that a person opens: pictures with their numbers, tables, and a summary in sentences."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ferbench.report import statistics as drawn
from ferbench.report.files import write_csv
from ferbench.scoring.chance import Null
from ferbench.scoring.coders import segment_shares, values
from ferbench.scoring.coverage import LEVEL
from ferbench.scoring.criteria import OnsetOffset, Overlap
from ferbench.scoring.events import EventScoring
from ferbench.scoring.intervals import Interval
from ferbench.scoring.statistics import Statistics
from ferbench.scoring.tally import f1, false_alarms_per_min, precision, recall
from ferbench.scoring.uncertainty import Measured
from ferbench.types import F64

FEW = 20
"""Participants below which an interval's measured coverage is told."""
_DECIMALS = {"false_alarms_per_min": 2, "latency_s": 2}
_NAMES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_alarms_per_min": "false alarms per minute",
    "latency_s": "latency, s",
}


def write_statistics(
    found: Statistics, folder: Path, scoring: EventScoring, *, level: float = math.nan, pictures: bool = True
) -> None:
    """Write ``summary.txt, breakdowns.csv, agreement.csv``, and pictures, each with its numbers as CSV.

    Args:
        found: the statistics.
        folder: where to; made if missing.
        scoring: how they were made.
        level: the event rule's threshold, marked in curves; NaN = not known.
        pictures: False = only sentences and tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.txt").write_text("".join(f"{line}\n" for line in summary(found, scoring)), encoding="utf-8")
    _breakdowns(found, folder / "breakdowns.csv")
    _agreement(found, folder / "agreement.csv")
    if pictures:
        _pictures(found, folder, scoring, level)


def summary(found: Statistics, scoring: EventScoring) -> list[str]:
    """What a paper would say, one sentence per number."""
    assessment = found.assessment
    people = len(assessment.participants)
    lines = _of_matching(found, scoring)
    lines += [_sentence(name, measured) for name, measured in assessment.measured.items()]
    any_interval = assessment.measured["f1"].interval
    if any_interval:
        whose = f"{people} participant{'s' * (people != 1)}"
        lines.append(
            f"intervals: {100 * scoring.confidence:g}%, {scoring.draws} draws of {whose}, "
            f"method {scoring.method}, seed {scoring.seed}"
        )
        lines += _caution(assessment.measured["f1"], people)
    if assessment.num_unnamed and any_interval:
        lines.append(
            f"{assessment.num_unnamed} session(s) without a participant stand for themselves; where one person is "
            "behind several, intervals are too narrow"
        )
    if assessment.shifted:
        lines.append(_of_surrogates(assessment.shifted, scoring.surrogates))
    if found.thresholds:
        best, nested = found.thresholds.best, found.thresholds.nested.tally
        chosen = float(f1(nested.weighted(np.ones(len(nested.tp))))) if len(nested.tp) else math.nan
        left_out = found.thresholds.nested.left_out
        where = f"at {best.level:.3g}" if math.isfinite(best.level) else "(no threshold finds anything)"
        lines.append(
            f"over all thresholds: average precision {_number(found.thresholds.average_precision)}; best F1 "
            f"{_number(float(f1(best.tally)))} {where} (optimistic: chosen on the same data); with "
            f"thresholds chosen on the other participants {_number(chosen)}"
            + (f" (without {', '.join(left_out)}: the others have no annotations)" if left_out else "")
        )
    if math.isfinite(found.scan.peak_s):
        scan = found.scan
        lines.append(
            f"events follow annotations best after {scan.peak_s:.2f} s (±{scan.half_width_s:g} s): "
            f"{scan.tp[scan.peak]} matches there, F1 {_number(float(scan.f1[scan.peak]))}; "
            f"best of {len(scan.offset_s)} offsets"
        )
    segments = found.segments
    if not math.isnan(segments.accuracy):
        lines.append(
            f"segments of {scoring.segment_s:g} s: precision {_number(segments.precision)}, recall "
            f"{_number(segments.recall)}, F1 {_number(segments.f1)} (no chance level)"
        )
    if found.frames and math.isnan(found.frames.strict.accuracy):
        lines.append(
            "frames (ERR@HRI 2024): undefined, for some events or annotations have no extent, or times are unknown"
        )
    elif found.frames:
        strict, tolerant, tolerance = found.frames.strict, found.frames.tolerant, found.frames.tolerance
        lines.append(
            f"frames at {scoring.frame_rate_hz:g} Hz (ERR@HRI 2024, macro): accuracy {_number(strict.accuracy)}, F1 "
            f"{_number(strict.f1)}; forgiven within {tolerance} frame{'s' * (tolerance != 1)}: accuracy "
            f"{_number(tolerant.accuracy)}, F1 {_number(tolerant.f1)} (no chance level)"
        )
    return lines


def _of_matching(found: Statistics, scoring: EventScoring) -> list[str]:
    """What was compared, and how."""
    tally = found.assessment.tally
    tp, fp, fn, observed_s = (float(np.sum(column)) for column in (tally.tp, tally.fp, tally.fn, tally.observed_s))
    people = len(found.assessment.participants)
    time = "unknown time" if math.isnan(observed_s) else f"{observed_s / 60:.1f} min"
    lines = [
        f"{tp + fp:.0f} events, {tp + fn:.0f} annotations, {found.sessions} session{'s' * (found.sessions != 1)} of "
        f"{people} participant{'s' * (people != 1)}, {time} observed; an event matches an annotation when "
        f"{scoring.rule}"
    ]
    if any(found.points) and isinstance(scoring.criterion, OnsetOffset | Overlap):
        lines.append(
            f"{found.points[0]} of the events and {found.points[1]} of the annotations are points without an extent: "
            "this criterion is not made for them (scoring=events is)"
        )
    return lines


def _of_surrogates(null: Null, surrogates: int) -> str:
    if null.num_unplaced:
        return f"no chance level: the observed time of {null.num_unplaced} session(s) is not known"
    short = f"; {null.num_short} session(s) too short for a least shift" if null.num_short else ""
    return f"chance: {surrogates} circular shifts of each session's events within what was observed{short}"


def _sentence(name: str, measured: Measured) -> str:
    decimals = _DECIMALS.get(name, 3)
    text = f"{_NAMES[name]} {_number(measured.value, decimals)}"
    if measured.interval and not math.isnan(measured.interval.low):
        text += f" [{_number(measured.interval.low, decimals)}, {_number(measured.interval.high, decimals)}]"
    if measured.chance and not math.isnan(measured.chance.mean):
        chance = measured.chance
        times = f", {chance.times:.1f} times chance" if math.isfinite(chance.times) else ""
        text += f"; chance {_number(chance.mean, decimals)}, p = {chance.p:.4f}{times}"
    return text


def _caution(measured: Measured, people: int) -> list[str]:
    if people >= FEW:
        return []
    if people < 2:
        return ["one participant: no interval can be made"]
    if measured.coverage is None:
        return [f"only {people} participants: how often such intervals hold was not measured; do not rely on them"]
    measured_with, share = measured.coverage
    return [
        f"only {people} participants: in simulations with {measured_with}, {share:.0%} of such intervals of "
        f"{LEVEL:.0%} held the true F1"
    ]


def _number(value: float, decimals: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"


def _breakdowns(found: Statistics, path: Path) -> None:
    header = ("breakdown", "value", "n_ref", "tp", "recall", "lag_median_s", "sessions", "fp", "false_alarms_per_min")
    rows = [tuple(getattr(row, name) for name in header) for group in found.breakdowns.values() for row in group]
    write_csv(path, header, rows)


def _agreement(found: Statistics, path: Path) -> None:
    rows: list[tuple[object, ...]] = []
    for pair in (found.agreement, *(found.people.pairs if found.people else ())):
        rows += [(pair.first, pair.second, name, float(value)) for name, value in values(pair).items()]
        shares = segment_shares(pair).items()
        rows += [(pair.first, pair.second, f"segment/{name}", share) for name, share in shares]
    if found.people:
        rows.append(("all annotators", "", "alpha", found.people.alpha))
    write_csv(path, ("first", "second", "measure", "value"), rows)


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
        drawn.null(folder / "chance.png", draws=draws, value=measured["f1"].value, p=chance.p, title="F1 by chance")


def _precision_recall(found: Statistics, path: Path, scoring: EventScoring) -> None:
    assert found.thresholds
    pooled, band, measured = found.thresholds.pooled, found.thresholds.band, found.assessment.measured
    best, reached = found.thresholds.best.tally, recall(pooled)
    band_of: tuple[F64, F64, F64, F64] = (np.empty(0),) * 4
    if band:  # beyond the largest recall of all there are only draws without those who were missed
        kept = band.x <= float(np.nanmax(reached, initial=0.0)) + 1e-9
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
            drawn.Point(x=measured["recall"].value, y=measured["precision"].value, label="this run"),
            drawn.Point(
                x=float(recall(best)), y=float(precision(best)), label=f"best F1 {float(f1(best)):.3f} (optimistic)"
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
        best=drawn.Point(x=best.level, y=value, label=f"best {value:.3f} at {best.level:.3g} (optimistic)"),
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
