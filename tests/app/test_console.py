"""The screen: progress where it is no terminal."""

from __future__ import annotations

import io

from rich.console import Console

from ferbench.app import console


def test_a_log_gets_a_line_every_half_minute(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now_s[0])
    screen = Console(file=io.StringIO(), width=200)
    lines = console.FrameLines(screen)
    for second in range(1, 101):
        now_s[0] = 100.0 + second
        lines(50 * second, 10_000, "1 of 3 videos")
    assert screen.file.getvalue().splitlines() == [
        "1 of 3 videos, 1500 of about 10000 frames, 50 fps, about 3 min left",
        "1 of 3 videos, 3000 of about 10000 frames, 50 fps, about 2 min left",
        "1 of 3 videos, 4500 of about 10000 frames, 50 fps, about 2 min left",
    ]


def test_a_log_gets_nothing_where_nothing_is_decoded(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now_s[0])
    screen = Console(file=io.StringIO())
    lines = console.FrameLines(screen)
    now_s[0] = 900.0
    lines(0, 0, "3 of 3 videos")
    assert screen.file.getvalue() == ""
