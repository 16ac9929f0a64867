"""Numbers of each module of some runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ferbench.scoring.calibration import Calibration
from ferbench.types import F64, I64
from ferbench.workflows.inspection.box_pairs import BoxAgreement
from ferbench.workflows.inspection.classifications import Classifications, LabelAgreement
from ferbench.workflows.inspection.crops import ContactSheet
from ferbench.workflows.inspection.detections import Detections
from ferbench.workflows.inspection.event_shapes import EventShape, Neighbour
from ferbench.workflows.inspection.regressions import Regressed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvents:
    """Events of one run, and what its signals would have given.

    Attributes:
        name: of the run.
        level: of its rule.
        shapes: of its recorded events.
        stretches: by label and level, how many stretches at that level or above last as long as
            each of ``event_shapes.AT_LEAST_S``, i64 (7,).
        neighbours: rules with one other setting, and how many events they find, NaN = impossible;
            () = not looked at.
    """

    name: str
    level: float
    shapes: tuple[EventShape, ...]
    stretches: Mapping[tuple[str, float], I64]
    neighbours: tuple[tuple[Neighbour, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPair:
    """Two classifiers, and how they were compared: by the same table of faces, or by boxes."""

    first: str
    second: str
    by: str
    agreement: LabelAgreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Numbers of each module of some runs.

    Attributes:
        what: the runs, for people.
        where: where they are recorded, and when.
        num_runs: how many.
        detections: by detector.
        edges: of the histograms by quantity, f64 (B + 1,).
        boxes: by pair of detectors.
        classifications: by classifier.
        calibrations: by classifier; empty = no frame has a label.
        labels: of pairs of classifiers.
        events: of each run.
        regressions: of models that tell more than classes.
        sheets: crops of each classifier; empty = they were not asked for.
        notes: what was left out, and why.
    """

    what: str
    where: str
    num_runs: int
    detections: Mapping[str, Detections]
    edges: Mapping[str, F64]
    boxes: Mapping[tuple[str, str], BoxAgreement]
    classifications: Mapping[str, Classifications]
    calibrations: Mapping[str, Calibration]
    labels: tuple[LabelPair, ...]
    events: tuple[RunEvents, ...]
    regressions: tuple[Regressed, ...] = ()
    sheets: tuple[ContactSheet, ...] = ()
    notes: tuple[str, ...] = ()
