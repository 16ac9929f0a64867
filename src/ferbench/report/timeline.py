"""One picture per session: the model over time, events, annotations, and what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench.results import PartResult, SessionResult
from ferbench.types import Annotation, Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ferbench.types import F64

COLOURS = {
    "anger": "#d62728",
    "contempt": "#8c564b",
    "disgust": "#2ca02c",
    "fear": "#9467bd",
    "happiness": "#e6a700",
    "neutral": "#9a9a9a",
    "sadness": "#1f77b4",
    "surprise": "#e377c2",
}
MAX_POINTS = 4000
"""Points per curve; longer ones are drawn by their smallest and largest values, so no peak is lost.
"""


def timeline_png(
    result: SessionResult, path: Path, *, level: float, stamps_s: tuple[float, ...]
) -> None:
    """Draw a session.

    Args:
        result: the session.
        path: file to write.
        level: the event rule's threshold, drawn as a line.
        stamps_s: time of each event that was matched (trigger or onset).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    curves, lanes = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.25])
    _draw_curves(curves, result, level)
    _draw_lanes(lanes, result, stamps_s)
    lanes.set_xlabel("time in the session, s")
    lanes.set_xlim(0, max(result.parts[-1].end_s, 1e-3))
    curves.set_title(_title(result), loc="left", fontsize=10, parse_math=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _title(result: SessionResult) -> str:
    text = f"{result.session.session_id}   events: {len(result.events)}"
    if result.counts is None:
        return f"{text}, {_without_scores(result)}"
    c = result.counts
    return f"{text}, annotations: {c.n_ref} (matched {c.tp}, false {c.fp}, missed {c.fn})"


def _draw_curves(axes: Axes, result: SessionResult, level: float) -> None:
    signal_labels = {signal.label for part in result.parts for signal in part.signals}
    for part in result.parts:
        _draw_part(axes, part, signal_labels)
    axes.axhline(level, color="black", linewidth=0.8, linestyle=":")
    lowest = _lowest_value(result.parts)
    axes.set_ylim(lowest - 0.02, 1.02)
    has_baseline = lowest < 0
    axes.set_ylabel("probability (signal: less its baseline)" if has_baseline else "probability")
    labels = result.parts[-1].analysis.expressions.labels if result.parts else ()
    _draw_curve_legend(axes, labels, signal_labels, level)


def _draw_part(axes: Axes, part: PartResult, signal_labels: set[str]) -> None:
    """Thin curves of all expressions, thick ones of the signals."""
    edges_s = part.analysis.timeline.edges_s + part.start_s
    probs = part.chosen_probs()
    for column, label in enumerate(part.analysis.expressions.labels):
        if label not in signal_labels:
            x, y = thinned(edges_s, probs[:, column])
            axes.plot(x, y, color=COLOURS[label], linewidth=0.8, alpha=0.55)
    for signal in part.signals:
        x, y = thinned(edges_s, signal.value)
        axes.plot(x, y, color=COLOURS[signal.label], linewidth=2.2)


def _lowest_value(parts: Sequence[PartResult]) -> float:
    """The lowest value of all signals, or 0 where that is higher."""
    lowest = 0.0
    for part in parts:
        for signal in part.signals:
            values = signal.value[~np.isnan(signal.value)]
            lowest = min(lowest, float(values.min(initial=0.0)))
    return lowest


def _draw_curve_legend(
    axes: Axes, labels: Sequence[str], signal_labels: set[str], level: float
) -> None:
    handles, names = [], []
    for label in labels:
        is_signal = label in signal_labels
        width = 2.2 if is_signal else 0.9
        handles.append(axes.plot([], [], color=COLOURS[label], linewidth=width)[0])
        names.append(f"{label} (signal)" if is_signal else label)
    handles.append(axes.plot([], [], color="black", linewidth=0.8, linestyle=":")[0])
    names.append(f"threshold {level:g}")
    axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_lanes(axes: Axes, result: SessionResult, stamps_s: tuple[float, ...]) -> None:
    annotations = result.session.annotations or ()
    event_edges = _edges(
        len(result.events), {event for event, _ in result.matches}, result.scored_events
    )
    for event, edge in zip(result.events, event_edges, strict=True):
        _draw_event(axes, event, edge)
    annotation_edges = _edges(
        len(annotations), {mark for _, mark in result.matches}, result.scored_annotations
    )
    for annotation, edge in zip(annotations, annotation_edges, strict=True):
        _draw_annotation(axes, annotation, edge)
    for event_at, annotation_at in result.matches:
        ends_s = [stamps_s[event_at], annotations[annotation_at].onset_s]
        axes.plot(ends_s, [1.15, 0.75], color="black", linewidth=1.0)
    axes.set_ylim(0, 1.9)
    name = "annotations" if result.counts else f"({_without_scores(result)})"
    axes.set_yticks([0.45, 1.45], [name, "events"])
    keys: list[Any] = [axes.plot([], [], color="black", linewidth=w)[0] for w in (1.3, 1.0)]
    keys.append(axes.plot([], [], color="red", linewidth=1.0)[0])
    names = ["trigger", "match", "false / missed"]
    axes.legend(keys, names, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _edges(count: int, matched: set[int], scored: Sequence[int]) -> list[str]:
    """Colours of edges: black = matched, red = unmatched, grey = does not count."""
    colours = []
    for position in range(count):
        if position in matched:
            colours.append("black")
        elif position in scored:
            colours.append("red")
        else:
            colours.append("grey")
    return colours


def _draw_event(axes: Axes, event: Event, edge: str) -> None:
    axes.broken_barh(
        [(event.onset_s, event.offset_s - event.onset_s)],
        (1.15, 0.6),
        facecolor=COLOURS.get(event.label, "grey"),
        edgecolor=edge,
        linewidth=1.0,
        alpha=0.75,
    )
    axes.plot([event.trigger_s] * 2, [1.15, 1.75], color="black", linewidth=1.3)


def _draw_annotation(axes: Axes, annotation: Annotation, edge: str) -> None:
    onset_s = annotation.onset_s
    if annotation.offset_s > onset_s:
        bar = [(onset_s, annotation.offset_s - onset_s)]
        axes.broken_barh(bar, (0.15, 0.6), facecolor="#cfd8dc", edgecolor=edge)
    else:
        axes.plot([onset_s] * 2, [0.15, 0.75], color=edge, linewidth=2)
    kind = f" {annotation.kind}"
    axes.text(onset_s, 0.45, kind, fontsize=8, va="center", clip_on=True, parse_math=False)


def thinned(edges_s: F64, value: F64) -> tuple[F64, F64]:
    """Points to draw of a per-frame curve.

    All of them, or smallest and largest of equal stretches of frames.

    Args:
        edges_s: f64 (T+1,).
        value: f64 (T,), NaN leaves a hole.
    """
    middle = (edges_s[:-1] + edges_s[1:]) / 2
    if len(value) <= MAX_POINTS:
        return middle, value
    step = -(-2 * len(value) // MAX_POINTS)
    full = len(value) // step * step
    blocks = value[:full].reshape(-1, step)
    hole = np.isnan(blocks).all(axis=1)
    low = np.where(hole, np.nan, np.min(np.where(np.isnan(blocks), np.inf, blocks), axis=1))
    high = np.where(hole, np.nan, np.max(np.where(np.isnan(blocks), -np.inf, blocks), axis=1))
    x = np.repeat(middle[:full].reshape(-1, step)[:, 0], 2)
    return np.concatenate([x, middle[full:]]), np.concatenate(
        [np.stack([low, high], 1).reshape(-1), value[full:]]
    )


def _without_scores(result: SessionResult) -> str:
    """Why a session has no scores, in two words."""
    return "not scored" if result.session.unscored else "not annotated"
