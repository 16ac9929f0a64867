"""Video files as their names or a list describe them, and the videos of one session."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.datasets.naming import Identity
from ferbench.formats.times import Clock, parse_clock, parse_time
from ferbench.spelling import comparable_name
from ferbench.types import Part
from ferbench.wording import some

_APART_S: Final = 0.5
"""Cameras that begin further apart than this are told."""

Moment = float | Clock
"""Seconds of the session, or a time on the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One video file; "" = not known.

    Attributes:
        path: the file.
        where: what tells of it, for messages: its name, or a line of a list.
        session: as written.
        participant: as written.
        camera: as written.
        part: which part of the session, where it has several files.
        start: when it begins; None = not known.
        observed: a stretch of the session that was annotated, its ends None where open; None =
            nothing said.
    """

    path: Path
    where: str
    session: str = ""
    participant: str = ""
    camera: str = ""
    part: str = ""
    start: Moment | None = None
    observed: tuple[Moment | None, Moment | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """The videos of one session.

    Attributes:
        name: the session's name.
        identity: what the name is made of.
        participant: who is on it; "" = unknown.
        camera: which camera; "" = the only one.
        parts: video files in order.
        start: the session's second 0 on the clock; None = not known.
        observed: annotated stretches, seconds of the session; None = the whole video.
        apart_s: seconds between this camera's beginning and that of the camera that began most
            apart from it.
        missing: parts that are not there, so that times of the session are not known; "" = none.
        missing_before_clock: seconds of the session are not known so, but times on the clock are.
    """

    name: str
    identity: Identity
    participant: str
    camera: str
    parts: tuple[Part, ...]
    start: Clock | None
    observed: tuple[tuple[float, float], ...] | None
    apart_s: float = 0.0
    missing: str = ""
    missing_before_clock: bool = False


def parse_moment(text: str) -> Moment | str:
    """Seconds of the session, or a time on the clock.

    Seconds such as 12.5 or (mm:ss) 0:12,5, a clock time such as 14:03:20, with a date or not. What
    is wrong with another text is returned as a text.
    """
    num_colons = text.count(":")
    if num_colons == 1:
        return parse_time(text, "mm:ss")
    if num_colons > 1:
        return parse_clock(text)
    seconds = parse_time(text, "seconds")
    if isinstance(seconds, str):
        return f"{text!r}, expected seconds or a clock time such as 14:03:20"
    return seconds


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key of a part's name: numbers by value, letters in any case.

    >>> sorted(["10", "2", "b", "A"], key=natural)
    ['2', '10', 'A', 'b']
    """
    key: list[tuple[int, int | str]] = []
    for piece in re.split(r"([0-9]+)", comparable_name(text)):
        if re.fullmatch(r"[0-9]+", piece):
            key.append((0, int(piece)))
        elif piece:
            key.append((1, piece))
    return tuple(key)


def begun_apart(footage: Sequence[Footage]) -> list[str]:
    """A notice on sessions whose times may have been counted from another camera's start."""
    apart = [f"{item.name} ({item.apart_s:.1f} s)" for item in footage if item.apart_s > _APART_S]
    if not apart:
        return []
    return [
        f"the cameras of {some(apart)} began at different times; annotated times are taken to "
        f"count from the beginning of {footage[0].camera!r} (a manifest can give starts in "
        "seconds, from the beginning that was meant)"
    ]
