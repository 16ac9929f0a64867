"""``ferbench events``: events from stored predictions, ours or the thesis', without any video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferbench.app.binding import build
from ferbench.app.compose import composed
from ferbench.errors import ConfigError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.signal import EmotionSignal
from ferbench.events.windowed import Windowed, segment_flags, timecode
from ferbench.formats.predictions import is_predictions, read_predictions
from ferbench.formats.thesis_csv import detect, label_signal, read_thesis_csv
from ferbench.types import Event, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to look for.

    Attributes:
        source: file of predictions.
        fps: rows per second of a thesis file; None = take it from ``video``.
        video: the video that a thesis file belongs to.
        rule: event rule with its numbers.
        label: expression (ours in any spelling; in a thesis file letter by letter).
        kind: for our tables: probability, or 1 where the label is on top; None = probability.
        selector: for our tables: which face is the participant; None = largest.
    """

    source: Path
    fps: float | None
    video: Path | None
    rule: Windowed | Hysteresis
    label: str
    kind: Literal["probability", "top"] | None
    selector: str | None


def find_events(question: Question) -> dict[str, Any]:
    """Segments (windowed rule; else None) and events as plain values.

    Raises:
        FormatError: the file is not one of predictions; names the line.
        ConfigError: the rate is missing, or is not needed.
        DataError: the rate cannot be used.
    """
    if not question.source.is_file():
        raise ConfigError(f"{question.source} is not a file; expected a table of predictions (CSV or Parquet)")
    if is_predictions(question.source):
        return _ours(question)
    given = [name for name in ("kind", "selector") if getattr(question, name) is not None]
    if given:
        raise ConfigError(
            f"{question.source.name} is a thesis CSV: one face and one label per row; leave --{given[0]} out"
        )
    fps = _rate(question)
    predictions = read_thesis_csv(question.source)
    rule = question.rule
    if isinstance(rule, Windowed) and rule.enter != Windowed().enter:
        raise ConfigError(f"{question.source.name} is a thesis CSV: its labels have no level; leave --enter out")
    if isinstance(rule, Windowed):
        found = detect(predictions, fps, label=question.label, segment_s=rule.segment_s, run_s=rule.run_s)
        return found.as_json()
    return _answer(label_signal(predictions, fps, label=question.label), rule)


def _rate(question: Question) -> float:
    if question.fps is not None:
        return question.fps
    if question.video is not None:
        from ferbench.video.pyav import container_rate

        return container_rate(question.video)
    raise ConfigError(
        f"{question.source.name} holds no times; give its frame rate with --fps, or its video with --video"
    )


def _ours(question: Question) -> dict[str, Any]:
    if question.fps is not None or question.video is not None:
        raise ConfigError(f"{question.source.name} has its own times; leave --fps and --video out")
    timeline, faces, expressions = read_predictions(question.source)
    video = timeline.video
    selector_name = question.selector or "largest"
    if selector_name == "central" and not video.width_px:
        raise ConfigError(
            "the selector central needs the frame's size, which a CSV does not hold; give the .parquet file"
        )
    selector = build(composed({"selector": selector_name})["selector"], where="selector")
    chosen = selector.select(faces, num_frames=video.num_frames, width_px=video.width_px, height_px=video.height_px)
    signal = EmotionSignal(labels=(question.label,), kind=question.kind or "probability").build(
        expressions, chosen, timeline
    )[0]
    return _answer(signal, question.rule)


def _answer(signal: Signal, rule: Windowed | Hysteresis) -> dict[str, Any]:
    events = rule.detect(signal, session_id=signal.timeline.video.video_id, start_s=0.0)
    segments = None
    if isinstance(rule, Windowed):
        fps = signal.timeline.video.fps_hz
        flags = segment_flags(signal.value >= rule.enter, fps, segment_s=rule.segment_s, run_s=rule.run_s).flags
        segments = [int(flag) for flag in flags]
    return {"segments": segments, "events": [_plain(i, event, signal) for i, event in enumerate(events)]}


def _plain(index: int, event: Event, signal: Signal) -> dict[str, Any]:
    timeline = signal.timeline
    first = int(np.searchsorted(timeline.edges_s, event.onset_s + 1e-9, side="right")) - 1
    return {
        "index": index,
        "timecode": timecode(first + 1, timeline.video.fps_hz),
        "onset_s": event.onset_s,
        "offset_s": event.offset_s,
        "trigger_s": event.trigger_s,
        "label": event.label,
    }


def rule_from(name: str, given: dict[str, float | None]) -> Windowed | Hysteresis:
    """An event rule with the given numbers (None = its own default).

    Raises:
        ConfigError: no such rule, or a number that belongs to the other rule.
    """
    rules: dict[str, Windowed | Hysteresis] = {"windowed": Windowed(), "hysteresis": Hysteresis()}
    if name not in rules:
        raise ConfigError(f"--rule: expected one of {', '.join(rules)}, got {name!r}")
    rule = rules[name]
    numbers = {key: value for key, value in given.items() if value is not None}
    foreign = [key for key in numbers if not hasattr(rule, key)]
    if foreign:
        raise ConfigError(f"the rule {name} has no {', '.join(foreign)}; it has {', '.join(type(rule).__slots__)}")
    return replace(rule, **numbers)  # type: ignore[arg-type]
