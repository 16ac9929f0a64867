"""``ferbench score-frames``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ferbench.app.cli.options import JsonFlag, columns_option, errors_in_options, pairs

OPTIONS: Final = {
    "columns": "--column",
    "columns.session=THEIRS": "--column session=THEIRS",
}


def score_frames(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV with a row per frame: truth, prediction and, of several sessions, session."
        ),
    ],
    tolerance: Annotated[
        int,
        typer.Option(
            min=0,
            help="Of the tolerant scores: a label that is true so many frames away is forgiven.",
        ),
    ] = 1,
    column: Annotated[list[str] | None, columns_option("A column's name, as truth=y_true.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Score labels of frames as the ERR@HRI 2024 challenge does.

    Accuracy and macro precision, recall and F1.
    """
    from ferbench.app.cli.score_frames_report import show
    from ferbench.app.words import OptionWords
    from ferbench.workflows.score_frames import score_frames as score_table

    with errors_in_options(OPTIONS):
        columns = dict(pairs("--column", column or ()))
        scores = score_table(table, columns=columns, tolerance=tolerance)
        show(scores, OptionWords(OPTIONS), as_json=as_json)
