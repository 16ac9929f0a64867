"""How the two edges name settings and actions: a run has configuration keys, a command options."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ferbench.errors import FerbenchError
from ferbench.secret_texts import masked
from ferbench.sentences import Action, Setting, Words
from ferbench.system_errors import said

COMMANDS: Final = {
    "agree": "ferbench agreement",
    "compare": "ferbench compare",
    "doctor": "ferbench doctor",
    "evaluate": "ferbench run",
    "fetch_weights": "ferbench models fetch",
    "find_events": "ferbench events",
    "import_weights": "ferbench models import",
    "inspect": "ferbench inspect",
    "leaderboard": "ferbench leaderboard",
    "list_weights": "ferbench models list",
    "migrate_runs": "ferbench runs migrate",
    "predict": "ferbench predict",
    "pseudonyms": "ferbench pseudonyms",
    "render": "ferbench render",
    "reproduce": "ferbench reproduce",
    "score": "ferbench score",
    "score_grades": "ferbench score --grades",
    "survey": "ferbench init",
    "sync": "ferbench sync",
    "tidy_runs": "ferbench runs tidy",
    "verify_weights": "ferbench models verify",
    "write_grading_page": "ferbench grade",
    "write_session_report": "ferbench timeline",
}
"""The command that does what a verb of the library does."""


_LONG: Final = 160
"""Characters of a text that is not told in full twice."""
_TAKE_PAIRS: Final = ("--class", "--column", "--keep")
"""Options that take a field's name and its value."""
_OPTIONS: Final = {"folder": "--to", "uri": "--uri"}
"""The option of a verb's setting; ``ferbench run`` takes settings by their keys."""


def command_of(action: Action) -> str:
    """The command line that does what an action does.

    >>> command_of(Action("fetch_weights", "mtcnn", settings={"folder": "DIR"}))
    'ferbench models fetch mtcnn --to DIR'
    >>> command_of(Action("evaluate", each=("event.enter", "0.4", "0.5")))
    'ferbench run -m event.enter=0.4,0.5'
    """
    words = [COMMANDS[action.verb], *action.arguments]
    if action.is_manual:
        words.append("--help")
    if action.each:
        key, *values = action.each
        words += ["-m", f"{key}={','.join(values)}"]
    for setting in action.settings:
        option = _OPTIONS.get(setting.key)
        words.append(f"{option} {setting.value}" if option else f"{setting.key}={setting.value}")
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class RunWords:
    """The words of ``ferbench run``: settings are keys of the configuration."""

    def setting(self, setting: Setting) -> str:
        """``dataset.annotator=Ann``, or ``dataset.annotator``."""
        if not setting.value:
            return setting.key
        return f"{setting.key}={setting.value}"

    def action(self, action: Action) -> str:
        """``ferbench models fetch NAME``."""
        return command_of(action)


@dataclass(frozen=True, slots=True)
class OptionWords:
    """The words of a command with options.

    Attributes:
        options: the option of each field, such as ``{"annotator": "--annotator"}``, or of a field
            with one value, such as ``{"on_damaged=keep": "--keep-damaged"}``. An option of a field
            with fields of its own takes theirs where it takes pairs, as ``--column kind=tier`` of
            ``format.columns``. A field without an option keeps its name.
        in_file: fields that are set in the file of the data set, and so are theirs.

    >>> words = OptionWords({"annotator": "--annotator", "format.columns": "--column"})
    >>> words.setting(Setting("annotator", "Ann B"))
    "--annotator 'Ann B'"
    >>> words.setting(Setting("format.columns.kind", "tier"))
    '--column kind=tier'
    >>> OptionWords(in_file=("dataset",)).setting(Setting("dataset.camera", "front"))
    "camera: front in the data set's file"
    """

    options: Mapping[str, str] = field(default_factory=dict)
    in_file: tuple[str, ...] = ()

    def setting(self, setting: Setting) -> str:
        """``--annotator Ann``, or ``--annotator``."""
        flag = self.options.get(f"{setting.key}={setting.value}")
        if flag is not None:
            return flag
        if setting.key in self.options:
            return _given(self.options[setting.key], setting.value)
        if setting.key.partition(".")[0] in self.in_file:
            name = setting.key.removeprefix("dataset.")
            value = f": {setting.value}" if setting.value else ""
            return f"{name}{value} in the data set's file"
        owner, _, name = setting.key.rpartition(".")
        if self.options.get(owner) in _TAKE_PAIRS:
            value = f"{name}={setting.value}" if setting.value else name
            return _given(self.options[owner], value)
        return _given(setting.key, setting.value)

    def action(self, action: Action) -> str:
        """``ferbench models fetch NAME``."""
        return command_of(action)


def _given(option: str, value: str) -> str:
    """An option with its value; "" = alone."""
    return f"{option} {shlex.quote(value)}" if value else option


def reason_in(words: Words, error: BaseException) -> str:
    """What an error says, in somebody's words where it is one of ferbench's."""
    if isinstance(error, FerbenchError):
        return error.told(words)
    return masked(said(error))


class FullOnce:
    """Texts in full where they are told first; later the beginning of long ones.

    >>> told = FullOnce()
    >>> reason = f"a.pt is not here: {'no network, ' * 20}"
    >>> told(f"cell 1: {reason}") == f"cell 1: {reason}", told(reason) == reason
    (True, True)
    >>> told(f"cell 2: {reason}")
    'cell 2: a.pt is not here (see above)'
    """

    def __init__(self) -> None:
        """Nothing is told yet."""
        self._told: list[str] = []

    def __call__(self, text: str) -> str:
        """What to tell of a text, which may end with what was told before."""
        for told in self._told:
            if text.endswith(told) and len(told) > _LONG:
                return f"{text.removesuffix(told)}{told.partition(': ')[0]} (see above)"
        self._told.append(text)
        return text

    def forget(self) -> None:
        """Nothing is told yet, again."""
        self._told.clear()
