"""Where the video files of a folder belong: session, participant, camera and part."""

from __future__ import annotations

from dataclasses import dataclass

from ferbench.formats.times import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file belongs; "" = not known or none.

    Attributes:
        path: below the folder of videos, with forward slashes.
        session: its name, among those of its participant.
        participant: who is on it.
        camera: which camera.
        part: which part of the session.
        start: when it begins, as a manifest has it.
    """

    path: str
    session: str
    participant: str = ""
    camera: str = ""
    part: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All files of a folder.

    Attributes:
        places: files with a place, by session, camera and part.
        unplaced: the other files and why.
        copies: files left out, each with the placed file that has the same bytes.
        session_name: how sessions are named (``Study.session_name``).
    """

    places: tuple[Place, ...]
    unplaced: tuple[tuple[str, str], ...]
    session_name: str
    copies: tuple[tuple[str, str], ...] = ()


def clock_text(clock: Clock) -> str:
    """A clock time as a manifest has it.

    >>> clock_text(Clock(of_day_s=50600.5))
    '14:03:20.5'
    """
    minutes, seconds = divmod(round(clock.of_day_s, 6), 60)
    hours, minutes = divmod(int(minutes), 60)
    decimals = f"{seconds:09.6f}".rstrip("0").rstrip(".")
    time = f"{hours:02}:{minutes:02}:{decimals}"
    if clock.date is None:
        return time
    return f"{clock.date}T{time}"
