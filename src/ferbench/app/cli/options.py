"""Messages of the library in the words of a command that has options instead of configuration keys."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ferbench.errors import Action, ConfigError, FerbenchError, Setting, Words

_COMMANDS: Final = {
    "evaluate": "run",
    "predict": "predict",
    "find_events": "events",
    "score": "score",
    "compare": "compare",
    "agree": "agreement",
    "fetch_weights": "models fetch",
    "import_weights": "models import",
}
"""The command of each verb."""


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


@dataclass(frozen=True, slots=True)
class OptionWords:
    """Settings as options of a command, actions as commands.

    Attributes:
        options: the option of each setting. That of a setting with fields takes theirs, as
            ``--column onset=start`` of ``format.columns``.
    """

    options: Mapping[str, str]

    def setting(self, setting: Setting) -> str:
        """``--annotator Ann``, ``--column kind=tier``; the setting's own name where it has none.

        >>> words = OptionWords({"annotator": "--annotator", "format.columns": "--column"})
        >>> words.setting(Setting("annotator", "Ann B"))
        "--annotator 'Ann B'"
        >>> words.setting(Setting("format.columns.kind", "tier"))
        '--column kind=tier'
        """
        option, value = self.options.get(setting.key), setting.value
        owner, field = setting.key, ""
        while option is None and "." in owner:
            owner = owner.rpartition(".")[0]
            option = self.options.get(owner)
            field = setting.key.removeprefix(f"{owner}.")
        if option is None:
            option = setting.key
        elif field:
            value = f"{field}={value}" if value else field
        return f"{option} {shlex.quote(value)}" if value else option

    def action(self, action: Action) -> str:
        """``'ferbench score'``."""
        command = _COMMANDS.get(action.verb, action.verb)
        return f"'ferbench {command} {action.argument}".rstrip() + "'"


@contextmanager
def errors_in(words: Words) -> Iterator[None]:
    """Errors of ferbench raised inside are told in somebody's words."""
    try:
        yield
    except FerbenchError as error:
        raise type(error)(error.told(words)) from error


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
