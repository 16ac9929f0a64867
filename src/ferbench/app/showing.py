"""What may reach a terminal or a log: texts whose control characters are written out.

Names of files, cells of tables and what other libraries say may hold anything. Whatever this
program prints goes through here, whoever prints it; only what rich draws goes past it, as it has
control characters of its own, and ``ferbench.app.console`` looks at its texts.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO, cast

from ferbench.wording import readable, visible


@dataclass(frozen=True, slots=True)
class ShownStream:
    """A stream of texts that are made readable; everything else is the stream's own.

    Attributes:
        rich_proxied_file: the stream itself, which rich writes to where it meets one like this.
    """

    rich_proxied_file: TextIO

    def write(self, text: str) -> int:
        """Write a text, its control characters written out."""
        self.rich_proxied_file.write(readable(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write texts one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """What the stream has besides."""
        return getattr(self.rich_proxied_file, name)


class ShownFormatter(logging.Formatter):
    """Lines of a log with control characters written out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, and the stack of its error."""
        return readable(super().format(record))


def drawn_on(stream: TextIO) -> TextIO:
    """The stream below those that change texts: for who draws with control characters."""
    while hasattr(stream, "rich_proxied_file"):
        stream = stream.rich_proxied_file
    return stream


def readable_options(words: Sequence[str]) -> list[str]:
    """Words of a command line, the names of options written out: typer draws what it refuses."""
    texts = []
    for word in words:
        name, equals, value = word.partition("=")
        texts.append(f"{visible(name)}{equals}{value}" if word.startswith("-") else word)
    return texts


def show_readable() -> None:
    """Let all that this process prints be readable, in whatever encoding the terminal has.

    A log that cannot be written, as on a full disk, adds no stacks to that.
    """
    logging.raiseExceptions = False
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, ShownStream):
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, cast("TextIO", ShownStream(stream)))
