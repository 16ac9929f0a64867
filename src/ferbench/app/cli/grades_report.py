"""What ``ferbench score --grades`` does and prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from ferbench.app.cli.options import errors_in_words, value_pairs
from ferbench.app.console import output_console
from ferbench.app.tables import FittedTable
from ferbench.app.words import OptionWords
from ferbench.errors import FerbenchError
from ferbench.scoring.scored_session import Stamp
from ferbench.sentences import told
from ferbench.workflows.grade_scores import GradeScores
from ferbench.workflows.score_grades import score_grades, write_grade_file, write_numbers

WORDS: Final = OptionWords(
    {
        "grade_file": "--grade-file",
        "grades": "--grades",
        "key": "--key",
        "out": "--out",
        "stamp": "--stamp",
        "tolerance_s": "--tolerance",
    }
)
_NAMED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeOptions:
    """The options of the command that concern grades."""

    events: Path | None
    grades: Sequence[Path]
    key: Path | None
    tolerance_s: float | None
    stamp: Stamp | None
    settings: Sequence[tuple[str, str]]
    intervals: bool
    out: Path | None
    grade_file: Path | None
    as_json: bool


def score_and_show(options: GradeOptions) -> None:
    """Score grades, write what was asked for, and print it.

    Ends with exit code 1 where a row was refused.
    """
    if options.events is not None:
        raise FerbenchError(
            f"{options.events}: events are not compared with anything where --grades says what "
            "they are; give each table of grades with a --grades of its own"
        )
    texts = [f"{name.removeprefix('statistics.')}={value}" for name, value in options.settings]
    written: list[Path] = []
    with errors_in_words(WORDS):
        scores = score_grades(
            options.grades,
            key=options.key,
            tolerance_s=options.tolerance_s,
            stamp=options.stamp,
            statistics=dict(value_pairs("--set", texts)) or None,
            intervals=options.intervals,
        )
        if options.grade_file is not None:
            write_grade_file(scores, options.grade_file)
            written.append(options.grade_file)
        if options.out is not None:
            written += write_numbers(scores, options.out)
    _show(scores, as_json=options.as_json)
    for path in written:
        typer.echo(f"wrote {path}", err=options.as_json)
    if scores.refused:
        raise typer.Exit(1)


def _show(scores: GradeScores, *, as_json: bool) -> None:
    refused = [told(text, WORDS) for text in scores.refused]
    notes = [told(text, WORDS) for text in scores.notes]
    if as_json:
        plain = {**scores.as_plain(), "refused_rows": refused, "notes": notes}
        typer.echo(json.dumps(plain, indent=1))
        return
    if scores.models:
        output_console().print(FittedTable(scores.model_table()))
    if len({each.rater for each in scores.raters}) > 1:
        output_console().print(FittedTable(scores.rater_table()))
    for line in scores.agreement_lines():
        typer.echo(line)
    _show_disagreements(scores)
    for text in refused:
        typer.echo(f"refused: {text}", err=True)
    for text in notes:
        typer.echo(f"note: {text}", err=True)


def _show_disagreements(scores: GradeScores) -> None:
    if not scores.disagreements:
        return
    typer.echo(f"disagreements: {len(scores.disagreements)}")
    for each in scores.disagreements[:_NAMED]:
        typer.echo(f"  {each}")
    more = len(scores.disagreements) - _NAMED
    if more > 0:
        typer.echo(f"  and {more} more; --out DIR and --json have all, with the notes")
