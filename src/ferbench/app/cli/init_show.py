"""What ``ferbench init`` prints, and how it names settings in messages."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from ferbench.app.words import command_of
from ferbench.sentences import Action, Setting, Text, told
from ferbench.workflows.survey import Survey
from ferbench.workflows.survey_files import RESERVED_WORDS, DataSetFiles
from ferbench.workflows.survey_text import first_settings, survey_facts, to_do_first
from ferbench.workflows.survey_videos import DATA_SET

_COLUMNS: Final = "columns."


class InitWords:
    """Settings of a survey are options of the command, those of the data set keys of a run."""

    def setting(self, setting: Setting) -> str:
        """``--starts CSV``, ``--column onset=NAME``, ``dataset.format.time_format=clock``."""
        if setting.key.startswith(f"{DATA_SET}."):
            return _override(setting)
        name, value = setting.key, setting.value
        if name.startswith(_COLUMNS):
            option = f"--column {name.removeprefix(_COLUMNS)}"
            return f"{option}={value}" if value else option
        option = f"--{name}"
        if name == "columns":
            option = "--column"
        if not value:
            return option
        return f"{option} {shlex.quote(value)}"

    def action(self, action: Action) -> str:
        """``'ferbench run'``."""
        return f"'{command_of(action)}'"


INIT_WORDS: Final = InitWords()


def show(console: Console, folder: Path, survey: Survey, files: DataSetFiles) -> None:
    """Print what was found, what somebody must look at, the files and the next command.

    Args:
        console: where it is printed.
        folder: of the videos, as it was given.
        survey: what was found.
        files: what was written.
    """
    lines = [_wrapped(console, "", text) for text in survey.missing]
    if lines:
        lines.append("")
    for name, text in survey_facts(survey, folder):
        lines.append(_wrapped(console, f"{name:<14}", text))
    written = (str(files.manifest), str(files.data_set))
    lines += _section(console, "without a place, or unclear", survey.unclear)
    lines += _section(console, "notes", survey.notes)
    lines += _section(console, "written", written)
    lines += ["", "next:"]
    to_do = to_do_first(survey, files.data_set)
    if to_do:
        lines.append(_wrapped(console, "  ", Text(to_do, "; then:")))
    lines.append(f"  {_command(survey, files)}")
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _section(console: Console, title: str, texts: Sequence[str]) -> list[str]:
    """A title and its list, after an empty line; nothing where the list is empty."""
    if not texts:
        return []
    return ["", f"{title}:", *(_wrapped(console, "  - ", text) for text in texts)]


def _wrapped(console: Console, head: str, text: str) -> str:
    """A text after a head, its further lines indented as far; words and paths are not broken."""
    return textwrap.fill(
        told(text, INIT_WORDS),
        console.width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _command(survey: Survey, files: DataSetFiles) -> str:
    """The command that runs the data set."""
    words = ["ferbench", "run", "--config-dir", str(files.folder), f"dataset={files.name}"]
    words += [INIT_WORDS.setting(setting) for setting in first_settings(survey)]
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as a shell needs it."""
    if re.fullmatch(r"[\w@%+=:,./-]+", word):
        return word
    return shlex.quote(word)


def _override(setting: Setting) -> str:
    """A setting of a run, quoted as Hydra needs it."""
    key, value = setting.key, setting.value
    if not value:
        return key
    is_word = value.isascii() and value.replace("-", "_").isidentifier()
    if is_word and value.lower() not in RESERVED_WORDS:
        return f"{key}={value}"
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"
