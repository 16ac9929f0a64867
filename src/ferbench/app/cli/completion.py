"""What the TAB key offers: choices of options, and the overrides of ``ferbench run``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator


def choices(group: str) -> Callable[[str], list[str]]:
    """What completes an option that takes a choice of a group."""

    def complete(incomplete: str) -> list[str]:
        from ferbench.config.groups import choices_of

        return [name for name in choices_of(group) if name.startswith(incomplete)]

    return complete


def overrides(incomplete: str) -> list[str]:
    """What completes an argument of ``ferbench run``.

    Bash breaks words at ``=``: it hands ``event=hy`` over as three words, and wants the last one
    only.
    """
    from ferbench.config.completion import completions

    words = os.environ.get("COMP_WORDS", "").split()
    position = int(os.environ.get("COMP_CWORD") or len(words))
    before, current = words[:position], words[position : position + 1]
    if current == ["="]:
        begun, before = f"{before[-1]}=", before[:-1]
    elif before[-1:] == ["="]:
        begun, before = f"{before[-2]}=", before[:-2]
    else:
        return completions(incomplete, list(_whole(before)))
    word = begun if current == ["="] else f"{begun}{incomplete}"
    return [text.removeprefix(begun) for text in completions(word, list(_whole(before)))]


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
