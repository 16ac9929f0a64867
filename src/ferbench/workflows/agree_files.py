"""Files of ``ferbench agreement``.

The tables that the thesis' programs wrote, one table of all numbers, pictures.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferbench.places import file_stem
from ferbench.report.agreement import events_png, expressions_png, shares_png
from ferbench.report.files import write_csv
from ferbench.scoring.agreement.frames import frame_agreement, row_shares
from ferbench.scoring.agreement.segments import (
    MEASURES,
    SessionKey,
    false_agreement,
    true_agreement,
)
from ferbench.thesis.text import write_rows
from ferbench.types import F64
from ferbench.workflows.agree import Agreement, EmotionAgreement, SegmentAgreement, session_shares

NUMBER_COLUMNS: Final = ("part", "first", "second", "measure", "value", "n")


def write_all(found: Agreement, folder: Path) -> list[Path]:
    """Write everything there is; return the paths, the table of all numbers first."""
    folder.mkdir(parents=True, exist_ok=True)
    filtered = (
        "_filtered" if found.segments is not None and found.segments.max_events is not None else ""
    )
    files: dict[str, Callable[[Path], None]] = {
        f"agreement{filtered}.csv": lambda part: write_csv(part, NUMBER_COLUMNS, numbers(found))
    }
    if found.segments is not None:
        files |= _segment_files(found.segments, stem=f"{found.stem}{filtered}", filtered=filtered)
    if found.emotions is not None:
        files |= _emotion_files(found.emotions, stem=found.stem)
    for name, write in files.items():
        _whole(folder / name, write)
    return [folder / name for name in files]


def _segment_files(
    found: SegmentAgreement, *, stem: str, filtered: str
) -> dict[str, Callable[[Path], None]]:
    histograms = {name: events.histogram for name, events in found.events.items()}
    files: dict[str, Callable[[Path], None]] = {
        f"{stem}_converted.csv": lambda part: write_rows(part, converted_rows(found)),
        f"{stem}_confusion.csv": lambda part: write_rows(part, confusion_rows(found)),
        "events_per_session.png": lambda part: events_png(histograms, part),
    }
    if found.pairs:
        files[f"segments{filtered}.png"] = lambda part: _segments_png(found, part)
    return files


def _emotion_files(found: EmotionAgreement, *, stem: str) -> dict[str, Callable[[Path], None]]:
    files: dict[str, Callable[[Path], None]] = {
        f"{stem}_all_emotions.csv": lambda part: write_rows(part, emotion_rows(found)),
        "expressions.csv": lambda part: write_csv(part, *_matrix_table(found)),
    }
    for model in found.models if found.pairs else ():
        files[f"expressions_{file_stem(model)}.png"] = partial(_expressions_png, found, model)
    return files


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file under another name, then move it to its place."""
    part = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def numbers(found: Agreement) -> Iterator[tuple[str, str, str, str, float, int]]:
    """All numbers as rows of ``NUMBER_COLUMNS``; ``n`` is what a share was divided by."""
    if found.segments is not None:
        own = found.segments
        for (a, b), pair in own.pairs.items():
            c = pair.counts
            sizes = {
                "overall": c.compared,
                "true": c.both + c.second_only,
                "false": c.neither + c.first_only,
            }
            for name in MEASURES:
                yield "segments", a, b, name, own.share(name, a, b), sizes[name]
        for model, events in own.events.items():
            for name, value in (
                ("max", events.maximum),
                ("mean", events.mean),
                ("sample_sd", events.sample_sd),
            ):
                yield "events per session", model, "", name, value, events.sessions
    if found.emotions is not None:
        shown = found.emotions
        for (a, b), counts in shown.pairs.items():
            yield (
                "expressions",
                a,
                b,
                "overall",
                frame_agreement(counts.table),
                int(counts.table.sum()),
            )
        for model, totals in shown.totals.items():
            for name, frames in zip(shown.classes, totals, strict=True):
                share = int(frames) / int(totals.sum()) if totals.sum() else math.nan
                yield "expressions", model, "", name, share, int(frames)
    if found.grades is not None:
        for model, grade in found.grades.models.items():
            for name in ("tp", "fp", "fn"):
                yield "grades", model, "", name, float(getattr(grade, name)), grade.total


def converted_rows(found: SegmentAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_converted.csv`` as convert_results writes it.

    Counts and agreement of each session.

    ``N/C``: no segments; ``N/A``: nothing to compare; ``N/D``: nothing to divide by.
    """
    pairs, once = list(found.pairs), _unordered(found.pairs)
    names = [f"{kind}Agree-{a} with {b}" for a, b in pairs for kind in "TF"]
    yield ["Id", "Session", *found.models, *(f"OAgree-{a} with {b}" for a, b in once), *names]
    for key in found.sheet:
        yield [
            *key,
            *(_events(found, key, m) for m in found.models),
            *_shares(found, key, once, pairs),
        ]


def _events(found: SegmentAgreement, key: SessionKey, model: str) -> object:
    own = found.sheet[key].get(model)
    if own is None:
        return "N/A"
    return own.count if len(own.flags) else "N/C"


def _shares(
    found: SegmentAgreement,
    key: SessionKey,
    once: Sequence[tuple[str, str]],
    pairs: Sequence[tuple[str, str]],
) -> Iterator[object]:
    wanted = [(pair, "overall") for pair in once] + [
        (pair, name) for pair in pairs for name in ("true", "false")
    ]
    for pair, name in wanted:
        shares = session_shares(found, key, *pair)
        yield "N/A" if shares is None else _defined(shares[name])


def _defined(share: float) -> object:
    return "N/D" if math.isnan(share) else share


def _unordered(pairs: Any) -> list[tuple[str, str]]:
    """Of each two models the pair that comes first."""
    seen: dict[frozenset[str], tuple[str, str]] = {}
    for pair in pairs:
        seen.setdefault(frozenset(pair), pair)
    return list(seen.values())


def confusion_rows(found: SegmentAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_confusion.csv`` as convert_results writes it, ``N/D`` where it ends with an
    error.
    """
    kinds = [f"{side}(m2)-{word}(m1)" for side in "TF" for word in ("Agree", "Disagree")]
    yield ["m1", "m2", *kinds]
    for (a, b), pair in found.pairs.items():
        true, false = true_agreement(pair.counts), false_agreement(pair.counts)
        yield [a, b, *map(_defined, (true, 1.0 - true, false, 1.0 - false))]


def emotion_rows(found: EmotionAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_all_emotions.csv`` as analyze_emotions writes it, ``N/D`` where it ends
    with an error.
    """
    for (a, b), counts in found.pairs.items():
        yield [a, b, found.backend, _defined(frame_agreement(counts.table))]
    yield []
    for model in found.models:
        for name, frames in zip(found.classes, found.totals[model], strict=True):
            yield [model, name.capitalize(), int(frames)]


def _matrix_table(found: EmotionAgreement) -> tuple[Sequence[str], list[Sequence[object]]]:
    """Header and rows of all matrices.

    Frames of a class of the first model, and shares of what the second says.
    """
    rows: list[Sequence[object]] = []
    for (a, b), counts in found.pairs.items():
        shares = row_shares(counts.table)
        for k, name in enumerate(found.classes):
            rows.append([a, b, name, int(counts.table[k].sum()), *map(float, shares[k])])
    return ["first", "second", "class", "frames", *found.classes], rows


def _segments_png(found: SegmentAgreement, path: Path) -> None:
    titles = {
        "overall": "same in both",
        "true": "flagged by the second:\nshare that the first flags too",
        "false": "not flagged by the second:\nshare that the first does not flag either",
    }
    panels = {titles[name]: _square(found, name) for name in MEASURES}
    shares_png(
        panels, found.models, path, title=f"agreement on segments, {len(found.sheet)} sessions"
    )


def _square(found: SegmentAgreement, measure: str) -> F64:
    shares = np.full((len(found.models),) * 2, np.nan)
    for a, b in found.pairs:
        shares[found.models.index(a), found.models.index(b)] = found.share(measure, a, b)
    return shares


def _expressions_png(found: EmotionAgreement, model: str, path: Path) -> None:
    others = {b: row_shares(counts.table) for (a, b), counts in found.pairs.items() if a == model}
    expressions_png(model, others, found.classes, path)
