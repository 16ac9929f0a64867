"""Nothing that a terminal would obey reaches a terminal or a log, whoever prints it."""

from __future__ import annotations

import io
import logging
import subprocess
import sys

import pytest
import typer
from rich.text import Text

from ferbench.app.console import error_console, output_console
from ferbench.app.showing import ShownFormatter, ShownStream, show_readable
from ferbench.app.tables import FittedTable
from ferbench.report.text_table import TextTable
from ferbench.wording import readable, visible

TITLE = "\x1b]0;mine\x07"
TURNED = "P01\u202e4pm."
NO_TEXT = "a\udcffb"
SCREEN = f"{TITLE}\x1b[2J {TURNED} {NO_TEXT} \x9b31m \u2028 \x00 \x7f"
OBEYED = [chr(number) for number in (*range(9), *range(11, 32), *range(127, 160))]
HIDING = [*"\u200b\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u2028\u2029"]


def harmful(text: str) -> list[str]:
    found = [letter for letter in [*OBEYED, *HIDING] if letter in text]
    return found + [letter for letter in text if "\ud800" <= letter <= "\udfff"]


@pytest.mark.parametrize("letter", [*OBEYED, *HIDING, "\n", "\t", "\udcff"])
def test_what_is_written_out_can_be_read_back(letter):
    shown = visible(f"a{letter}b")
    assert harmful(shown) == []
    assert "\n" not in shown
    assert shown.encode().decode("unicode_escape") == f"a{letter}b"


@pytest.mark.parametrize(
    "name",
    [
        "Zoë",
        "参加者1",
        "مشارك",
        "می‌خواهم",
        "👩‍💻",
        "\U0001f3f4\U000e0067\U000e0062\U000e007f",
        "a\u00a0b",
    ],
)
def test_scripts_and_emoji_stay(name):
    assert visible(name) == name


def test_lines_stay_lines():
    assert readable(f"a\n\tb{TITLE}\r\nc") == "a\n\tb\\x1b]0;mine\\x07\\r\nc"


def test_print_echo_and_logs(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", ShownStream(screen))
    print(SCREEN)  # noqa: T201
    typer.echo(SCREEN)
    sys.stdout.writelines([SCREEN, SCREEN])
    handler = logging.StreamHandler(screen)
    handler.setFormatter(ShownFormatter("%(message)s"))
    handler.emit(logging.LogRecord("a", logging.INFO, "a", 1, "of %s", (SCREEN,), None))
    told = screen.getvalue()
    assert told.count("P01\\u202e4pm.") == 5
    assert harmful(told) == []


def test_what_rich_draws(capsys):
    text = TextTable(title=SCREEN, header=(SCREEN, "n"), rows=((SCREEN, "1"),))
    table = FittedTable(text)
    for console in (output_console(), error_console()):
        console.print(table)
        console.print(SCREEN, markup=False, style="red")
        console.print(Text(SCREEN))
    for told in capsys.readouterr():
        assert told.count("P01\\u202e4pm.") >= 4, "the header is as wide as its column"
        assert harmful(told) == []


def test_rich_colours_a_terminal_through_such_a_stream(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", ShownStream(terminal))
    error_console().print(TURNED, style="red", markup=False)
    assert "\x1b[31mP01\\u202e4pm." in terminal.getvalue(), "its own colours, our text"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_can_show_any_text(encoding):
    program = (
        "from ferbench.app.showing import show_readable; show_readable(); show_readable()\n"
        r"print('\u03a9\udcff\x1b'); import sys; print('\u03a9', file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": encoding, "PATH": ""},
    )
    omega = "Ω" if encoding == "utf-8" else "\\u03a9"
    assert ended.stdout.decode(encoding) == f"{omega}\\udcff\\x1b\n"
    assert ended.stderr.decode(encoding) == f"{omega}\n"


def test_a_stream_is_wrapped_once(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    show_readable()
    once = sys.stdout
    show_readable()
    assert sys.stdout is once
    assert once.isatty() is False


def test_a_name_that_was_typed(ferbench):
    for words in (["predict", f"{TITLE}{NO_TEXT}.mp4"], [f"--{TURNED}"], [TITLE]):
        ended = ferbench(*words)
        assert ended.code != 0
        assert ended.err
        assert harmful(ended.out + ended.err) == []
        assert "Traceback" not in ended.err
