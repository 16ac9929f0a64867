"""What ``ferbench init`` prints, and how it names settings in messages."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from ferbench.datasets.naming import Naming
from ferbench.errors import Action, FerbenchError, Setting, told
from ferbench.wording import plural, some
from ferbench.workflows.survey import Survey
from ferbench.workflows.survey_annotations import UNKNOWN, SurveyedAnnotations
from ferbench.workflows.survey_files import RESERVED_WORDS, DataSetFiles
from ferbench.workflows.survey_videos import DATA_SET

_COLUMNS: Final = "columns."
_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_COMMANDS: Final = {"evaluate": "run", "find_events": "events", "agree": "agreement"}
_FEW: Final = 3
"""Names that are all listed; of more only the first and the last."""
_CANNOT_BE_TOLD: Final = "not in the names"


class InitWords:
    """Settings of a survey are options of the command, those of the data set keys of a run."""

    def setting(self, setting: Setting) -> str:
        """``--starts CSV``, ``--column onset=NAME``, ``dataset.format.time_format=clock``."""
        if setting.key.startswith(f"{DATA_SET}."):
            return _override(setting.key, setting.value) if setting.value else setting.key
        name, value = setting.key, setting.value
        if name.startswith(_COLUMNS):
            column = name.removeprefix(_COLUMNS)
            return f"--column {column}={value}" if value else f"--column {column}"
        option = "--column" if name == "columns" else f"--{name}"
        return f"{option} {shlex.quote(value)}" if value else option

    def action(self, action: Action) -> str:
        """``'ferbench run'``."""
        command = _COMMANDS.get(action.verb, action.verb)
        return f"'{' '.join(filter(None, ['ferbench', command, action.argument]))}'"


INIT_WORDS: Final = InitWords()


@contextmanager
def errors_in_options() -> Iterator[None]:
    """Errors raised inside name options of ``ferbench init``."""
    try:
        yield
    except FerbenchError as error:
        raise type(error)(error.told(INIT_WORDS)) from error


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
    for name, text in _facts(folder, survey):
        lines.append(_wrapped(console, f"{name:<14}", text))
    written = (str(files.manifest), str(files.data_set))
    lines += _section(console, "without a place, or unclear", survey.unclear)
    lines += _section(console, "notes", survey.notes)
    lines += _section(console, "written", written)
    lines += ["", "next:"]
    before = _before(survey, files.data_set)
    if before:
        lines.append(_wrapped(console, "  ", f"{before}; then:"))
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


def _facts(folder: Path, survey: Survey) -> list[tuple[str, str]]:
    """What was found, each fact with its name."""
    places = survey.placement.places
    naming = Naming(template=survey.placement.session_name)
    names = [
        naming.name(naming.identity(session, participant))
        for participant, session in survey.sessions
    ]
    participants = _CANNOT_BE_TOLD
    if survey.participants:
        participants = f"{len(survey.participants)}: {_first_and_last(survey.participants)}"
    facts = [
        ("videos", f"{survey.num_videos} in {folder}, {len(places)} placed"),
        ("sessions", f"{len(names)}: {_first_and_last(names)}"),
        ("participants", participants),
        ("cameras", _cameras(survey)),
        ("parts", _parts(survey)),
        ("starts", _starts(survey)),
    ]
    if survey.annotations is not None:
        facts += _annotation_facts(survey.annotations)
    return facts


def _first_and_last(names: Sequence[str]) -> str:
    if len(names) > _FEW:
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)


def _cameras(survey: Survey) -> str:
    if not survey.named_cameras:
        return _CANNOT_BE_TOLD
    return ", ".join(
        f"{name or '(blank)'} ({plural(count, 'session')})"
        for name, count in survey.cameras.items()
    )


def _parts(survey: Survey) -> str:
    parts = Counter(
        (place.participant, place.session, place.camera)
        for place in survey.placement.places
        if place.part
    )
    several = {(who, session) for (who, session, _), count in parts.items() if count > 1}
    if not several:
        return "one file each"
    return f"{len(several)} of {len(survey.sessions)} sessions have several"


def _starts(survey: Survey) -> str:
    known = {(place.participant, place.session) for place in survey.placement.places if place.start}
    text = f"{len(known)} of {len(survey.sessions)} sessions"
    if survey.num_starts_filled:
        return f"{text} ({survey.num_starts_filled} files by the log book)"
    return text


def _annotation_facts(annotations: SurveyedAnnotations) -> list[tuple[str, str]]:
    facts = [("annotations", f"{annotations.path.name}{_about_file(annotations)}")]
    if annotations.headers is not None:
        names = annotations.headers.names
        facts.append(("columns", ", ".join(f"{name} = {names[name]}" for name in names)))
    if annotations.reading is not None:
        facts.append(("times", _times(annotations)))
    annotators = annotations.counts("annotator")
    if annotators:
        facts.append(("annotators", _rows_of_each(annotators)))
    kinds = annotations.counts("kind")
    if kinds:
        facts.append(("kinds", _rows_of_each(kinds)))
    return facts


def _about_file(annotations: SurveyedAnnotations) -> str:
    csv = annotations.csv
    if csv is not None:
        separated = f"separated by {_DELIMITERS[csv.delimiter]}"
        return f": {', '.join([plural(len(csv.rows), 'row'), separated, *csv.notes])}"
    if annotations.reading is not None:
        return f": {plural(len(annotations.reading.rows.rows), 'annotation')}"
    return ""


def _times(annotations: SurveyedAnnotations) -> str:
    assert annotations.reading is not None
    if annotations.is_undecided:
        return "undecided"
    if annotations.headers is None:
        return "as the annotation program has them"
    time_format = annotations.reading.table.time_format
    if annotations.reading.why:
        return f"{time_format} ({annotations.reading.why})"
    return time_format


def _rows_of_each(counts: Counter[str]) -> str:
    return some([f"{value} ({plural(count, 'row')})" for value, count in counts.most_common()])


def _before(survey: Survey, data_set: Path) -> str:
    """What a person must do before the command can work; "" = nothing."""
    annotations = survey.annotations
    if annotations is None:
        return ""
    unknown = [name for name, column in annotations.columns.items() if column == UNKNOWN]
    if unknown:
        options = " ".join(f"--column {name}=NAME" for name in unknown)
        again = f"the same command with {options} --force"
        return f"say which columns these are: {again}, or in {data_set}"
    if annotations.reading is None:
        return "mend what is said above of the annotations"
    if annotations.is_undecided:
        return f"say how times are written: format.time_format in {data_set}"
    return ""


def _command(survey: Survey, files: DataSetFiles) -> str:
    """The command that runs the data set."""
    words = ["ferbench", "run", "--config-dir", str(files.folder), f"dataset={files.name}"]
    if survey.camera is None and survey.named_cameras and len(survey.cameras) > 1:
        words.append(_override("dataset.camera", survey.named_cameras[0]))
    if survey.annotations is not None:
        annotators = survey.annotations.counts("annotator").most_common()
        if len(annotators) > 1:
            words.append(_override("dataset.annotator", annotators[0][0]))
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as a shell needs it."""
    if re.fullmatch(r"[\w@%+=:,./-]+", word):
        return word
    return shlex.quote(word)


def _override(key: str, value: str) -> str:
    """A setting of a run, quoted as Hydra needs it."""
    is_word = value.isascii() and value.replace("-", "_").isidentifier()
    if is_word and value.lower() not in RESERVED_WORDS:
        return f"{key}={value}"
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"
