"""From recorded runs to numbers: one look at each stored table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from ferbench.scoring.calibration import Calibration, calibration
from ferbench.types import F64, I64, Expressions, Signal
from ferbench.workflows.agreement.recorded_runs import model_names
from ferbench.workflows.inspection.box_pairs import BoxAgreement, box_agreement, box_pairs
from ferbench.workflows.inspection.calibration import FrameLabels, labelled
from ferbench.workflows.inspection.classifications import (
    Classifications,
    classifications_of,
    label_agreement,
)
from ferbench.workflows.inspection.detections import GAP_EDGES_S, Detections, detections_of
from ferbench.workflows.inspection.event_shapes import (
    LEVEL_STEPS,
    Neighbour,
    event_shapes,
    neighbours,
    num_at_least,
    num_events,
    stretches_s,
)
from ferbench.workflows.inspection.findings import LabelPair, RunEvents
from ferbench.workflows.inspection.groups import Group, signals_of
from ferbench.workflows.inspection.numbers import Values, even_edges
from ferbench.workflows.inspection.recorded import InspectedRun, Stored, StoredPart

MOST_PAIRED: Final = 12
"""Detectors, or classifiers, that are still compared pair by pair."""
MOST_NEIGHBOURED: Final = 12
"""Runs of which neighbouring settings are still tried."""
_BINS: Final = 40


def all_detections(groups: Sequence[Group]) -> dict[str, Detections]:
    """What each detector found."""
    return {
        group.name: detections_of([(tables.timeline, tables.faces) for _, tables in group.tables()])
        for group in groups
    }


def all_classifications(groups: Sequence[Group]) -> dict[str, Classifications]:
    """What each classifier said; those without a video have nothing to say."""
    found = {}
    for group in groups:
        tables = [tables.expressions for _, tables in group.tables()]
        if tables:
            found[group.name] = classifications_of(tables)
    return found


def edges_of(
    detections: Mapping[str, Detections], classifications: Mapping[str, Classifications]
) -> dict[str, F64]:
    """Edges of the bins of each quantity, the same for all."""
    found, said = list(detections.values()), list(classifications.values())
    most_faces = max((len(each.frames_of_count) for each in found), default=1)
    most_nats = max((float(np.log(len(each.labels))) for each in said), default=1.0)
    sizes = [each.size_px for each in found]
    scores = [each.score for each in found]
    sure = [each.confidence for each in said]
    unsure = [each.entropy_nats for each in said]
    return {
        "score": even_edges(scores, least=0, most=1, bins=_BINS),
        "size_px": even_edges(sizes, least=0, most=1, bins=_BINS),
        "gap_s": GAP_EDGES_S,
        "faces_per_frame": np.arange(max(most_faces, 2) + 1) - 0.5,
        "confidence": even_edges(sure, least=0, most=1, bins=_BINS),
        "entropy_nats": even_edges(unsure, least=0, most=most_nats, bins=_BINS),
    }


def all_boxes(groups: Sequence[Group], notes: list[str]) -> dict[tuple[str, str], BoxAgreement]:
    """How far detectors found the same faces, pair by pair, on videos whose frames are the same."""
    if len(groups) > MOST_PAIRED:
        notes.append(f"more than {MOST_PAIRED} detectors: boxes are not compared pair by pair")
        return {}
    pairs = {}
    for one, two in combinations(groups, 2):
        videos = []
        for first, second in _common(one, two, stage="timeline", notes=notes):
            a, b = one.runs[0].tables(first), two.runs[0].tables(second)
            videos.append((a.timeline.video.num_frames, a.faces, b.faces))
        if videos:
            pairs[one.name, two.name] = box_agreement(videos)
    return pairs


def _common(
    one: Group, two: Group, *, stage: str, notes: list[str]
) -> list[tuple[StoredPart, StoredPart]]:
    """Videos of both with the same table of a stage; what is left out is noted."""
    second = two.places
    pairs = [
        (part, second[place])
        for place, part in one.places.items()
        if place in second and second[place].keys[stage] == part.keys[stage]
    ]
    left_out = len(one.places) + len(second) - 2 * len(pairs)
    if left_out:
        notes.append(
            f"{one.name} and {two.name}: {len(pairs)} videos have the same frames in both, and "
            "only these are compared"
        )
    return pairs


def all_labels(groups: Sequence[Group], notes: list[str]) -> tuple[LabelPair, ...]:
    """How far classifiers give the same faces the same labels, pair by pair."""
    if len(groups) > MOST_PAIRED:
        notes.append(f"more than {MOST_PAIRED} classifiers: labels are not compared pair by pair")
        return ()
    pairs = []
    for one, two in combinations(groups, 2):
        videos = []
        by_table = True
        for first, second in _common(one, two, stage="timeline", notes=notes):
            a, b = one.runs[0].tables(first), two.runs[0].tables(second)
            is_one_table = first.keys["faces"] == second.keys["faces"]
            by_table = by_table and is_one_table
            videos.append((a.expressions, b.expressions, *_same_faces(a, b, is_one_table)))
        if videos:
            by = "table" if by_table else "boxes"
            found = label_agreement(videos)
            pairs.append(LabelPair(first=one.name, second=two.name, by=by, agreement=found))
    return tuple(pairs)


def _same_faces(first: Stored, second: Stored, is_one_table: bool) -> tuple[I64, I64]:
    """Rows of the same faces in both tables of faces."""
    if is_one_table:
        rows = np.arange(len(first.faces))
        return rows, rows
    pairs = box_pairs(first.faces, second.faces)
    return pairs.first, pairs.second


def all_calibrations(groups: Sequence[Group], labels: FrameLabels) -> dict[str, Calibration]:
    """Whether each classifier is as often right as it is sure, where frames have labels."""
    found = {}
    for group in groups:
        sure, right, unknown = [np.empty(0)], [np.empty(0, np.bool_)], 0
        run = group.runs[0]
        places = group.places
        for place, of_frames in labels.items():
            if place not in places:
                unknown += len(of_frames)
                continue
            confidence, is_right, others = _labelled(run, places[place], of_frames)
            sure.append(confidence)
            right.append(is_right)
            unknown += others
        found[group.name] = calibration(
            np.concatenate(sure), np.concatenate(right), unknown=unknown
        )
    return found


def _labelled(
    run: InspectedRun, part: StoredPart, labels: Mapping[int, str]
) -> tuple[F64, np.ndarray[tuple[int], np.dtype[np.bool_]], int]:
    tables = run.tables(part)
    chosen = run.selector.select(tables.faces, tables.timeline, camera=part.camera)
    expressions: Expressions = tables.expressions
    return labelled(expressions, chosen, labels)


def all_events(runs: Sequence[InspectedRun], notes: list[str]) -> tuple[RunEvents, ...]:
    """Events of each run, and what its signals would have given at other settings."""
    with_neighbours = len(runs) <= MOST_NEIGHBOURED
    if not with_neighbours:
        notes.append(f"more than {MOST_NEIGHBOURED} runs: neighbouring settings are not tried")
    names = model_names([run.row for run in runs])
    of_run: dict[str, RunEvents] = {}
    for sharing in _with_the_same_signals(runs):
        signals = signals_of(sharing[0])
        counted: dict[tuple[str, float], I64] = {}
        for run in sharing:
            of_run[run.row.run_id] = RunEvents(
                name=names[run.row.run_id],
                level=run.event.level,
                shapes=tuple(event_shapes(run.events)),
                stretches=_stretches(run, signals, counted),
                neighbours=_neighbours(run, signals) if with_neighbours else (),
            )
    return tuple(of_run[run.row.run_id] for run in runs)


def _with_the_same_signals(runs: Sequence[InspectedRun]) -> list[list[InspectedRun]]:
    """Runs by their signals: cells that differ in their event rule only have the same."""
    groups: dict[Hashable, list[InspectedRun]] = {}
    for run in runs:
        of_parts = tuple(
            (part.session, part.number, part.camera, part.participant, part.keys["expressions"])
            for part in run.parts
        )
        groups.setdefault((of_parts, repr(run.selector), repr(run.signal)), []).append(run)
    return list(groups.values())


def _stretches(
    run: InspectedRun, signals: Sequence[Signal], counted: dict[tuple[str, float], I64]
) -> dict[tuple[str, float], I64]:
    """How many stretches there are at each level near the run's, by label and level.

    Args:
        run: which.
        signals: its signals.
        counted: of runs with the same signals; what is new is added.
    """
    near = [round(run.event.level + step, 6) for step in LEVEL_STEPS]
    if math.isnan(run.event.level):  # the rule looks at no values
        near = []
    labels = dict.fromkeys(each.label for each in signals)
    wanted = [(label, level) for label in labels for level in near]
    for label, level in wanted:
        if (label, level) not in counted:
            lasted = [stretches_s(each, level) for each in signals if each.label == label]
            counted[label, level] = num_at_least(Values.joined(list(lasted)).defined)
    return {place: counted[place] for place in wanted}


def _neighbours(
    run: InspectedRun, signals: Sequence[Signal]
) -> tuple[tuple[Neighbour, float], ...]:
    """What the run's rule finds with one other setting."""
    if not run.parts:
        return ()
    channels = run.tables(run.parts[0]).expressions.channels
    found = neighbours(run.event, span=run.signal.span_of(channels))
    return tuple((each, num_events(each.rule, signals)) for each in found)
