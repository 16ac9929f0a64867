"""``ferbench score-frames``: labels of frames, as the ERR@HRI 2024 challenge scores them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import FittedTable, number, rows_table
from ferbench.errors import ConfigError
from ferbench.formats.frame_labels import COLUMNS, FrameLabels, read_frame_labels
from ferbench.scoring.errhri import frame_metrics
from ferbench.scoring.numbers import frame_numbers
from ferbench.scoring.session_frames import Frames
from ferbench.wording import plural, some

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
        labels.truth, labels.found, tolerance=tolerance, sessions=labels.sessions
    )
    frames = Frames(strict=strict, tolerant=tolerant, tolerance=tolerance, num=len(labels.truth))
    if as_json:
        typer.echo(json.dumps(_plain(frames, labels), indent=1))
        return
    output_console().print(_table(frames))
    counts = _class_counts(labels)
    each = [
        f"{name} ({count['truth']} true, {count['prediction']} predicted)"
        for name, count in counts.items()
    ]
    typer.echo(f"classes: {some(each)}")
    for note in _notes(counts, labels):
        typer.echo(f"note: {note}", err=True)


def _class_counts(labels: FrameLabels) -> dict[str, dict[str, int]]:
    """Frames of each class, true and predicted."""
    return {
        name: {
            "truth": int((labels.truth == k).sum()),
            "prediction": int((labels.found == k).sum()),
        }
        for k, name in enumerate(labels.classes)
    }


def _plain(frames: Frames, labels: FrameLabels) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    sessions = None
    if labels.sessions is not None:
        sessions = int(labels.sessions.max()) + 1
    scores = {
        name: None if math.isnan(value) else value for name, value in frame_numbers(frames).items()
    }
    return {
        "frames": frames.num,
        "sessions": sessions,
        "classes": _class_counts(labels),
        "tolerance": frames.tolerance,
        "scores": scores,
    }


def _table(frames: Frames) -> FittedTable:
    rows = []
    for name in NAMES:
        strict, tolerant = getattr(frames.strict, name), getattr(frames.tolerant, name)
        rows.append((name, number(strict), number(tolerant)))
    header = ("macro over classes", "strict", f"within {plural(frames.tolerance, 'frame')}")
    return rows_table(f"{frames.num} frames", header, rows)


def _notes(counts: Mapping[str, Mapping[str, int]], labels: FrameLabels) -> list[str]:
    notes = []
    never = [name for name, count in counts.items() if not count["truth"]]
    if never:
        notes.append(
            f"predicted, but never true: {some(never)}. Each is a class of the macro mean; "
            "probabilities must be made labels first"
        )
    if labels.sessions is None:
        notes.append(
            "no column session, so all rows are of one; name it with --column session=THEIRS"
        )
    return notes
