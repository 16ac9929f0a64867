"""The screen: where results, messages and progress go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Protocol

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.text import Text

from ferbench.app.showing import drawn_on
from ferbench.wording import readable
from ferbench.workflows.progress import FrameLines, rate_word

_NO_LIMIT: Final = 100_000


class FramesBar(Protocol):
    """A progress bar of frames."""

    def __call__(self, done_frames: int, total_frames: int, label: str, /) -> None:
        """Show how far the frames are."""


class _FrameRate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._rate = rate_word(unit)

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} {self._rate}" if task.speed else f"- {self._rate}")


def unread(stream: IO[str]) -> None:
    """Nobody reads a stream any more (``| head``).

    What else goes there goes nowhere, without an error.
    """
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class _Screen(Console):
    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Draw something, the control characters of its texts written out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=readable(segment.text))

    def on_broken_pipe(self) -> None:
        """End the printing; rich would end the run, with its records."""
        unread(self.file)


def tell_finishing() -> None:
    """Say that work ends in order.

    A signal calls this amid any other writing, so it goes past the streams.
    """
    start = b"\n" if os.isatty(2) else b""  # below a progress bar
    with suppress(OSError):
        os.write(2, start + b"finishing what is in hand (Ctrl-C again: stop now)\n")


def error_console() -> Console:
    """Where progress and messages go."""
    return _Screen(file=drawn_on(sys.stderr), highlight=False, soft_wrap=True)


def output_console() -> Console:
    """Where results go: as wide as the terminal, else as COLUMNS says, else without a limit."""
    return _Screen(file=drawn_on(sys.stdout), highlight=False, width=_output_width())


def _output_width() -> int | None:
    """Columns; None = rich asks the terminal."""
    if sys.stdout.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return _NO_LIMIT


@contextmanager
def frames_bar(*, quiet: bool = False, unit: str = "frames") -> Iterator[FramesBar]:
    """A progress bar with frames per second and time left.

    Where the screen is no terminal (a log, a cluster's job) there is a line every half minute
    instead. Nothing is shown where no frame is to be decoded.

    Args:
        quiet: show nothing at all.
        unit: what is counted.
    """
    if quiet:
        yield _show_nothing
    elif sys.stderr.isatty() and not os.environ.get("CI"):
        with _drawn_bar(unit) as bar:
            yield bar
    else:
        screen = error_console()
        yield FrameLines(lambda line: screen.print(line, markup=False), unit=unit)


def _show_nothing(done_frames: int, total_frames: int, label: str, /) -> None:
    del done_frames, total_frames, label


@contextmanager
def _drawn_bar(unit: str) -> Iterator[FramesBar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}"),
        _FrameRate(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=error_console(), transient=True) as bar:
        task = bar.add_task("", total=0, visible=False)

        def show(done_frames: int, total_frames: int, label: str, /) -> None:
            bar.update(
                task,
                completed=done_frames,
                total=total_frames,
                description=label,
                visible=total_frames > 0,
            )

        yield show
