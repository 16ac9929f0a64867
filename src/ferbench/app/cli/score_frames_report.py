"""``ferbench score-frames``: labels of frames, as the ERR@HRI 2024 challenge scores them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import number, rows_table
from ferbench.errors import ConfigError
from ferbench.formats.frame_labels import COLUMNS, read_frame_labels
from ferbench.scoring.errhri import frame_metrics
from ferbench.scoring.numbers import frame_numbers
from ferbench.scoring.session_frames import Frames
from ferbench.wording import some

NAMES = ("accuracy", "precision", "recall", "f1")


def show(table: Path, *, columns: Sequence[tuple[str, str]], tolerance: int, as_json: bool) -> None:
    """Score a table and print it.

    Raises:
        ConfigError: a column that is none of ours.
        FormatError: the table cannot be used.
    """
    for name, _ in columns:
        if name not in COLUMNS:
            raise ConfigError(
                f"--column: expected one of {', '.join(COLUMNS)} before the '=', got {name!r}"
            )
    labels = read_frame_labels(table, dict(columns))
    strict, tolerant = frame_metrics(
        labels.truth, labels.predicted, tolerance=tolerance, sessions=labels.sessions
    )
    found = Frames(strict=strict, tolerant=tolerant, tolerance=tolerance, num=len(labels.truth))
    sessions = None if labels.sessions is None else int(labels.sessions.max()) + 1
    counts = {
        name: {
            "truth": int((labels.truth == k).sum()),
            "prediction": int((labels.predicted == k).sum()),
        }
        for k, name in enumerate(labels.classes)
    }
    if as_json:
        about = {
            "frames": found.num,
            "sessions": sessions,
            "classes": counts,
            "tolerance": tolerance,
        }
        scores = {
            name: None if math.isnan(value) else value
            for name, value in frame_numbers(found).items()
        }
        typer.echo(json.dumps({**about, "scores": scores}, indent=1))
        return
    rows = [
        (name, number(getattr(strict, name)), number(getattr(tolerant, name))) for name in NAMES
    ]
    header = ("macro over classes", "strict", f"within {tolerance} frame{'s' * (tolerance != 1)}")
    output_console().print(rows_table(f"{found.num} frames", header, rows))
    each = (
        f"{name} ({of['truth']} true, {of['prediction']} predicted)" for name, of in counts.items()
    )
    typer.echo(f"classes: {some(list(each))}")
    never = [name for name, of in counts.items() if not of["truth"]]
    if never:
        typer.echo(
            f"note: predicted, but never true: {some(never)}. Each is a class of the macro mean; probabilities must be "
            "made labels first",
            err=True,
        )
    if sessions is None:
        typer.echo(
            "note: no column session, so all rows are of one; name it with --column session=THEIRS",
            err=True,
        )
