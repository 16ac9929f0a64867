"""Progress where no bar can be drawn."""

from __future__ import annotations

from ferbench.workflows import progress


def test_a_log_gets_a_line_every_half_minute(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    told: list[str] = []
    lines = progress.FrameLines(told.append)
    for second in range(1, 101):
        now_s[0] = 100.0 + second
        lines(50 * second, 10_000, "1 of 3 videos")
    assert told == [
        "1 of 3 videos, 1500 of about 10000 frames, 50 fps, about 3 min left",
        "1 of 3 videos, 3000 of about 10000 frames, 50 fps, about 2 min left",
        "1 of 3 videos, 4500 of about 10000 frames, 50 fps, about 2 min left",
    ]


def test_a_log_gets_nothing_where_nothing_is_decoded(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    told: list[str] = []
    lines = progress.FrameLines(told.append)
    now_s[0] = 900.0
    lines(0, 0, "3 of 3 videos")
    assert told == []
