"""What ``ferbench agreement`` prints: tables, JSON or CSV, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import typer

from ferbench.app.console import error_console, output_console
from ferbench.app.tables import FittedTable
from ferbench.sentences import Words, told
from ferbench.workflows.agreement.files import WrittenAgreement
from ferbench.workflows.agreement.parts import EmotionAgreement
from ferbench.workflows.agreement.record import RecordedAgreement
from ferbench.workflows.agreement.result import Agreement
from ferbench.workflows.agreement.text_tables import (
    event_table,
    expression_tables,
    grade_table,
    segment_tables,
    total_table,
)

_MATRICES: Final = "; matrices: --out, --json"
_ALL_NUMBERS: Final = "all numbers: --csv, --json, --out"


def show(
    agreement: Agreement, words: Words, *, as_csv: bool = False, as_json: bool = False
) -> None:
    """Print the numbers, and the notes to the error output (in JSON they are among the numbers)."""
    notes = [told(note, words) for note in agreement.notes]
    if as_json:
        typer.echo(json.dumps({**agreement.as_plain(), "notes": notes}, indent=1))
        return
    if as_csv:
        typer.echo(agreement.to_csv(), nl=False)
    else:
        _show_tables(agreement)
    _show_notes(notes)


def show_written(written: WrittenAgreement, folder: Path) -> None:
    """Say which files were written."""
    _show_notes(written.notes)
    names = ", ".join(path.name for path in written.paths)
    error_console().print(f"wrote {names} to {folder}", markup=False)


def show_recorded(recorded: RecordedAgreement) -> None:
    """Say where the numbers were recorded."""
    where = "the sweep's run" if recorded.on_sweep else "run"
    run = f"{where} {recorded.run_id[:8]}"
    error_console().print(f"recorded on {run}: {recorded.location}", markup=False)


def _show_notes(notes: Iterable[str]) -> None:
    for note in notes:
        error_console().print(f"note: {note}", markup=False)


def _show_tables(agreement: Agreement) -> None:
    for table in _tables(agreement):
        output_console().print(table)
    if agreement.undefined:
        typer.echo(f"undefined (-, nothing to divide by): {agreement.undefined}")


def _tables(agreement: Agreement) -> Iterator[FittedTable]:
    if agreement.segments is not None:
        if agreement.segments.pairs:
            tables = segment_tables(agreement.segments)
            yield from (FittedTable(table, elsewhere=_ALL_NUMBERS) for table in tables)
        yield FittedTable(event_table(agreement.segments))
    if agreement.emotions is not None:
        yield from _emotion_tables(agreement.emotions)
    if agreement.grades is not None:
        yield FittedTable(grade_table(agreement.grades))


def _emotion_tables(emotions: EmotionAgreement) -> Iterator[FittedTable]:
    if emotions.pairs:
        first, *others = expression_tables(emotions)
        yield FittedTable(replace(first, title=f"{first.title}{_MATRICES}"))
        yield from map(FittedTable, others)
    yield FittedTable(total_table(emotions), elsewhere=_ALL_NUMBERS)
