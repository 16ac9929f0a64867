"""From video files, as their names or a list describe them, to sessions without annotations."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ferbench.datasets.naming import (
    NUMBERED_WITHIN,
    Identity,
    Naming,
    chosen,
    lookalikes,
    raise_problems,
)
from ferbench.datasets.part_gaps import first_gap
from ferbench.errors import DatasetError
from ferbench.formats.times import Clock, parse_clock, parse_time, since
from ferbench.spelling import comparable_name as canonical
from ferbench.spelling import plain
from ferbench.types import Part
from ferbench.wording import some

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
        start: when its first frame was; None = not known.
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
    """Seconds of the session such as 12.5 or (mm:ss) 0:12,5, a clock time such as 14:03:20 (with a
    date or not).

    What is wrong with another text is returned as a text.
    """
    if text.count(":") == 1:
        return parse_time(text, "mm:ss")
    if ":" in text:
        return parse_clock(text)
    read = parse_time(text, "seconds")
    return (
        read
        if isinstance(read, float)
        else f"{text!r}, expected seconds or a clock time such as 14:03:20"
    )


def assemble(
    recordings: Sequence[Recording], naming: Naming, camera: str | None
) -> tuple[tuple[Footage, ...], tuple[str, ...]]:
    """Put files together to sessions of one camera each.

    Args:
        recordings: all files.
        naming: how a session's name is made.
        camera: which camera to use; None = the only one of each session.

    Returns:
        Sessions sorted by name, and notices.

    Raises:
        DatasetError: files that cannot be told apart or put in order, a camera must be chosen, or
            there is no such one.
    """
    sessions: dict[Identity, list[Recording]] = {}
    for recording in recordings:
        sessions.setdefault(naming.identity(recording.session, recording.participant), []).append(
            recording
        )
    problems = _clashes(sessions, naming)
    cameras = _cameras(recordings)
    picked = None if camera is None else chosen("dataset.camera", camera, cameras.values())
    blanks = _blank_cameras(sessions, naming)
    if picked is None:
        raise_problems("a camera is not told", blanks)
        _check_one_camera(sessions, cameras)
    found: list[Footage] = []
    without: list[str] = []
    for identity, own in sessions.items():
        shots = [r for r in own if picked is None or canonical(r.camera) == canonical(picked)]
        if not shots:
            without.append(naming.name(identity))
            continue
        read = _footage(naming.name(identity), identity, shots, own, cameras)
        if isinstance(read, Footage):
            found.append(read)
        else:
            problems.append(read)
    raise_problems("the videos cannot be put together to sessions", problems)
    found.sort(key=lambda footage: footage.name)
    notices = (
        [f"no video of camera {picked!r}: {some(sorted(without))}; left out"] if without else []
    )
    notices += [f"{blank}; left out" for blank in blanks] if picked else []
    used = sorted({footage.camera for footage in found})
    if len(used) > 1:
        notices.append(
            f"the sessions are from different cameras: {some([repr(name) for name in used])}"
        )
    notices += lookalikes("sessions", [footage.name for footage in found])
    notices += lookalikes("participants", [footage.participant for footage in found])
    return tuple(found), tuple(notices)


def _clashes(sessions: dict[Identity, list[Recording]], naming: Naming) -> list[str]:
    """Sessions of several participants, and different sessions of one name."""
    problems = []
    names: dict[str, list[Recording]] = {}
    for identity, own in sessions.items():
        names.setdefault(naming.name(identity), []).extend(own)
        people = {canonical(r.participant): r for r in own if r.participant}
        if len(people) > 1:
            told = " and ".join(f"{r.participant!r} ({r.where})" for r in list(people.values())[:2])
            problems.append(
                f"session {naming.name(identity)!r} is there for participants {told}; where sessions are numbered "
                f"within participants, set dataset.session_name='{NUMBERED_WITHIN}'"
            )
    for name, own in names.items():
        identities = {naming.identity(r.session, r.participant): r.where for r in own}
        if len(identities) > 1:
            told = " and ".join(identities.values())
            problems.append(
                f"{told} both make the session name {name!r}; put a mark between in dataset.session_name"
            )
    return problems


def _cameras(recordings: Sequence[Recording]) -> dict[str, str]:
    """Canonical form of each camera, and its first spelling."""
    cameras: dict[str, str] = {}
    for recording in recordings:
        cameras.setdefault(canonical(recording.camera), plain(recording.camera))
    return cameras


def _blank_cameras(sessions: dict[Identity, list[Recording]], naming: Naming) -> list[str]:
    """One text per session of which some files name a camera and others none."""
    problems = []
    for identity, own in sessions.items():
        blank, named = (
            [r for r in own if not canonical(r.camera)],
            [r for r in own if canonical(r.camera)],
        )
        if blank and named:
            problems.append(
                f"session {naming.name(identity)!r}: {some([r.where for r in blank])} without a camera, but "
                f"{named[0].where} is of camera {named[0].camera!r}; say for each file which camera it is of"
            )
    return problems


def _check_one_camera(sessions: dict[Identity, list[Recording]], cameras: dict[str, str]) -> None:
    counts = dict.fromkeys(cameras, 0)
    several = False
    for own in sessions.values():
        seen = {canonical(r.camera) for r in own}
        several |= len(seen) > 1
        for name in seen:
            counts[name] += 1
    if several:
        listed = ", ".join(
            f"{cameras[name] or '(blank)'} ({count} sessions)"
            for name, count in sorted(counts.items())
        )
        example = next(
            cameras[name] for name in sorted(counts, key=lambda n: -counts[n]) if cameras[name]
        )
        raise DatasetError(
            f"some sessions were filmed by several cameras: {listed}; choose one with dataset.camera={example}"
        )


def _footage(
    name: str,
    identity: Identity,
    shots: list[Recording],
    own: list[Recording],
    cameras: dict[str, str],
) -> Footage | str:
    """A session's videos of one camera, or what is wrong with them."""
    ordered = _in_order(name, shots)
    if isinstance(ordered, str):
        return ordered
    placed = _placed(name, ordered)
    if isinstance(placed, str):
        return placed
    parts, start = placed
    observed = _observed(name, own, start)
    if isinstance(observed, str):
        return observed
    missing, missing_before_clock = _missing(ordered, own)
    return Footage(
        name=name,
        identity=identity,
        participant=next((plain(r.participant) for r in own if r.participant), ""),
        camera=cameras[canonical(shots[0].camera)],
        parts=parts,
        start=start,
        observed=observed,
        apart_s=_apart_s(own, start),
        missing=missing,
        missing_before_clock=missing_before_clock,
    )


def _missing(ordered: list[Recording], own: list[Recording]) -> tuple[str, bool]:
    """What is absent before a file whose place is not known, and whether times on the clock are
    right nevertheless.

    Where the first part is absent, a clock time of the first file is no place: seconds count from
    the beginning of the session, which is not known, unless a start says it in seconds.
    """
    parts = [r.part for r in ordered]
    gap = first_gap(parts, [r.start is not None for r in ordered])
    if gap:
        return f"{gap[1]} ({ordered[gap[0]].where} has no start)", False
    gap = first_gap(parts[:1], [isinstance(ordered[0].start, float)])
    if not gap:
        return "", False
    in_seconds = any(isinstance(moment, float) for r in own for moment in r.observed or ())
    return (
        f"{gap[1]} ({ordered[0].where} starts at a clock time, the times count in seconds)",
        not in_seconds,
    )


def _apart_s(own: list[Recording], start: Clock | None) -> float:
    """Largest difference between a clock time and the beginnings of a session's cameras.

    0 where none is known.
    """
    begins_s: dict[str, float] = {}
    for recording in own:
        if start is not None and isinstance(recording.start, Clock):
            camera, begin_s = canonical(recording.camera), since(recording.start, start)
            begins_s[camera] = min(begins_s.get(camera, begin_s), begin_s)
    return max(map(abs, begins_s.values()), default=0.0)


def _in_order(name: str, shots: list[Recording]) -> list[Recording] | str:
    """The files of a session in order of their parts, or of their starts where no part is named."""
    if len(shots) == 1:
        return shots
    named = [r for r in shots if r.part]
    if len(named) == len(shots):
        ordered = sorted(shots, key=lambda r: natural(r.part))
        twice = [(a, b) for a, b in pairwise(ordered) if natural(a.part) == natural(b.part)]
        if not twice:
            return ordered
        (a, b) = twice[0]
        return f"{a.where} and {b.where} are both part {b.part!r} of session {name!r}"
    if not named and len({type(r.start) for r in shots}) == 1 and shots[0].start is not None:
        return min(
            (sorted(shots, key=lambda r: _seconds(r.start, zero.start)) for zero in shots),
            key=_span_s,
        )
    a, b = (named + [r for r in shots if not r.part])[-2:]
    return (
        f"{a.where} and {b.where} are the same session, {name!r}; if they are its parts, say which comes when (a group "
        "(?P<part>...) in dataset.pattern, or a column part or start in the manifest); if not, their names must differ"
    )


def _span_s(ordered: Sequence[Recording]) -> float:
    """Seconds between the first and the last start.

    The least of several orders is the one over midnight.
    """
    return _seconds(ordered[-1].start, ordered[0].start) - _seconds(
        ordered[0].start, ordered[0].start
    )


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key of a part's name: numbers by value, letters in any case.

    >>> sorted(["10", "2", "b", "A"], key=natural)
    ['2', '10', 'A', 'b']
    """
    pieces = [piece for piece in re.split(r"([0-9]+)", canonical(text)) if piece]
    return tuple(
        (0, int(piece)) if re.fullmatch(r"[0-9]+", piece) else (1, piece) for piece in pieces
    )


def _placed(name: str, ordered: list[Recording]) -> tuple[tuple[Part, ...], Clock | None] | str:
    """The files as parts with their places in the session, and the clock time of its second 0."""
    forms = {type(r.start) for r in ordered if r.start is not None}
    if len(forms) > 1:
        return f"session {name!r}: some of its files start at clock times, others at seconds; write all alike"
    start = ordered[0].start
    if Clock in forms and start is None:
        return f"session {name!r}: {ordered[0].where} comes first, but has no start, so the clock times say nothing"
    zero = start if isinstance(start, Clock) else None
    starts_s = [None if r.start is None else _seconds(r.start, zero) for r in ordered]
    known = [(s, r) for s, r in zip(starts_s, ordered, strict=True) if s is not None]
    for (before_s, before), (after_s, after) in pairwise(known):
        if after_s <= before_s:
            return (
                f"session {name!r}: {after.where} comes after {before.where}, but starts at {after_s:g} s, "
                f"not after {before_s:g} s"
            )
    parts = tuple(
        Part(path=r.path, start_s=start_s) for r, start_s in zip(ordered, starts_s, strict=True)
    )
    return parts, zero


def _seconds(moment: Moment | None, zero: Moment | None) -> float:
    """Seconds of the session; a clock time without a known start is taken as hours, minutes and
    seconds of it.
    """
    if isinstance(moment, Clock):
        return since(moment, zero) if isinstance(zero, Clock) else moment.of_day_s
    return 0.0 if moment is None else moment


def _observed(
    name: str, own: list[Recording], start: Clock | None
) -> tuple[tuple[float, float], ...] | str | None:
    """All observed stretches of a session, in order."""
    stretches = []
    for recording in own:
        if recording.observed is None:
            continue
        first, last = recording.observed
        if start is None and any(
            isinstance(m, Clock) and m.date is not None for m in (first, last)
        ):
            return f"session {name!r}: {recording.where} has an observed stretch with a date, but no known start"
        from_s, to_s = _seconds(first, start), math.inf if last is None else _seconds(last, start)
        if to_s <= from_s:
            return f"session {name!r}: {recording.where} is observed to {to_s:g} s, which is not after {from_s:g} s"
        if to_s <= 0:
            return (
                f"session {name!r}: {recording.where} is observed to {-to_s:g} s before the session's start; expected "
                "clock times, as its start is one, or seconds of the session"
            )
        stretches.append((from_s, to_s))
    return tuple(sorted(stretches)) or None
