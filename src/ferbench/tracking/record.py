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
    """A file that a run read: ``name`` (no folder), ``sha256``, ``kind`` (video, annotations,
    manifest).
    """

    name: str
    sha256: str
    kind: str


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
    result: dict[str, float] = {score.name: score.value for score in report.scores}
    undefined = [name for name, value in result.items() if math.isnan(value)]
    result = {name: value for name, value in result.items() if name not in undefined}
    if report.scores:
        result["event/undefined"] = float(len(undefined))
    result["event/count"] = float(sum(len(s.events) for s in report.sessions))
    result |= {
        f"quality/{name}": value for name, value in report.quality.items() if not math.isnan(value)
    }
    parts = [part.analysis.timeline for s in report.sessions for part in s.parts]
    result["quality/repaired_timestamps"] = float(sum(timeline.num_repaired for timeline in parts))
    result["quality/damaged_videos"] = float(sum(bool(timeline.damage) for timeline in parts))
    result |= _speed(report)
    result["work/frames_decoded"] = float(report.work.frames_decoded)
    result["work/frames_detected"] = float(report.work.frames_detected)
    result["work/faces_classified"] = float(report.work.faces_classified)
    result["sessions/done"] = float(len(report.sessions))
    result["sessions/failed"] = float(len(report.failures))
    result["sessions/annotated"] = float(sum(s.counts is not None for s in report.sessions))
    return result


def timings_of(report: Report) -> dict[str, list[StageTiming]]:
    """Timings of all videos by stage."""
    timings: dict[str, list[StageTiming]] = {}
    for session in report.sessions:
        for part in session.parts:
            for stage, timing in part.analysis.timing.items():
                timings.setdefault(stage, []).append(timing)
    return timings


def _speed(report: Report) -> dict[str, float]:
    result: dict[str, float] = {}
    for stage, timings in timings_of(report).items():
        busy_s, video_s = sum(t.busy_s for t in timings), sum(t.video_s for t in timings)
        units, name = sum(t.units for t in timings), RATE_NAMES[stage]
        if busy_s > 0 and units:
            result[f"speed/{name}_fps"] = units / busy_s
            result[f"speed/{name}_rtf"] = busy_s / video_s
    if report.e2e_fps is not None:
        result["speed/e2e_fps"] = report.e2e_fps
    result["speed/wall_s"] = report.wall_s
    return result


def speed_source(report: Report) -> str:
    """``measured``, ``cached`` or ``mixed``: whether the speed figures were made by this run.

    "" = there are none.
    """
    cached = {timing.cached for timings in timings_of(report).values() for timing in timings}
    if not cached:
        return ""
    return "mixed" if len(cached) > 1 else "cached" if cached == {True} else "measured"
