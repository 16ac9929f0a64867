"""What grades come to: numbers, tables, and what raters disagree on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ferbench.report.statistics_words import interval_text, number
from ferbench.report.text_table import TextTable
from ferbench.scoring.grade_numbers import Estimate, ModelGrades, RaterPair
from ferbench.scoring.graded_events import GradedEvent
from ferbench.scoring.ratios import defined, ratio
from ferbench.scoring.scored_session import Stamp
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = (
    "model",
    "right",
    "wrong",
    "unsure",
    "split",
    "ungraded",
    "missed",
    "precision",
    "precision_low",
    "precision_high",
    "pooled_recall",
    "pooled_recall_low",
    "pooled_recall_high",
)
DISAGREEMENT_COLUMNS: Final = (
    "session",
    "models",
    "label",
    "onset_s",
    "trigger_s",
    "timecode",
    "item",
    "rater",
    "grade",
    "note",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterGrades:
    """What one rater says of one model's events."""

    rater: str
    model: str
    right: int
    wrong: int
    unsure: int

    @property
    def precision(self) -> float:
        """Right of all that the rater is sure of; NaN = of none."""
        return ratio(self.right, self.right + self.wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What one rater calls right and another wrong.

    Attributes:
        session: where it is.
        models: that have it.
        label: expression.
        onset_s: seconds of the session; NaN = a grade file of the thesis, which has time codes.
        trigger_s: likewise.
        timecode: as the thesis has it; "" = not told.
        item: its name on a page that hides the model.
        said: rater, grade and note.
    """

    session: str
    models: tuple[str, ...]
    label: str
    onset_s: float
    trigger_s: float
    timecode: str
    item: str
    said: tuple[tuple[str, str, str], ...]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """A row of ``DISAGREEMENT_COLUMNS`` per rater."""
        times = (self.onset_s, self.trigger_s, self.timecode)
        for said in self.said:
            yield (self.session, " ".join(self.models), self.label, *times, self.item, *said)

    def __str__(self) -> str:
        """``P1  surprise  10.500 s: Ann right, Bob wrong``."""
        said = ", ".join(f"{rater} {grade}" for rater, grade, _ in self.said)
        time = self.timecode if math.isnan(self.onset_s) else f"{self.onset_s:.3f} s"
        return f"{'  '.join(filter(None, (self.session, self.label, time)))}: {said}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GradeScores:
    """Scores of grades.

    Attributes:
        models: a row per model; () = grade files of several raters, which have no verdict.
        raters: a row per rater and model.
        pairs: agreement of each two raters.
        alpha: Krippendorff's, of more than two raters; None = there are no more.
        disagreements: what one calls right and another wrong.
        events: all that was graded; () = grade files of the thesis.
        tolerance_s: by which events were pooled.
        stamp: an event's time for that.
        refused: sentences about rows that cannot be used.
        notes: what else a reader should know.
    """

    models: tuple[ModelGrades, ...]
    raters: tuple[RaterGrades, ...]
    pairs: tuple[RaterPair, ...]
    alpha: Estimate | None
    disagreements: tuple[Disagreement, ...]
    events: tuple[GradedEvent, ...]
    tolerance_s: float
    stamp: Stamp
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        models = [
            f"{each.model or 'events'}: precision {number(each.precision.value)}, "
            f"pooled recall {number(each.pooled_recall.value)}"
            for each in self.models
        ]
        raters = len({each.rater for each in self.raters})
        refused = [f"refused: {text}" for text in self.refused]
        notes = [f"note: {text}" for text in self.notes]
        head = f"GradeScores: {plural(raters, 'rater')}, {plural(len(self.events), 'event')}"
        return "\n".join([head, *models, *refused, *notes])

    def to_frame(self) -> pd.DataFrame:
        """One row per model: counts, precision and pooled recall with their intervals."""
        import pandas as pd

        rows = [
            (
                *(each.model, each.right, each.wrong, each.unsure, each.split),
                *(each.ungraded, each.missed),
                *_with_ends(each.precision),
                *_with_ends(each.pooled_recall),
            )
            for each in self.models
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def disagreements_frame(self) -> pd.DataFrame:
        """One row per rater and event that raters disagree on, with their notes."""
        import pandas as pd

        rows = [row for each in self.disagreements for row in each.rows()]
        return pd.DataFrame(rows, columns=list(DISAGREEMENT_COLUMNS))

    def model_table(self) -> TextTable:
        """Models as texts."""
        rows = []
        for each in self.models:
            left_out = (each.unsure, each.split, each.ungraded)
            numbers = (each.right, each.wrong, *left_out, each.missed)
            shares = (_text(each.precision), _text(each.pooled_recall))
            rows.append((each.model or "-", *map(str, numbers), *shares))
        header = ("model", *COLUMNS[1:7], "precision", "pooled recall")
        return TextTable(
            title="grades",
            header=header,
            rows=tuple(rows),
            importance=("model", "precision", "pooled recall", "right", "wrong", "missed"),
        )

    def rater_table(self) -> TextTable:
        """What each rater says, as texts."""
        rows = [
            (
                *(each.rater, each.model or "-"),
                *(str(n) for n in (each.right, each.wrong, each.unsure)),
                number(each.precision),
            )
            for each in self.raters
        ]
        header = ("rater", "model", "right", "wrong", "unsure", "precision")
        return TextTable(title="by rater", header=header, rows=tuple(rows))

    def agreement_lines(self) -> list[str]:
        """How far raters agree, a line per pair and one for all."""
        lines = [
            f"{each.first} and {each.second}: kappa {_text(each.kappa)}, the same grade for "
            f"{number(each.agreement)} of {each.compared} that both are sure of"
            + (f"; {each.unsure} more of which one is unsure" if each.unsure else "")
            for each in self.pairs
        ]
        if self.alpha is not None:
            lines.append(f"all raters: Krippendorff's alpha {_text(self.alpha)}")
        return lines

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        models = self.to_frame().to_dict("records")
        return {
            "models": [{key: _plain(value) for key, value in row.items()} for row in models],
            "raters": [
                {
                    "rater": each.rater,
                    "model": each.model,
                    "right": each.right,
                    "wrong": each.wrong,
                    "unsure": each.unsure,
                    "precision": defined(each.precision),
                }
                for each in self.raters
            ],
            "agreement": [_plain_pair(pair) for pair in self.pairs],
            "alpha": None if self.alpha is None else _plain_estimate(self.alpha),
            "disagreements": [
                dict(zip(DISAGREEMENT_COLUMNS, map(_plain, row), strict=True))
                for each in self.disagreements
                for row in each.rows()
            ],
            "tolerance_s": self.tolerance_s,
            "stamp": self.stamp,
        }


def _ends(estimate: Estimate) -> tuple[float, float]:
    interval = estimate.interval
    return (math.nan, math.nan) if interval is None else (interval.low, interval.high)


def _with_ends(estimate: Estimate) -> tuple[float, float, float]:
    return (estimate.value, *_ends(estimate))


def _text(estimate: Estimate) -> str:
    return f"{number(estimate.value)}{interval_text(estimate.interval)}"


def _plain(value: Any) -> Any:
    return defined(value) if isinstance(value, float) else value


def _plain_estimate(estimate: Estimate) -> dict[str, float | None]:
    names = ("value", "low", "high")
    return dict(zip(names, map(defined, _with_ends(estimate)), strict=True))


def _plain_pair(pair: RaterPair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "compared": pair.compared,
        "unsure": pair.unsure,
        "agreement": defined(pair.agreement),
        "kappa": _plain_estimate(pair.kappa),
    }
