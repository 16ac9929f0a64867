"""The classifier's section on the page of an inspection."""

from __future__ import annotations

from ferbench.pages.inspect_charts import Bars, Reliability, Shares, even_ticks, number
from ferbench.pages.inspect_page import Cell, Grid, Section
from ferbench.types import F64, I64
from ferbench.workflows.inspection.findings import Findings
from ferbench.workflows.inspection.numbers import Values


def bars(what: str, edges: F64, counts: I64, digits: int = 2) -> Bars:
    """A histogram."""
    texts, ticks = even_ticks(edges.tolist(), digits)
    return Bars(what=what, edges=texts, counts=tuple(counts.tolist()), ticks=ticks)


def undefined_note(values: Values) -> str:
    """How many values are undefined; "" = none."""
    return f" ({values.undefined} undefined)" if values.undefined else ""


def classifier_section(findings: Findings) -> Section:
    """How sure models are, which labels they give, and what else they tell."""
    rows: list[tuple[Cell, ...]] = []
    edges = findings.edges
    for name, said in findings.classifications.items():
        shares = said.label_counts / said.faces if said.faces else said.mean_probs
        of_labels = Shares(of=tuple(zip(said.labels, shares.tolist(), strict=True)))
        undefined = f", {said.undefined} without a crop" if said.undefined else ""
        rows.append(
            (
                name,
                f"{said.faces}{undefined}",
                bars(
                    "confidence", edges["confidence"], said.confidence.counts(edges["confidence"])
                ),
                bars(
                    "entropy",
                    edges["entropy_nats"],
                    said.entropy_nats.counts(edges["entropy_nats"]),
                ),
                of_labels,
            )
        )
    said_of_faces = Grid(
        caption="What each model said of all classified faces",
        header=("classifier", "faces", "confidence", "entropy, nats", "top labels"),
        rows=tuple(rows),
        file="classifier.csv, classifier_histograms.csv, label_shares.csv",
    )
    grids = [said_of_faces] if rows else []
    if findings.calibrations:
        grids.append(_calibration_grid(findings))
    if findings.labels:
        grids.append(_label_grid(findings))
    if findings.regressions:
        grids.append(_regression_grid(findings))
    intro = ["Confidence is the probability of the top label."] if rows else []
    if rows and not findings.calibrations:
        intro.append("No frame has a label, so nothing is said about calibration.")
    return Section(title="Classifier", intro=tuple(intro), grids=tuple(grids))


def _regression_grid(findings: Findings) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for found in findings.regressions:
        name, values = found.regression.name, found.values
        beyond = f", {found.beyond} beyond the range" if found.beyond else ""
        _, low, middle, high, _ = values.quantiles()
        rows.append(
            (
                found.classifier,
                str(found.regression),
                f"{len(values.defined)}{undefined_note(values)}{beyond}",
                bars(name, found.edges, values.counts(found.edges)),
                f"{number(middle)} ({number(low)} to {number(high)})",
            )
        )
    return Grid(
        caption="What models tell besides classes, of all classified faces",
        header=("classifier", "output", "faces", "values", "median (quartiles)"),
        rows=tuple(rows),
        file="regressions.csv, regression_histograms.csv",
    )


def _calibration_grid(findings: Findings) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for name, found in findings.calibrations.items():
        diagram = Reliability(
            confidence=tuple(found.confidence.tolist()),
            correct=tuple(found.correct.tolist()),
            frames=tuple(found.frames.tolist()),
        )
        judged = f"{int(found.frames.sum())} ({found.unknown} not judged)"
        rows.append((name, judged, number(found.accuracy), number(found.ece), diagram))
    return Grid(
        caption="Calibration: how often the participant's label is right, over how sure it is",
        header=("classifier", "labelled frames", "right", "expected calibration error", ""),
        rows=tuple(rows),
        file="calibration.csv",
    )


def _label_grid(findings: Findings) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        (
            pair.first,
            pair.second,
            "one table" if pair.by == "table" else "boxes that overlap",
            str(pair.agreement.faces),
            number(pair.agreement.share),
            number(pair.agreement.kappa),
        )
        for pair in findings.labels
    ]
    return Grid(
        caption="Do two classifiers give the same faces the same label?",
        header=("first", "second", "same faces by", "faces", "same label", "Cohen's kappa"),
        rows=tuple(rows),
        file="label_agreement.csv",
    )
