"""Messages of the library in the words of a command: options for keys, commands for verbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from ferbench.errors import Action, ConfigError, FerbenchError, Setting

COMMANDS: Final = MappingProxyType(
    {
        "agree": "agreement",
        "compare": "compare",
        "doctor": "doctor",
        "evaluate": "run",
        "fetch_weights": "models fetch",
        "find_events": "events",
        "import_weights": "models import",
        "list_weights": "models list",
        "predict": "predict",
        "score": "score",
        "survey": "init",
        "verify_weights": "models verify",
    }
)
"""The command of each verb of the library."""

_NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})


class OptionWords:
    """How a user of the commands names settings and actions.

    >>> OptionWords().action(Action("fetch_weights", "mtcnn", folder="DIR"))
    'ferbench models fetch mtcnn --to DIR'
    >>> OptionWords({"annotator": "--annotator"}).setting(Setting("annotator", "Ann"))
    '--annotator Ann'
    """

    def __init__(self, options: Mapping[str, str] = _NO_OPTIONS) -> None:
        """The options by key; a key that has none is named as a run names it."""
        self.options = options

    def setting(self, setting: Setting) -> str:
        """``--annotator Ann``, or ``dataset.annotator=Ann`` where there is no such option."""
        option = self.options.get(setting.key)
        if option is not None:
            return f"{option} {setting.value}" if setting.value else option
        return f"{setting.key}={setting.value}" if setting.value else setting.key

    def action(self, action: Action) -> str:
        """``ferbench models fetch mtcnn``."""
        words = ["ferbench", COMMANDS[action.verb]]
        if action.argument:
            words.append(action.argument)
        if action.folder:
            words += ["--to", action.folder]
        return " ".join(words)


def in_options(text: str, spelled: Mapping[str, str]) -> str:
    """A message with options in place of configuration keys, longest names first.

    >>> in_options("or set runtime.on_damaged=keep", {"set runtime.on_damaged=keep": "give --keep"})
    'or give --keep'
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
