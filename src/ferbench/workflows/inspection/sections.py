"""The page of an inspection: a section for each module."""

from __future__ import annotations

from collections.abc import Sequence

from ferbench.pages.document import Page
from ferbench.pages.inspect_charts import Bars, number
from ferbench.pages.inspect_page import (
    Cell,
    Grid,
    Picture,
    Section,
    Sheet,
    inspect_page,
)
from ferbench.types import F64
from ferbench.workflows.inspection.box_pairs import SAME_FACE_IOU
from ferbench.workflows.inspection.classifier_section import (
    bars,
    classifier_section,
    undefined_note,
)
from ferbench.workflows.inspection.crops import SURENESS, ContactSheet
from ferbench.workflows.inspection.event_shapes import AT_LEAST_S
from ferbench.workflows.inspection.findings import Findings, RunEvents
from ferbench.workflows.inspection.numbers import Values, even_edges
from ferbench.workflows.inspection.tables import detector_counts

_GAP_TICKS = (0, 4, 8, 12)
_EVENT_BINS = 30
_MOST_SHOWN = 12
"""Runs whose stretches are still shown on the page; the CSV has those of all."""
_MOST_OPEN = 2
"""Runs whose stretches are not folded away."""


def page_of(findings: Findings) -> Page:
    """The page."""
    sections = [_detector(findings)]
    if findings.sheets:
        sections.append(_preprocessing(findings))
    sections += [classifier_section(findings), _events(findings)]
    filled = tuple(each for each in sections if each.sheets or any(g.rows for g in each.grids))
    return inspect_page(findings.what, findings.where, filled, notes=findings.notes)


def _detector(findings: Findings) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for name, found in findings.detections.items():
        counts = detector_counts(found, findings.edges)
        gap_s = tuple(f"{edge:g} s" for edge in findings.edges["gap_s"].tolist())
        gaps = tuple(counts["gap_s"].tolist())
        gap_count = len(found.gap_s.defined)
        longest_s = found.gap_s.quantiles()[-1]
        of_count = counts["faces_per_frame"]
        faces = tuple(str(count) for count in range(len(of_count) + 1))
        rows.append(
            (
                name,
                f"{found.faces} in {found.frames} frames"
                f"{undefined_note(found.score)}, {number(found.faces_per_frame)} per frame",
                bars("scores", findings.edges["score"], counts["score"]),
                bars("sizes, pixels", findings.edges["size_px"], counts["size_px"], 0),
                Bars(what="gaps", edges=gap_s, counts=gaps, ticks=_GAP_TICKS),
                f"{gap_count}, longest {number(longest_s, 2)} s" if gap_count else "0",
                Bars(
                    what="faces per frame",
                    edges=faces,
                    counts=tuple(of_count.tolist()),
                    ticks=tuple(range(min(len(of_count), 8))),
                    is_centred=True,
                ),
            )
        )
    header = ("detector", "faces", "score", "shorter side, px", "stretches without a face")
    grids = [
        Grid(
            caption="What each detector found",
            header=(*header, "number", "frames with 0, 1, … faces"),
            rows=tuple(rows),
            file="detector.csv, detector_histograms.csv",
        )
    ]
    if findings.boxes:
        grids.append(_box_grid(findings))
    intro = ("All faces of all frames; bins are the same for all rows, bars reach the row's most.",)
    return Section(title="Detector", intro=intro, grids=tuple(grids))


def _box_grid(findings: Findings) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for (first, second), found in findings.boxes.items():
        shares = [
            f"{number(100 * found.share(count), 1)} % ({count})"
            for count in (found.both, found.first_only, found.second_only)
        ]
        rows.append((first, second, str(found.frames), *shares, number(found.median_iou)))
    return Grid(
        caption=f"Faces that two detectors share: boxes of one frame, paired one to one, that "
        f"overlap by {SAME_FACE_IOU:g} at least (intersection over union)",
        header=("first", "second", "frames", "both", "first only", "second only", "median overlap"),
        rows=tuple(rows),
        file="box_agreement.csv",
    )


def _preprocessing(findings: Findings) -> Section:
    sheets = [_contact_sheet(sheet) for sheet in findings.sheets]
    intro = ("Of each expression the surest crops, some drawn by chance, and the least sure.",)
    return Section(title="Preprocessing", intro=intro, grids=(), sheets=tuple(sheets))


def _contact_sheet(sheet: ContactSheet) -> Sheet:
    """A row for each expression."""
    rows: dict[str, dict[str, list[Picture]]] = {}
    for face, png in sheet.crops:
        lines = (f"{face.confidence:.3f}", face.place[0], f"{face.start_s:.2f} s")
        picture = Picture(png=png, what=", ".join((face.label, *lines)), lines=lines)
        groups = rows.setdefault(face.label, {why: [] for why in SURENESS})
        groups[face.why].append(picture)
    return Sheet(
        title=sheet.classifier,
        about=sheet.input,
        header=SURENESS,
        rows=tuple((label, tuple(map(tuple, groups.values()))) for label, groups in rows.items()),
        empty=sheet.empty,
    )


def _events(findings: Findings) -> Section:
    shapes = [shape for run in findings.events for shape in run.shapes]
    durations_s = Values.of(_array([shape.duration_s for shape in shapes]))
    gaps_s = Values.of(_array([shape.gap_s for shape in shapes]))
    edges = (
        even_edges([durations_s], least=0, most=1, bins=_EVENT_BINS),
        even_edges([gaps_s], least=0, most=1, bins=_EVENT_BINS),
    )
    rows = tuple(_event_row(run, edges) for run in findings.events)
    grids = [
        Grid(
            caption="Events of each run",
            header=("run", "events", "duration, s", "median", "gap to the one before, s", "median"),
            rows=rows,
            file="event_durations.csv",
        )
    ]
    of_runs: list[tuple[str, tuple[Grid, ...]]] = []
    for run in findings.events if len(findings.events) <= _MOST_SHOWN else ():
        of_run = tuple(grid for grid in (_stretch_grid(run), _neighbour_grid(run)) if grid.rows)
        if of_run:
            of_runs.append((run.name, of_run))
    is_folded = len(findings.events) > _MOST_OPEN
    if not is_folded:
        grids += [grid for _, of_run in of_runs for grid in of_run]
    intro = (
        "A gap lies between two events of one session and one label.",
        "A stretch is a time in which the signal stays at a level or above it, whatever the rule "
        "makes of it; the run's own level is outlined.",
    )
    folds = tuple((f"Stretches and neighbours of {name}", of_run) for name, of_run in of_runs)
    return Section(
        title="Events", intro=intro, grids=tuple(grids), folds=folds if is_folded else ()
    )


def _array(values: Sequence[float]) -> F64:
    import numpy as np

    return np.array(values, np.float64)


def _event_row(run: RunEvents, edges: tuple[F64, F64]) -> tuple[Cell, ...]:
    cells: list[Cell] = [run.name, str(len(run.shapes))]
    quantities = (
        ("durations, seconds", [shape.duration_s for shape in run.shapes], edges[0]),
        ("gaps, seconds", [shape.gap_s for shape in run.shapes], edges[1]),
    )
    for what, seconds, of_bins in quantities:
        values = Values.of(_array(seconds))
        cells += [bars(what, of_bins, values.counts(of_bins), 1), number(values.quantiles()[2], 2)]
    return tuple(cells)


def _stretch_grid(run: RunEvents) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    own = set()
    for (label, level), counts in run.stretches.items():
        if level == round(run.level, 6):
            own |= {(len(rows), 1)}
        rows.append((label, f"{level:g}", *(str(count) for count in counts.tolist())))
    return Grid(
        caption=f"{run.name}: stretches at a level or above it, by how long they last at least",
        header=("label", "level", *(f"≥ {least:g} s" for least in AT_LEAST_S)),
        rows=tuple(rows),
        own=frozenset(own),
        file="stretches.csv",
        is_wide=False,
    )


def _neighbour_grid(run: RunEvents) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    own = set()
    for neighbour, events in run.neighbours:
        if neighbour.is_own:
            own |= {(len(rows), 2)}
        rows.append((neighbour.setting, f"{neighbour.value:g}", number(events, 0)))
    return Grid(
        caption=f"{run.name}: events that the rule finds with one other setting",
        header=("setting", "value", "events"),
        rows=tuple(rows),
        own=frozenset(own),
        file="neighbours.csv",
        is_wide=False,
    )
