"""What a comparison of models comes to."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ferbench.results import RunRow
from ferbench.thesis.grade_counts import Grades
from ferbench.thesis.grades import GradeSheet
from ferbench.tracking.store import Store
from ferbench.wording import plural
from ferbench.workflows.agreement.parts import EmotionAgreement, SegmentAgreement
from ferbench.workflows.agreement.plain import plain_emotions, plain_segments
from ferbench.workflows.agreement.tables import (
    NUMBER_COLUMNS,
    NumberRow,
    event_rows,
    expression_rows,
    grade_rows,
    segment_rows,
    total_rows,
)

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRuns:
    """The recorded runs that were compared.

    Attributes:
        store: where they are recorded.
        rows: at least one.
    """

    store: Store
    rows: tuple[RunRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Agreement:
    """How far the models of some source agree.

    Attributes:
        source: what was read, for people.
        stem: what files made of it are named after.
        segments: None = there are no segments.
        emotions: None = there are no frames.
        grades: None = it is no graded sheet.
        notes: what a reader should know.
        graded_sheet: what ``grades`` were counted of.
        runs: None = files were read.
    """

    source: str
    stem: str
    segments: SegmentAgreement | None = None
    emotions: EmotionAgreement | None = None
    grades: Grades | None = None
    notes: tuple[str, ...] = ()
    graded_sheet: GradeSheet | None = None
    runs: ComparedRuns | None = None

    def __repr__(self) -> str:
        """Its parts, a line each, and how many notes there are."""
        parts = [part for part in (self.segments, self.emotions, self.grades) if part is not None]
        lines = [f"Agreement of {self.source}", *(repr(part) for part in parts)]
        if self.notes:
            lines.append(plural(len(self.notes), "note"))
        return "\n  ".join(lines)

    def number_rows(self) -> Iterator[NumberRow]:
        """All numbers as rows of ``NUMBER_COLUMNS``; ``n`` is what a share was divided by."""
        if self.segments is not None:
            yield from segment_rows(self.segments)
            yield from event_rows(self.segments)
        if self.emotions is not None:
            yield from expression_rows(self.emotions)
            yield from total_rows(self.emotions)
        if self.grades is not None:
            yield from grade_rows(self.grades)

    def to_frame(self) -> DataFrame:
        """All numbers, a row each: ``NUMBER_COLUMNS``; ``n`` is what a share was divided by."""
        from pandas import DataFrame

        return DataFrame(list(self.number_rows()), columns=list(NUMBER_COLUMNS))

    def to_csv(self) -> str:
        """All numbers as CSV, the columns of ``to_frame``; undefined ones are empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(NUMBER_COLUMNS)
        for *names, value, n in self.number_rows():
            writer.writerow([*names, "" if math.isnan(value) else value, n])
        return text.getvalue()

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        plain: dict[str, Any] = {
            "source": self.source,
            "undefined": self.undefined,
            "notes": list(self.notes),
        }
        if self.segments is not None:
            plain["segments"] = plain_segments(self.segments)
        if self.emotions is not None:
            plain["expressions"] = plain_emotions(self.emotions)
        if self.grades is not None:
            plain["grades"] = asdict(self.grades)
        return plain

    @property
    def undefined(self) -> int:
        """How many shares of pairs have nothing to divide by."""
        parts = [part for part in (self.segments, self.emotions) if part is not None]
        return sum(part.undefined for part in parts)

    @property
    def is_filtered(self) -> bool:
        """Whether sessions with many events were to be left out."""
        return self.segments is not None and self.segments.max_events is not None
