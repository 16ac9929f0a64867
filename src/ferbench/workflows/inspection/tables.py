"""The CSV tables of an findings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from ferbench.scoring.calibration import edges as confidence_edges
from ferbench.types import F64, I64
from ferbench.workflows.inspection.detections import Detections
from ferbench.workflows.inspection.event_shapes import AT_LEAST_S
from ferbench.workflows.inspection.findings import Findings
from ferbench.workflows.inspection.numbers import QUANTILE_NAMES, Values

Table = tuple[tuple[str, ...], list[tuple[object, ...]]]
"""Names of columns, and rows."""

Rows = list[tuple[object, ...]]

HISTOGRAM = ("quantity", "from", "to", "count")


def tables_of(findings: Findings) -> dict[str, Table]:
    """All tables by their names; those of which nothing is known have no rows."""
    return {
        "detector": _detector(findings),
        "detector_histograms": _detector_histograms(findings),
        "box_agreement": _box_agreement(findings),
        "classifier": _classifier(findings),
        "classifier_histograms": _classifier_histograms(findings),
        "label_shares": _label_shares(findings),
        "calibration": _calibration(findings),
        "label_agreement": _label_agreement(findings),
        "regressions": _regressions(findings),
        "regression_histograms": _regression_histograms(findings),
        "event_durations": _event_durations(findings),
        "stretches": _stretches(findings),
        "neighbours": _neighbours(findings),
    }


def quantile_columns(quantity: str) -> tuple[str, ...]:
    """Names of the columns of a quantity's quantiles, and of how many are undefined."""
    return (*(f"{quantity}_{name}" for name in QUANTILE_NAMES), f"{quantity}_undefined")


def _quantiles(values: Values) -> tuple[object, ...]:
    return (*values.quantiles(), values.undefined)


def _detector(findings: Findings) -> Table:
    quantities = ("score", "size_px", "gap_s")
    header = (
        *("detector", "frames", "frames_with_face", "faces", "faces_per_frame", "gaps"),
        *(column for quantity in quantities for column in quantile_columns(quantity)),
    )
    rows: Rows = []
    for name, found in findings.detections.items():
        counts = (found.frames, found.frames_with_face, found.faces, found.faces_per_frame)
        values = [_quantiles(getattr(found, quantity)) for quantity in quantities]
        rows.append((name, *counts, len(found.gap_s.defined), *values[0], *values[1], *values[2]))
    return header, rows


def detector_counts(found: Detections, edges: Mapping[str, F64]) -> dict[str, I64]:
    """Counts of the bins of each quantity of a detector."""
    counts = {
        quantity: getattr(found, quantity).counts(edges[quantity])
        for quantity in ("score", "size_px", "gap_s")
    }
    of_count = found.frames_of_count
    bins = len(edges["faces_per_frame"]) - 1
    counts["faces_per_frame"] = np.pad(of_count, (0, bins - len(of_count)))
    return counts


def _detector_histograms(findings: Findings) -> Table:
    rows: Rows = []
    for name, found in findings.detections.items():
        for quantity, counts in detector_counts(found, findings.edges).items():
            rows += _histogram(name, quantity, findings.edges[quantity], counts)
    return ("detector", *HISTOGRAM), rows


def _histogram(name: str, quantity: str, edges: F64, counts: I64) -> Rows:
    bins = pairwise(edges.tolist())
    return [
        (name, quantity, low, high, count)
        for (low, high), count in zip(bins, counts.tolist(), strict=True)
    ]


def _box_agreement(findings: Findings) -> Table:
    header = (
        *("first", "second", "frames", "both", "first_only", "second_only"),
        *("share_both", "share_first_only", "share_second_only", "median_iou"),
    )
    rows: Rows = []
    for (first, second), found in findings.boxes.items():
        counts = (found.both, found.first_only, found.second_only)
        shares = [found.share(count) for count in counts]
        rows.append((first, second, found.frames, *counts, *shares, found.median_iou))
    return header, rows


def _classifier(findings: Findings) -> Table:
    header = (
        *("classifier", "faces", "undefined"),
        *quantile_columns("confidence"),
        *quantile_columns("entropy_nats"),
        *("labelled_frames", "unjudged_frames", "accuracy", "ece"),
    )
    rows: Rows = []
    for name, said in findings.classifications.items():
        judged: tuple[object, ...] = (None, None, None, None)
        found = findings.calibrations.get(name)
        if found is not None:
            judged = (int(found.frames.sum()), found.unknown, found.accuracy, found.ece)
        values = (*_quantiles(said.confidence), *_quantiles(said.entropy_nats))
        rows.append((name, said.faces, said.undefined, *values, *judged))
    return header, rows


def _classifier_histograms(findings: Findings) -> Table:
    rows: Rows = []
    for name, said in findings.classifications.items():
        for quantity in ("confidence", "entropy_nats"):
            edges = findings.edges[quantity]
            rows += _histogram(name, quantity, edges, getattr(said, quantity).counts(edges))
    return ("classifier", *HISTOGRAM), rows


def _label_shares(findings: Findings) -> Table:
    rows: Rows = []
    for name, said in findings.classifications.items():
        for label, count, mean in zip(
            said.labels, said.label_counts.tolist(), said.mean_probs.tolist(), strict=True
        ):
            share = count / said.faces if said.faces else float("nan")
            rows.append((name, label, count, share, mean))
    return ("classifier", "label", "faces", "share", "mean_probability"), rows


def _calibration(findings: Findings) -> Table:
    rows: Rows = []
    for name, found in findings.calibrations.items():
        for (low, high), frames, confidence, correct in zip(
            pairwise(confidence_edges().tolist()),
            found.frames.tolist(),
            found.confidence.tolist(),
            found.correct.tolist(),
            strict=True,
        ):
            rows.append((name, low, high, frames, confidence, correct))
    return ("classifier", "from", "to", "frames", "mean_confidence", "share_correct"), rows


def _label_agreement(findings: Findings) -> Table:
    rows: Rows = [
        (p.first, p.second, p.by, p.agreement.faces, p.agreement.share, p.agreement.kappa)
        for p in findings.labels
    ]
    return ("first", "second", "same_faces_by", "faces", "share", "kappa"), rows


def _regressions(findings: Findings) -> Table:
    header = ("classifier", "name", "low", "high", "faces", *quantile_columns("value"), "beyond")
    rows: Rows = []
    for found in findings.regressions:
        told = found.regression
        ends = (told.low, told.high) if told.is_bounded else (None, None)
        faces = len(found.values.defined)
        values = _quantiles(found.values)
        rows.append((found.classifier, told.name, *ends, faces, *values, found.beyond))
    return header, rows


def _regression_histograms(findings: Findings) -> Table:
    rows: Rows = []
    for found in findings.regressions:
        counts = found.values.counts(found.edges)
        rows += _histogram(found.classifier, found.regression.name, found.edges, counts)
    return ("classifier", *HISTOGRAM), rows


def _event_durations(findings: Findings) -> Table:
    rows: Rows = []
    for run in findings.events:
        for shape in run.shapes:
            event = shape.event
            place = (run.name, event.session_id, event.label, event.onset_s)
            rows.append((*place, shape.duration_s, shape.gap_s))
    return ("run", "session", "label", "onset_s", "duration_s", "gap_before_s"), rows


def _stretches(findings: Findings) -> Table:
    rows: Rows = []
    for run in findings.events:
        for (label, level), counts in run.stretches.items():
            for least_s, count in zip(AT_LEAST_S, counts.tolist(), strict=True):
                rows.append((run.name, label, level, least_s, count))
    return ("run", "label", "level", "at_least_s", "stretches"), rows


def _neighbours(findings: Findings) -> Table:
    rows: Rows = []
    for run in findings.events:
        for neighbour, events in run.neighbours:
            rows.append((run.name, neighbour.setting, neighbour.value, neighbour.is_own, events))
    return ("run", "setting", "value", "own", "events"), rows
