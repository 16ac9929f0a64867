"""Results of a run as files that a person opens: CSV tables and timeline pictures."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from ferbench.places import file_stem, without_folders
from ferbench.report.timeline import timeline_png
from ferbench.results import Report, SessionResult
from ferbench.scoring.metrics import MAIN, headline, headline_values, values_of
from ferbench.types import Event


def write_files(
    report: Report,
    folder: Path,
    *,
    stamp_s: Callable[[Event], float],
    level: float,
    max_timelines: int,
) -> None:
    """Write ``events.csv, matches.csv, counts.csv, sessions.csv, failures.csv`` and
    ``timelines/*.png``.

    Tables that say nothing (no annotated session, no failure) are not written. Pictures: at most
    ``max_timelines``, the sessions of worst F1 first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _events(report, folder / "events.csv")
    if report.counts:
        _matches(report, folder / "matches.csv", stamp_s)
        _counts(report, folder / "counts.csv")
    _sessions(report, folder / "sessions.csv")
    if report.failures:
        rows = [(f.session_id, f.file.name, without_folders(f.reason)) for f in report.failures]
        write_csv(folder / "failures.csv", ("session", "file", "reason"), rows)
    for result in worst_first(report.sessions)[:max_timelines]:
        stamps = tuple(stamp_s(event) for event in result.events)
        path = folder / "timelines" / f"{file_stem(result.session.session_id)}.png"
        timeline_png(result, path, level=level, stamps_s=stamps)


def worst_first(sessions: Sequence[SessionResult]) -> list[SessionResult]:
    """Sessions by F1, lowest first; those without an F1 (not annotated, nothing to find) last."""
    return sorted(
        sessions,
        key=lambda s: (f1 if not math.isnan(f1 := session_f1(s)) else 2.0, s.session.session_id),
    )


def session_f1(result: SessionResult) -> float:
    """F1 of one session, NaN where it is undefined."""
    if result.counts is None:
        return float("nan")
    return values_of(result.counts)[MAIN]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file (UTF-8, line feeds).

    NaN and None become empty cells, numbers keep all their digits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([["" if _blank(cell) else cell for cell in row] for row in rows])


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


EVENT_COLUMNS = ("session", "label", "onset_s", "offset_s", "trigger_s", "peak")


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
    """One row per match, per false alarm and per miss."""
    rows: list[tuple[object, ...]] = []
    for result in report.sessions:
        if result.counts is None:
            continue
        marks = result.session.annotations or ()
        name = result.session.session_id
        for (e, a), lag in zip(result.matches, result.latencies_s, strict=True):
            event, mark = result.events[e], marks[a]
            times = (round(stamp_s(event), 6), mark.onset_s, round(lag, 6))
            rows.append((name, "match", event.label, mark.kind, *times))
        hit_events, hit_marks = {e for e, _ in result.matches}, {a for _, a in result.matches}
        for e in result.scored_events:
            event = result.events[e]
            if e not in hit_events:
                rows.append(
                    (name, "false alarm", event.label, None, round(stamp_s(event), 6), None, None)
                )
        for a in result.scored_annotations:
            mark = marks[a]
            if a not in hit_marks:
                rows.append((name, "miss", None, mark.kind, None, mark.onset_s, None))
    header = (
        "session",
        "outcome",
        "event_label",
        "annotation_kind",
        "event_s",
        "annotation_s",
        "latency_s",
    )
    write_csv(path, header, rows)


def _counts(report: Report, path: Path) -> None:
    rows = [
        (
            r.session_id,
            r.participant,
            r.threshold,
            r.pre_s,
            r.post_s,
            *asdict(r.counts).values(),
            r.annotations_sha,
        )
        for r in report.counts
    ]
    names = ("tp", "fp", "fn", "n_ref", "observed_s", "valid_s", "annotations_sha")
    write_csv(path, ("session", "participant", "threshold", "pre_s", "post_s", *names), rows)


def _sessions(report: Report, path: Path) -> None:
    """One row per session: size, events, scores where annotated, quality."""
    measures = (
        *(
            "face_share",
            "faces_per_frame",
            "face_px",
            "longest_gap_s",
            "confidence",
            "entropy_nats",
        ),
        *("switches_per_min", "close_candidates"),
    )
    names = (
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
    metrics = [metric.name for metric in headline()]
    header = (*names, "tp", "fp", "fn", *metrics)
    rows = []
    for result in report.sessions:
        c = result.counts
        files = " + ".join(part.path.name for part in result.session.parts)
        timelines = [part.analysis.timeline for part in result.parts]
        frames = sum(timeline.video.num_frames for timeline in timelines)
        session = result.session
        lengths = (result.video_s, result.observed_s, result.valid_s)
        own = (
            session.session_id,
            session.participant,
            session.camera,
            files,
            *lengths,
            frames,
            len(result.events),
        )
        scores: tuple[float | None, ...] = (None,) * (3 + len(metrics))
        if c is not None:
            scores = (c.tp, c.fp, c.fn, *headline_values(c, result.latencies_s).values())
        quality = result.quality
        repaired = sum(timeline.num_repaired for timeline in timelines)
        damage = "; ".join(timeline.damage for timeline in timelines if timeline.damage)
        measured = (quality[name] for name in measures)
        rows.append((*own, *scores, *measured, repaired, damage, stretches_text(session.observed)))
    write_csv(path, (*header, *measures, "repaired_timestamps", "damage", "observed"), rows)


def stretches_text(stretches: Sequence[tuple[float, float]] | None) -> str:
    """Observed stretches as a cell, "" = everything.

    >>> stretches_text(((0.0, 60.0), (90.0, math.inf)))
    '0.000000..60.000000 90.000000..inf'
    """
    return " ".join(f"{from_s:.6f}..{to_s:.6f}" for from_s, to_s in stretches or ())
