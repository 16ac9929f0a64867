"""What a run shows on the screen: one progress bar, and tables at the end."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ferbench.report.files import session_f1
from ferbench.results import Report


class Advance(Protocol):
    """Told how many frames have been done."""

    def __call__(self, frames: int, /) -> None:
        """Count frames."""


class _FrameRate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} fps" if task.speed else "- fps")


def error_console() -> Console:
    """Where progress and messages go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def output_console() -> Console:
    """Where results go; wide enough to cut nothing off when the output is a file."""
    width = None if sys.stdout.isatty() else max(160, int(os.environ.get("COLUMNS", "0")))
    return Console(highlight=False, width=width)


@contextmanager
def progress(total_frames: int, label: str) -> Iterator[Advance]:
    """A progress bar with frames per second and time left; silent in CI and where the screen is no terminal."""
    quiet = bool(os.environ.get("CI")) or not sys.stderr.isatty() or total_frames == 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} frames"),
        _FrameRate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=error_console(), transient=True, disable=quiet) as bar:
        task = bar.add_task(label, total=total_frames)
        yield lambda frames: bar.advance(task, frames)


def number(value: float, digits: int = 3) -> str:
    """A number for a table; a dash where it is undefined."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def summary(report: Report) -> Table:
    """One row per session; score columns only where something is annotated."""
    scored = any(s.counts is not None for s in report.sessions)
    table = Table(title="sessions", title_justify="left")
    table.add_column("session")
    names = ["video s", "face", "events", *(["matched", "false", "missed", "F1"] if scored else [])]
    for name in names:
        table.add_column(name, justify="right")
    for result in report.sessions:
        share = result.valid_s / result.observed_s if result.observed_s else math.nan
        cells = [f"{result.video_s:.1f}", f"{share:.0%}" if not math.isnan(share) else "-", str(len(result.events))]
        if scored:
            c = result.counts
            cells += [str(c.tp), str(c.fp), str(c.fn), number(session_f1(result))] if c else ["not annotated"]
        table.add_row(Text(result.session.session_id), *cells)
    for failure in report.failures:
        table.add_row(Text(failure.session_id), "FAILED", style="red")
    return table


def totals(report: Report, metrics: dict[str, float]) -> str:
    """Two lines: the scores over all sessions, and what was computed at which speed."""
    lines = []
    if report.scores:
        shown = ("event/precision", "event/recall", "event/f1", "event/false_alarms_per_min", "event/latency_s")
        values = [f"{s.name.removeprefix('event/')} {number(s.value)}" for s in report.scores if s.name in shown]
        lines.append("all sessions: " + ", ".join(values))
    work = report.work
    lines.append(
        f"computed now: {work.frames_decoded} frames decoded, {work.frames_detected} searched for faces, "
        f"{work.faces_classified} faces classified"
        + (" (everything else was stored)" if not work.frames_decoded else "")
    )
    rates = [
        f"{n} {metrics[f'speed/{n}_fps']:.0f}" for n in ("decode", "detect", "classify") if f"speed/{n}_fps" in metrics
    ]
    if work.frames_decoded and rates:
        lines.append("per second of each stage: " + ", ".join(rates))
    return "\n".join(lines)


def one_line(report: Report, metrics: dict[str, float]) -> str:
    """A cell of a sweep in one line: score, events, what was computed, how long it took."""
    score = f"F1 {number(metrics.get('event/f1', math.nan))}, " if report.scores else ""
    work = report.work
    made = (
        f"{work.frames_decoded} frames decoded, {work.faces_classified} faces classified"
        if work.frames_decoded
        else "no pixels touched"
    )
    failed = f", FAILED sessions: {len(report.failures)}" if report.failures else ""
    return f"{score}{metrics['event/count']:.0f} events, {made}, {report.wall_s:.1f} s{failed}"


def rows_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A plain table; cells that look like numbers are right-aligned."""
    table = Table(title=Text(title), title_justify="left")
    for k, name in enumerate(header):
        numeric = k > 0 and all(row[k][:1].isdigit() or row[k][:1] in "-." for row in rows if row[k])
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # texts of users, not markup
    return table
