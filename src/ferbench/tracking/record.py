"""What of a report goes into a tracking store: metrics, tags, data sets. Knows no store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ferbench.results import Report, StageTiming

RATE_NAMES = {"timeline": "decode", "faces": "detect", "expressions": "classify"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that a run read.

    Attributes:
        name: without its folder.
        sha256: digest of its bytes.
        kind: video, annotations, manifest.
    """

    name: str
    sha256: str
    kind: str


def input_of(fields: object) -> Input:
    """A file that a run read, from plain values that anybody may have written.

    Raises:
        ValueError: they are none of such a file.
    """
    names = ("name", "sha256", "kind")
    if not isinstance(fields, Mapping) or not all(isinstance(fields.get(n), str) for n in names):
        raise ValueError("expected name, sha256 and kind of each input as texts")
    return Input(name=fields["name"], sha256=fields["sha256"], kind=fields["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run as a store sees it: short texts, numbers, inputs, and a folder of files."""

    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    inputs: tuple[Input, ...]
    artifacts: Path
    failed: bool


def metrics_of(report: Report) -> dict[str, float]:
    """Numbers of a report by name; undefined ones are left out and counted in ``event/undefined``.

    ``event/*`` only where sessions are annotated; ``speed/*`` per stage in units per busy second
    and as real-time factor (busy seconds per second of video); ``quality/*``; ``work/*`` is what
    this run computed itself.
    """
    numbers = _score_numbers(report)
    numbers["event/count"] = float(sum(len(result.events) for result in report.sessions))
    numbers |= _quality_numbers(report)
    numbers |= _speed(report)
    work = report.work
    numbers["work/frames_decoded"] = float(work.frames_decoded)
    numbers["work/frames_detected"] = float(work.frames_detected)
    numbers["work/faces_classified"] = float(work.faces_classified)
    numbers["work/frames_continued"] = float(work.frames_continued)
    annotated = [result for result in report.sessions if result.counts is not None]
    numbers["sessions/done"] = float(len(report.sessions))
    numbers["sessions/failed"] = float(len(report.failures))
    numbers["sessions/annotated"] = float(len(annotated))
    return numbers


def as_logged(numbers: Mapping[str, float]) -> dict[str, float]:
    """Numbers with the digits that mean something.

    Six significant ones: of what is measured here, nothing is more exact. Whole numbers stay.

    >>> as_logged({"event/f1": 8 / 9, "work/frames_decoded": 12345678.0})
    {'event/f1': 0.888889, 'work/frames_decoded': 12345678.0}
    """
    return {name: _six_digits(value) for name, value in numbers.items()}


def _six_digits(value: float) -> float:
    return value if value.is_integer() else float(f"{value:.6g}")


def _score_numbers(report: Report) -> dict[str, float]:
    """The scores that are defined, and how many are not."""
    if not report.scores:
        return {}
    defined = {score.name: score.value for score in report.scores if not math.isnan(score.value)}
    undefined = len(report.scores) - len(defined)
    return {**defined, "event/undefined": float(undefined)}


def _quality_numbers(report: Report) -> dict[str, float]:
    numbers = {}
    for name, value in report.quality.items():
        if not math.isnan(value):
            numbers[f"quality/{name}"] = value
    timelines = [part.analysis.timeline for result in report.sessions for part in result.parts]
    repaired = sum(timeline.num_repaired for timeline in timelines)
    damaged = sum(bool(timeline.damage) for timeline in timelines)
    numbers["quality/repaired_timestamps"] = float(repaired)
    numbers["quality/damaged_videos"] = float(damaged)
    return numbers


def timings_of(report: Report) -> dict[str, list[StageTiming]]:
    """Timings of all videos by stage."""
    timings: dict[str, list[StageTiming]] = {}
    for session in report.sessions:
        for part in session.parts:
            for stage, timing in part.analysis.timing.items():
                timings.setdefault(stage, []).append(timing)
    return timings


def _speed(report: Report) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for stage, timings in timings_of(report).items():
        name = RATE_NAMES[stage]
        busy_s = sum(timing.busy_s for timing in timings)
        video_s = sum(timing.video_s for timing in timings)
        units = sum(timing.units for timing in timings)
        if busy_s > 0 and units:
            numbers[f"speed/{name}_fps"] = units / busy_s
            numbers[f"speed/{name}_rtf"] = busy_s / video_s
    if report.e2e_fps is not None:
        numbers["speed/e2e_fps"] = report.e2e_fps
    numbers["speed/wall_s"] = report.wall_s
    return numbers


def speed_source(report: Report) -> str:
    """Whether the speed figures were made by this run: ``measured``, ``cached`` or ``mixed``.

    "" = there are none.
    """
    every_stage = timings_of(report).values()
    are_cached = {timing.cached for timings in every_stage for timing in timings}
    if not are_cached:
        return ""
    if len(are_cached) > 1:
        return "mixed"
    return "cached" if are_cached == {True} else "measured"
