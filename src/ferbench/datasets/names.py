"""What the name of a video file, or of a folder, says about whose recording it is.

Participant, session, camera, part.

Names are read as people write them: a word and a number (``P01``, ``Sessie 2``, ``cam A``, ``deel
1``), a date and time, a camera's word, or a name that the annotations have too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ferbench.spelling import comparable_name as canonical
from ferbench.spelling import plain

_PEOPLE: Final = (
    "participant",
    "subject",
    "subj",
    "sub",
    "person",
    "patient",
    "client",
    "proband",
    "teilnehmer",
    "sujet",
)
_PEOPLE_TOO: Final = (
    "proefpersoon",
    "deelnemer",
    "persoon",
    "cliënt",
    "versuchsperson",
    "ppn",
    "pp",
    "vpn",
    "vp",
    "id",
)
PERSON_WORDS: Final = (*_PEOPLE, *_PEOPLE_TOO, "pid", "p")
SESSION_WORDS: Final = (
    *("session", "sessie", "sess", "ses", "sitzung", "séance", "seance", "visit", "bezoek", "s"),
    *("termin", "messzeitpunkt", "mzp"),
)
_OCCASION_WORDS: Final = ("t", "tag", "dag", "day")
"""Sessions where the annotations have the number and no session word is there.

``S2`` may be the second of a day.
"""
_SIDES: Final = ("front", "side", "left", "right", "top", "voor", "zij", "links", "rechts", "boven")
CAMERA_WORDS: Final = (*_SIDES, "overview", "face", "robot")
_PART_WORDS: Final = ("part", "pt", "deel", "teil", "chapter", "del")
_COUNTER_WORDS: Final = ("img", "mvi", "dsc", "dscn", "dscf", "vid", "mov", "dji", "gopr")
_LONGEST_AFTER_LETTER: Final = {"p": 4, "s": 3, "t": 2}
"""Digits that may follow a word of one letter; cameras number files as P1080123."""


def _numbered(words: Iterable[str], value: str = r"\d+") -> re.Pattern[str]:
    """A whole word, then a value, with at most two marks between."""
    either = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(
        rf"(?<![^\W\d_])(?P<word>{either})[\s._#-]{{0,2}}(?P<value>{value})", re.IGNORECASE
    )


_ENDED: Final = r"(?:\d+|[a-z])(?![^\W_])"
_PERSON: Final = _numbered(PERSON_WORDS)
_SESSION: Final = _numbered(SESSION_WORDS)
_OCCASION: Final = _numbered(_OCCASION_WORDS)
_CAMERA: Final = _numbered(("camera", "cam"), _ENDED)
_PART: Final = _numbered(_PART_WORDS, _ENDED)
_COUNTER: Final = _numbered(_COUNTER_WORDS)
GOPRO: Final = re.compile(
    r"(?<![^\W_])G[XHL](?P<chapter>\d\d)(?P<number>\d{4})(?!\d)", re.IGNORECASE
)
_PAIR: Final = re.compile(
    r"(?<!\d)(?<!\d[-_.])(?P<participant>\d+)[-_](?P<session>\d+)(?!\d|[-_.]\d)"
)
_STAMP: Final = re.compile(
    r"(?P<utc>PXL_|GMT)?(?<!\d)(?P<y>(?:19|20)\d\d)(?P<mark>[-_.]?)(?P<m>\d\d)(?P=mark)(?P<d>\d\d)(?:\s+at\s+|[-_.T\s]{0,3})"
    r"(?P<h>\d\d)[-_.:h]?(?P<min>\d\d)[-_.:m]?(?P<s>\d\d)(?P<ms>\d{3})?(?!\d)(?P<zulu>Z(?![^\W_]))?",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?P<mark>[-_.]?)(?:0[1-9]|1[0-2])(?P=mark)(?:0[1-9]|[12]\d|3[01])"
    r"|\d{1,2}(?P<dash>[-.])\d{1,2}(?P=dash)(?:19|20)\d\d)(?!\d)"
)
_TIME_OF_DAY: Final = re.compile(r"(?<!\d)[0-2]\d(?P<mark>[.:])[0-5]\d(?P=mark)[0-5]\d(?!\d)")
_MONTHS: Final = (
    *(
        "jan",
        "januari",
        "januar",
        "january",
        "janvier",
        "feb",
        "februari",
        "februar",
        "february",
        "février",
    ),
    *("maart", "mrt", "märz", "march", "mar", "mars", "apr", "april", "avril", "mei", "mai", "may"),
    *(
        "jun",
        "juni",
        "june",
        "juin",
        "jul",
        "juli",
        "july",
        "juillet",
        "aug",
        "augustus",
        "august",
        "août",
    ),
    *("sep", "sept", "september", "septembre", "okt", "oktober", "oct", "october", "octobre"),
    *("nov", "november", "novembre", "dec", "december", "dez", "dezember", "décembre"),
)
_DAY_AND_MONTH: Final = re.compile(
    rf"(?<!\d)[0-3]?\d[\s._-]{{0,2}}(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})(?![^\W\d_])",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")
_ALONE: Final = re.compile(r"(?<![^\W_])(?<!\d[-.:])\d+(?![^\W_]|[-.:]\d)")
_WORD: Final = re.compile(r"[^\W\d_]+")
_GONE: Final = "|"  # stands where something was read; no system has it in names


def tokens(text: str) -> tuple[str, ...]:
    """Runs of letters and of digits, in canonical form.

    >>> tokens("P01_Front")
    ('p', '1', 'front')
    """
    return tuple(canonical(token) for token in _TOKEN.findall(plain(text)))


def number_key(value: str, words: Iterable[str]) -> str:
    """The number of a name that is a number, or one of the words and a number.

    "" = it is something else.

    >>> number_key("pp07", PERSON_WORDS), number_key("anna", PERSON_WORDS)
    ('7', '')
    """
    found = tokens(value)
    if (
        found
        and found[-1].isdecimal()
        and (len(found) == 1 or (len(found) == 2 and found[0] in words))
    ):
        return found[-1]
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that the annotations have, as written there.

    Attributes:
        participants: of people.
        sessions: of sessions.
        pairs: participant and session of each row, "" where a row has none.
    """

    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    pairs: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def of(pairs: Iterable[tuple[str, str]]) -> Known:
        """From participant and session of rows; spellings of one number count as one."""
        first: dict[tuple[str, str], tuple[str, str]] = {}
        for participant, session in pairs:
            first.setdefault((canonical(participant), canonical(session)), (participant, session))
        people, sessions = (
            {canonical(pair[k]): pair[k] for pair in first.values() if pair[k]} for k in (0, 1)
        )
        return Known(
            participants=tuple(people.values()),
            sessions=tuple(sessions.values()),
            pairs=frozenset(first.values()),
        )


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


def read_name(name: str, known: Known, *, folder: bool = False) -> Clues:
    """Read a file's name without its suffix, or a folder's name.

    In this order, each taking what it reads away from the next: names of the annotations with
    letters in them, date and time, part, numbered camera, session and participant by their words,
    ``participant-session`` (both as in the annotations), a number of the annotations that stands
    alone (in a folder's name only if it is all of it), camera. ``S`` and a number is a participant
    where a longer word names the session.
    """
    text = plain(name)
    clues = Clues()
    text = _known_names(text, known, clues, several_tokens=True)
    text, clues.start = _moment(text, {canonical(value) for value in known.participants})
    text, part = _taken(text, _PART)
    text, gopro = _taken(text, GOPRO)
    text, camera = _taken(text, _CAMERA)
    text = _known_names(text, known, clues, several_tokens=False)
    text = _by_words(text, known, clues)
    if not clues.participants and not clues.sessions:
        text = _pair(text, known, clues)
    _alone(text, known, clues, whole=folder)
    if (
        not clues.participants and not known.participants
    ):  # a session's name may hold the participant's
        _numbers(
            plain(name),
            [m for m in _PERSON.finditer(plain(name)) if _fits(m)],
            clues.participants,
            (),
            (),
        )
    words = [match for match in _WORD.finditer(text) if canonical(match[0]) in CAMERA_WORDS]
    named = [canonical(match[0]) for match in words]
    clues.camera = "-".join(
        [*named, *([f"cam{canonical(camera['value']).upper()}"] if camera else [])]
    )
    clues.part = canonical(part["value"]) if part else ""
    clues.gopro = (gopro["chapter"], gopro["number"]) if gopro else None
    read = [match.span() for match in (part, camera, *words) if match]
    clues.rest = _rest(plain(name), [*read, *([gopro.span("chapter")] if gopro else [])])
    return clues


def _known_names(text: str, known: Known, clues: Clues, *, several_tokens: bool) -> str:
    """Look for names of the annotations that are more than a number; the longest wins."""
    for values, words, found in (
        (known.sessions, SESSION_WORDS, clues.sessions),
        (known.participants, PERSON_WORDS, clues.participants),
    ):
        wanted: dict[tuple[str, ...], set[str]] = {}
        for value in values:
            if not number_key(value, words) and (len(tokens(value)) > 1) == several_tokens:
                wanted.setdefault(tokens(value), set()).add(value)
        spans: list[tuple[int, tuple[int, int], set[str]]] = []
        pieces = list(_TOKEN.finditer(text))
        spelled = [canonical(piece[0]) for piece in pieces]
        for sequence, spellings in wanted.items():
            n = len(sequence)
            for k in range(len(pieces) - n + 1) if n else ():
                if tuple(spelled[k : k + n]) == sequence:
                    exact = {value for value in spellings if plain(value) == text}
                    spans.append(
                        (n, (pieces[k].start(), pieces[k + n - 1].end()), exact or spellings)
                    )
        longest = max((n for n, _, _ in spans), default=0)
        for n, span, spellings in spans:
            if n == longest:
                found.update(spellings)
                text = _without(text, span)
    return text


def _moment(text: str, ids: set[str]) -> tuple[str, datetime | None]:
    """Take dates and times away; the first is the start, unless its camera writes UTC.

    Known names are no dates.
    """
    start: datetime | None = None
    for match in _STAMP.finditer(text):
        y, m, d, h, minute, s = (int(match[name]) for name in ("y", "m", "d", "h", "min", "s"))
        try:
            moment = datetime(y, m, d, h, minute, s, int(match["ms"] or 0) * 1000)
        except ValueError:  # no such date or time
            continue
        text = _without(text, match.span())
        if start is None and not match["utc"] and not match["zulu"]:
            start = moment
    for pattern in (_DATE, _DAY_AND_MONTH, _TIME_OF_DAY):
        for match in pattern.finditer(text):
            if canonical(match[0]) not in ids:
                text = _without(text, match.span())
    return text, start


def _taken(text: str, pattern: re.Pattern[str]) -> tuple[str, re.Match[str] | None]:
    """Take the first match away."""
    match = pattern.search(text)
    return (text if match is None else _without(text, match.span())), match


def _by_words(text: str, known: Known, clues: Clues) -> str:
    """Sessions and participants by a word and a number."""
    matches = [m for m in _SESSION.finditer(text) if _fits(m)]
    longer = [m for m in matches if len(m["word"]) > 1]
    if not matches:
        sessions = _by_number(known.sessions, SESSION_WORDS)
        matches = [
            m for m in _OCCASION.finditer(text) if _fits(m) and canonical(m["value"]) in sessions
        ]
    text = _numbers(text, longer or matches, clues.sessions, known.sessions, SESSION_WORDS)
    people = [m for m in _PERSON.finditer(text) if _fits(m)]
    if not people and longer:
        people = [m for m in matches if len(m["word"]) == 1]
    return _numbers(text, people, clues.participants, known.participants, PERSON_WORDS)


def _fits(match: re.Match[str]) -> bool:
    """Whether a word of one letter has a short number, and is neither the p of 1080p30 nor the T
    before a time.
    """
    word, before = match["word"].lower(), match.string[: match.start()]
    of_size = word == "p" and before[-3:].isdecimal() and len(before) > 2
    of_time = word == "t" and before.endswith(_GONE)
    return (
        not of_size
        and not of_time
        and len(match["value"]) <= _LONGEST_AFTER_LETTER.get(word, len(match["value"]))
    )


def _numbers(
    text: str,
    matches: list[re.Match[str]],
    found: set[str],
    values: Iterable[str],
    words: tuple[str, ...],
) -> str:
    """Note the numbers, spelled as in the annotations, unless a name was found already.

    Take them away.
    """
    had = bool(found)
    by_number = _by_number(values, words)
    for match in matches:
        if not had:
            found.update(by_number.get(canonical(match["value"]), {match["value"]}))
        text = _without(text, match.span())
    return text


def _by_number(values: Iterable[str], words: tuple[str, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for value in values:
        key = number_key(value, words)
        if key:
            found.setdefault(key, set()).add(value)
    return found


def spelled_as(name: str, values: Iterable[str], words: tuple[str, ...]) -> str:
    """A name as the annotations spell it, where they have only one with its number.

    >>> spelled_as("01", ["VP01", "VP02"], PERSON_WORDS)
    'VP01'
    """
    near = _by_number(values, words).get(number_key(name, words), set())
    same = {value for value in near if canonical(value) == canonical(name)} or near
    return next(iter(same)) if len(same) == 1 else name


def _pair(text: str, known: Known, clues: Clues) -> str:
    """``11-2``: participant and session, where a row of the annotations has both."""
    by_numbers: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for participant, session in known.pairs:
        key = (number_key(participant, PERSON_WORDS), number_key(session, SESSION_WORDS))
        by_numbers.setdefault(key, []).append((participant, session))
    for match in _PAIR.finditer(text):
        key = (canonical(match["participant"]), canonical(match["session"]))
        if all(key):
            for participant, session in by_numbers.get(key, ()):
                clues.participants.add(participant)
                clues.sessions.add(session)
                text = _without(text, match.span())
    return text


def _alone(text: str, known: Known, clues: Clues, *, whole: bool) -> None:
    """Numbers of the annotations without a word."""
    if whole and not _ALONE.fullmatch(text.strip()):
        return
    text = _COUNTER.sub(lambda m: _GONE * len(m[0]), text)
    numbers = [canonical(match[0]) for match in _ALONE.finditer(text)]
    if known.participants:
        by_number, found = _by_number(known.participants, PERSON_WORDS), clues.participants
    else:
        by_number, found = _by_number(known.sessions, SESSION_WORDS), clues.sessions
    if not found:
        named = found if whole else clues.lone
        named.update(value for number in numbers for value in by_number.get(number, ()))


def _without(text: str, span: tuple[int, int]) -> str:
    return text[: span[0]] + _GONE * (span[1] - span[0]) + text[span[1] :]


def _rest(name: str, spans: list[tuple[int, int]]) -> str:
    """The name without these spans, and without the marks that stood beside them."""
    for first, last in sorted(spans, reverse=True):
        glued = name[first - 1 : first].isalnum() and name[last : last + 1].isalnum()
        name = (name[:first] if glued else name[:first].rstrip(" _-.")) + name[last:]
    return name.strip(" _-.")
