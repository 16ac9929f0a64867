"""One picture per session: the model over time, events, annotations, and what belongs together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench.labels import channel_of
from ferbench.look import colour_of, dashes_of
from ferbench.report.chosen_curves import chosen_curves
from ferbench.report.figures import (
    CHANCE_DASH,
    OUTCOMES,
    Outcome,
    PictureStyle,
    blank_figure,
    dress,
    save,
)
from ferbench.report.statistics_words import ignored_text
from ferbench.results import PartResult, SessionResult
from ferbench.types import Annotation, Channels, Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ferbench.types import F64

MAX_POINTS = 4000
"""Points per curve; longer ones are drawn by their smallest and largest values, so no peak is lost.
"""
_EVENT_MARKS, _ANNOTATION_MARKS = 2.12, 0.17
"""Heights of the marks of what became of events, and of annotations."""


def timeline_png(
    result: SessionResult,
    path: Path,
    *,
    level: float,
    stamps_s: tuple[float, ...],
    style: PictureStyle,
) -> None:
    """Draw a session.

    Args:
        result: the session.
        path: file to write.
        level: the event rule's threshold, drawn as a line.
        stamps_s: time of each event that was matched (trigger or onset).
        style: how it is drawn.
    """
    figure = blank_figure(12, 4.8, style)
    curves, lanes = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.25])
    dress(curves, style)
    dress(lanes, style, ruled=False)
    _draw_curves(curves, result, level, style)
    _draw_lanes(lanes, result, stamps_s, style)
    lanes.set_xlabel("time in the session, s")
    lanes.set_xlim(0, max(result.parts[-1].end_s, 1e-3))
    title = _title(result)
    curves.set_title(title, loc="left", fontsize=10, color=style.ink, parse_math=False)
    save(figure, path, style)


def _title(result: SessionResult) -> str:
    text = f"{result.session.session_id}   events: {len(result.events)}"
    if result.counts is None:
        return f"{text}, {_without_scores(result)}"
    c = result.counts
    counts = f"matched {c.tp}, false {c.fp}, missed {c.fn}{ignored_text(c.ignored)}"
    return f"{text}, annotations: {c.n_ref} ({counts})"


def _draw_curves(axes: Axes, result: SessionResult, level: float, style: PictureStyle) -> None:
    signal_labels = {signal.label for part in result.parts for signal in part.signals}
    for part in result.parts:
        _draw_part(axes, part, signal_labels)
    axes.axhline(level, color=style.ink, linewidth=0.8, linestyle=CHANCE_DASH)
    curves = chosen_curves(result.parts[-1]) if result.parts else ()
    lowest, highest = _ends(result.parts)
    margin = 0.02 * (highest - lowest)
    axes.set_ylim(lowest - margin, highest + margin)
    axes.set_ylabel(_values_are(result.parts, lowest))
    names = dict.fromkeys([*(curve.name for curve in curves), *sorted(signal_labels)])
    _draw_curve_legend(axes, tuple(names), signal_labels, level, style)


def _values_are(parts: Sequence[PartResult], lowest: float) -> str:
    """What the axis of the curves says."""
    signals = [signal.label for signal in parts[-1].signals] if parts else []
    channels = parts[-1].analysis.expressions.channels if parts else Channels()
    if not channels.labels or any(channels.regression(channel_of(label)) for label in signals):
        return f"{', '.join(signals)} (signal)"
    return "probability (signal: less its baseline)" if lowest < 0 else "probability"


def _draw_part(axes: Axes, part: PartResult, signal_labels: set[str]) -> None:
    """Thin curves of what the model said, thick ones of the signals."""
    edges_s = part.analysis.timeline.edges_s + part.start_s
    curves = chosen_curves(part)
    dashes = dashes_of([*(curve.name for curve in curves), *sorted(signal_labels)])
    for curve in curves:
        if curve.name not in signal_labels:
            line = _line(curve.name, dashes, is_signal=False)
            axes.plot(*thinned(edges_s, curve.value), **line)
    for signal in part.signals:
        line = _line(signal.label, dashes, is_signal=True)
        axes.plot(*thinned(edges_s, signal.value), **line)


def _line(
    label: str, dashes_by_label: Mapping[str, tuple[float, ...]], *, is_signal: bool
) -> dict[str, Any]:
    """Colour, dashes and width of a curve."""
    dashes = dashes_by_label[label]
    return {
        "color": colour_of(label),
        "linestyle": (0, dashes) if dashes else "-",
        "linewidth": 2.2 if is_signal else 1.0,
    }


def _ends(parts: Sequence[PartResult]) -> tuple[float, float]:
    """Least and largest value of all curves, where classes take 0 to 1 in any case."""
    lowest, highest = 0.0, 0.0
    for part in parts:
        curves = chosen_curves(part)
        told = [end for curve in curves for end in (curve.low, curve.high) if math.isfinite(end)]
        every = [signal.value for signal in part.signals] + [curve.value for curve in curves]
        values = np.concatenate([told, *every])
        values = values[~np.isnan(values)]
        lowest = min(lowest, float(values.min(initial=0.0)))
        highest = max(highest, float(values.max(initial=0.0)))
    return lowest, highest if highest > lowest else lowest + 1.0


def _draw_curve_legend(
    axes: Axes, labels: Sequence[str], signal_labels: set[str], level: float, style: PictureStyle
) -> None:
    handles, names = [], []
    dashes = dashes_of(labels)
    for label in labels:
        is_signal = label in signal_labels
        handles.append(axes.plot([], [], **_line(label, dashes, is_signal=is_signal))[0])
        names.append(f"{label} (signal)" if is_signal else label)
    threshold: dict[str, Any] = {"color": style.ink, "linewidth": 0.8, "linestyle": CHANCE_DASH}
    handles.append(axes.plot([], [], **threshold)[0])
    names.append(f"threshold {level:g}")
    _legend(axes, handles, names, style)


def _legend(axes: Axes, handles: list[Any], names: list[str], style: PictureStyle) -> None:
    axes.legend(
        handles,
        names,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        labelcolor=style.ink,
        frameon=False,
        handlelength=3.5,
    )


def _draw_lanes(
    axes: Axes, result: SessionResult, stamps_s: tuple[float, ...], style: PictureStyle
) -> None:
    annotations = result.session.annotations or ()
    is_scored = result.counts is not None
    of_events = _outcomes(
        len(result.events),
        {event for event, _ in result.matches},
        result.scored_events,
        otherwise="false alarm",
        ignored=result.ignored,
    )
    for event, outcome in zip(result.events, of_events, strict=True):
        _draw_event(axes, event, style)
        if is_scored:
            _mark(axes, event.trigger_s, _EVENT_MARKS, outcome)
    of_annotations = _outcomes(
        len(annotations),
        {mark for _, mark in result.matches},
        result.scored_annotations,
        otherwise="missed",
    )
    for annotation, outcome in zip(annotations, of_annotations, strict=True):
        _draw_annotation(axes, annotation, style)
        if is_scored:
            _mark(axes, annotation.onset_s, _ANNOTATION_MARKS, outcome)
    for event_at, annotation_at in result.matches:
        ends_s = [stamps_s[event_at], annotations[annotation_at].onset_s]
        axes.plot(ends_s, [1.35, 0.95], color=style.ink, linewidth=1.0)
    axes.set_ylim(0, 2.3)
    name = "annotations" if is_scored else f"({_without_scores(result)})"
    axes.set_yticks([0.65, 1.65], [name, "events"])
    _draw_lane_legend(axes, {*of_events, *of_annotations} if is_scored else set(), style)


def _draw_lane_legend(axes: Axes, outcomes: set[Outcome], style: PictureStyle) -> None:
    """The trigger, what a match looks like, and the marks that there are."""
    handles: list[Any] = [axes.plot([], [], color=style.ink, linewidth=1.3)[0]]
    names = ["trigger; joined: a match" if "hit" in outcomes else "trigger"]
    for outcome, (shape, colour) in OUTCOMES.items():
        if outcome in outcomes:
            handles.append(axes.plot([], [], marker=shape, color=colour, linestyle="")[0])
            names.append(outcome)
    _legend(axes, handles, names, style)


def _outcomes(
    count: int,
    matched: set[int],
    scored: Sequence[int],
    *,
    otherwise: Outcome,
    ignored: Sequence[int] = (),
) -> list[Outcome]:
    """What became of each event, or of each annotation."""
    outcomes: list[Outcome] = []
    for position in range(count):
        if position in matched:
            outcomes.append("hit")
        elif position in ignored:
            outcomes.append("ignored")
        elif position in scored:
            outcomes.append(otherwise)
        else:
            outcomes.append("not scored")
    return outcomes


def _mark(axes: Axes, at_s: float, height: float, outcome: Outcome) -> None:
    shape, colour = OUTCOMES[outcome]
    axes.plot(at_s, height, marker=shape, color=colour, markersize=7, linestyle="", clip_on=False)


def _draw_event(axes: Axes, event: Event, style: PictureStyle) -> None:
    axes.broken_barh(
        [(event.onset_s, event.offset_s - event.onset_s)],
        (1.35, 0.6),
        facecolor=colour_of(event.label),
        linewidth=0,
    )
    axes.plot([event.trigger_s] * 2, [1.35, 1.95], color=style.ink, linewidth=1.3)


def _draw_annotation(axes: Axes, annotation: Annotation, style: PictureStyle) -> None:
    onset_s = annotation.onset_s
    if annotation.offset_s > onset_s:
        bar = [(onset_s, annotation.offset_s - onset_s)]
        axes.broken_barh(bar, (0.35, 0.6), facecolor=style.grid, edgecolor=style.faint)
    else:
        axes.plot([onset_s] * 2, [0.35, 0.95], color=style.ink, linewidth=2)
    axes.text(
        onset_s,
        0.65,
        f" {annotation.kind}",
        fontsize=8,
        va="center",
        color=style.ink,
        clip_on=True,
        parse_math=False,
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
