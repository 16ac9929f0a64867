"""``ferbench events`` for one file.

Events from stored predictions, ours or the thesis', without any video.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.datasets.files import SUFFIXES, is_video
from ferbench.errors import ConfigError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.signal import EmotionSignal
from ferbench.events.windowed import Windowed, segment_flags, timecode
from ferbench.formats.csv_rows import first_cells
from ferbench.formats.length_table import is_lengths
from ferbench.formats.predictions import is_predictions, read_predictions
from ferbench.thesis.frame_csv import FACE_COLUMNS, read_thesis_csv
from ferbench.thesis.grades import is_grades
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.results import is_results
from ferbench.thesis.rows import LABELS, label_signal
from ferbench.types import Event, Signal
from ferbench.wording import plural

Kind = Literal[
    "predictions",
    "thesis",
    "faces",
    "events",
    "annotations",
    "lengths",
    "results",
    "grades",
    "video",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to look for.

    Attributes:
        fps: rows per second of a thesis file; None = take it from ``video``.
        video: the video that a thesis file belongs to, or the folder in which it is.
        rule: event rule with its numbers.
        label: expression (ours in any spelling; in a thesis file letter by letter).
        kind: for our tables: probability, or 1 where the label is on top; None = probability.
        selector: for our tables: which face is the participant; None = largest.
    """

    fps: float | None
    video: Path | None
    rule: Windowed | Hysteresis
    label: str
    kind: Literal["probability", "top"] | None
    selector: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one file holds.

    Attributes:
        session_id: the video's name.
        events: in time order, with the time code of each one's first frame (counted from 1).
        timecodes: as many as events.
        segments: flags of the windowed rule; None = another rule.
        duration_s: seconds of video.
        valid_s: of these, seconds with a value.
        note: what is odd about the question for this file; "" = nothing.
    """

    session_id: str
    events: tuple[Event, ...]
    timecodes: tuple[str, ...]
    segments: tuple[int, ...] | None
    duration_s: float
    valid_s: float
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """``segments`` and ``events`` as plain values."""
        events = [
            {
                "index": index,
                "timecode": code,
                "onset_s": event.onset_s,
                "offset_s": event.offset_s,
                "trigger_s": event.trigger_s,
                "label": event.label,
            }
            for index, (event, code) in enumerate(zip(self.events, self.timecodes, strict=True))
        ]
        return {
            "segments": None if self.segments is None else list(self.segments),
            "events": events,
        }

    def lines(self) -> list[str]:
        """A line per event."""
        return [
            f"{index}  {code}  {event.label}  {event.onset_s:.3f} to {event.offset_s:.3f} s, "
            f"trigger {event.trigger_s:.3f} s"
            for index, (event, code) in enumerate(zip(self.events, self.timecodes, strict=True))
        ]

    def total(self) -> str:
        """How many events in how many segments."""
        number = plural(len(self.events), "event")
        return (
            number
            if self.segments is None
            else f"{number} in {plural(len(self.segments), 'segment')}"
        )


def kind_of(path: Path) -> Kind:
    """What a file seems to be, by its suffix or first line.

    An unknown one counts as ``thesis`` (no header).
    """
    if is_video(path, SUFFIXES):
        return "video"
    if is_predictions(path):
        return "predictions"
    cells = first_cells(path)
    if "session" in cells and "onset_s" in cells:
        return "events" if "trigger_s" in cells else "annotations"
    if is_lengths(path):
        return "lengths"
    if is_grades(path):
        return "grades"
    if is_results(path):
        return "results"
    return "faces" if len(cells) == len(FACE_COLUMNS) and all(map(_is_number, cells)) else "thesis"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_kind(path: Path, kind: Kind) -> None:
    """Raise ConfigError with what to do instead, where a file is none of predictions."""
    instead = {
        "video": f"a video; make its table of predictions first: ferbench predict {path.name}",
        "events": f"a table of events; compare it with annotations: ferbench score {path.name} ANNOTATIONS",
        "annotations": f"a table of annotations; compare events with it: ferbench score EVENTS {path.name}",
        "lengths": "a table of sessions' lengths; give it to 'ferbench score' with --sessions",
        "results": f"a Results.csv of the thesis; compare its models: ferbench agreement {path.name}",
        "grades": f"a grade file of the thesis; count its grades: ferbench agreement {path.name}",
        "faces": "the thesis' file of faces (5 columns); its predictions are in <video>.<model>.<backend>.csv",
    }
    if kind in instead:
        raise ConfigError(f"{path} is {instead[kind]}")


def find_events(source: Path, question: Question) -> Found:
    """Events of one file of predictions.

    Raises:
        FormatError: the file is not one of predictions; names the line.
        ConfigError: the file is of another kind, the rate is missing or not needed, an option is
            for other files.
        DataError: the rate cannot be used.
    """
    if not source.is_file():
        raise ConfigError(
            f"{source} is not a file; expected a table of predictions (CSV or Parquet)"
        )
    kind = kind_of(source)
    _check_kind(source, kind)
    signal = _ours(source, question) if kind == "predictions" else _thesis(source, question)
    return _answer(signal, question.rule)


def _thesis(source: Path, question: Question) -> Signal:
    given = [name for name in ("kind", "selector") if getattr(question, name) is not None]
    if given:
        raise ConfigError(
            f"{source.name} is a thesis CSV: one face and one label per row; leave --{given[0]} out"
        )
    rule = question.rule
    if isinstance(rule, Windowed) and rule.enter != Windowed().enter:
        raise ConfigError(
            f"{source.name} is a thesis CSV: its labels have no level; leave --enter out"
        )
    predictions = read_thesis_csv(source)
    there = {label for label in predictions.labels if label is not None}
    if question.label not in there and question.label not in LABELS:
        raise ConfigError(
            f"--label: no row of {source.name} says {question.label!r}; there are: {', '.join(sorted(there)) or 'none'}"
        )
    return label_signal(predictions, _rate(source, question), label=question.label)


def _rate(source: Path, question: Question) -> float:
    if question.fps is not None:
        return question.fps
    video = question.video
    if video is None:
        raise ConfigError(
            f"{source.name} holds no times; give its frame rate with --fps, or its video with --video"
        )
    if video.is_dir():
        name = parse_thesis_name(source.name)
        if name is None or name.model is None:
            raise ConfigError(
                f"{source.name} is not named <video>.<model>.<backend>.csv, so its video is not known; "
                "give the video itself with --video, or the frame rate with --fps"
            )
        video = _video_of(source, name.video, video)
    from ferbench.video.pyav import container_rate

    return container_rate(video)


def _video_of(source: Path, name: str, folder: Path) -> Path:
    """A video in a folder, or in the folder below it that is called as the one in which ``source``
    is.
    """
    above = source.absolute().parent.parts
    places = [folder, *(folder.joinpath(*above[-depth:]) for depth in range(1, len(above)))]
    return next((place / name for place in places if (place / name).is_file()), folder / name)


def _ours(source: Path, question: Question) -> Signal:
    if question.fps is not None or question.video is not None:
        raise ConfigError(f"{source.name} has its own times; leave --fps and --video out")
    timeline, faces, expressions = read_predictions(source)
    choice = composed({"selector": question.selector or "largest"})
    selector = build(choice["selector"], where="selector")
    chosen = selector.select(faces, timeline)
    rule = EmotionSignal(labels=(question.label,), kind=question.kind or "probability")
    return rule.build(expressions, chosen, timeline)[0]


def _answer(signal: Signal, rule: Windowed | Hysteresis) -> Found:
    timeline = signal.timeline
    video, edges_s = timeline.video, timeline.edges_s
    events = rule.detect(signal, session_id=video.video_id, start_s=0.0)
    segments = None
    if isinstance(rule, Windowed):
        flags = segment_flags(
            signal.value >= rule.enter, video.fps_hz, segment_s=rule.segment_s, run_s=rule.run_s
        )
        segments = tuple(int(flag) for flag in flags.flags)
    firsts = [int(np.searchsorted(edges_s, event.onset_s + 1e-9, side="right")) for event in events]
    needed_s = rule.min_duration_s if isinstance(rule, Hysteresis) else rule.run_s
    short = f"no event can be found: an event needs {needed_s:g} s, the video lasts {timeline.duration_s:.3f} s"
    return Found(
        session_id=video.video_id,
        events=events,
        timecodes=tuple(timecode(first, video.fps_hz) for first in firsts),
        segments=segments,
        duration_s=timeline.duration_s,
        valid_s=float(np.diff(edges_s)[~np.isnan(signal.value)].sum()),
        note=short if needed_s > timeline.duration_s else "",
    )


def rule_from(name: str, given: dict[str, float | None]) -> Windowed | Hysteresis:
    """An event rule with the given numbers (None = its own default).

    Raises:
        ConfigError: no such rule, a number that belongs to the other rule, or one with which no
            event is possible.
    """
    rules: dict[str, Windowed | Hysteresis] = {"windowed": Windowed(), "hysteresis": Hysteresis()}
    if name not in rules:
        raise ConfigError(f"--rule: expected one of {', '.join(rules)}, got {name!r}")
    rule = rules[name]
    numbers = {key: value for key, value in given.items() if value is not None}
    foreign = [key for key in numbers if not hasattr(rule, key)]
    if foreign:
        raise ConfigError(
            f"the rule {name} has no {', '.join(foreign)}; it has {', '.join(type(rule).__slots__)}"
        )
    for key in ("enter", "exit"):
        level = numbers.get(key)
        if level is not None and not (math.isfinite(level) and 0 < level <= 1):
            raise ConfigError(
                f"--{key}: expected a probability, above 0 and at most 1 (50 % is 0.5), got {level:g}"
            )
    return replace(rule, **numbers)  # type: ignore[arg-type]
