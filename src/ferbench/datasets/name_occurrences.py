"""Names of the annotations inside the names of files and folders."""

from __future__ import annotations

from ferbench.datasets.name_text import Span, without
from ferbench.datasets.name_words import TOKEN
from ferbench.spelling import comparable_name, plain


def take_longest(text: str, spellings: dict[tuple[str, ...], set[str]], names: set[str]) -> str:
    """Take the occurrences with most tokens away, and add what they may mean to ``names``."""
    for span, meant in _longest(text, spellings):
        names.update(meant)
        text = without(text, span)
    return text


def _longest(text: str, spellings: dict[tuple[str, ...], set[str]]) -> list[tuple[Span, set[str]]]:
    """Where names with most tokens stand in a text, and which these are."""
    longest: list[tuple[Span, set[str]]] = []
    most_tokens = 0
    for sequence, same in sorted(spellings.items(), key=_num_tokens, reverse=True):
        spans = _occurrences(text, sequence)
        if spans and len(sequence) >= most_tokens:
            most_tokens = len(sequence)
            longest += [(span, _exact(same, text) or same) for span in spans]
    return longest


def _num_tokens(spelling: tuple[tuple[str, ...], set[str]]) -> int:
    sequence, _ = spelling
    return len(sequence)


def _exact(names: set[str], text: str) -> set[str]:
    """The names that are all of a text."""
    return {name for name in names if plain(name) == text}


def _occurrences(text: str, sequence: tuple[str, ...]) -> list[Span]:
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
