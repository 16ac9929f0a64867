"""What a sweep is called in records."""

from __future__ import annotations

from typing import Final

from ferbench.secret_texts import masked

SHOWN_LETTERS: Final = 40
"""How much of a run's name the pages of a store show."""


def sweep_name(swept: list[str]) -> str:
    """What is swept; of values that are paths only the key.

    Where that is longer than the pages of a store show, the keys, with how many values each has.
    """
    parts = ["sweep"]
    for text in swept:
        key, _, _ = text.partition("=")
        parts.append(key if "/" in text else masked(text))
    name = " ".join(parts)
    if len(name) <= SHOWN_LETTERS:
        return name
    return f"sweep {' x '.join(map(_values_of, swept))}"


def _values_of(text: str) -> str:
    """The last part of a swept key, after how many values it has where these are listed.

    >>> _values_of("event.enter=0.5,0.7"), _values_of("seed=range(1,9)")
    ('2 enter', 'seed')
    """
    key, sign, values = text.partition("=")
    if not sign:
        return text
    last = key.rpartition(".")[2]
    if any(letter in values for letter in "([{'\""):
        return last
    return f"{values.count(',') + 1} {last}"
