"""Files of grades as graded events: our tables, and the thesis' grade files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.grades import Grade, GradeRow, read_grade_table
from ferbench.formats.grading_key import credited, read_grading_key
from ferbench.scoring.grade_numbers import Counted, Votes
from ferbench.scoring.graded_events import GradedEvent, merged
from ferbench.sentences import Setting, Text
from ferbench.spelling import same_name
from ferbench.thesis.grade_counts import GradedEvents, count_grades
from ferbench.thesis.grades import TRUE, GradeSheet, read_grades
from ferbench.wording import plural, some
from ferbench.workflows.agreement.graded_sheet import graded_events
from ferbench.workflows.file_kinds import FileKind, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedTables:
    """What our tables come to.

    Attributes:
        events: graded or not.
        raters: by name.
        refused: a sentence per row that cannot be used.
        notes: what else a reader should know.
    """

    events: tuple[GradedEvent, ...]
    raters: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def files_of(sources: Sequence[Path]) -> tuple[FileKind, list[Path]]:
    """The files, of folders all tables of grades in them, and their one kind.

    Returns:
        ``graded`` (our tables) or ``grades`` (the thesis').

    Raises:
        ConfigError: there is none, or they are of both kinds.
    """
    paths: list[Path] = []
    for source in sources:
        if source.is_dir():
            paths += _in_folder(source)
        else:
            paths.append(source)
    paths = list(dict.fromkeys(paths))
    if not paths:
        raise ConfigError(key="grades", expected="tables of grades", got=[])
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"there is no file {path}", key="grades")
    kinds = {path: kind_of(path) for path in paths}
    for path, kind in kinds.items():
        if kind not in ("graded", "grades"):
            raise ConfigError(
                f"{path} is no table of grades; expected what a page with events exports, with the "
                "columns rater, session, onset_s and grade, or a grade file of the thesis",
                key="grades",
            )
    if len(set(kinds.values())) > 1:
        raise ConfigError(
            "expected tables of grades or grade files of the thesis, got both",
            key="grades",
            hint="count each kind for itself",
        )
    return kinds[paths[0]], paths


def _in_folder(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.glob("*.csv")) if kind_of(path) == "graded"]
    if not found:
        raise ConfigError(f"no table of grades in {folder}", key="grades")
    return found


def graded_tables(paths: Sequence[Path], key: Path | None) -> GradedTables:
    """Read our tables, and credit items to the models whose events they show.

    Raises:
        FormatError: a file or the key cannot be used, or an item is not in the key.
        ConfigError: there are items, and no key, or no row can be used.
    """
    rows: list[GradeRow] = []
    refused: list[str] = []
    notes: list[str] = []
    for path in paths:
        table = read_grade_table(path)
        rows += table.rows
        refused += table.refused
    if not any(row.grade for row in rows):
        reasons = "; ".join(refused[:3]) or "no row has a grade"
        raise ConfigError(f"there is nothing to count: {reasons}", key="grades")
    if key is not None:
        rows = credited(rows, read_grading_key(key), key_name=key.name)
    elif any(row.item and not row.model for row in rows):
        raise ConfigError(
            Text("some grades are of a page that hides the models, expected its ", Setting("key")),
            hint="it was written beside the page",
        )
    one = merged(rows)
    if one.changed:
        times = plural(one.changed, "event")
        notes.append(f"{times} graded again by the same rater, otherwise: the last grade counts")
    raters = tuple(sorted({rater for event in one.events for rater in event.rows}))
    return GradedTables(
        events=one.events,
        raters=raters,
        refused=tuple(refused),
        notes=(*notes, *_alike(raters), *_absent(one.events)),
    )


def _alike(raters: Sequence[str]) -> Iterator[str]:
    """Raters whose names differ in their spelling only."""
    for first, second in combinations(raters, 2):
        if same_name(first, second):
            yield f"{first} and {second} count as two raters; is it one with two spellings?"


def _absent(events: Sequence[GradedEvent]) -> Iterator[str]:
    """Sessions in which a model has no graded event."""
    models = sorted({event.model for event in events})
    for model in models:
        has = {event.session for event in events if event.model == model}
        lacks = sorted({event.session for event in events} - has)
        if lacks:
            yield (
                f"{model} has no graded event in {some(lacks)}: there every right event of the "
                "other models counts as missed"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisSheets:
    """What the thesis' grade files come to; each is a rater, named by its file.

    Attributes:
        models: sorted.
        counts: of each file by model and participant.
        votes: what each file says of each time of each model.
    """

    models: tuple[str, ...]
    counts: Mapping[str, Mapping[tuple[str, str], Counted]]
    votes: Votes


def thesis_sheets(sheets: Mapping[str, GradeSheet]) -> ThesisSheets:
    """Counts as convert_grade_file makes them, participant by participant."""
    counts = {}
    votes: dict[tuple[str, tuple[object, ...]], dict[str, Grade]] = {}
    models: set[str] = set()
    for name, sheet in sheets.items():
        rows = [graded_events(block) for block in sheet.blocks]
        models |= {row.model for row in rows}
        counts[name] = _by_participant(rows)
        for block in sheet.blocks:
            for event in block.events:
                unit = (*block.session_key, block.model, event.time)
                if event.grade.strip():
                    grade: Grade = "right" if event.grade == TRUE else "wrong"
                    votes.setdefault((block.participant, unit), {})[name] = grade
    return ThesisSheets(models=tuple(sorted(models)), counts=counts, votes=votes)


def sheets_of(paths: Sequence[Path]) -> dict[str, GradeSheet]:
    """The thesis' grade files by name.

    Raises:
        FormatError: one cannot be read, or two have one name.
    """
    names = Counter(path.stem for path in paths)
    twice = [name for name, number in names.items() if number > 1]
    if twice:
        raise FormatError(
            f"a grade file's name says whose it is, and {some(twice)} is there several times",
            hint="rename one",
        )
    return {path.stem: read_grades(path) for path in paths}


def _by_participant(rows: Sequence[GradedEvents]) -> dict[tuple[str, str], Counted]:
    """By model and participant; a model that a participant lacks misses all that is true there."""
    models = {row.model for row in rows}
    found: dict[tuple[str, str], Counted] = {}
    for participant in {row.session[0] for row in rows}:
        grades = count_grades([row for row in rows if row.session[0] == participant])
        for model in models:
            counts = grades.models.get(model)
            found[model, participant] = Counted(
                right=counts.tp if counts else 0,
                wrong=counts.fp if counts else 0,
                missed=counts.fn if counts else grades.true_times,
            )
    return found
