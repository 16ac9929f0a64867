"""Messages of the library in the words of a command that has options instead of configuration keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ferbench.errors import ConfigError, FerbenchError


def in_options(text: str, spelled: Mapping[str, str]) -> str:
    """A message with the names of configuration keys replaced by those of options, longest names
    first.

    >>> in_options("or set runtime.on_damaged=keep", {"set runtime.on_damaged=keep": "give --keep-damaged"})
    'or give --keep-damaged'
    """
    for key in sorted(spelled, key=len, reverse=True):
        text = text.replace(key, spelled[key])
    return text


@contextmanager
def options_in_messages(spelled: Mapping[str, str]) -> Iterator[None]:
    """Errors of ferbench raised inside say options instead of configuration keys."""
    try:
        yield
    except FerbenchError as error:
        raise type(error)(in_options(str(error), spelled)) from error


def pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """``a=b`` of a repeatable option.

    Raises:
        ConfigError: one has no ``=``, or nothing before it.
    """
    found = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"{option}: expected NAME=VALUE, got {text!r}")
        found.append((name.strip(), value.strip()))
    return found
