"""What ``ferbench agreement`` prints: tables, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

import typer

from ferbench.app.console import error_console, output_console
from ferbench.app.tables import FittedTable, number, rows_table
from ferbench.scoring.agreement.frames import frame_agreement, row_shares
from ferbench.scoring.agreement.segments import MEASURES
from ferbench.thesis.grade_counts import Grades
from ferbench.wording import plural
from ferbench.workflows.agree import Agreement, EmotionAgreement, SegmentAgreement, session_name
from ferbench.workflows.agree_files import NUMBER_COLUMNS, numbers

Form = Literal["text", "json", "csv"]


def show(found: Agreement, form: Form) -> None:
    """Print the numbers, and the notes to the error output (in JSON they are among the numbers)."""
    if form == "json":
        typer.echo(json.dumps(as_plain(found), indent=1))
        return
    if form == "csv":
        typer.echo(as_csv(found), nl=False)
    else:
        for part in _parts(found):
            output_console().print(part)
        if found.undefined:
            typer.echo(f"undefined (-, nothing to divide by): {found.undefined}")
    for note in found.notes:
        error_console().print(f"note: {note}", markup=False)


def _parts(found: Agreement) -> Iterable[FittedTable]:
    if found.segments is not None:
        yield from _segment_tables(found.segments)
    if found.emotions is not None:
        yield from _emotion_tables(found.emotions)
    if found.grades is not None:
        yield _grade_table(found.grades)


def _segment_tables(found: SegmentAgreement) -> Iterable[FittedTable]:
    limited = (
        ""
        if found.max_events is None
        else f" ({found.left_out} with more than {found.max_events} events left out)"
    )
    rows = [
        (
            a,
            b,
            *(number(found.share(name, a, b)) for name in MEASURES),
            str(pair.counts.compared),
            str(pair.sessions),
        )
        for (a, b), pair in found.pairs.items()
    ]
    if rows:
        yield rows_table(
            f"agreement on segments: {plural(len(found.sheet), 'session')}{limited}; {found.segments_are}\n"
            "overall: both say the same; true: of what the second flags, the share that the first flags too; false: of "
            "what the second does not flag, the share that the first does not flag either",
            ("first", "second", *MEASURES, "segments", "sessions"),
            rows,
        )
    events = [
        (
            name,
            str(e.sessions),
            number(e.maximum, 0),
            number(e.mean),
            number(e.sample_sd),
            " ".join(map(str, e.histogram)),
        )
        for name, e in found.events.items()
    ]
    yield rows_table(
        "events per session (all sessions)",
        ("model", "sessions", "max", "mean", "sd", "sessions with 0, 1, ... events"),
        events,
    )


def _emotion_tables(found: EmotionAgreement) -> Iterable[FittedTable]:
    if found.pairs:
        yield rows_table(
            f"agreement on each frame's expression: {plural(found.videos, 'video')}; matrices: --out, --json",
            ("first", "second", "overall", "frames"),
            [
                (a, b, number(frame_agreement(c.table)), str(int(c.table.sum())))
                for (a, b), c in found.pairs.items()
            ],
        )
    sums = {model: [*totals.tolist(), int(totals.sum())] for model, totals in found.totals.items()}
    rows = [
        (name, *(str(sums[m][k]) for m in found.models))
        for k, name in enumerate((*found.classes, "all"))
    ]
    yield rows_table(
        "frames of each expression",
        ("expression", *found.models),
        rows,
        elsewhere="all models: --csv, --json, --out",
    )


def _grade_table(found: Grades) -> FittedTable:
    rows = [
        (model, str(c.tp), str(c.fp), str(c.fn), str(c.total)) for model, c in found.models.items()
    ]
    return rows_table(
        f"graded events: {plural(found.sessions, 'session')}; different times: {found.times}, true {found.true_times}, "
        f"false {found.false_times}\nmissed: times graded true that only other models have",
        ("model", "true", "false", "missed", "events"),
        rows,
    )


def as_csv(found: Agreement) -> str:
    """All numbers as CSV, undefined ones empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NUMBER_COLUMNS)
    writer.writerows(["" if _undefined(cell) else cell for cell in row] for row in numbers(found))
    return text.getvalue()


def as_plain(found: Agreement) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    plain: dict[str, Any] = {
        "source": found.source,
        "undefined": found.undefined,
        "notes": list(found.notes),
    }
    if found.segments is not None:
        plain["segments"] = _plain_segments(found.segments)
    if found.emotions is not None:
        plain["expressions"] = _plain_emotions(found.emotions)
    if found.grades is not None:
        plain["grades"] = asdict(found.grades)
    return plain


def _plain_segments(found: SegmentAgreement) -> dict[str, Any]:
    pairs = [
        {
            "first": a,
            "second": b,
            **{name: _plain(found.share(name, a, b)) for name in MEASURES},
            "counts": asdict(pair.counts),
            "sessions": pair.sessions,
            "missing": pair.missing,
            "empty": pair.empty,
        }
        for (a, b), pair in found.pairs.items()
    ]
    events = {
        name: {
            "sessions": e.sessions,
            "max": _plain(e.maximum),
            "mean": _plain(e.mean),
            "sample_sd": _plain(e.sample_sd),
            "histogram": list(e.histogram),
        }
        for name, e in found.events.items()
    }
    flags = {
        session_name(key): {model: seen.flags.tolist() for model, seen in own.items()}
        for key, own in found.sheet.items()
    }
    return {
        "models": list(found.models),
        "segments_are": found.segments_are,
        "sessions": len(found.sheet),
        "max_events": found.max_events,
        "left_out": found.left_out,
        "pairs": pairs,
        "events_per_session": events,
        "flags": flags,
    }


def _plain_emotions(found: EmotionAgreement) -> dict[str, Any]:
    pairs = [
        {
            "first": a,
            "second": b,
            "overall": _plain(frame_agreement(c.table)),
            "counts": c.table.tolist(),
            "shares": [[_plain(float(share)) for share in row] for row in row_shares(c.table)],
            "not_compared": {
                "first_only": c.first_only,
                "second_only": c.second_only,
                "neither": c.neither,
                "unpaired": c.unpaired,
                "videos": found.missing[a, b],
            },
        }
        for (a, b), c in found.pairs.items()
    ]
    totals = {model: [int(n) for n in own] for model, own in found.totals.items()}
    return {
        "models": list(found.models),
        "classes": list(found.classes),
        "pairs": pairs,
        "class_totals": totals,
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _undefined(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
