"""Names of participants and sessions that the annotations have, and how file names spell them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ferbench.datasets.name_words import TOKEN
from ferbench.spelling import comparable_name, plain


def tokens(text: str) -> tuple[str, ...]:
    """Runs of letters and of digits, each as its spellings can be compared.

    >>> tokens("P01_Front")
    ('p', '1', 'front')
    """
    return tuple(comparable_name(token) for token in TOKEN.findall(plain(text)))


def number_key(value: str, words: Iterable[str]) -> str:
    """The number of a name that is a number, or one of the words and a number.

    "" = it is something else.

    >>> number_key("pp07", ("pp", "p")), number_key("anna", ("pp", "p"))
    ('7', '')
    """
    pieces = tokens(value)
    if not pieces or not pieces[-1].isdecimal():
        return ""
    is_number = len(pieces) == 1
    is_word_and_number = len(pieces) == 2 and pieces[0] in words
    if is_number or is_word_and_number:
        return pieces[-1]
    return ""


def by_number(values: Iterable[str], words: tuple[str, ...]) -> dict[str, set[str]]:
    """Names by their number (``number_key``); those without one are left out."""
    names: dict[str, set[str]] = {}
    for value in values:
        key = number_key(value, words)
        if key:
            names.setdefault(key, set()).add(value)
    return names


def spelled_as(name: str, values: Iterable[str], words: tuple[str, ...]) -> str:
    """A name as the annotations spell it, where they have only one with its number.

    >>> spelled_as("01", ["VP01", "VP02"], ("vp",))
    'VP01'
    """
    same_number = by_number(values, words).get(number_key(name, words), set())
    same = {value for value in same_number if comparable_name(value) == comparable_name(name)}
    candidates = same or same_number
    if len(candidates) == 1:
        return next(iter(candidates))
    return name


def are_numbered_within(pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether a session's name occurs for several participants.

    >>> are_numbered_within([("P1", "1"), ("P2", "01")]), are_numbered_within([("P1", "1")])
    (True, False)
    """
    participants: dict[str, set[str]] = defaultdict(set)
    for participant, session in pairs:
        participants[comparable_name(session)].add(comparable_name(participant))
    participants.pop("", None)  # sessions without a name
    return any(len(names - {""}) > 1 for names in participants.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """Names that the annotations have, as written there.

    Attributes:
        participants: of people.
        sessions: of sessions.
        pairs: participant and session of each row, "" where a row has none.
    """

    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    pairs: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_numbered_within(self) -> bool:
        """Whether a session's name occurs for several participants."""
        return are_numbered_within(self.pairs)

    @staticmethod
    def of(pairs: Iterable[tuple[str, str]]) -> KnownNames:
        """From participant and session of rows; spellings of one number count as one."""
        spelled = _first_spellings(pairs)
        return KnownNames(
            participants=_one_spelling_each(participant for participant, _ in spelled),
            sessions=_one_spelling_each(session for _, session in spelled),
            pairs=frozenset(spelled),
        )


def _first_spellings(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for participant, session in pairs:
        key = (comparable_name(participant), comparable_name(session))
        first.setdefault(key, (participant, session))
    return list(first.values())


def _one_spelling_each(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in its last spelling."""
    spelled = {comparable_name(name): name for name in names if name}
    return tuple(spelled.values())
