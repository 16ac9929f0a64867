"""One picture per session: what the model said over time, the events, the annotations, and which
belong together.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench.results import SessionResult

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
    wanted = {signal.label for part in result.parts for signal in part.signals}
    labels: tuple[str, ...] = ()
    for part in result.parts:
        labels = part.analysis.expressions.labels
        edges_s = part.analysis.timeline.edges_s + part.start_s
        probs = part.chosen_probs()
        for k, label in enumerate(labels):
            if label not in wanted:
                x, y = thinned(edges_s, probs[:, k])
                axes.plot(x, y, color=COLOURS[label], linewidth=0.8, alpha=0.55)
        for signal in part.signals:
            x, y = thinned(edges_s, signal.value)
            axes.plot(x, y, color=COLOURS[signal.label], linewidth=2.2)
    axes.axhline(level, color="black", linewidth=0.8, linestyle=":")
    values = [
        signal.value[~np.isnan(signal.value)] for part in result.parts for signal in part.signals
    ]
    lowest = min([0.0, *(float(value.min()) for value in values if len(value))])
    axes.set_ylim(lowest - 0.02, 1.02)
    axes.set_ylabel("probability" if lowest == 0 else "probability (signal: less its baseline)")
    handles = [
        axes.plot([], [], color=COLOURS[n], linewidth=2.2 if n in wanted else 0.9)[0]
        for n in labels
    ]
    names = [f"{name} (signal)" if name in wanted else name for name in labels]
    threshold = axes.plot([], [], color="black", linewidth=0.8, linestyle=":")[0]
    axes.legend(
        [*handles, threshold],
        [*names, f"threshold {level:g}"],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )


def _draw_lanes(axes: Axes, result: SessionResult, stamps_s: tuple[float, ...]) -> None:
    annotations = result.session.annotations or ()
    matched_events = {e for e, _ in result.matches}
    matched_annotations = {a for _, a in result.matches}
    for i, event in enumerate(result.events):
        axes.broken_barh(
            [(event.onset_s, event.offset_s - event.onset_s)],
            (1.15, 0.6),
            facecolor=COLOURS.get(event.label, "grey"),
            edgecolor="black"
            if i in matched_events
            else "red"
            if i in result.scored_events
            else "grey",
            linewidth=1.0,
            alpha=0.75,
        )
        axes.plot([event.trigger_s] * 2, [1.15, 1.75], color="black", linewidth=1.3)
    for i, mark in enumerate(annotations):
        edge = (
            "black"
            if i in matched_annotations
            else "red"
            if i in result.scored_annotations
            else "grey"
        )
        if mark.offset_s > mark.onset_s:
            bar = [(mark.onset_s, mark.offset_s - mark.onset_s)]
            axes.broken_barh(bar, (0.15, 0.6), facecolor="#cfd8dc", edgecolor=edge)
        else:
            axes.plot([mark.onset_s] * 2, [0.15, 0.75], color=edge, linewidth=2)
        axes.text(
            mark.onset_s,
            0.45,
            f" {mark.kind}",
            fontsize=8,
            va="center",
            clip_on=True,
            parse_math=False,
        )
    for e, a in result.matches:
        axes.plot([stamps_s[e], annotations[a].onset_s], [1.15, 0.75], color="black", linewidth=1.0)
    axes.set_ylim(0, 1.9)
    axes.set_yticks(
        [0.45, 1.45], ["annotations" if result.counts else f"({_without_scores(result)})", "events"]
    )
    keys: list[Any] = [axes.plot([], [], color="black", linewidth=w)[0] for w in (1.3, 1.0)]
    keys.append(axes.plot([], [], color="red", linewidth=1.0)[0])
    axes.legend(
        keys, ["trigger", "match", "false / missed"], loc="center left", bbox_to_anchor=(1.0, 0.5)
    )


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
