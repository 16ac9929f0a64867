"""What a session's page holds as data: curves, faces, events, annotations, in plain values.

Times are exact (float64 edges of the true frames), values have one byte each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ferbench import look
from ferbench.labels import channel_of
from ferbench.pages.document import as_bytes, as_floats
from ferbench.pages.session_positions import Positions
from ferbench.report.chosen_curves import Curve, chosen_curves
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.metrics import headline
from ferbench.scoring.scored_session import Stamp
from ferbench.secret_texts import masked
from ferbench.types import F64, Annotation

_MOST_FACES: Final = 254.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAbout:
    """What is told of a session beside its result.

    Attributes:
        rule: the event rule in words.
        criterion: when an event matches an annotation, in words.
        made_of: how it was made, name and value, in the order in which they are shown.
        notes: sentences on what was left out or not scored.
        other_annotators: annotations of everybody whose were not scored.
        model: under which name its events are graded, which a blind rater must not see.
        span: least and largest value of the signals.
        stamp: an event's time that its lag is counted from: trigger or onset.
        clips: a video as a data: URI for each part; "" = none. Empty = of no part.
    """

    rule: str
    criterion: str
    made_of: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    other_annotators: tuple[Annotation, ...] = ()
    model: str = ""
    span: tuple[float, float] = (0.0, 1.0)
    stamp: Stamp = "trigger"
    clips: tuple[str, ...] = field(default=())


def session_data(
    result: SessionResult, positions: Positions, about: SessionAbout
) -> dict[str, Any]:
    """Everything that the page's scripts read."""
    curves = shown_curves(result.parts)
    span = shown_span(result, about.span)
    signals = [signal.label for signal in result.parts[0].signals]
    dashes = look.dashes_of([*curves, *signals])
    names = {each.name for each in result.parts[0].analysis.expressions.regressions}
    return {
        "session": result.session.session_id,
        "participant": result.session.participant,
        "model": about.model,
        "stamp": about.stamp,
        "scored": result.counts is not None,
        "labels": [
            _look_of(name, dashes) | {"low": low, "high": high, "is_class": name not in names}
            for name, (low, high) in curves.items()
        ],
        "signals": [_look_of(label, dashes) for label in signals],
        "span": span,
        "axis": axis_name(result.parts) if names & {*curves, *signals} else "",
        "parts": [
            _part(result, number, curves, span, about) for number in range(len(result.parts))
        ],
        "observed": result.session.observed,
        "events": _events(positions),
        "own": positions.own,
        "levels": [position.level for position in positions.positions],
        "matches": [position.matches for position in positions.positions],
        "ignored": [position.ignored for position in positions.positions],
        "numbers": [position.numbers for position in positions.positions],
        "one_level": positions.note,
        "metrics": [_metric(name) for name in _counts(positions)] + _headline(),
        "annotations": _annotations(result, about),
    }


def shown_curves(parts: Sequence[PartResult]) -> dict[str, tuple[float, float]]:
    """Outputs of the model that are drawn beside the signals, with their least and largest value.

    A regression that is a signal as it is stands for itself only once, as the signal.
    """
    curves: dict[str, list[Curve]] = {}
    for part in parts:
        for curve in chosen_curves(part):
            curves.setdefault(curve.name, []).append(curve)
    as_they_are = signals_as_they_are(parts)
    return {
        name: _span_of([curve.value for curve in of_parts], (of_parts[0].low, of_parts[0].high))
        for name, of_parts in curves.items()
        if name not in as_they_are
    }


def signals_as_they_are(parts: Sequence[PartResult]) -> frozenset[str]:
    """Names of the regressions that are a signal with their very values."""
    names = {each.name for each in parts[0].analysis.expressions.regressions} if parts else set()
    for part in parts:
        values = {curve.name: curve.value for curve in chosen_curves(part)}
        same = {
            signal.label
            for signal in part.signals
            if np.array_equal(signal.value, values.get(signal.label, np.empty(0)), equal_nan=True)
        }
        names &= same
    return frozenset(names)


def axis_name(parts: Sequence[PartResult]) -> str:
    """What the values' axis says where the signals are regressions."""
    return ", ".join(signal.label for signal in parts[0].signals)


def _look_of(label: str, dashes: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    return {"name": label, "colour": look.colour_of(label), "dash": dashes[label]}


def shown_span(result: SessionResult, possible: tuple[float, float]) -> tuple[float, float]:
    """Least and largest value that the curves of signals have.

    Args:
        result: the session.
        possible: least and largest value that a signal can have; of regressions their own range
            counts instead, which differences seldom leave. The session's own values count where an
            end is infinite, and where they go beyond.
    """
    names = {each.name for each in result.parts[0].analysis.expressions.regressions}
    own = [curve for curve in chosen_curves(result.parts[0]) if curve.name in names]
    told = (own[0].low, own[0].high) if own and _are_regressions(result, names) else possible
    return _span_of([signal.value for part in result.parts for signal in part.signals], told)


def _are_regressions(result: SessionResult, names: set[str]) -> bool:
    return {channel_of(signal.label) for signal in result.parts[0].signals} <= names


def _span_of(values: Sequence[F64], told: tuple[float, float]) -> tuple[float, float]:
    ends = [end for end in told if math.isfinite(end)]
    every = np.concatenate([ends or [0.0], *values])
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    return low, max(high, low + 1e-9)


def _part(
    result: SessionResult,
    number: int,
    curves: Mapping[str, tuple[float, float]],
    span: tuple[float, float],
    about: SessionAbout,
) -> dict[str, Any]:
    """Frames, values and video of one part."""
    part = result.parts[number]
    timeline, faces = part.analysis.timeline, part.analysis.faces
    values = {curve.name: curve.value for curve in chosen_curves(part)}
    num_faces = np.bincount(faces.frame, minlength=timeline.video.num_frames)
    name = result.session.parts[number].path.name
    clip = about.clips[number] if about.clips else ""
    return {
        "file": masked(name),
        "is_real_name": masked(name) == name,
        "start_s": part.start_s,
        "edges": as_floats(timeline.edges_s),
        "width_px": timeline.video.width_px,
        "height_px": timeline.video.height_px,
        "rate_hz": timeline.video.fps_hz,
        "curves": [as_bytes(values[name], *ends) for name, ends in curves.items()],
        "signals": [as_bytes(signal.value, *span) for signal in part.signals],
        "chosen": as_bytes(np.where(part.chosen >= 0, 1.0, 0.0), 0.0, _MOST_FACES),
        "faces": as_bytes(num_faces.astype(np.float64), 0.0, _MOST_FACES),
        "clip": clip,
    }


def _events(positions: Positions) -> dict[str, Any]:
    """The events of all positions as columns."""
    found = positions.events
    is_scored = np.zeros(len(found), bool)
    is_scored[list(positions.scored_events)] = True
    columns: dict[str, F64] = {
        "onset_s": np.array([each.event.onset_s for each in found], np.float64),
        "offset_s": np.array([each.event.offset_s for each in found], np.float64),
        "trigger_s": np.array([each.event.trigger_s for each in found], np.float64),
        "peak": np.array([each.event.peak for each in found], np.float64),
    }
    return {
        **{name: as_floats(column) for name, column in columns.items()},
        "label": [each.event.label for each in found],
        "part": [each.part for each in found],
        "first": [each.first for each in found],
        "last": [each.last for each in found],
        "scored": [int(flag) for flag in is_scored],
    }


def _annotations(result: SessionResult, about: SessionAbout) -> list[dict[str, Any]]:
    """Those that were scored against, in their order, then those of other annotators."""
    own = result.session.annotations or ()
    scored = set(result.scored_annotations)
    rows = [_annotation(each, is_scored=k in scored) for k, each in enumerate(own)]
    rows += [_annotation(each, is_scored=False) for each in about.other_annotators]
    return rows


def _annotation(annotation: Annotation, *, is_scored: bool) -> dict[str, Any]:
    return {
        "onset_s": annotation.onset_s,
        "offset_s": annotation.offset_s,
        "kind": annotation.kind,
        "annotator": annotation.annotator,
        "scored": is_scored,
        "reacted": annotation.reacted,
    }


def _counts(positions: Positions) -> tuple[str, ...]:
    """The counts that are shown: ignored events where there are any."""
    if any(position.ignored for position in positions.positions):
        return "tp", "fp", "ignored", "fn"
    return "tp", "fp", "fn"


def _metric(name: str) -> Mapping[str, Any]:
    titles = {"tp": "hits", "fp": "false alarms", "ignored": "ignored", "fn": "missed"}
    return {"name": name, "title": titles[name], "decimals": 0, "unit": ""}


def _headline() -> list[Mapping[str, Any]]:
    return [
        {
            "name": metric.name,
            "title": metric.title,
            "decimals": metric.decimals,
            "unit": metric.unit,
        }
        for metric in headline()
    ]
