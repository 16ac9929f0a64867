"""Works out from the names of video files which session, participant, camera and part each one is.

A file gets a place or a reason why it has none; nothing is chosen where two answers are possible.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from ferbench.datasets.names import Clues, Known, read_name
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming, canonical, plain, some
from ferbench.datasets.pattern import compiled, recordings_by_name
from ferbench.datasets.recordings import natural
from ferbench.datasets.times import Clock

_WORDS: Final = re.compile(r"[^\s/._()\[\]-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file belongs; "" = not known or none.

    Attributes:
        path: below the folder of videos, with forward slashes.
        session: its name, among those of its participant.
        participant: who is on it.
        camera: which camera.
        part: which part of the session.
        start: when its first frame was, as a manifest has it.
    """

    path: str
    session: str
    participant: str = ""
    camera: str = ""
    part: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """All files.

    Attributes:
        places: files with a place, by session, camera and part.
        unplaced: the other files and why.
        session_name: how sessions are named (``Study.session_name``).
    """

    places: tuple[Place, ...]
    unplaced: tuple[tuple[str, str], ...]
    session_name: str


def guess_places(paths: Sequence[str], known: Known) -> Guess:
    """Place files by their names.

    Participant and session are what ``names.read_name`` finds in the file's name, else in the nearest folder's that
    has one. A session that the annotations have for one participant only tells the participant, and where they have
    one session of every participant, the participant tells the session. Without annotations, a session without a
    session word is the file's name less camera and part. Files of one session that differ in a single word are its
    cameras; GoPro chapters of one recording, and files with different starts, are its parts.

    Args:
        paths: below the folder of videos, with forward slashes.
        known: names in the annotations; empty = there are none.
    """
    placed: list[Place] = []
    unplaced: dict[str, str] = {}
    clues = {path: _clues(path, known) for path in paths}
    for path in paths:
        place = _place(path, clues[path], known)
        if isinstance(place, Place):
            placed.append(place)
        else:
            unplaced[path] = place
    return _told_apart(placed, unplaced, clues, numbered_within=_numbered_within(placed, known))


def places_by_pattern(paths: Sequence[str], folder: Path, pattern: str) -> Guess:
    """Place files by a regular expression as ``Study.pattern`` has it; without a group ``session``, participants are.

    Raises:
        ConfigError: the pattern cannot be used.
        DatasetError: it fits no file, or a start that it finds is no time.
    """
    by_participant = "(?P<participant>" in pattern and "(?P<session>" not in pattern
    naming = Naming(template="{participant}" if by_participant else "{session}")
    compiled(pattern, naming)
    found, _ = recordings_by_name([folder / path for path in paths], folder, pattern, naming)
    placed = [
        Place(
            path=r.path.relative_to(folder).as_posix(),
            session=plain(r.participant if by_participant else r.session),
            participant=plain(r.participant),
            camera=plain(r.camera),
            part=plain(r.part),
            start=clock_text(r.start) if isinstance(r.start, Clock) else "" if r.start is None else f"{r.start!r}",
        )
        for r in found
    ]
    fitting = {place.path for place in placed}
    unplaced = {path: "the pattern does not fit" for path in paths if path not in fitting}
    return _told_apart(placed, unplaced, {}, numbered_within=_numbered_within(placed, Known()))


def clock_text(clock: Clock) -> str:
    """A clock time as a manifest has it.

    >>> clock_text(Clock(of_day_s=50600.5))
    '14:03:20.5'
    """
    minutes, seconds = divmod(round(clock.of_day_s, 6), 60)
    hours, minutes = divmod(int(minutes), 60)
    decimals = f"{seconds:09.6f}".rstrip("0").rstrip(".")
    return (f"{clock.date}T" if clock.date else "") + f"{hours:02}:{minutes:02}:{decimals}"


def _clues(path: str, known: Known) -> Clues:
    """What the name says; what it leaves open, the nearest folder that says it."""
    parts = PurePosixPath(path)
    found = read_name(parts.stem, known)
    for folder in reversed(parts.parts[:-1]):
        near = read_name(folder, known, folder=True)
        found.participants = found.participants or near.participants
        found.sessions = found.sessions or near.sessions
        found.camera = found.camera or near.camera
    return found


def _place(path: str, clues: Clues, known: Known) -> Place | str:
    """A file's place, or why it has none."""
    people, sessions = set(clues.participants), set(clues.sessions)
    if not people and len(sessions) == 1:
        theirs = {p for p, s in known.pairs if p and canonical(s) == canonical(next(iter(sessions)))}
        people = theirs if len(theirs) == 1 else people
    one_each = known.sessions and all(known.participants) and len(known.pairs) == len(known.participants)
    if not sessions and len(people) == 1 and one_each:
        sessions = {s for p, s in known.pairs if p in people and s}
    for what, found in (("participant", people), ("session", sessions)):
        if len(found) > 1:
            return f"the {what} may be {' or '.join(sorted(found, key=natural))}"
    participant, session = "".join(people), "".join(sessions)
    if known.participants and known.sessions:
        missing = [name for name, value in (("participant", participant), ("session", session)) if not value]
        if missing:
            return f"no {' and no '.join(missing)} of the annotations in its name or folders"
    elif known.sessions and not session:
        return "no session of the annotations in its name or folders"
    elif known.participants:
        if not participant:
            return "no participant of the annotations in its name or folders"
        session = session or participant
    return Place(
        path=path,
        session=session or clues.rest or PurePosixPath(path).stem,
        participant=participant,
        camera=clues.camera,
        part=clues.part,
        start=clues.start.isoformat() if clues.start else "",
    )


def _numbered_within(places: Sequence[Place], known: Known) -> bool:
    """Whether a session's name occurs for several participants."""
    people: dict[str, set[str]] = defaultdict(set)
    for participant, session in [*((p.participant, p.session) for p in places), *known.pairs]:
        people[canonical(session)].add(canonical(participant))
    return any(len(found - {""}) > 1 for session, found in people.items() if session)


def _told_apart(
    places: list[Place], unplaced: dict[str, str], clues: dict[str, Clues], *, numbered_within: bool
) -> Guess:
    """Find cameras and parts among files of one session; leave out files that cannot be told apart."""
    if numbered_within:
        for place in places:
            if not place.participant:
                unplaced[place.path] = "no participant in its name or folders, and sessions are numbered within them"
        places = [place for place in places if place.participant]
    places = _regrouped(places, lambda p: (p.participant, p.session, p.camera), lambda own: _chapters(own, clues))
    places = _regrouped(places, lambda p: (p.participant, p.session, p.part), _cameras)
    places = _regrouped(places, lambda p: (p.participant, p.session, p.camera), _by_start)
    kept: list[Place] = []
    for same in _groups(places, lambda p: (p.participant, p.session, p.camera, p.part)).values():
        if len(same) == 1:
            kept += same
            continue
        for place in same:
            others = [other.path for other in same if other is not place]
            unplaced[place.path] = f"the same session, camera and part as {some(others)}"
    kept = _equally_long(_spelled_alike(kept))
    kept.sort(key=lambda p: tuple(natural(text) for text in (p.participant, p.session, p.camera, p.part)))
    return Guess(
        places=tuple(kept),
        unplaced=tuple(sorted(unplaced.items())),
        session_name=NUMBERED_WITHIN if numbered_within else "{session}",
    )


def _groups(places: Iterable[Place], key: Callable[[Place], tuple[str, ...]]) -> dict[tuple[str, ...], list[Place]]:
    found: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    for place in places:
        found[tuple(map(canonical, key(place)))].append(place)
    return found


def _regrouped(
    places: Iterable[Place], key: Callable[[Place], tuple[str, ...]], change: Callable[[list[Place]], list[Place]]
) -> list[Place]:
    return [place for same in _groups(places, key).values() for place in change(same)]


def _chapters(same: list[Place], clues: dict[str, Clues]) -> list[Place]:
    """Files of one session and camera that are chapters of one GoPro recording become parts."""
    marks = [clues[place.path].gopro if place.path in clues else None for place in same]
    known = [mark for mark in marks if mark is not None]
    if len(same) == 1 or any(p.part for p in same) or len(known) < len(same) or len({n for _, n in known}) > 1:
        return same
    return [replace(place, part=str(int(chapter))) for place, (chapter, _) in zip(same, known, strict=True)]


def _by_start(same: list[Place]) -> list[Place]:
    """Files of one session and camera without parts, but with different starts, are parts in the order of these."""
    starts = {place.start for place in same}
    if len(same) == 1 or "" in starts or len(starts) < len(same) or any(place.part for place in same):
        return same
    return [replace(p, part=str(n)) for n, p in enumerate(sorted(same, key=lambda p: p.start), start=1)]


def _cameras(same: list[Place]) -> list[Place]:
    """Files of one session and part whose names differ in one word: that word is the camera."""
    if len(same) == 1 or any(place.camera for place in same):
        return same
    names = [[canonical(word) for word in _WORDS.findall(plain(place.path))] for place in same]
    if len({len(words) for words in names}) > 1:
        return same
    differing = [column for column in zip(*names, strict=True) if len(set(column)) > 1]
    clear = len(differing) == 1 and len(set(differing[0])) == len(same)
    if not clear or not all(word.isalpha() for word in differing[0]):  # numbers may be parts, or tries
        return same
    return [replace(place, camera=word) for place, word in zip(same, differing[0], strict=True)]


def _spelled_alike(places: list[Place]) -> list[Place]:
    """One spelling per participant, session and camera: the first by name."""
    spelled: dict[tuple[str, str], str] = {}
    for place in sorted(places, key=lambda p: p.path):
        for name in ("participant", "session", "camera"):
            spelled.setdefault((name, canonical(getattr(place, name))), getattr(place, name))
    return [
        replace(
            place,
            participant=spelled["participant", canonical(place.participant)],
            session=spelled["session", canonical(place.session)],
            camera=spelled["camera", canonical(place.camera)],
        )
        for place in places
    ]


def _equally_long(places: list[Place]) -> list[Place]:
    """Where all participants (or sessions) are numbers, all with equally many digits, so that names sort."""
    width = {
        name: max((len(getattr(p, name)) for p in places), default=0)
        if all(re.fullmatch(r"[0-9]+", getattr(p, name)) for p in places)
        else 0
        for name in ("participant", "session")
    }
    return [
        replace(p, participant=p.participant.zfill(width["participant"]), session=p.session.zfill(width["session"]))
        for p in places
    ]
