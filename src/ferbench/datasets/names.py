"""What the name of a video file, or of a folder, says about whose recording it is.

Participant, session, camera, part.

Names are read as people write them: a word and a number (``P01``, ``Sessie 2``, ``cam A``, ``deel
1``), a date and time, a camera's word, or a name that the annotations have too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ferbench.datasets.known_names import KnownNames, by_number, number_key, tokens
from ferbench.datasets.name_words import (
    CAMERA,
    CAMERA_WORDS,
    COUNTER,
    DATE,
    DAY_AND_MONTH,
    GOPRO,
    MOMENT,
    NUMBER_ALONE,
    OCCASION,
    PAIR,
    PART,
    PERSON,
    PERSON_WORDS,
    SESSION,
    SESSION_WORDS,
    TIME_OF_DAY,
    TOKEN,
    WORD,
)
from ferbench.datasets.naming import comparable_name, plain

_LONGEST_AFTER_LETTER: Final = {"p": 4, "s": 3, "t": 2}
"""Digits that may follow a word of one letter; cameras number files as P1080123."""
_GONE: Final = "|"
"""Stands where something was read; no system has it in names."""
_MARKS: Final = " _-."

_Span = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Clues:
    """What one name says.

    Attributes:
        participants: whom it may mean; several = ambiguous.
        sessions: likewise.
        camera: "" = none.
        part: "" = none.
        gopro: chapter and recording number that a GoPro wrote.
        lone: participants (sessions, where the annotations have no participants) by a number that
            stands alone in a file's name: weak, for it may count takes.
        start: date and time in the name, where it is not in UTC.
        rest: the name without camera and part.
    """

    participants: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    lone: set[str] = field(default_factory=set)
    camera: str = ""
    part: str = ""
    gopro: tuple[str, str] | None = None
    start: datetime | None = None
    rest: str = ""


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
    text, clues.start = _take_moments(text, set(map(comparable_name, known.participants)))
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
    camera_words = [match for match in WORD.finditer(text) if _is_camera_word(match)]
    clues.camera = _camera_name(camera_words, numbered_camera)
    read = [match.span() for match in camera_words]
    if numbered_camera:
        read.append(numbered_camera.span())
    if part:
        clues.part = comparable_name(part["value"])
        read.append(part.span())
    if gopro:
        clues.gopro = (gopro["chapter"], gopro["number"])
        read.append(gopro.span("chapter"))
    clues.rest = _rest(whole, read)
    return clues


def _take_known_names(text: str, known: KnownNames, clues: Clues, *, several_tokens: bool) -> str:
    """Look for names of the annotations that are more than a number; the longest wins."""
    text = _take_longest(
        text, _spellings(known.sessions, SESSION_WORDS, several_tokens), clues.sessions
    )
    return _take_longest(
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


def _take_longest(text: str, spellings: dict[tuple[str, ...], set[str]], names: set[str]) -> str:
    """Take the occurrences with most tokens away, and add what they may mean to ``names``."""
    occurrences: list[tuple[int, _Span, set[str]]] = []
    for sequence, same in spellings.items():
        exact = {name for name in same if plain(name) == text}
        for span in _occurrences(text, sequence):
            occurrences.append((len(sequence), span, exact or same))
    most_tokens = max((length for length, _, _ in occurrences), default=0)
    for length, span, meant in occurrences:
        if length == most_tokens:
            names.update(meant)
            text = _without(text, span)
    return text


def _occurrences(text: str, sequence: tuple[str, ...]) -> list[_Span]:
    """Where a sequence of tokens stands in a text."""
    pieces = list(TOKEN.finditer(text))
    spelled = [comparable_name(piece[0]) for piece in pieces]
    length = len(sequence)
    spans = []
    for first in range(len(pieces) - length + 1):
        if tuple(spelled[first : first + length]) == sequence:
            last = pieces[first + length - 1]
            spans.append((pieces[first].start(), last.end()))
    return spans


def _take_moments(text: str, ids: set[str]) -> tuple[str, datetime | None]:
    """Take dates and times away; the first is the start, unless its camera writes UTC.

    Numbers that are known names (``ids``) are no dates.
    """
    start: datetime | None = None
    for match in MOMENT.finditer(text):
        moment = _moment(match)
        if moment is None:
            continue
        text = _without(text, match.span())
        in_utc = match["utc"] or match["zulu"]
        if start is None and not in_utc:
            start = moment
    for pattern in (DATE, DAY_AND_MONTH, TIME_OF_DAY):
        for match in pattern.finditer(text):
            if comparable_name(match[0]) not in ids:
                text = _without(text, match.span())
    return text, start


def _moment(match: re.Match[str]) -> datetime | None:
    """The date and time that digits stand for; None = there is no such one."""
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    hour, minute, second = int(match["h"]), int(match["min"]), int(match["s"])
    microsecond = int(match["ms"] or 0) * 1000
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:
        return None


def _take_first(text: str, pattern: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
    """Take the first match away."""
    match = pattern.search(text)
    if match is None:
        return text, None
    return _without(text, match.span()), match


def _take_words_with_numbers(text: str, known: KnownNames, clues: Clues) -> str:
    """Take sessions and participants by a word and a number."""
    matches = _labels(SESSION, text)
    with_letter = [match for match in matches if len(match["word"]) == 1]
    with_word = [match for match in matches if len(match["word"]) > 1]
    if not matches:
        numbers = by_number(known.sessions, SESSION_WORDS)
        matches = [
            match for match in _labels(OCCASION, text) if comparable_name(match["value"]) in numbers
        ]
    sessions_by_number = by_number(known.sessions, SESSION_WORDS)
    text = _take_numbers(text, with_word or matches, clues.sessions, sessions_by_number)
    people = _labels(PERSON, text)
    if not people and with_word:
        people = with_letter
    people_by_number = by_number(known.participants, PERSON_WORDS)
    return _take_numbers(text, people, clues.participants, people_by_number)


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
    if word == "t" and before.endswith(_GONE):
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
        text = _without(text, match.span())
    return text


def _take_pairs(text: str, known: KnownNames, clues: Clues) -> str:
    """``11-2``: participant and session, where a row of the annotations has both."""
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for participant, session in known.pairs:
        numbers = (number_key(participant, PERSON_WORDS), number_key(session, SESSION_WORDS))
        if all(numbers):
            rows.setdefault(numbers, []).append((participant, session))
    for match in PAIR.finditer(text):
        numbers = (comparable_name(match["participant"]), comparable_name(match["session"]))
        for participant, session in rows.get(numbers, ()):
            clues.participants.add(participant)
            clues.sessions.add(session)
            text = _without(text, match.span())
    return text


def _note_lone_numbers(text: str, known: KnownNames, clues: Clues, *, whole_name: bool) -> None:
    """Note numbers of the annotations that stand without a word.

    Args:
        text: what nothing else has taken.
        known: names in the annotations.
        clues: where they are noted, unless they have a name already.
        whole_name: only where the number is all of the name.
    """
    if whole_name and not NUMBER_ALONE.fullmatch(text.strip()):
        return
    text = COUNTER.sub(lambda match: _GONE * len(match[0]), text)
    numbers = [comparable_name(match[0]) for match in NUMBER_ALONE.finditer(text)]
    if known.participants:
        known_numbers = by_number(known.participants, PERSON_WORDS)
        names = clues.participants
    else:
        known_numbers = by_number(known.sessions, SESSION_WORDS)
        names = clues.sessions
    if names:
        return
    target = names if whole_name else clues.lone
    for number in numbers:
        target.update(known_numbers.get(number, ()))


def _is_camera_word(match: re.Match[str]) -> bool:
    return comparable_name(match[0]) in CAMERA_WORDS


def _camera_name(words: Sequence[re.Match[str]], numbered: re.Match[str] | None) -> str:
    """``front``, ``front-left``, ``cam2``, ``front-camB``; "" = no camera is named."""
    names = [comparable_name(match[0]) for match in words]
    if numbered:
        names.append(f"cam{comparable_name(numbered['value']).upper()}")
    return "-".join(names)


def _without(text: str, span: _Span) -> str:
    first, last = span
    return text[:first] + _GONE * (last - first) + text[last:]


def _rest(name: str, spans: Iterable[_Span]) -> str:
    """The name without these spans, and without the marks that stood beside them."""
    for first, last in sorted(spans, reverse=True):
        before, after = name[:first], name[last:]
        glued = before[-1:].isalnum() and after[:1].isalnum()
        if not glued:
            before = before.rstrip(_MARKS)
        name = before + after
    return name.strip(_MARKS)
