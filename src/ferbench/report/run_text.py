"""What a run came to as text: its sessions as a table, totals, failures, one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from ferbench.report.files import session_f1
from ferbench.report.statistics_words import number, scores_line
from ferbench.report.text_table import TextTable
from ferbench.results import Failure, Report, SessionResult
from ferbench.secret_texts import masked
from ferbench.wording import plural

_SCORES: Final = ("matched", "false", "ignored", "missed", "F1")
_STAGES: Final = ("decode", "detect", "classify")


def sessions_table(report: Report) -> TextTable:
    """One row per session; score columns only where something is annotated."""
    is_scored = any(result.counts is not None for result in report.sessions)
    header = ["session", "video s", "face", "events"]
    is_ignoring = any(result.counts and result.counts.ignored for result in report.sessions)
    if is_scored:
        header += [name for name in _SCORES if is_ignoring or name != "ignored"]
    rows = []
    for result in report.sessions:
        row = [result.session.session_id, *_video_cells(result)]
        if is_scored:
            row += _score_cells(result, is_ignoring=is_ignoring)
        rows.append(tuple(row))
    for failed in report.failures:
        blank = [""] * (len(header) - 2)
        rows.append((failed.session_id, "FAILED", *blank))
    return TextTable(
        title="sessions",
        header=tuple(header),
        rows=tuple(rows),
        importance=("session", "F1", "matched", "missed", "false", "events"),
    )


def _video_cells(result: SessionResult) -> list[str]:
    face_share = "-"
    if result.observed_s:
        face_share = f"{result.valid_s / result.observed_s:.0%}"
    return [f"{result.video_s:.1f}", face_share, str(len(result.events))]


def _score_cells(result: SessionResult, *, is_ignoring: bool) -> list[str]:
    counts = result.counts
    ignored = [str(counts.ignored if counts else "")] if is_ignoring else []
    if counts is None:
        reason = "not annotated"
        if result.session.unscored:
            reason = "not scored"
        return [reason, "", *ignored, "", ""]
    counted = [str(counts.tp), str(counts.fp), *ignored, str(counts.fn)]
    return [*counted, number(session_f1(result))]


def failure_line(failure: Failure) -> str:
    """A failed session in a line: session, file and reason, each once."""
    name = masked(failure.file.name)
    reason = masked(failure.reason).removeprefix(f"{name}: ")
    if name in reason:
        return f"{failure.session_id}: {reason}"
    return f"{failure.session_id} ({name}): {reason}"


def totals(report: Report, metrics: Mapping[str, float]) -> str:
    """The scores over all sessions, what was computed, and at which speed, a line each."""
    lines = []
    if report.scores:
        lines.append(f"{scored_sessions_text(report)}: {scores_line(report.scores)}")
    lines.append(_computed(report))
    rates = _rates(metrics)
    if report.work.frames_decoded and rates:
        lines.append(f"per second of each stage: {', '.join(rates)}")
    return "\n".join(lines)


def _computed(report: Report) -> str:
    work = report.work
    line = (
        f"computed now: {work.frames_decoded} frames decoded, "
        f"{work.frames_detected} searched for faces, {work.faces_classified} faces classified"
    )
    if work.frames_continued:
        return f"{line} ({work.frames_continued} frames before them were done in an earlier run)"
    if not work.frames_decoded:
        line = f"{line} (everything else was stored)"
    return line


def _rates(metrics: Mapping[str, float]) -> list[str]:
    rates = []
    for stage in _STAGES:
        rate = metrics.get(f"speed/{stage}_fps")
        if rate is not None:
            rates.append(f"{stage} {rate:.0f}")
    return rates


def scored_sessions_text(report: Report) -> str:
    """Which sessions the scores rest on."""
    unscored = [result for result in report.sessions if result.counts is None]
    num_refused = sum(bool(result.session.unscored) for result in unscored)
    num_others = {
        "failed": len(report.failures),
        "not annotated": len(unscored) - num_refused,
        "not scored": num_refused,
    }
    reasons = [f"{count} {reason}" for reason, count in num_others.items() if count]
    if not reasons:
        return "all sessions"
    num_sessions = len(report.sessions) + len(report.failures)
    num_scored = len(report.sessions) - len(unscored)
    total = plural(num_sessions, "session")
    return f"{num_scored} of {total} scored ({', '.join(reasons)})"


def one_line(report: Report, metrics: Mapping[str, float]) -> str:
    """A cell of a sweep in one line: score, events, what was computed, how long it took."""
    parts = []
    if report.scores:
        parts.append(f"F1 {number(metrics.get('event/f1', math.nan))}")
    parts.append(plural(int(metrics["event/count"]), "event"))
    work = report.work
    if work.frames_decoded:
        parts.append(f"{work.frames_decoded} frames decoded")
        parts.append(f"{work.faces_classified} faces classified")
    else:
        parts.append("no pixels touched")
    parts.append(f"{report.wall_s:.1f} s")
    if report.failures:
        parts.append(f"FAILED sessions: {len(report.failures)}")
    return ", ".join(parts)
