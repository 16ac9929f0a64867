"""Results of a run as files that a person opens: CSV tables and timeline pictures."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ferbench.places import file_stem, without_folders
from ferbench.report.figures import PictureStyle
from ferbench.report.timeline import timeline_png
from ferbench.results import Report, SessionResult
from ferbench.rights import make_folder
from ferbench.scoring.metrics import MAIN, headline, headline_values, values_of
from ferbench.secret_texts import masked
from ferbench.types import Event

TABLES: Final = ("events.csv", "matches.csv", "counts.csv", "sessions.csv")
"""The tables of results that ``write_files`` writes."""


def write_files(
    report: Report,
    folder: Path,
    *,
    stamp_s: Callable[[Event], float],
    level: float,
    max_timelines: int,
    style: PictureStyle,
) -> None:
    """Write a run's tables as CSV, and ``timelines/*.png``.

    ``events.csv, matches.csv, counts.csv, sessions.csv, failures.csv``: those that say nothing (no
    annotated session, no failure) are not written. Pictures: at most ``max_timelines``, the
    sessions of worst F1 first.
    """
    make_folder(folder)
    _events(report, folder / "events.csv")
    if report.counts:
        _matches(report, folder / "matches.csv", stamp_s)
        _counts(report, folder / "counts.csv")
    _sessions(report, folder / "sessions.csv")
    if report.failures:
        rows = [
            (f.session_id, masked(f.file.name), without_folders(masked(f.reason)))
            for f in report.failures
        ]
        write_csv(folder / "failures.csv", ("session", "file", "reason"), rows)
    for result in worst_first(report.sessions)[:max_timelines]:
        stamps = tuple(stamp_s(event) for event in result.events)
        path = folder / "timelines" / f"{file_stem(result.session.session_id)}.png"
        timeline_png(result, path, level=level, stamps_s=stamps, style=style)


def worst_first(sessions: Sequence[SessionResult]) -> list[SessionResult]:
    """Sessions by F1, lowest first; those without an F1 (not annotated, nothing to find) last."""

    def rank(result: SessionResult) -> tuple[float, str]:
        f1 = session_f1(result)
        if math.isnan(f1):
            f1 = 2.0  # above all that are defined
        return f1, result.session.session_id

    return sorted(sessions, key=rank)


def session_f1(result: SessionResult) -> float:
    """F1 of one session, NaN where it is undefined."""
    if result.counts is None:
        return float("nan")
    return values_of(result.counts)[MAIN]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file (UTF-8, line feeds).

    NaN and None become empty cells, numbers keep all their digits.
    """
    make_folder(path.parent)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([["" if _blank(cell) else cell for cell in row] for row in rows])


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


EVENT_COLUMNS = ("session", "label", "onset_s", "offset_s", "trigger_s", "peak")
MATCH_COLUMNS = (
    "session",
    "outcome",
    "event_label",
    "annotation_kind",
    "event_s",
    "annotation_s",
    "latency_s",
)
COUNT_COLUMNS = (
    "session",
    "participant",
    "threshold",
    "pre_s",
    "post_s",
    "tp",
    "fp",
    "fn",
    "n_ref",
    "observed_s",
    "valid_s",
    "ignored",
    "annotations_sha",
)
SESSION_COLUMNS = (
    "session",
    "participant",
    "camera",
    "file",
    "video_s",
    "observed_s",
    "valid_s",
    "frames",
    "events",
)
QUALITY_COLUMNS = (
    "face_share",
    "faces_per_frame",
    "face_px",
    "longest_gap_s",
    "confidence",
    "entropy_nats",
    "switches_per_min",
    "close_candidates",
)


def event_rows(events: Iterable[Event]) -> list[tuple[object, ...]]:
    """Rows of an events table in the order of ``EVENT_COLUMNS``, times to the microsecond."""
    return [
        (
            e.session_id,
            e.label,
            round(e.onset_s, 6),
            round(e.offset_s, 6),
            round(e.trigger_s, 6),
            round(e.peak, 6),
        )
        for e in events
    ]


def _events(report: Report, path: Path) -> None:
    write_csv(path, EVENT_COLUMNS, [row for s in report.sessions for row in event_rows(s.events)])


def _matches(report: Report, path: Path, stamp_s: Callable[[Event], float]) -> None:
    """One row per match, per false alarm or further event that is ignored, and per miss."""
    rows: list[tuple[object, ...]] = []
    for result in report.sessions:
        if result.counts is not None:
            rows += _match_rows(result, stamp_s)
    write_csv(path, MATCH_COLUMNS, rows)


def _match_rows(
    result: SessionResult, stamp_s: Callable[[Event], float]
) -> list[tuple[object, ...]]:
    name = result.session.session_id
    annotations = result.session.annotations or ()
    matched_events = {event for event, _ in result.matches}
    matched_annotations = {annotation for _, annotation in result.matches}
    rows: list[tuple[object, ...]] = []
    for (i, j), lag_s in zip(result.matches, result.latencies_s, strict=True):
        event, annotation = result.events[i], annotations[j]
        event_s = round(stamp_s(event), 6)
        times = (event_s, annotation.onset_s, round(lag_s, 6))
        rows.append((name, "match", event.label, annotation.kind, *times))
    for i in result.scored_events:
        if i not in matched_events:
            event = result.events[i]
            event_s = round(stamp_s(event), 6)
            outcome = "ignored" if i in result.ignored else "false alarm"
            rows.append((name, outcome, event.label, None, event_s, None, None))
    for j in result.scored_annotations:
        if j not in matched_annotations:
            annotation = annotations[j]
            rows.append((name, "miss", None, annotation.kind, None, annotation.onset_s, None))
    return rows


def _counts(report: Report, path: Path) -> None:
    rows = [
        (
            row.session_id,
            row.participant,
            row.threshold,
            row.pre_s,
            row.post_s,
            *asdict(row.counts).values(),
            row.annotations_sha,
        )
        for row in report.counts
    ]
    write_csv(path, COUNT_COLUMNS, rows)


def _sessions(report: Report, path: Path) -> None:
    header, rows = session_rows(report)
    write_csv(path, header, rows)


def session_rows(report: Report) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Names and rows of the table of sessions: size, events, scores where annotated, quality."""
    metrics = [metric.name for metric in headline()]
    header = (
        *SESSION_COLUMNS,
        *("tp", "fp", "fn", *metrics),
        *QUALITY_COLUMNS,
        *("repaired_timestamps", "damage", "picture_start_s", "end_s", "observed"),
    )
    rows = [
        (*_size(result), *_scores(result, num_metrics=len(metrics)), *_quality(result))
        for result in report.sessions
    ]
    return header, rows


def _size(result: SessionResult) -> tuple[object, ...]:
    session = result.session
    timelines = [part.analysis.timeline for part in result.parts]
    return (
        session.session_id,
        session.participant,
        session.camera,
        " + ".join(masked(part.path.name) for part in session.parts),
        result.video_s,
        result.observed_s,
        result.valid_s,
        sum(timeline.video.num_frames for timeline in timelines),
        len(result.events),
    )


def _scores(result: SessionResult, *, num_metrics: int) -> tuple[float | None, ...]:
    """Counts and headline metrics; empty cells where a session is not annotated."""
    counts = result.counts
    if counts is None:
        return (None,) * (3 + num_metrics)
    values = headline_values(counts, result.latencies_s)
    return (counts.tp, counts.fp, counts.fn, *values.values())


def _quality(result: SessionResult) -> tuple[object, ...]:
    timelines = [part.analysis.timeline for part in result.parts]
    return (
        *(result.quality[name] for name in QUALITY_COLUMNS),
        sum(timeline.num_repaired for timeline in timelines),
        "; ".join(masked(timeline.damage) for timeline in timelines if timeline.damage),
        result.parts[0].picture_start_s,
        result.parts[-1].end_s,
        stretches_text(result.session.observed),
    )


def stretches_text(stretches: Sequence[tuple[float, float]] | None) -> str:
    """Observed stretches as a cell, "" = everything.

    >>> stretches_text(((0.0, 60.0), (90.0, math.inf)))
    '0.000000..60.000000 90.000000..inf'
    """
    return " ".join(f"{from_s:.6f}..{to_s:.6f}" for from_s, to_s in stretches or ())
