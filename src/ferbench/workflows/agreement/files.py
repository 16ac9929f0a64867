"""Files of an agreement: all numbers, the thesis' tables, pictures, a sorted sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.atomic import replacing
from ferbench.errors import ConfigError
from ferbench.places import file_stem
from ferbench.report.agreement import events_png, expressions_png, shares_png
from ferbench.report.figures import PLAIN, PictureStyle
from ferbench.report.files import write_csv
from ferbench.scoring.agreement.frames import row_shares
from ferbench.thesis.text import write_rows
from ferbench.types import F64
from ferbench.workflows.agreement.graded_sheet import write_sorted_sheet
from ferbench.workflows.agreement.parts import EmotionAgreement, SegmentAgreement
from ferbench.workflows.agreement.result import Agreement
from ferbench.workflows.agreement.tables import NUMBER_COLUMNS, matrix_table
from ferbench.workflows.agreement.thesis_tables import (
    confusion_rows,
    converted_rows,
    emotion_rows,
)

MOST_PICTURES: Final = 8
"""Models that still get a picture each of what the others say of their expressions."""

_PANEL_TITLES: Final = {
    "overall": "same in both",
    "true": "flagged by the second:\nshare that the first flags too",
    "false": "not flagged by the second:\nshare that the first does not flag either",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAgreement:
    """What was written.

    Attributes:
        paths: the table of all numbers first.
        notes: why the sorted copy of a graded sheet is not there, or not whole.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def check_folder(folder: Path) -> None:
    """Raise ConfigError where a file is in the place of a folder for tables and pictures."""
    if folder.is_file():
        raise ConfigError(f"{folder} is a file; expected the name of a folder", key="out")


def write_agreement(
    agreement: Agreement, folder: Path, style: PictureStyle = PLAIN
) -> WrittenAgreement:
    """Write all tables and pictures there are; a graded sheet also sorted.

    Raises:
        ConfigError: the folder is a file, or another sheet is in the place of the sorted one.
    """
    check_folder(folder)
    sorted_path = folder / f"{agreement.stem}_sorted.csv"
    sorted_paths: list[Path] = []
    notes: tuple[str, ...] = ()
    if agreement.graded_sheet is not None:
        is_written, notes = write_sorted_sheet(agreement.graded_sheet, sorted_path)
        if is_written:
            sorted_paths.append(sorted_path)
    paths = write_numbers(agreement, folder, style)
    return WrittenAgreement(paths=(*paths, *sorted_paths), notes=notes)


def write_numbers(agreement: Agreement, folder: Path, style: PictureStyle = PLAIN) -> list[Path]:
    """Write tables and pictures; return the paths, the table of all numbers first."""
    filtered = "_filtered" if agreement.is_filtered else ""
    numbers = folder / f"agreement{filtered}.csv"
    with replacing(numbers) as part:
        write_csv(part, NUMBER_COLUMNS, agreement.number_rows())
    paths = [numbers]
    if agreement.segments is not None:
        stem = f"{agreement.stem}{filtered}"
        paths += _write_segments(agreement.segments, folder, style, stem=stem, filtered=filtered)
    if agreement.emotions is not None:
        paths += _write_emotions(agreement.emotions, folder, style, stem=agreement.stem)
    return paths


def _write_segments(
    segments: SegmentAgreement, folder: Path, style: PictureStyle, *, stem: str, filtered: str
) -> list[Path]:
    converted = folder / f"{stem}_converted.csv"
    confusion = folder / f"{stem}_confusion.csv"
    write_rows(converted, converted_rows(segments))
    write_rows(confusion, confusion_rows(segments))
    histograms = {name: numbers.histogram for name, numbers in segments.events.items()}
    pictures = events_png(histograms, folder / "events_per_session.png", style)
    if not segments.pairs:
        return [converted, confusion, *pictures]
    panels = {title: _square(segments, measure) for measure, title in _PANEL_TITLES.items()}
    title = f"agreement on segments, {len(segments.sheet)} sessions"
    shares = folder / f"segments{filtered}.png"
    pictures += shares_png(panels, segments.models, shares, title=title, style=style)
    return [converted, confusion, *pictures]


def _square(segments: SegmentAgreement, measure: str) -> F64:
    """A measure of all pairs, f64 (M, M): row = first model, column = second.

    NaN on the diagonal.
    """
    place = {model: k for k, model in enumerate(segments.models)}
    shares = np.full((len(place), len(place)), np.nan)
    for first, second in segments.pairs:
        shares[place[first], place[second]] = segments.share(measure, first, second)
    return shares


def _write_emotions(
    emotions: EmotionAgreement, folder: Path, style: PictureStyle, *, stem: str
) -> list[Path]:
    overall = folder / f"{stem}_all_emotions.csv"
    matrices = folder / "expressions.csv"
    write_rows(overall, emotion_rows(emotions))
    header, rows = matrix_table(emotions)
    with replacing(matrices) as part:
        write_csv(part, header, rows)
    paths = [overall, matrices]
    if len(emotions.models) > MOST_PICTURES:
        return paths
    for model in _with_pairs(emotions):
        picture = folder / f"expressions_{file_stem(model)}.png"
        others = {
            second: row_shares(counts.table)
            for (first, second), counts in emotions.pairs.items()
            if first == model
        }
        paths += expressions_png(model, others, emotions.classes, picture, style)
    return paths


def _with_pairs(emotions: EmotionAgreement) -> Sequence[str]:
    """Models that are compared with another."""
    return emotions.models if emotions.pairs else ()
