"""Works out from the names of video files which session, participant, camera and part each one is.

A file gets a place or a reason why it has none; nothing is chosen where two answers are possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ferbench.datasets.known_names import KnownNames, are_numbered_within, spelled_as
from ferbench.datasets.name_words import PERSON_WORDS, SESSION_WORDS
from ferbench.datasets.names import Clues, read_name
from ferbench.datasets.naming import Naming
from ferbench.datasets.pattern import recordings_by_name
from ferbench.datasets.place import Place, Placement, clock_text
from ferbench.datasets.recordings import Moment, Recording, natural
from ferbench.datasets.same_session import tell_apart
from ferbench.formats.times import Clock
from ferbench.spelling import plain, same_name


def guess_places(paths: Sequence[str], known: KnownNames, folder: Path | None = None) -> Placement:
    """Place files by their names.

    A file that is named like a session of the annotations is of that session, whatever its name
    might mean besides. Else participant and session are what ``names.read_name`` finds in the
    file's name, else in the nearest folder's that has one. A session that the annotations have for
    one participant only
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
    clues = {path: _clues(path, known) for path in paths}
    placed: list[Place] = []
    unplaced: dict[str, str] = {}
    for path in paths:
        place = _place(path, clues[path], known)
        if isinstance(place, Place):
            placed.append(place)
        else:
            unplaced[path] = place
    return tell_apart(
        placed,
        unplaced,
        chapters=_chapters(clues),
        folder=folder,
        numbered_within=_is_numbered_within(placed, known),
    )


def _chapters(clues: Mapping[str, Clues]) -> dict[str, tuple[str, str]]:
    """Chapter and recording number of the files that a GoPro named."""
    return {path: clue.gopro for path, clue in clues.items() if clue.gopro is not None}


def places_by_pattern(
    paths: Sequence[str], folder: Path, pattern: str, known: KnownNames
) -> Placement:
    """Place files by a regular expression as ``Study.pattern`` has it.

    Without a group ``session``, participants are.

    Names that are a number, or a word and a number, are spelled as in the annotations.

    Raises:
        ConfigError: the pattern cannot be used.
        DatasetError: it fits no file, or a start that it finds is no time.
    """
    by_participant = _names_only_participants(pattern)
    naming = Naming(template="{participant}" if by_participant else "{session}")
    videos = [folder / path for path in paths]
    recordings, _ = recordings_by_name(videos, folder, pattern, naming)
    places = [_place_of(recording, folder, known) for recording in recordings]
    if by_participant:
        places = [replace(place, session=place.participant) for place in places]
        known = KnownNames()
    unfit = set(paths) - {place.path for place in places}
    return tell_apart(
        places,
        dict.fromkeys(unfit, "the pattern does not fit"),
        chapters={},
        folder=folder,
        numbered_within=_is_numbered_within(places, known),
    )


def _names_only_participants(pattern: str) -> bool:
    return "(?P<participant>" in pattern and "(?P<session>" not in pattern


def _place_of(recording: Recording, folder: Path, known: KnownNames) -> Place:
    return Place(
        path=recording.path.relative_to(folder).as_posix(),
        session=spelled_as(plain(recording.session), known.sessions, SESSION_WORDS),
        participant=spelled_as(plain(recording.participant), known.participants, PERSON_WORDS),
        camera=plain(recording.camera),
        part=plain(recording.part),
        start=_start_text(recording.start),
    )


def _start_text(start: Moment | None) -> str:
    if start is None:
        return ""
    if isinstance(start, Clock):
        return clock_text(start)
    return repr(start)


def _clues(path: str, known: KnownNames) -> Clues:
    """What the name says; what it leaves open, the nearest folder that says it.

    Both, where a lone number differs.
    """
    parts = PurePosixPath(path)
    of_folders = Clues()
    for folder in reversed(parts.parts[:-1]):
        of_folders.complete(read_name(folder, known, folder=True))
    clues = read_name(parts.stem, known)
    session = _session_of_that_name(parts.stem, of_folders.participants, known)
    if session:
        owner = _participants_of({session}, known) | of_folders.participants
        owner = owner or clues.participants  # P01 in P01_2, where nothing else says whose it is
        return Clues(
            participants=owner, sessions={session}, camera=of_folders.camera, start=clues.start
        )
    clues.complete(of_folders)
    clues.participants |= clues.lone
    clues.sessions |= clues.lone_sessions
    return clues


def _session_of_that_name(stem: str, participants: set[str], known: KnownNames) -> str:
    """The session of the annotations that is named like the file; "" = none, or of several people.

    Args:
        stem: the file's name.
        participants: whose the folders say that it is.
        known: names in the annotations.
    """
    for session in known.sessions:
        of_one = any((one, session) in known.pairs for one in participants)
        if same_name(session, stem) and (of_one or not known.is_numbered_within):
            return session
    return ""


def _place(path: str, clues: Clues, known: KnownNames) -> Place | str:
    """A file's place, or why it has none."""
    participants = clues.participants or _participants_of(clues.sessions, known)
    sessions = clues.sessions or _sessions_of(participants, known)
    problem = _problem(participants, sessions, known)
    if problem:
        return problem
    participant, session = "".join(participants), "".join(sessions)
    return Place(
        path=path,
        session=session or _session_without_number(path, participant, clues, known),
        participant=participant,
        camera=clues.camera,
        part=clues.part,
        start=clues.start_text,
    )


def _problem(participants: set[str], sessions: set[str], known: KnownNames) -> str:
    """Why these names are no place, or ""."""
    ambiguity = _ambiguity("participant", participants) or _ambiguity("session", sessions)
    return ambiguity or _missing(participants, sessions, known)


def _session_without_number(path: str, participant: str, clues: Clues, known: KnownNames) -> str:
    """A session's name where nothing names the session: its participant's, else the file's."""
    if known.participants:
        return participant
    return clues.rest or PurePosixPath(path).stem


def _ambiguity(what: str, names: set[str]) -> str:
    """That names may mean several, or ""."""
    if len(names) <= 1:
        return ""
    return f"the {what} may be {' or '.join(sorted(names, key=natural))}"


def _missing(participants: set[str], sessions: set[str], known: KnownNames) -> str:
    """What the annotations have and a file's name has not, or ""."""
    missing = []
    if known.participants and not participants:
        missing.append("participant")
    if known.sessions and not sessions:
        missing.append("session")
    if not missing:
        return ""
    return f"no {' and no '.join(missing)} of the annotations in its name or folders"


def _participants_of(sessions: set[str], known: KnownNames) -> set[str]:
    """The participant that the annotations have for one session; empty = none, or several."""
    if len(sessions) != 1:
        return set()
    [session] = sessions
    rows = [pair for pair in known.pairs if same_name(pair[1], session)]
    participants = {participant for participant, _ in rows if participant}
    return participants if len(participants) == 1 else set()


def _sessions_of(participants: set[str], known: KnownNames) -> set[str]:
    """The session of a participant, where the annotations have one of every participant."""
    one_each = len(known.pairs) == len(known.participants) and all(known.participants)
    if len(participants) != 1 or not known.sessions or not one_each:
        return set()
    return {
        session for participant, session in known.pairs if participant in participants and session
    }


def _is_numbered_within(places: Sequence[Place], known: KnownNames) -> bool:
    """Whether a session's name occurs for several participants."""
    pairs = [(place.participant, place.session) for place in places]
    return are_numbered_within((*pairs, *known.pairs))
