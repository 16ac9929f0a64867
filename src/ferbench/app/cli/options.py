"""Options of commands: repeatable ones, and messages that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ferbench.app.words import OptionWords
from ferbench.errors import ConfigError, FerbenchError


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


def value_pairs(option: str, texts: Sequence[str]) -> list[tuple[str, Any]]:
    """``a=b`` of a repeatable option, values as a run reads them: numbers, true, lists.

    Raises:
        ConfigError: one has no ``=``, nothing before it, or a value that cannot be read.
    """
    from ferbench.config.arguments import value_of

    return [(name, value_of(name, text)) for name, text in pairs(option, texts)]


@contextmanager
def errors_in_options(options: Mapping[str, str]) -> Iterator[None]:
    """Errors of ferbench raised inside name options instead of fields.

    Args:
        options: the option of each field (see ``OptionWords``).
    """
    try:
        yield
    except FerbenchError as error:
        raise type(error)(error.told(OptionWords(options))) from error
