"""What ``ferbench agreement`` prints: tables, JSON or CSV, and what it wrote."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from ferbench.app.console import error_console, output_console
from ferbench.app.tables import FittedTable, number, rows_table
from ferbench.errors import Words, told
from ferbench.scoring.agreement.frames import row_shares
from ferbench.scoring.agreement.segments import MEASURES
from ferbench.thesis.grade_counts import Grades
from ferbench.wording import plural
from ferbench.workflows.agreement.files import WrittenAgreement
from ferbench.workflows.agreement.outputs import session_name
from ferbench.workflows.agreement.parts import EmotionAgreement, SegmentAgreement
from ferbench.workflows.agreement.record import RecordedAgreement
from ferbench.workflows.agreement.result import Agreement
from ferbench.workflows.agreement.tables import NUMBER_COLUMNS

_MEASURES_ARE = (
    "overall: both say the same; true: of what the second flags, the share that the first flags "
    "too; false: of what the second does not flag, the share that the first does not flag either"
)


def show(
    agreement: Agreement, words: Words, *, as_csv: bool = False, as_json: bool = False
) -> None:
    """Print the numbers, and the notes to the error output (in JSON they are among the numbers)."""
    notes = [told(note, words) for note in agreement.notes]
    if as_json:
        typer.echo(json.dumps({**as_plain(agreement), "notes": notes}, indent=1))
        return
    if as_csv:
        typer.echo(csv_of(agreement), nl=False)
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
            yield _pair_table(agreement.segments)
        yield _event_table(agreement.segments)
    if agreement.emotions is not None:
        if agreement.emotions.pairs:
            yield _overall_table(agreement.emotions)
        yield _total_table(agreement.emotions)
    if agreement.grades is not None:
        yield _grade_table(agreement.grades)


def _pair_table(segments: SegmentAgreement) -> FittedTable:
    sessions = plural(len(segments.sheet), "session")
    if segments.max_events is not None:
        sessions += f" ({segments.left_out} with more than {segments.max_events} events left out)"
    rows = []
    for (first, second), pair in segments.pairs.items():
        shares = [number(segments.share(measure, first, second)) for measure in MEASURES]
        rows.append((first, second, *shares, str(pair.counts.compared), str(pair.sessions)))
    return rows_table(
        f"agreement on segments: {sessions}; {segments.segments_are}\n{_MEASURES_ARE}",
        ("first", "second", *MEASURES, "segments", "sessions"),
        rows,
    )


def _event_table(segments: SegmentAgreement) -> FittedTable:
    rows = [
        (
            model,
            str(events.sessions),
            number(events.maximum, 0),
            number(events.mean),
            number(events.sample_sd),
            " ".join(map(str, events.histogram)),
        )
        for model, events in segments.events.items()
    ]
    return rows_table(
        "events per session (all sessions)",
        ("model", "sessions", "max", "mean", "sd", "sessions with 0, 1, ... events"),
        rows,
    )


def _overall_table(emotions: EmotionAgreement) -> FittedTable:
    rows = []
    for (first, second), counts in emotions.pairs.items():
        overall = number(emotions.overall(first, second))
        rows.append((first, second, overall, str(int(counts.table.sum()))))
    videos = plural(emotions.videos, "video")
    return rows_table(
        f"agreement on each frame's expression: {videos}; matrices: --out, --json",
        ("first", "second", "overall", "frames"),
        rows,
    )


def _total_table(emotions: EmotionAgreement) -> FittedTable:
    totals = [emotions.totals[model] for model in emotions.models]
    rows = []
    for k, name in enumerate(emotions.classes):
        rows.append((name, *(str(frames[k]) for frames in totals)))
    rows.append(("all", *(str(frames.sum()) for frames in totals)))
    return rows_table(
        "frames of each expression",
        ("expression", *emotions.models),
        rows,
        elsewhere="all models: --csv, --json, --out",
    )


def _grade_table(grades: Grades) -> FittedTable:
    rows = []
    for model, counts in grades.models.items():
        cells = (counts.tp, counts.fp, counts.fn, counts.total)
        rows.append((model, *map(str, cells)))
    sessions = plural(grades.sessions, "session")
    times = f"{grades.times}, true {grades.true_times}, false {grades.false_times}"
    return rows_table(
        f"graded events: {sessions}; different times: {times}\n"
        "missed: times graded true that only other models have",
        ("model", "true", "false", "missed", "events"),
        rows,
    )


def csv_of(agreement: Agreement) -> str:
    """All numbers as CSV, undefined ones empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NUMBER_COLUMNS)
    for *names, value, n in agreement.number_rows():
        writer.writerow([*names, "" if math.isnan(value) else value, n])
    return text.getvalue()


def as_plain(agreement: Agreement) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    plain: dict[str, Any] = {
        "source": agreement.source,
        "undefined": agreement.undefined,
        "notes": list(agreement.notes),
    }
    if agreement.segments is not None:
        plain["segments"] = _plain_segments(agreement.segments)
    if agreement.emotions is not None:
        plain["expressions"] = _plain_emotions(agreement.emotions)
    if agreement.grades is not None:
        plain["grades"] = asdict(agreement.grades)
    return plain


def _plain_segments(segments: SegmentAgreement) -> dict[str, Any]:
    pairs = []
    for (first, second), pair in segments.pairs.items():
        shares = {name: _plain(segments.share(name, first, second)) for name in MEASURES}
        pairs.append(
            {
                "first": first,
                "second": second,
                **shares,
                "counts": asdict(pair.counts),
                "sessions": pair.sessions,
                "missing": pair.missing,
                "empty": pair.empty,
            }
        )
    events = {
        model: {
            "sessions": numbers.sessions,
            "max": _plain(numbers.maximum),
            "mean": _plain(numbers.mean),
            "sample_sd": _plain(numbers.sample_sd),
            "histogram": list(numbers.histogram),
        }
        for model, numbers in segments.events.items()
    }
    flags = {
        session_name(key): {model: seen.flags.tolist() for model, seen in detections.items()}
        for key, detections in segments.sheet.items()
    }
    return {
        "models": list(segments.models),
        "segments_are": segments.segments_are,
        "sessions": len(segments.sheet),
        "max_events": segments.max_events,
        "left_out": segments.left_out,
        "pairs": pairs,
        "events_per_session": events,
        "flags": flags,
    }


def _plain_emotions(emotions: EmotionAgreement) -> dict[str, Any]:
    pairs = []
    for (first, second), counts in emotions.pairs.items():
        shares = row_shares(counts.table).tolist()
        not_compared = {
            "first_only": counts.first_only,
            "second_only": counts.second_only,
            "neither": counts.neither,
            "unpaired": counts.unpaired,
            "videos": emotions.missing[first, second],
        }
        pairs.append(
            {
                "first": first,
                "second": second,
                "overall": _plain(emotions.overall(first, second)),
                "counts": counts.table.tolist(),
                "shares": [[_plain(share) for share in row] for row in shares],
                "not_compared": not_compared,
            }
        )
    return {
        "models": list(emotions.models),
        "classes": list(emotions.classes),
        "pairs": pairs,
        "class_totals": {model: totals.tolist() for model, totals in emotions.totals.items()},
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
