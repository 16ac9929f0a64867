"""Score what people said of events: precision, pooled recall over models, agreement of raters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ferbench.atomic import write_text
from ferbench.checks import check_choice, check_seconds, path_of
from ferbench.config.choices import Choice, component_for
from ferbench.errors import ConfigError
from ferbench.formats.csv_text import csv_text
from ferbench.formats.spreadsheet_text import as_harmless
from ferbench.scoring.grade_numbers import (
    Draws,
    ModelGrades,
    counts_of,
    model_numbers,
    rater_alpha,
    rater_pairs,
    votes_of,
)
from ferbench.scoring.graded_events import GradedEvent, pools
from ferbench.scoring.scored_session import Stamp
from ferbench.sentences import Setting, Text
from ferbench.thesis.graded_rows import grade_blocks
from ferbench.thesis.grades import write_grades
from ferbench.wording import plural
from ferbench.workflows.agreement.graded_sheet import sheet_notes
from ferbench.workflows.grade_scores import Disagreement, GradeScores, RaterGrades
from ferbench.workflows.graded_files import (
    ThesisSheets,
    files_of,
    graded_tables,
    sheets_of,
    thesis_sheets,
)

TOLERANCE_S = 1.0
"""Events of several models that begin so close together are one event of the session."""


def score_grades(
    grades: str | Path | Sequence[str | Path],
    *,
    key: str | Path | None = None,
    tolerance_s: float | None = None,
    stamp: Stamp | None = None,
    statistics: Choice = None,
    intervals: bool = True,
) -> GradeScores:
    """Precision of each model, its recall among what any model found, and agreement of raters.

    An event is right or wrong where most of those say so who are sure. What nobody is sure of, or
    as many call right as wrong, or nobody graded, is counted, and is no part of any share.

    Args:
        grades: tables of grades, of any number of raters and models, or folders of such; or grade
            files of the thesis, each a rater's, which are counted as the thesis does.
        key: of tables of a page that hides the models: the key that was written beside it.
        tolerance_s: events of several models that begin within so many seconds are one event of
            the session; None = 1.
        stamp: an event's time for that: ``trigger`` or ``onset``; None = trigger.
        statistics: how intervals are made: a choice of ``conf/statistics``, or a mapping of its
            fields; None = the configuration's.
        intervals: also intervals, which take draws.

    Raises:
        ConfigError: no table of grades, or an option that does not fit them.
        FormatError: a file cannot be read.
    """
    sources = [grades] if isinstance(grades, str | Path) else list(grades)
    kind, paths = files_of([path_of("grades", source) for source in sources])
    rules = component_for("statistics", statistics)
    draws = Draws(
        draws=rules.draws if intervals else 0,
        seed=rules.seed,
        level=rules.confidence,
        method=rules.method,
    )
    if kind == "grades":
        _refuse_for_thesis(key=key, tolerance_s=tolerance_s, stamp=stamp)
        return _of_thesis(paths, draws)
    tolerance_s = TOLERANCE_S if tolerance_s is None else tolerance_s
    stamp = stamp or "trigger"
    check_seconds("tolerance_s", tolerance_s)
    check_choice("stamp", stamp, ("trigger", "onset"))
    tables = graded_tables(paths, None if key is None else path_of("key", key))
    pooled = pools(tables.events, tolerance_s=tolerance_s, stamp=stamp)
    models = sorted({event.model for event in tables.events})
    votes = votes_of(tables.events)
    numbers = model_numbers(models, counts_of(models, pooled), _left_out(tables.events), draws)
    return GradeScores(
        models=numbers,
        raters=_by_rater(tables.events, tables.raters),
        pairs=rater_pairs(votes, tables.raters, draws),
        alpha=rater_alpha(votes, draws) if len(tables.raters) > 2 else None,
        disagreements=_disagreements(tables.events),
        events=tables.events,
        tolerance_s=tolerance_s,
        stamp=stamp,
        refused=tables.refused,
        notes=(*tables.notes, *_few_models(models)),
    )


def write_grade_file(scores: GradeScores, path: Path) -> None:
    """Write the verdicts as the thesis' grade file.

    Raises:
        ConfigError: the grades are of such files themselves.
        DataError: an event has no time code.
    """
    if not scores.events:
        raise ConfigError("the grades are the thesis' grade files already", key="grade_file")
    write_grades(path, grade_blocks(scores.events))


def write_numbers(scores: GradeScores, folder: Path) -> list[Path]:
    """Write the numbers, and what raters disagree on, as tables; return their paths.

    Raises:
        ConfigError: the folder is a file.
    """
    if folder.is_file():
        raise ConfigError(f"{folder} is a file; expected the name of a folder", key="out")
    paths = [folder / "grades.csv", folder / "disagreements.csv"]
    for path, frame in zip(paths, (scores.to_frame(), scores.disagreements_frame()), strict=True):
        rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
        write_text(path, csv_text(list(frame.columns), rows))
    return paths


def _cell(value: object) -> object:
    """A cell: empty where it is undefined; a person's text is no formula."""
    if isinstance(value, str):
        return as_harmless(value)
    return "" if isinstance(value, float) and math.isnan(value) else value


def _refuse_for_thesis(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise ConfigError(
                Text(Setting(name), " is not for a grade file of the thesis"), hint="leave it out"
            )


def _of_thesis(paths: Sequence[Path], draws: Draws) -> GradeScores:
    """One file: the thesis' counts. Several: each a rater with its own, and their agreement."""
    sheets = sheets_of(paths)
    found = thesis_sheets(sheets)
    notes = [f"{name}: {note}" for name, sheet in sheets.items() for note in sheet_notes(sheet)]
    raters = tuple(sheets)
    models = list(found.models)
    numbers: tuple[ModelGrades, ...] = ()
    if len(sheets) == 1:
        numbers = model_numbers(models, found.counts[raters[0]], _nothing(models), draws)
    else:
        notes.append(
            "grade files of several raters are counted one by one; the thesis has no verdict of "
            "several"
        )
    return GradeScores(
        models=numbers,
        raters=_rater_sums(found),
        pairs=rater_pairs(found.votes, raters, draws),
        alpha=rater_alpha(found.votes, draws) if len(raters) > 2 else None,
        disagreements=_disagreements_of_sheets(found),
        events=(),
        tolerance_s=0.0,
        stamp="onset",
        notes=(*notes, *_few_models(models)),
    )


def _rater_sums(found: ThesisSheets) -> tuple[RaterGrades, ...]:
    rows = []
    for rater, counts in found.counts.items():
        for model in found.models:
            of_model = [each for (name, _), each in counts.items() if name == model]
            rows.append(
                RaterGrades(
                    rater=rater,
                    model=model,
                    right=sum(each.right for each in of_model),
                    wrong=sum(each.wrong for each in of_model),
                    unsure=0,
                )
            )
    return tuple(rows)


def _nothing(models: Sequence[str]) -> Mapping[str, Counter[str]]:
    return {model: Counter() for model in models}


def _left_out(events: Sequence[GradedEvent]) -> Mapping[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {event.model: Counter() for event in events}
    for event in events:
        counts[event.model][event.verdict] += 1
    return counts


def _by_rater(events: Sequence[GradedEvent], raters: Sequence[str]) -> tuple[RaterGrades, ...]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for event in events:
        for rater, row in event.rows.items():
            if row.grade:
                counts.setdefault((rater, event.model), Counter())[row.grade] += 1
    return tuple(
        RaterGrades(
            rater=rater,
            model=model,
            right=of_one["right"],
            wrong=of_one["wrong"],
            unsure=of_one["unsure"],
        )
        for (rater, model), of_one in sorted(counts.items())
        if rater in raters
    )


def _disagreements(events: Sequence[GradedEvent]) -> tuple[Disagreement, ...]:
    """Events that one calls right and another wrong; an item of several models once."""
    found: dict[tuple[object, ...], Disagreement] = {}
    for event in events:
        if not {"right", "wrong"} <= {row.grade for row in event.rows.values()}:
            continue
        earlier = found.get(event.unit)
        found[event.unit] = Disagreement(
            session=event.session,
            models=(event.model,) if earlier is None else (*earlier.models, event.model),
            label=event.label,
            onset_s=event.onset_s,
            trigger_s=event.trigger_s,
            timecode=event.timecode,
            item=next((row.item for row in event.rows.values() if row.item), ""),
            said=tuple((rater, row.grade, row.note) for rater, row in event.rows.items()),
        )
    return tuple(found.values())


def _disagreements_of_sheets(found: ThesisSheets) -> tuple[Disagreement, ...]:
    return tuple(
        Disagreement(
            session=f"{participant}/{session}",
            models=(str(model),),
            label="",
            onset_s=math.nan,
            trigger_s=math.nan,
            timecode=str(time),
            item="",
            said=tuple((rater, grade, "") for rater, grade in grades.items()),
        )
        for (_, (participant, session, model, time)), grades in found.votes.items()
        if len(set(grades.values())) > 1
    )


def _few_models(models: Sequence[str]) -> list[str]:
    if len(models) > 1:
        return []
    return [f"{plural(len(models), 'model')}: no pooled recall, which needs what others found"]
