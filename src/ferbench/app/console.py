"""What a run shows on the screen: one progress bar, and tables at the end."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ferbench.report.files import session_f1
from ferbench.results import Failure, Report
from ferbench.wording import plural

_NO_LIMIT: Final = 100_000
_GAP: Final = 2
_NAMED: Final = 6


class Advance(Protocol):
    """Told how many frames have been done."""

    def __call__(self, frames: int, /) -> None:
        """Count frames."""


class _FrameRate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} fps" if task.speed else "- fps")


def unread(stream: IO[str]) -> None:
    """Nobody reads a stream any more (``| head``).

    What else goes there goes nowhere, without an error.
    """
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """End the printing; rich would end the run, with its records."""
        unread(self.file)


def error_console() -> Console:
    """Where progress and messages go."""
    return _Screen(stderr=True, highlight=False, soft_wrap=True)


def output_console() -> Console:
    """Where results go: as wide as the terminal, or as COLUMNS says, or without a limit where it
    goes into a file.
    """
    columns = os.environ.get("COLUMNS", "")
    width = (
        None
        if sys.stdout.isatty()
        else int(columns)
        if columns.isdecimal() and int(columns)
        else _NO_LIMIT
    )
    return _Screen(highlight=False, width=width)


@contextmanager
def progress(total_frames: int, label: str) -> Iterator[Advance]:
    """A progress bar with frames per second and time left.

    Silent in CI and where the screen is no terminal.
    """
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


def summary(report: Report) -> FittedTable:
    """One row per session; score columns only where something is annotated."""
    scored = any(s.counts is not None for s in report.sessions)
    header = [
        "session",
        "video s",
        "face",
        "events",
        *(["matched", "false", "missed", "F1"] if scored else []),
    ]
    rows = []
    for result in report.sessions:
        share = result.valid_s / result.observed_s if result.observed_s else math.nan
        cells = [
            f"{result.video_s:.1f}",
            f"{share:.0%}" if not math.isnan(share) else "-",
            str(len(result.events)),
        ]
        if scored:
            c, why = result.counts, "not scored" if result.session.unscored else "not annotated"
            cells += (
                [str(c.tp), str(c.fp), str(c.fn), number(session_f1(result))]
                if c
                else [why, "", "", ""]
            )
        rows.append([result.session.session_id, *cells])
    failed = [
        [failure.session_id, "FAILED", *([""] * (len(header) - 2))] for failure in report.failures
    ]
    return rows_table(
        "sessions", header, [*rows, *failed], importance=["session", "F1", "events", *header]
    )


def failure(failed: Failure) -> str:
    """A failed session in a line: session, file and reason, each once."""
    name = failed.file.name
    reason = failed.reason.removeprefix(f"{name}: ")
    return (
        f"{failed.session_id} ({name}): {reason}"
        if name not in reason
        else f"{failed.session_id}: {reason}"
    )


def totals(report: Report, metrics: dict[str, float]) -> str:
    """Two lines: the scores over all sessions, and what was computed at which speed."""
    lines = []
    if report.scores:
        shown = (
            "event/precision",
            "event/recall",
            "event/f1",
            "event/false_alarms_per_min",
            "event/latency_s",
        )
        values = [
            f"{s.name.removeprefix('event/')} {number(s.value)}"
            for s in report.scores
            if s.name in shown
        ]
        lines.append(f"{_scored(report)}: " + ", ".join(values))
    work = report.work
    lines.append(
        f"computed now: {work.frames_decoded} frames decoded, {work.frames_detected} searched for faces, "
        f"{work.faces_classified} faces classified"
        + (" (everything else was stored)" if not work.frames_decoded else "")
    )
    rates = [
        f"{n} {metrics[f'speed/{n}_fps']:.0f}"
        for n in ("decode", "detect", "classify")
        if f"speed/{n}_fps" in metrics
    ]
    if work.frames_decoded and rates:
        lines.append("per second of each stage: " + ", ".join(rates))
    return "\n".join(lines)


def _scored(report: Report) -> str:
    """Which sessions the scores rest on."""
    scored = sum(s.counts is not None for s in report.sessions)
    refused = sum(s.counts is None and bool(s.session.unscored) for s in report.sessions)
    plain = len(report.sessions) - scored - refused
    others = {"failed": len(report.failures), "not annotated": plain, "not scored": refused}
    if not any(others.values()):
        return "all sessions"
    words = ", ".join(f"{count} {what}" for what, count in others.items() if count)
    total = len(report.sessions) + len(report.failures)
    return f"{scored} of {plural(total, 'session')} scored ({words})"


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
    return f"{score}{plural(int(metrics['event/count']), 'event')}, {made}, {report.wall_s:.1f} s{failed}"


def rows_table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    importance: Sequence[str] = (),
    elsewhere: str = "",
) -> FittedTable:
    """A plain table that never breaks a word; columns of numbers are right-aligned.

    Args:
        title: one or more lines above it.
        header: names of the columns.
        rows: texts, as many per row as there are names.
        importance: names of columns, those first that are kept longest where there is no room for
            all; those that are not named come after them, in their order.
        elsewhere: said where columns were left out: where all of them are.
    """
    return FittedTable(
        title=title,
        header=tuple(header),
        rows=tuple(map(tuple, rows)),
        importance=tuple(name for name in dict.fromkeys([*importance, *header]) if name in header),
        elsewhere=elsewhere,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTable:
    """A table as wide as the screen allows.

    Long texts are shortened first, then the least important columns go.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    importance: tuple[str, ...]
    elsewhere: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it for a screen of this width."""
        texts = [self.header, *self.rows]
        if not self._fits(range(len(self.header)), texts, options.max_width):
            caps = [
                max(20, options.max_width // (2 if k == 0 else 4)) for k in range(len(self.header))
            ]
            texts = [
                self.header,
                *(tuple(shorten(cell, caps[k]) for k, cell in enumerate(row)) for row in self.rows),
            ]
        kept: list[int] = []
        for k in sorted(
            range(len(self.header)), key=lambda k: self.importance.index(self.header[k])
        ):
            if len(kept) < 2 or self._fits([*kept, k], texts, options.max_width):
                kept.append(k)
        kept.sort()
        yield Text(self.title, style="italic")
        yield self._drawn(kept, texts)
        left_out = [name for name in self.importance if self.header.index(name) not in kept]
        if left_out:
            named, more = ", ".join(left_out[:_NAMED]), len(left_out) - _NAMED
            more_words = f" and {plural(more, 'more column')}" if more > 0 else ""
            yield Text(
                f"no room for {named}{more_words}{self.elsewhere and f'; {self.elsewhere}'}",
                style="dim",
            )

    def _width(self, k: int, texts: Sequence[Sequence[str]]) -> int:
        return max(cell_len(row[k]) for row in texts)

    def _fits(self, columns: Iterable[int], texts: Sequence[Sequence[str]], width: int) -> bool:
        widths = [self._width(k, texts) for k in columns]
        return sum(widths) + _GAP * (len(widths) - 1) <= width

    def _drawn(self, columns: Sequence[int], texts: Sequence[Sequence[str]]) -> Table:
        table = Table(
            box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold underline"
        )
        for k in columns:
            cells = [row[k] for row in self.rows if row[k]]
            numeric = k > 0 and 2 * sum(
                cell[:1].isdigit() or cell[:1] in "-." for cell in cells
            ) > len(cells)
            width = self._width(k, texts)
            table.add_column(
                Text(texts[0][k]),
                justify="right" if numeric else "left",
                min_width=width,
                no_wrap=True,
                overflow="crop",
            )
        for row in texts[1:]:  # texts of users, not markup
            table.add_row(*(Text(row[k]) for k in columns), style="red" if "FAILED" in row else "")
        return table


def shorten(text: str, width: int) -> str:
    """A text of at most ``width`` characters.

    Its middle goes, for names mostly differ at their ends.

    >>> shorten("participant_017_left", 11)
    'parti…_left'
    """
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
