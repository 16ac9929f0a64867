"""Tables of time in alarm and of time without a face."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferbench.report.files import write_csv
from ferbench.scoring.metrics import f1, false_alarms_per_min, precision, recall
from ferbench.scoring.no_face import CASES, NoFaceBounds
from ferbench.scoring.ratios import ratios
from ferbench.scoring.time_in_alarm import TimeInAlarm
from ferbench.types import F64

_ALARM_COLUMNS: Final = (
    "participant",
    "observed_s",
    "in_alarm_s",
    "time_in_alarm",
    "annotations",
    "matched",
    "recall",
    "recall_at_random_times",
    "improvement_over_chance",
)
_NO_FACE_COLUMNS: Final = (
    "no_face_counts_as",
    "observed_s",
    "tp",
    "fp",
    "fn",
    "precision",
    "recall",
    "f1",
    "false_alarms_per_min",
)


def write_time_in_alarm(alarm: TimeInAlarm, path: Path) -> None:
    """One row per participant, and one for all."""
    rows = _alarm_rows(alarm, alarm.participants, alarm.each)
    write_csv(path, _ALARM_COLUMNS, [*rows, *_alarm_rows(alarm, ("all",), alarm.everybody)])


def _alarm_rows(
    alarm: TimeInAlarm, names: tuple[str, ...], weights: F64
) -> list[tuple[object, ...]]:
    num_ref, found = weights @ alarm.num_ref, weights @ alarm.found
    columns = (
        weights @ alarm.observed_s,
        weights @ alarm.alarm_s,
        alarm.share(weights),
        num_ref,
        found,
        ratios(found, num_ref),
        ratios(weights @ alarm.by_time, num_ref),
        alarm.improvement(weights),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        (name, *row[:3], int(row[3]), int(row[4]), *row[5:])
        for name, row in zip(names, rows, strict=True)
    ]


def write_no_face(bounds: NoFaceBounds, path: Path) -> None:
    """One row per case: as missed, excluded, best."""
    tally = bounds.tally
    counts = zip(
        *(column.astype(int).tolist() for column in (tally.tp, tally.fp, tally.fn)), strict=True
    )
    scores = zip(
        *(formula(tally).tolist() for formula in (precision, recall, f1, false_alarms_per_min)),
        strict=True,
    )
    rows = [
        (case, observed_s, *of_case, *scored)
        for case, observed_s, of_case, scored in zip(
            CASES, tally.observed_s.tolist(), counts, scores, strict=True
        )
    ]
    write_csv(path, _NO_FACE_COLUMNS, rows)
