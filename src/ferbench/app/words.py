"""How the two edges name settings and actions: a run has configuration keys, a command options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ferbench.errors import Action, FerbenchError, Setting, Words

COMMANDS: Final = {
    "agree": "ferbench agreement",
    "compare": "ferbench compare",
    "doctor": "ferbench doctor",
    "evaluate": "ferbench run",
    "fetch_weights": "ferbench models fetch",
    "find_events": "ferbench events",
    "import_weights": "ferbench models import",
    "predict": "ferbench predict",
    "score": "ferbench score",
    "survey": "ferbench init",
}
"""The command that does what a verb of the library does."""


@dataclass(frozen=True, slots=True)
class RunWords:
    """The words of ``ferbench run``: settings are keys of the configuration."""

    def setting(self, setting: Setting) -> str:
        """``dataset.annotator=Ann``, or ``dataset.annotator``."""
        return f"{setting.key}={setting.value}" if setting.value else setting.key

    def action(self, action: Action) -> str:
        """``ferbench models fetch NAME``."""
        return f"{COMMANDS[action.verb]} {action.argument}".rstrip()


@dataclass(frozen=True, slots=True)
class OptionWords:
    """The words of a command with options.

    Attributes:
        options: the option of each field, such as ``{"annotator": "--annotator"}``, or of a field
            with one value, such as ``{"on_damaged=keep": "--keep-damaged"}``. A field without an
            option keeps its name.
    """

    options: Mapping[str, str]

    def setting(self, setting: Setting) -> str:
        """``--annotator Ann``, or ``--annotator``."""
        flag = self.options.get(f"{setting.key}={setting.value}")
        if flag is not None:
            return flag
        option = self.options.get(setting.key, setting.key)
        return f"{option} {setting.value}" if setting.value else option

    def action(self, action: Action) -> str:
        """``ferbench models fetch NAME``."""
        return f"{COMMANDS[action.verb]} {action.argument}".rstrip()


def reason_in(words: Words, error: BaseException) -> str:
    """What an error says, in somebody's words where it is one of ferbench's."""
    if isinstance(error, FerbenchError):
        return error.told(words)
    return str(error) or type(error).__name__
