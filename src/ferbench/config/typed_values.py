"""Values as they were typed: what is text in them, and what a plain word means to yaml.

The text of a name is kept until the field is known that it is for. Where that declares text, it
stays as it was typed; where it declares a number or a switch, ``scalar_of`` reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml
from omegaconf._utils import get_yaml_loader

NULL: Final = "null"
_CLOSING: Final = {"[": "]", "{": "}", "(": ")"}
_QUOTES: Final = "'\""
_ESCAPED: Final = re.compile(r"\\([\\()\[\]{}:=, \t])")
_WORDS: Final = {
    "inf": float("inf"),
    "+inf": float("inf"),
    "-inf": float("-inf"),
    "nan": float("nan"),
}
_YAML: Final = get_yaml_loader()


@dataclass(frozen=True, slots=True)
class Pair:
    """A key of a mapping and its value, as they were typed."""

    key: str
    value: str


def is_plain(value: object, typed: str) -> bool:
    """Whether a text is the plain writing of the value that was read from it.

    >>> is_plain(11, "11"), is_plain(11, "1_1"), is_plain(0.5, "0.50"), is_plain(True, "on")
    (True, False, False, False)
    """
    return plain_text(value) == typed


def plain_text(value: object) -> str:
    """A value as a yaml writes it.

    >>> [plain_text(value) for value in (1, 0.5, True, None, "a")]
    ['1', '0.5', 'true', 'null', 'a']
    """
    if value is None:
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def scalar_of(text: str) -> Any:
    """What a plain word means: a number, true or false, None, or itself.

    As yaml 1.1 has it, with the command line's ``inf`` and ``nan``.

    >>> [scalar_of(text) for text in ("1e3", "1_1", "yes", "NULL", "robot", "inf")]
    [1000.0, 11, True, None, 'robot', inf]
    """
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    loader = _YAML("")
    tag = loader.resolve(yaml.ScalarNode, word, (True, False))
    try:
        return loader.construct_object(yaml.ScalarNode(tag, word))
    except (yaml.YAMLError, ValueError):
        return text


def split_at(text: str, separator: str) -> list[str] | None:
    """The parts of a text between separators that no bracket, quote or backslash holds.

    A quote begins a quoted part only where a part begins; within a word it is a letter.

    Returns:
        None = a bracket or quote does not close.

    >>> split_at("a,[b,c],'d,e',it's", ",")
    ['a', '[b,c]', "'d,e'", "it's"]
    """
    parts, begin, at = [], 0, 0
    open_brackets: list[str] = []
    starts_part = True
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif letter in _QUOTES and starts_part:
            end = _end_of_quoted(text, at)
            if end is None:
                return None
            at = end
        elif letter == separator and not open_brackets:
            parts.append(text[begin:at])
            begin = at + 1
        else:
            _note_bracket(letter, open_brackets)
        starts_part = letter in ",:[{(" or (starts_part and letter.isspace())
        at += 1
    return None if open_brackets else [*parts, text[begin:]]


def _note_bracket(letter: str, open_brackets: list[str]) -> None:
    """A bracket opens, or closes the one that opened last."""
    if letter in _CLOSING:
        open_brackets.append(_CLOSING[letter])
    elif open_brackets[-1:] == [letter]:
        open_brackets.pop()


def _end_of_quoted(text: str, begin: int) -> int | None:
    """Where the quote closes that is at ``begin``; None = it does not."""
    at = begin + 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == text[begin]:
            return at
        at += 1
    return None


def items_of(text: str) -> list[str] | None:
    """The items of ``[a, b]`` as they were typed; None = it is no list."""
    return _inside(text, "[")


def pairs_of(text: str) -> list[Pair] | None:
    """The pairs of ``{a: b}`` as they were typed; None = it is no mapping."""
    items = _inside(text, "{")
    if items is None:
        return None
    pairs = []
    for item in items:
        parts = split_at(item, ":")
        if parts is None or len(parts) < 2:
            return None
        pairs.append(Pair(parts[0].strip(), item[len(parts[0]) + 1 :].strip()))
    return pairs


def _inside(text: str, opening: str) -> list[str] | None:
    text = text.strip()
    if not (text.startswith(opening) and text.endswith(_CLOSING[opening]) and len(text) > 1):
        return None
    inside = text[1:-1].strip()
    if not inside:
        return []
    items = split_at(inside, ",")
    return None if items is None else [item.strip() for item in items]


def is_quoted(text: str) -> bool:
    """Whether the whole text stands in quotes."""
    return len(text) > 1 and text[0] in _QUOTES and _end_of_quoted(text, 0) == len(text) - 1


def word_of(typed: str) -> str:
    r"""The text that a word stands for: without its quotes, or without its backslashes.

    >>> word_of("'it\\'s'"), word_of("a\\,b"), word_of("007")
    ("it's", 'a,b', '007')
    """
    if is_quoted(typed):
        ends = rf"\\+(?={typed[0]}|$)"  # n backslashes before a quote stand for half as many
        return re.sub(ends, lambda run: run[0][: len(run[0]) // 2], typed[1:-1])
    return _ESCAPED.sub(r"\1", typed)


def tree_of(typed: str) -> Any:
    """Lists and mappings of words, from text as it was typed; a word where it is neither."""
    items, pairs = items_of(typed), pairs_of(typed)
    if items is not None:
        return [tree_of(item) for item in items]
    if pairs is not None:
        return {word_of(pair.key): _value_of(pair.value) for pair in pairs}
    return word_of(typed)


def _value_of(typed: str) -> Any:
    return None if typed in ("", NULL) else tree_of(typed)
