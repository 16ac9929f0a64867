"""Secrets in texts: passwords in addresses, what a configuration takes from the environment, names.

Records, messages and logs travel further than whoever wrote a password into an address expects.
Names that have pseudonyms are secrets too; a text shows the pseudonyms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

MASK: Final = "***"
LEAST_LETTERS: Final = 4
"""Shorter values are not looked for: they are parts of ordinary words and numbers."""
_NUMBER: Final = re.compile(r"[0-9]+")
_IN_ADDRESS: Final = (
    re.compile(r"""(?<=://)([^\s/:@'",]*:)([^\s'",]+)(?=@[^\s'"@,]*(?:$|[\s'",]))"""),
    re.compile(
        r"""([?&](?:\w*password|passwd|\w*token|api_key|secret)=)([^\s&'",]+)""", re.IGNORECASE
    ),
)
_known: Final[set[str]] = set()
_pseudonyms: Final[dict[str, str]] = {}
"""By name, as it is spelled, and with accents as characters of their own."""


def keep_secret(value: str) -> None:
    """Let ``masked`` know a secret of this process."""
    if len(value) >= LEAST_LETTERS:
        _known.add(value)


def passwords_in(text: str) -> list[str]:
    """The passwords of the addresses in a text.

    >>> passwords_in("tracking.uri=postgresql://ann:hunter2@host/db?sslpassword=abc")
    ['hunter2', 'abc']
    """
    return [found[2] for pattern in _IN_ADDRESS for found in pattern.finditer(text)]


def keep_name(name: str, pseudonym: str) -> None:
    """Let ``masked`` show a pseudonym in place of a name of this process."""
    for spelled in (unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
        if _pseudonyms.get(spelled) != pseudonym:
            _pseudonyms[spelled] = pseudonym
            _known_names.cache_clear()


def forget_names() -> None:
    """Let texts show names again: for the owner of the key, on the screen."""
    _pseudonyms.clear()
    _known_names.cache_clear()


def without_names(text: str) -> str:
    """A text with pseudonyms in place of the names that have them.

    In any case, with or without leading zeros, as whole words (``_`` is no letter of a word). Names
    of a few digits are numbers of many things: they are names where they stand in quotes.

    >>> keep_name("Anna", "P-1f"), keep_name("7", "P-2e")
    (None, None)
    >>> without_names("anna_3.mp4, line 7: 'Anna' or '07'")
    "P-1f_3.mp4, line 7: 'P-1f' or 'P-2e'"
    >>> forget_names()
    """
    pattern, by_name = _known_names()
    if pattern is None:
        return text
    return pattern.sub(lambda found: by_name.get(_folded(found[0]), MASK), text)


def _folded(name: str) -> str:
    return _NUMBER.sub(lambda found: found[0].lstrip("0") or "0", name.lower())


@lru_cache(maxsize=1)
def _known_names() -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """What finds every name, the longest first (None = there is none), and all pseudonyms."""
    names = sorted(_pseudonyms, key=len, reverse=True)
    numbers = [name for name in names if name.isdecimal()]
    words = _any_of(name for name in names if not name.isdecimal())
    long_numbers = _any_of(name for name in numbers if len(name) >= LEAST_LETTERS)
    short_numbers = _any_of(name for name in numbers if len(name) < LEAST_LETTERS)
    patterns = []
    if words:
        patterns.append(rf"(?<![^\W_])(?:{words})(?![^\W_])")
    if long_numbers:
        patterns.append(rf"(?<![^\W_])(?<!\.)(?:{long_numbers})(?![^\W_])")
    if short_numbers:
        patterns.append(rf"(?<=['\"])(?:{short_numbers})(?=['\"])")
    by_name = {_folded(name): pseudonym for name, pseudonym in _pseudonyms.items()}
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None, by_name


def _any_of(names: Iterable[str]) -> str:
    """A regular expression of some names, their numbers with or without leading zeros."""
    spelled = []
    for name in names:
        pieces = re.split(r"([0-9]+)", name)
        texts = [f"0*{piece}" if piece.isdecimal() else re.escape(piece) for piece in pieces]
        spelled.append("".join(texts))
    return "|".join(spelled)


def masked(text: str) -> str:
    """A text without passwords of addresses, and without the secrets and names that are known.

    >>> masked("http://ann:hunter2@host:5000 is down")
    'http://ann:***@host:5000 is down'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _IN_ADDRESS:
        text = pattern.sub(rf"\1{MASK}", text)
    return without_names(text)


def masked_values(value: Any) -> Any:
    """Plain values with all texts in them masked; keys are names and stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(item) for item in value]
    return value
