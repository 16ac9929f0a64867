"""What the name of a video file, or of a folder, says about whose recording it is.

Participant, session, camera, part.

Names are read as people write them: a word and a number (``P01``, ``Sessie 2``, ``cam A``, ``deel
1``), a date and time, a camera's word, or a name that the annotations have too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import filterfalse
from typing import Final

from ferbench.datasets.known_names import KnownNames, by_number, number_key, tokens
from ferbench.datasets.name_occurrences import take_longest
from ferbench.datasets.name_text import GONE, Span, without
from ferbench.datasets.name_times import take_moments
from ferbench.datasets.name_words import (
    CAMERA,
    CAMERA_WORDS,
    COUNTER,
    GOPRO,
    NUMBER_ALONE,
    OCCASION,
    PAIR,
    PART,
    PERSON,
    PERSON_WORDS,
    SESSION,
    SESSION_WORDS,
    WORD,
)
from ferbench.spelling import comparable_name, plain

_LONGEST_AFTER_LETTER: Final = {"p": 4, "s": 3, "t": 2}
"""Digits that may follow a word of one letter; cameras number files as P1080123."""
_MARKS: Final = " _-."


@dataclass(slots=True, kw_only=True)
class Clues:
    """What one name says.

    Attributes:
        participants: whom it may mean; several = ambiguous.
        sessions: likewise.
        camera: "" = none.
        part: "" = none.
        gopro: chapter and recording number that a GoPro wrote.
        lone: participants by a number that stands alone in a file's name: weak, for it may count
            takes.
        lone_sessions: sessions likewise, where the annotations number them through the study.
        start: date and time in the name, where it is not in UTC.
        rest: the name without camera and part.
    """

    participants: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    lone: set[str] = field(default_factory=set)
    lone_sessions: set[str] = field(default_factory=set)
    camera: str = ""
    part: str = ""
    gopro: tuple[str, str] | None = None
    start: datetime | None = None
    rest: str = ""

    @property
    def start_text(self) -> str:
        """The start as a manifest has it; "" = none."""
        return self.start.isoformat() if self.start else ""

    def complete(self, other: Clues) -> None:
        """Take participants, sessions and camera from another name where this one has none."""
        self.participants = self.participants or other.participants
        self.sessions = self.sessions or other.sessions
        self.camera = self.camera or other.camera


def read_name(name: str, known: KnownNames, *, folder: bool = False) -> Clues:
    """Read a file's name without its suffix, or a folder's name.

    In this order, each taking what it reads away from the next: names of the annotations with
    letters in them, date and time, part, numbered camera, session and participant by their words,
    ``participant-session`` (both as in the annotations), a number of the annotations that stands
    alone (in a folder's name only if it is all of it), camera. ``S`` and a number is a participant
    where a longer word names the session.

    Args:
        name: of the file or folder.
        known: names in the annotations.
        folder: it is a folder's.
    """
    whole = plain(name)
    clues = Clues()
    text = _take_known_names(whole, known, clues, several_tokens=True)
    ids = set(map(comparable_name, (*known.participants, *known.sessions)))
    text, clues.start = take_moments(text, ids)
    text, part = _take_first(text, PART)
    text, gopro = _take_first(text, GOPRO)
    text, numbered_camera = _take_first(text, CAMERA)
    text = _take_known_names(text, known, clues, several_tokens=False)
    text = _take_words_with_numbers(text, known, clues)
    if not clues.participants and not clues.sessions:
        text = _take_pairs(text, known, clues)
    _note_lone_numbers(text, known, clues, whole_name=folder)
    if not clues.participants and not known.participants:
        # a session's name may hold the participant's
        clues.participants.update(match["value"] for match in _labels(PERSON, whole))
    camera_words = list(filter(_is_camera_word, WORD.finditer(text)))
    clues.camera = _camera_name(camera_words, numbered_camera)
    read = [match.span() for match in (part, numbered_camera, *camera_words) if match]
    if part:
        clues.part = comparable_name(part["value"])
    if gopro:
        clues.gopro = (gopro["chapter"], gopro["number"])
        read.append(gopro.span("chapter"))
    clues.rest = _rest(whole, read)
    return clues


def _take_known_names(text: str, known: KnownNames, clues: Clues, *, several_tokens: bool) -> str:
    """Look for names of the annotations that are more than a number; the longest wins."""
    text = take_longest(
        text, _spellings(known.sessions, SESSION_WORDS, several_tokens), clues.sessions
    )
    return take_longest(
        text, _spellings(known.participants, PERSON_WORDS, several_tokens), clues.participants
    )


def _spellings(
    names: Iterable[str], words: tuple[str, ...], several_tokens: bool
) -> dict[tuple[str, ...], set[str]]:
    """Names that are more than a number, by their tokens."""
    spellings: dict[tuple[str, ...], set[str]] = {}
    for name in names:
        sequence = tokens(name)
        has_several = len(sequence) > 1
        if sequence and has_several == several_tokens and not number_key(name, words):
            spellings.setdefault(sequence, set()).add(name)
    return spellings


def _take_first(text: str, pattern: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
    """Take the first match away."""
    match = pattern.search(text)
    if match is None:
        return text, None
    return without(text, match.span()), match


def _take_words_with_numbers(text: str, known: KnownNames, clues: Clues) -> str:
    """Take sessions and participants by a word and a number."""
    sessions = by_number(known.sessions, SESSION_WORDS)
    participants = by_number(known.participants, PERSON_WORDS)
    labels = _labels(SESSION, text)
    with_letter = list(filter(_is_one_letter, labels))
    with_word = list(filterfalse(_is_one_letter, labels))
    of_sessions = with_word or with_letter or _occasions(text, sessions)
    text = _take_numbers(text, of_sessions, clues.sessions, sessions)
    of_people = _labels(PERSON, text)
    if with_word:  # S and a number is then a participant
        of_people = of_people or with_letter
    return _take_numbers(text, of_people, clues.participants, participants)


def _is_one_letter(label: re.Match[str]) -> bool:
    return len(label["word"]) == 1


def _occasions(text: str, sessions: Collection[str]) -> list[re.Match[str]]:
    """Days and the like whose numbers are sessions of the annotations."""
    labels = _labels(OCCASION, text)
    return [match for match in labels if comparable_name(match["value"]) in sessions]


def _labels(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """All matches of a word and a number that are a name, not something else that looks so."""
    return [match for match in pattern.finditer(text) if _is_label(match)]


def _is_label(match: re.Match[str]) -> bool:
    """Whether a word and a number may name somebody.

    A word of one letter has a short number, and is neither the p of 1080p30 nor the T before a
    time.
    """
    word = match["word"].lower()
    before = match.string[: match.start()]
    if word == "p" and len(before) > 2 and before[-3:].isdecimal():
        return False
    if word == "t" and before.endswith(GONE):
        return False
    num_digits = len(match["value"])
    return num_digits <= _LONGEST_AFTER_LETTER.get(word, num_digits)


def _take_numbers(
    text: str, matches: Sequence[re.Match[str]], names: set[str], known: dict[str, set[str]]
) -> str:
    """Take numbers away; add them to ``names``, unless there was a name already.

    Known names are spelled as in the annotations.
    """
    had_names = bool(names)
    for match in matches:
        if not had_names:
            names.update(known.get(comparable_name(match["value"]), {match["value"]}))
        text = without(text, match.span())
    return text


def _take_pairs(text: str, known: KnownNames, clues: Clues) -> str:
    """``11-2``: participant and session, where a row of the annotations has both."""
    rows = _rows_by_numbers(known)
    for match in PAIR.finditer(text):
        numbers = (comparable_name(match["participant"]), comparable_name(match["session"]))
        for participant, session in rows.get(numbers, ()):
            clues.participants.add(participant)
            clues.sessions.add(session)
            text = without(text, match.span())
    return text


def _rows_by_numbers(known: KnownNames) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Participant and session of rows, by the numbers in both."""
    rows: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for participant, session in known.pairs:
        numbers = (number_key(participant, PERSON_WORDS), number_key(session, SESSION_WORDS))
        if all(numbers):
            rows[numbers].append((participant, session))
    return rows


def _note_lone_numbers(text: str, known: KnownNames, clues: Clues, *, whole_name: bool) -> None:
    """Note numbers of the annotations that stand without a word.

    A number that a participant and a session have is the participant's.

    Args:
        text: what nothing else has taken.
        known: names in the annotations.
        clues: where they are noted, unless they have a name already.
        whole_name: only where the number is all of the name.
    """
    if whole_name and not NUMBER_ALONE.fullmatch(text.strip()):
        return
    text = COUNTER.sub(lambda match: GONE * len(match[0]), text)
    numbers = [comparable_name(match[0]) for match in NUMBER_ALONE.finditer(text)]
    of_people = by_number(known.participants, PERSON_WORDS)
    of_sessions = {} if known.is_numbered_within else by_number(known.sessions, SESSION_WORDS)
    if not clues.participants:
        people = clues.participants if whole_name else clues.lone
        people.update(*(of_people.get(number, ()) for number in numbers))
    if not clues.sessions:
        sessions = clues.sessions if whole_name else clues.lone_sessions
        rest = [number for number in numbers if number not in of_people]
        sessions.update(*(of_sessions.get(number, ()) for number in rest))


def _is_camera_word(match: re.Match[str]) -> bool:
    return comparable_name(match[0]) in CAMERA_WORDS


def _camera_name(words: Sequence[re.Match[str]], numbered: re.Match[str] | None) -> str:
    """``front``, ``front-left``, ``cam2``, ``front-camB``; "" = no camera is named."""
    names = [comparable_name(match[0]) for match in words]
    if numbered:
        names.append(f"cam{comparable_name(numbered['value']).upper()}")
    return "-".join(names)


def _rest(name: str, spans: Iterable[Span]) -> str:
    """The name without these spans, and without the marks that stood beside them."""
    for first, last in sorted(spans, reverse=True):
        before, after = name[:first], name[last:]
        glued = before[-1:].isalnum() and after[:1].isalnum()
        if not glued:
            before = before.rstrip(_MARKS)
        name = before + after
    return name.strip(_MARKS)
