"""Works out from the names of video files which session, participant, camera and part each one is.

A file gets a place or a reason why it has none; nothing is chosen where two answers are possible.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from ferbench.datasets.copies import copies_of
from ferbench.datasets.names import PERSON_WORDS, SESSION_WORDS, Clues, Known, read_name, spelled_as
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming
from ferbench.datasets.pattern import compiled, recordings_by_name
from ferbench.datasets.recordings import natural
from ferbench.formats.times import Clock
from ferbench.spelling import comparable_name as canonical
from ferbench.spelling import plain
from ferbench.wording import some

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
        copies: files left out, each with the placed file that has the same bytes.
        session_name: how sessions are named (``Study.session_name``).
    """

    places: tuple[Place, ...]
    unplaced: tuple[tuple[str, str], ...]
    session_name: str
    copies: tuple[tuple[str, str], ...] = ()


def guess_places(paths: Sequence[str], known: Known, folder: Path | None = None) -> Guess:
    """Place files by their names.

    Participant and session are what ``names.read_name`` finds in the file's name, else in the
    nearest folder's that has one. A session that the annotations have for one participant only
    tells the participant, and where they have one session of every participant, the participant
    tells the session. Without annotations, a session without a session word is the file's name less
    camera and part. Files of one session that differ in a single word, as those of other sessions
    do, are its cameras; GoPro chapters of one recording, and files with different starts, are its
    parts.

    Args:
        paths: below the folder of videos, with forward slashes.
        known: names in the annotations; empty = there are none.
        folder: of the videos; files of one session, camera and part in several folders are
            compared, and one of those with the same bytes is placed, the least deep. None = nothing
            is read.
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
    return _told_apart(
        placed, unplaced, clues, folder, numbered_within=_numbered_within(placed, known)
    )


def places_by_pattern(paths: Sequence[str], folder: Path, pattern: str, known: Known) -> Guess:
    """Place files by a regular expression as ``Study.pattern`` has it.

    Without a group ``session``, participants are.

    Names that are a number, or a word and a number, are spelled as in the annotations.

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
            session=participant
            if by_participant
            else spelled_as(plain(r.session), known.sessions, SESSION_WORDS),
            participant=participant,
            camera=plain(r.camera),
            part=plain(r.part),
            start=clock_text(r.start)
            if isinstance(r.start, Clock)
            else ""
            if r.start is None
            else f"{r.start!r}",
        )
        for r in found
        for participant in (spelled_as(plain(r.participant), known.participants, PERSON_WORDS),)
    ]
    fitting = {place.path for place in placed}
    unplaced = {path: "the pattern does not fit" for path in paths if path not in fitting}
    within = _numbered_within(placed, Known() if by_participant else known)
    return _told_apart(placed, unplaced, {}, folder, numbered_within=within)


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
    """What the name says; what it leaves open, the nearest folder that says it.

    Both, where a lone number differs.
    """
    parts = PurePosixPath(path)
    found = read_name(parts.stem, known)
    for folder in reversed(parts.parts[:-1]):
        near = read_name(folder, known, folder=True)
        found.participants = found.participants or near.participants
        found.sessions = found.sessions or near.sessions
        found.camera = found.camera or near.camera
    if known.participants:
        found.participants |= found.lone
    else:
        found.sessions |= found.lone
    return found


def _place(path: str, clues: Clues, known: Known) -> Place | str:
    """A file's place, or why it has none."""
    people, sessions = set(clues.participants), set(clues.sessions)
    if not people and len(sessions) == 1:
        theirs = {
            p for p, s in known.pairs if p and canonical(s) == canonical(next(iter(sessions)))
        }
        people = theirs if len(theirs) == 1 else people
    one_each = (
        known.sessions and all(known.participants) and len(known.pairs) == len(known.participants)
    )
    if not sessions and len(people) == 1 and one_each:
        sessions = {s for p, s in known.pairs if p in people and s}
    for what, found in (("participant", people), ("session", sessions)):
        if len(found) > 1:
            return f"the {what} may be {' or '.join(sorted(found, key=natural))}"
    participant, session = "".join(people), "".join(sessions)
    if known.participants and known.sessions:
        missing = [
            name
            for name, value in (("participant", participant), ("session", session))
            if not value
        ]
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
    places: list[Place],
    unplaced: dict[str, str],
    clues: dict[str, Clues],
    folder: Path | None,
    *,
    numbered_within: bool,
) -> Guess:
    """Find cameras and parts among files of one session.

    Leave out files that cannot be told apart.
    """
    if numbered_within:
        for place in places:
            if not place.participant:
                unplaced[place.path] = (
                    "no participant in its name or folders, and sessions are numbered within them"
                )
        places = [place for place in places if place.participant]
    alike = _groups(places, lambda p: (p.participant, p.session, p.camera, p.part)).values()
    copies = copies_of([[place.path for place in same] for same in alike], folder) if folder else {}
    places = [place for place in places if place.path not in copies]
    places = _regrouped(
        places, lambda p: (p.participant, p.session, p.camera), lambda own: _chapters(own, clues)
    )
    places = _by_word(places)
    places = _regrouped(places, lambda p: (p.participant, p.session, p.camera), _by_start)
    kept: list[Place] = []
    for same in _groups(places, lambda p: (p.participant, p.session, p.camera)).values():
        parts = [canonical(place.part) for place in same]
        if len(same) == 1 or (all(parts) and len(set(parts)) == len(same)):
            kept += same
        else:
            unplaced |= {place.path: _in_the_way(place, same) for place in same}
    kept = _equally_long(_spelled_alike(kept))
    kept.sort(
        key=lambda p: tuple(natural(text) for text in (p.participant, p.session, p.camera, p.part))
    )
    return Guess(
        places=tuple(kept),
        unplaced=tuple(sorted(unplaced.items())),
        session_name=NUMBERED_WITHIN if numbered_within else "{session}",
        copies=tuple((path, copies[path]) for path in sorted(copies)),
    )


def _in_the_way(place: Place, same: Sequence[Place]) -> str:
    """Why a file has no place among those of its session and camera."""
    others = [other for other in same if other is not place]
    alike = [other.path for other in others if canonical(other.part) == canonical(place.part)]
    if alike:
        return f"the same session, camera and part as {some(alike)}"
    counts = Counter(canonical(other.part) for other in others)
    doubled = [other.path for other in others if counts[canonical(other.part)] > 1]
    if doubled and place.part:
        return f"another file of its session is unclear: {doubled[0]}"
    return f"the same session and camera as {some([p.path for p in others])}, and not all say which part they are"


def _groups(
    places: Iterable[Place], key: Callable[[Place], tuple[str, ...]]
) -> dict[tuple[str, ...], list[Place]]:
    found: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    for place in places:
        found[tuple(map(canonical, key(place)))].append(place)
    return found


def _regrouped(
    places: Iterable[Place],
    key: Callable[[Place], tuple[str, ...]],
    change: Callable[[list[Place]], list[Place]],
) -> list[Place]:
    return [place for same in _groups(places, key).values() for place in change(same)]


def _chapters(same: list[Place], clues: dict[str, Clues]) -> list[Place]:
    """Files of one session and camera that are chapters of one GoPro recording become parts."""
    marks = [clues[place.path].gopro if place.path in clues else None for place in same]
    known = [mark for mark in marks if mark is not None]
    if (
        len(same) == 1
        or any(p.part for p in same)
        or len(known) < len(same)
        or len({n for _, n in known}) > 1
    ):
        return same
    return [
        replace(place, part=str(int(chapter)))
        for place, (chapter, _) in zip(same, known, strict=True)
    ]


def _by_start(same: list[Place]) -> list[Place]:
    """Files of one session and camera without parts, but with different starts, are parts in the
    order of these.
    """
    starts = {place.start for place in same}
    if (
        len(same) == 1
        or "" in starts
        or len(starts) < len(same)
        or any(place.part for place in same)
    ):
        return same
    return [
        replace(p, part=str(n)) for n, p in enumerate(sorted(same, key=lambda p: p.start), start=1)
    ]


def _by_word(places: list[Place]) -> list[Place]:
    """Files of one session and part whose names differ in one word, the same words in other
    sessions: its cameras.
    """
    groups = _groups(places, lambda p: (p.participant, p.session, p.part)).values()
    words = [_differing(same) for same in groups]
    count = Counter(word for own in words for word in own)
    found: list[Place] = []
    for same, own in zip(groups, words, strict=True):
        if own and (len(groups) == 1 or all(count[word] > 1 for word in own)):
            found += [replace(place, camera=word) for place, word in zip(same, own, strict=True)]
        else:
            found += same
    return found


def _differing(same: list[Place]) -> tuple[str, ...]:
    """The one word in which the names of all these files differ, of each.

    () = there is no such word.
    """
    if len(same) == 1 or any(place.camera for place in same):
        return ()
    names = [[canonical(word) for word in _WORDS.findall(plain(place.path))] for place in same]
    if len({len(words) for words in names}) > 1:
        return ()
    differing = [column for column in zip(*names, strict=True) if len(set(column)) > 1]
    clear = len(differing) == 1 and len(set(differing[0])) == len(same)
    # numbers and single letters may be parts, or tries
    return (
        differing[0]
        if clear and all(word.isalpha() and len(word) > 1 for word in differing[0])
        else ()
    )


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
    """Where all participants (or sessions) are numbers, all with equally many digits, so that names
    sort.
    """
    width = {
        name: max((len(getattr(p, name)) for p in places), default=0)
        if all(re.fullmatch(r"[0-9]+", getattr(p, name)) for p in places)
        else 0
        for name in ("participant", "session")
    }
    return [
        replace(
            p,
            participant=p.participant.zfill(width["participant"]),
            session=p.session.zfill(width["session"]),
        )
        for p in places
    ]
