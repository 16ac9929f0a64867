"""What the TAB key offers: choices of options, and the overrides of ``ferbench run``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SWEEP: Final = ("-m", "--multirun")


def choices(group: str) -> Callable[[str], list[str]]:
    """What completes an option that takes a choice of a group."""

    def complete(incomplete: str) -> list[str]:
        from ferbench.config.groups import choices_of

        return [name for name in choices_of(group) if name.startswith(incomplete)]

    return complete


def overrides(incomplete: str) -> list[str]:
    """What completes an argument of ``ferbench run``: groups, their choices, and their keys.

    ``ev`` becomes ``event=``, ``event=hy`` becomes ``event=hysteresis``, ``event.en`` becomes
    ``event.enter=``; of several values after a comma the last is completed.
    """
    line = _typed(incomplete)
    key, has_value, value = line.word.partition("=")
    if not has_value:
        return [*_groups(line), *_keys(line)]
    done, comma, last = value.rpartition(",")
    names = [name for name in _choices_of(key, line) if name.startswith(last)]
    values = [f"{done}{comma}{name}" for name in names]
    return values if line.is_split else [f"{key}={text}" for text in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What stands on the command line.

    Attributes:
        words: the finished arguments.
        word: the one that is being typed, whole.
        is_split: the shell takes a value for a word of its own (bash breaks words at ``=``).
    """

    words: tuple[str, ...]
    word: str
    is_split: bool

    @property
    def config_dirs(self) -> tuple[Path, ...]:
        """Folders with further choices that were given."""
        names = ("--config-dir", "-cd")
        given = [b for a, b in zip(self.words, self.words[1:], strict=False) if a in names]
        given += [word.partition("=")[2] for word in self.words if word.startswith(f"{names[0]}=")]
        return tuple(Path(text) for text in given)


def _typed(incomplete: str) -> _Line:
    """The line as it was typed: bash hands ``event=hy`` over as three words."""
    words = os.environ.get("COMP_WORDS", "").split()
    position = int(os.environ.get("COMP_CWORD") or len(words))
    before, current = words[:position], words[position : position + 1]
    if current == ["="]:
        return _Line(words=tuple(_whole(before[:-1])), word=f"{before[-1]}=", is_split=True)
    if before[-1:] == ["="]:
        word = f"{before[-2]}={incomplete}"
        return _Line(words=tuple(_whole(before[:-2])), word=word, is_split=True)
    return _Line(words=tuple(_whole(before)), word=incomplete, is_split=False)


def _whole(words: list[str]) -> Iterator[str]:
    """Words that bash broke at ``=``, put together."""
    whole = ""
    for number, word in enumerate(words):
        whole += word
        follows = words[number + 1 : number + 2] == ["="]
        if word != "=" and not follows:
            yield whole
            whole = ""
    if whole:
        yield whole


def _groups(line: _Line) -> list[str]:
    from ferbench.config.groups import default_choices

    return [f"{group}=" for group in default_choices() if group.startswith(line.word)]


def _keys(line: _Line) -> list[str]:
    """Keys of the group whose name and dot were typed, of the choice that was made."""
    from ferbench.config.groups import choices_of, default_choices, keys_of

    group, dot, begun = line.word.partition(".")
    choice = default_choices().get(group, "")
    for word in line.words:
        name, _, value = word.partition("=")
        if name == group:
            choice = value.rpartition(",")[2]
    if not dot or choice not in choices_of(group, config_dirs=line.config_dirs):
        return []
    keys = keys_of(group, choice, config_dirs=line.config_dirs)
    return [f"{group}.{key}=" for key in keys if key[0] != "_" and key.startswith(begun)]


def _choices_of(group: str, line: _Line) -> list[str]:
    from ferbench.config.groups import choices_of

    return choices_of(group, config_dirs=line.config_dirs)
