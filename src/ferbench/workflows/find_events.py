"""Find events in predictions: an event rule on stored tables, without any video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from ferbench.checks import check_level, check_list, path_of
from ferbench.config.choices import Choice, component_for
from ferbench.errors import ConfigError
from ferbench.events.signal import Direction, EmotionSignal
from ferbench.events.timecode import timecode
from ferbench.events.windowed import Windowed
from ferbench.formats.predictions import read_predictions
from ferbench.protocols import EventRule, SegmentRule, Selector
from ferbench.results import Analysis
from ferbench.sentences import Setting, Text
from ferbench.timespans import TOLERANCE_S
from ferbench.types import Event, Expressions, Faces, Signal, Timeline
from ferbench.wording import some
from ferbench.workflows.file_kinds import default_rule, prediction_kind
from ferbench.workflows.found_events import Events, SessionEvents
from ferbench.workflows.thesis_signal import signal_of_thesis

Kind = Literal["probability", "top"]
DEFAULT_SELECTOR: Final = "largest"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """What to look for.

    Attributes:
        rule: event rule with its numbers.
        labels: expressions in any spelling; in a thesis file one.
        kind: of our tables: probability, or 1 where the label is on top; None = probability.
        direction: of our tables: events where values are high, or where they are low; None =
            rising.
        selector: of our tables: which face is the participant; None = largest.
        fps: of a thesis file: rows per second; None = take it from ``video``.
        video: of a thesis file: its video, or the folder in which that is.
    """

    rule: EventRule
    labels: tuple[str, ...]
    kind: Kind | None = None
    direction: Direction | None = None
    selector: Selector | None = None
    fps: float | None = None
    video: Path | None = None


def find_events(
    source: Analysis | str | Path | Sequence[Analysis | str | Path],
    *,
    labels: Sequence[str] = ("surprise",),
    rule: Choice = None,
    kind: Kind | None = None,
    direction: Direction | None = None,
    selector: Choice = None,
    fps: float | None = None,
    video: str | Path | None = None,
    config_dirs: Sequence[Path] = (),
) -> Events:
    """Find events of some expressions in predictions.

    Args:
        source: results of ``predict``, or files of predictions (ours or the thesis'), one or more.
        labels: expressions, or other outputs of the model, such as arousal; in a thesis file one.
        rule: a choice of ``conf/event``, a mapping of its fields, or an event rule; None = the
            configuration's, and of the thesis' files the thesis' (``windowed``).
        kind: of our tables: probability, or 1 where the label is on top; None = probability.
        direction: of our tables: rising, or falling (minus the value: events where it is low);
            None = rising.
        selector: of our tables: which face is the participant; None = the largest.
        fps: of a thesis file: rows per second.
        video: of a thesis file: its video, or the folder in which that is.
        config_dirs: folders with further choices.

    Raises:
        FormatError: a file is not one of predictions; names the line.
        ConfigError: a choice that cannot be used, or that a file has no place for.
    """
    check_list("labels", labels)
    sources = _one_or_more(source)
    files = [Path(item) for item in sources if isinstance(item, str | Path)]
    if rule is None and len(files) == len(sources):
        rule = default_rule(files)
    options = FindOptions(
        rule=component_for("event", rule, config_dirs=config_dirs),
        labels=tuple(labels),
        kind=kind,
        direction=direction,
        selector=None
        if selector is None
        else component_for("selector", selector, config_dirs=config_dirs),
        fps=fps,
        video=None if video is None else Path(video),
    )
    sessions = tuple(_find(item, options) for item in sources)
    _check_names(sessions)
    return Events(sessions)


def _one_or_more(source: object) -> list[Any]:
    if isinstance(source, Analysis | str | Path) or not isinstance(source, Iterable):
        return [source]
    return list(source)


def _check_names(sessions: Sequence[SessionEvents]) -> None:
    """Raise ConfigError where two sessions have one name."""
    names = Counter(session.session_id for session in sessions)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ConfigError(
            f"{some(twice)} is there more than once; events of two videos would be taken for one's",
            key="source",
            hint="give each its own name: predict(video, session=...)",
        )


def _find(source: Any, options: FindOptions) -> SessionEvents:
    if isinstance(source, Analysis):
        _check_own_times("what predict returned", options)
        return find_in_analysis(source, options)
    if not isinstance(source, str | Path):
        raise ConfigError(
            key="source", expected="what predict returns, or files of predictions", got=source
        )
    return find_in_file(path_of("source", source), options)


def _check_own_times(name: str, options: FindOptions) -> None:
    """Refuse a rate or a video for predictions that have their times."""
    if options.fps is not None or options.video is not None:
        both = Text(Setting("fps"), " and ", Setting("video"))
        raise ConfigError(Text(f"{name} has its own times; leave ", both, " out"))


def find_in_analysis(analysis: Analysis, options: FindOptions) -> SessionEvents:
    """Events of one video."""
    signals = _signals(analysis.timeline, analysis.faces, analysis.expressions, options)
    return _session_events(signals, options.rule)


def find_in_file(path: Path, options: FindOptions) -> SessionEvents:
    """Events of one file of predictions.

    Raises:
        FormatError: the file is not one of predictions; names the line.
        ConfigError: the file is of another kind, the rate is missing or not needed, or an option is
            for other files.
        DataError: the rate cannot be used.
    """
    kind = prediction_kind(path)
    if kind == "predictions":
        signals = _signals_of_ours(path, options)
    else:
        _check_thesis_options(path, options)
        [label] = options.labels
        signals = (signal_of_thesis(path, label=label, fps=options.fps, video=options.video),)
    return _session_events(signals, options.rule)


def _signals_of_ours(path: Path, options: FindOptions) -> tuple[Signal, ...]:
    _check_own_times(path.name, options)
    timeline, faces, expressions = read_predictions(path)
    return _signals(timeline, faces, expressions, options)


def _signals(
    timeline: Timeline, faces: Faces, expressions: Expressions, options: FindOptions
) -> tuple[Signal, ...]:
    selector = options.selector or component_for("selector", DEFAULT_SELECTOR)
    chosen = selector.select(faces, timeline)
    rule = signal_rule(options)
    check_level("event.enter", options.rule.level, rule.span_of(expressions.channels))
    return rule.build(expressions, chosen, timeline)


def signal_rule(options: FindOptions) -> EmotionSignal:
    """How our tables become signals."""
    return EmotionSignal(
        labels=options.labels,
        kind=options.kind or "probability",
        direction=options.direction or "rising",
    )


def _check_thesis_options(path: Path, options: FindOptions) -> None:
    """Raise ConfigError where an option has no place in a thesis CSV."""
    for name in ("kind", "direction", "selector"):
        if getattr(options, name) is not None:
            one_label = f"{path.name} is a thesis CSV: one face and one label per row; leave "
            raise ConfigError(Text(one_label, Setting(name), " out"))
    if len(options.labels) != 1:
        raise ConfigError(f"{path.name} is a thesis CSV; expected one label, got {options.labels}")
    rule = options.rule
    if isinstance(rule, Windowed) and rule.enter != Windowed().enter:
        no_level = f"{path.name} is a thesis CSV: its labels have no level; leave "
        raise ConfigError(Text(no_level, Setting("event.enter"), " out"))


def _session_events(signals: Sequence[Signal], rule: EventRule) -> SessionEvents:
    timeline = signals[0].timeline
    session_id = timeline.video.video_id
    events: list[Event] = []
    for signal in signals:
        events += rule.detect(signal, session_id=session_id, start_s=0.0)
    events.sort()
    has_value = np.any([~np.isnan(signal.value) for signal in signals], axis=0)
    return SessionEvents(
        session_id=session_id,
        events=tuple(events),
        timecodes=tuple(_timecode(event, timeline) for event in events),
        segments=_segments(signals, rule),
        duration_s=timeline.duration_s,
        valid_s=float(np.diff(timeline.edges_s)[has_value].sum()),
        picture_start_s=float(timeline.edges_s[0]),
        note=_too_short(timeline.duration_s, rule),
    )


def _timecode(event: Event, timeline: Timeline) -> str:
    """HH:MM:SS:FF of an event's first frame, frames counted from 1 at the container's start."""
    rate_hz = timeline.video.fps_hz
    before = round(float(timeline.edges_s[0]) * rate_hz)
    first = np.searchsorted(timeline.edges_s, event.onset_s + TOLERANCE_S, side="right")
    return timecode(before + int(first), rate_hz)


def _segments(signals: Sequence[Signal], rule: EventRule) -> tuple[int, ...] | None:
    """Flags of the segments of one expression; None = the rule has no segments."""
    if isinstance(rule, SegmentRule) and len(signals) == 1:
        return rule.segments(signals[0])
    return None


def _too_short(duration_s: float, rule: EventRule) -> str:
    """A note on a video in which no event can be; "" = one can."""
    if rule.least_s <= duration_s:
        return ""
    return (
        f"no event can be found: an event needs {rule.least_s:g} s, "
        f"the video lasts {duration_s:.3f} s"
    )
