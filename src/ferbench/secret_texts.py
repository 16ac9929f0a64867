"""Secrets in texts: passwords in addresses, and what a configuration takes from the environment.

Records, messages and logs travel further than whoever wrote a password into an address expects.
"""

from __future__ import annotations

import re
from typing import Any, Final

MASK: Final = "***"
LEAST_LETTERS: Final = 4
"""Shorter values are not looked for: they are parts of ordinary words and numbers."""
_IN_ADDRESS: Final = (
    re.compile(r"""(?<=://)([^\s/:@'",]*:)([^\s'",]+)(?=@[^\s'"@,]*(?:$|[\s'",]))"""),
    re.compile(
        r"""([?&](?:\w*password|passwd|\w*token|api_key|secret)=)([^\s&'",]+)""", re.IGNORECASE
    ),
)
_known: Final[set[str]] = set()


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


def masked(text: str) -> str:
    """A text without passwords of addresses and without the secrets that are known.

    >>> masked("http://ann:hunter2@host:5000 is down")
    'http://ann:***@host:5000 is down'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _IN_ADDRESS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def masked_values(value: Any) -> Any:
    """Plain values with all texts in them masked; keys are names and stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(item) for item in value]
    return value
