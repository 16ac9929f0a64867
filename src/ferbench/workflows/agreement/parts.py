"""How far models agree on segments, and on the expressions of frames: numbers and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from ferbench.scoring.agreement.frames import FrameCounts, frame_agreement
from ferbench.scoring.agreement.segments import (
    MEASURES,
    EventNumbers,
    PairAgreement,
    SessionKey,
    Sheet,
    pair_counts,
)
from ferbench.types import I64
from ferbench.wording import plural

if TYPE_CHECKING:
    from pandas import DataFrame

ALL_MODELS: Final = "all models"
Pair = tuple[str, str]
"""Two models, in order: the second one's segments or frames are what shares are of."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SegmentAgreement:
    """Agreement on segments.

    Attributes:
        models: in order.
        sheet: the sessions that count, sorted as texts.
        left_out: sessions with more events than allowed.
        max_events: how many a session may have; None = any number.
        pairs: by ordered pair of models.
        events: events per session, by model and for ``ALL_MODELS``; of all rows, whatever
            ``max_events`` is.
        segments_are: how sessions were cut.
    """

    models: tuple[str, ...]
    sheet: Sheet
    left_out: int
    max_events: int | None
    pairs: Mapping[Pair, PairAgreement]
    events: Mapping[str, EventNumbers]
    segments_are: str

    def __repr__(self) -> str:
        """``SegmentAgreement: 3 models, 6 sessions, overall 0.650 to 0.733``."""
        overall = [self.share("overall", *pair) for pair in self.unordered_pairs]
        return (
            f"SegmentAgreement: {plural(len(self.models), 'model')}, "
            f"{plural(len(self.sheet), 'session')}, overall {_range(overall)}"
        )

    @property
    def unordered_pairs(self) -> list[Pair]:
        """Each two models once."""
        return list(combinations(self.models, 2))

    def share(self, measure: str, first: str, second: str) -> float:
        """One of ``MEASURES`` of an ordered pair, over all sessions; NaN = undefined."""
        return MEASURES[measure](self.pairs[first, second].counts)

    def session_shares(self, key: SessionKey, first: str, second: str) -> dict[str, float] | None:
        """``MEASURES`` of an ordered pair in one session.

        None = one of the two has no segments there.
        """
        detections = self.sheet[key]
        for model in (first, second):
            if model not in detections or not len(detections[model].flags):
                return None
        counts = pair_counts(detections[first].flags, detections[second].flags)
        return {name: share(counts) for name, share in MEASURES.items()}

    @property
    def undefined(self) -> int:
        """How many shares of pairs have nothing to divide by."""
        shares = [self.share("overall", *pair) for pair in self.unordered_pairs]
        for pair in self.pairs:
            shares += [self.share("true", *pair), self.share("false", *pair)]
        return sum(math.isnan(share) for share in shares)

    def to_frame(self) -> DataFrame:
        """A row per ordered pair: models, ``MEASURES``, and how many segments and sessions."""
        from pandas import DataFrame

        rows = []
        for (first, second), pair in self.pairs.items():
            shares = [self.share(measure, first, second) for measure in MEASURES]
            rows.append((first, second, *shares, pair.counts.compared, pair.sessions))
        return DataFrame(rows, columns=["first", "second", *MEASURES, "segments", "sessions"])

    def events_frame(self) -> DataFrame:
        """A row per model, and for ``ALL_MODELS``: events per session, over all sessions."""
        from pandas import DataFrame

        rows = [
            (model, numbers.sessions, numbers.maximum, numbers.mean, numbers.sample_sd)
            for model, numbers in self.events.items()
        ]
        return DataFrame(rows, columns=["model", "sessions", "max", "mean", "sample_sd"])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmotionAgreement:
    """Agreement on the expression of each frame.

    Attributes:
        models: in order.
        classes: names of the K classes.
        pairs: by ordered pair of models.
        totals: frames of each class by model, i64 (K,).
        videos: how many videos some model has.
        missing: by ordered pair the videos that one of the two lacks.
        backend: face detector where it is one for all, else "".
    """

    models: tuple[str, ...]
    classes: tuple[str, ...]
    pairs: Mapping[Pair, FrameCounts]
    totals: Mapping[str, I64]
    videos: int
    missing: Mapping[Pair, int]
    backend: str

    def __repr__(self) -> str:
        """``EmotionAgreement: 3 models, 6 videos, overall 0.846 to 0.864``."""
        overall = [self.overall(*pair) for pair in self.unordered_pairs]
        return (
            f"EmotionAgreement: {plural(len(self.models), 'model')}, "
            f"{plural(self.videos, 'video')}, overall {_range(overall)}"
        )

    @property
    def unordered_pairs(self) -> list[Pair]:
        """Each two models once."""
        return list(combinations(self.models, 2))

    def overall(self, first: str, second: str) -> float:
        """Share of the compared frames with the same class; NaN = there are none."""
        return frame_agreement(self.pairs[first, second].table)

    @property
    def undefined(self) -> int:
        """How many shares of pairs have nothing to divide by."""
        return sum(math.isnan(self.overall(*pair)) for pair in self.unordered_pairs)

    def to_frame(self) -> DataFrame:
        """A row per ordered pair: models, ``overall``, and how many frames were compared."""
        from pandas import DataFrame

        rows = [
            (first, second, self.overall(first, second), int(counts.table.sum()))
            for (first, second), counts in self.pairs.items()
        ]
        return DataFrame(rows, columns=["first", "second", "overall", "frames"])

    def totals_frame(self) -> DataFrame:
        """Frames of each expression: a row per class, a column per model."""
        from pandas import DataFrame, Index

        columns = {model: totals.tolist() for model, totals in self.totals.items()}
        return DataFrame(columns, index=Index(self.classes, name="expression"))


def _range(shares: Sequence[float]) -> str:
    defined = [share for share in shares if not math.isnan(share)]
    if not defined:
        return "undefined"
    lowest, highest = min(defined), max(defined)
    if lowest == highest:
        return f"{lowest:.3f}"
    return f"{lowest:.3f} to {highest:.3f}"
