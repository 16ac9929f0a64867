"""A sheet of events that was graded by hand: its counts, and its sorted copy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from ferbench.atomic import replacing
from ferbench.errors import ConfigError, FormatError
from ferbench.sentences import Setting, Text
from ferbench.thesis.grade_counts import GradedEvents, count_grades
from ferbench.thesis.grades import (
    TRUE,
    GradeBlock,
    GradeSheet,
    is_grades,
    nearly_true,
    read_grades,
    sorted_blocks,
    write_grades,
)
from ferbench.wording import plural
from ferbench.workflows.agreement.result import Agreement


def counted_grades(path: Path) -> Agreement:
    """Counts of a graded sheet.

    Raises:
        FormatError: it is none; names the line and what to do.
    """
    sheet = read_grades(path)
    grades = count_grades([graded_events(block) for block in sheet.blocks])
    return Agreement(
        source=path.name,
        stem=path.stem,
        grades=grades,
        notes=sheet_notes(sheet),
        graded_sheet=sheet,
    )


def sheet_notes(sheet: GradeSheet) -> tuple[str, ...]:
    """What a reader of its counts should know."""
    return (*_grade_notes(sheet), *_repeated(sheet), *_absent(sheet))


def graded_events(block: GradeBlock) -> GradedEvents:
    """A block as its counts see it."""
    return GradedEvents(
        session=block.session_key,
        model=block.model,
        events=tuple((event.time, event.grade == TRUE) for event in block.events),
    )


def _grade_notes(sheet: GradeSheet) -> list[str]:
    notes: list[str] = []
    doubtful = nearly_true(sheet)
    if doubtful:
        notes.append(
            f"grades that look like {TRUE!r} and, as in the thesis, count as false: "
            f"{', '.join(doubtful)}"
        )
    if sheet.left_out:
        notes.append(f"the block that begins in line {sheet.left_out} is incomplete and left out")
    num_ungraded = 0
    for block in sheet.blocks:
        num_ungraded += sum(not event.grade.strip() for event in block.events)
    if num_ungraded:
        events = plural(num_ungraded, "event")
        notes.append(f"{events} without a grade count as false, as in the thesis")
    return notes


def _repeated(sheet: GradeSheet) -> list[str]:
    blocks_of = Counter((*block.session_key, block.model) for block in sheet.blocks)
    return [
        f"{participant}/{session} of {model} is there several times: the last block counts"
        for (participant, session, model), number in blocks_of.items()
        if number > 1
    ]


def _absent(sheet: GradeSheet) -> list[str]:
    """Sessions that have no block of some model: there everything that others found is missed."""
    models_of_session: dict[tuple[str, str], set[str]] = defaultdict(set)
    for block in sheet.blocks:
        models_of_session[block.session_key].add(block.model)
    all_models = {block.model for block in sheet.blocks}
    notes: list[str] = []
    for (participant, session), models in sorted(models_of_session.items()):
        missing = sorted(all_models - models)
        if missing:
            notes.append(
                f"{participant}/{session} has no block of {', '.join(missing)} "
                "(more events than were to be graded?): there every true event of the others "
                "counts as missed"
            )
    return notes


def write_sorted_sheet(sheet: GradeSheet, target: Path) -> tuple[bool, tuple[str, ...]]:
    """Write a sheet sorted, unless it is sorted already or cannot be.

    Returns:
        Whether it was written, and what a reader should know.

    Raises:
        ConfigError: another file, or one with other grades, is in its place.
    """
    try:
        blocks = sorted_blocks(sheet.blocks)
    except FormatError as error:
        return False, (Text(f"no {target.name}: ", error.text()),)
    notes: tuple[str, ...] = ()
    left_out = _sessions(sheet.blocks) - _sessions(blocks)
    if left_out:
        names = ", ".join("/".join(key) for key in sorted(left_out))
        notes = (f"not in {target.name}, as in the thesis, for want of a model: {names}",)
    if blocks == sheet.blocks:
        return False, notes
    with replacing(target) as part:
        write_grades(part, blocks)
        _check_replaceable(target, part.read_bytes())
    return True, notes


def _check_replaceable(target: Path, content: bytes) -> None:
    """Raise ConfigError where a file is there that nobody could make again."""
    if not target.exists() or target.read_bytes() == content:
        return
    elsewhere = Text("choose another folder with ", Setting("out"))
    if not is_grades(target):
        raise ConfigError(f"{target} is there and is another kind of file", hint=elsewhere)
    if read_grades(target).is_graded:
        raise ConfigError(
            f"{target} is there and has other grades in it",
            hint=Text("move it away, or ", elsewhere),
        )


def _sessions(blocks: Sequence[GradeBlock]) -> set[tuple[str, str]]:
    return {block.session_key for block in blocks}
