"""What models say in a ``Results.csv`` of the thesis."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.scoring.agreement.segments import Detections, SessionKey, Sheet
from ferbench.thesis.results import ResultsRow, read_results
from ferbench.workflows.agreement.outputs import ModelOutputs

SEGMENTS_ARE: Final = "the segments of the thesis' rule"
EXTRA_SEGMENT: Final = (
    "a last segment without rows, which the thesis' rule adds where rows fill their segments "
    "exactly, counts like the others, as in the thesis"
)


def outputs_of_results(path: Path) -> ModelOutputs:
    """What the models of a Results.csv say.

    Raises:
        FormatError: it is none; names the line.
    """
    rows = read_results(path)
    backends = sorted({row.backend for row in rows})
    notes = [EXTRA_SEGMENT]
    if len(backends) > 1:
        notes.append(
            "rows are of several face detectors; models are named with theirs: "
            f"{', '.join(backends)}"
        )
        named_rows = [(f"{row.model} {row.backend}", row) for row in rows]
    else:
        named_rows = [(row.model, row) for row in rows]
    sheet, event_counts = sheet_of(named_rows)
    return ModelOutputs(
        source=path.name,
        stem=path.stem,
        sheet=sheet,
        event_counts=event_counts,
        segments_are=SEGMENTS_ARE,
        notes=(*notes, *_repeated(named_rows)),
    )


def _repeated(named_rows: Sequence[tuple[str, ResultsRow]]) -> list[str]:
    """A note on each session that a model has several times."""
    rows_of = Counter((row.participant, row.session, model) for model, row in named_rows)
    return [
        f"{participant}/{session} of {model} is there several times: the last row counts for "
        "agreement, each for the events per session"
        for (participant, session, model), number in rows_of.items()
        if number > 1
    ]


def sheet_of(
    named_rows: Sequence[tuple[str, ResultsRow]],
) -> tuple[Sheet, dict[str, list[int]]]:
    """Segments by session and model, and by model the events of each row.

    Args:
        named_rows: rows, each with the name that its model is compared under.
    """
    sheet: dict[SessionKey, dict[str, Detections]] = defaultdict(dict)
    event_counts: dict[str, list[int]] = defaultdict(list)
    for model, row in named_rows:
        flags = np.array(row.flags, np.int64)
        sheet[row.participant, row.session][model] = Detections(flags=flags, count=row.count)
        event_counts[model].append(row.count)
    return dict(sheet), dict(event_counts)
