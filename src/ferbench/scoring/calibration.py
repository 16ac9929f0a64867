"""Whether a model's confidence is how often it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.types import F64, I64

BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Confidence and how often it was right, in bins of one width.

    Bins hold their upper end, not their lower one, as scikit-learn's ``calibration_curve``.

    Attributes:
        frames: i64 (BINS,), labelled frames or images with a classified face.
        confidence: f64 (BINS,), mean probability of the top label, NaN without frames.
        correct: f64 (BINS,), share of frames whose label is the top label, NaN without frames.
        unknown: labelled frames without a classified face, or with a label that the model lacks.
    """

    frames: I64
    confidence: F64
    correct: F64
    unknown: int

    @property
    def accuracy(self) -> float:
        """Share of all counted frames that are right; NaN without frames."""
        return self._mean(self.correct)

    @property
    def ece(self) -> float:
        """Expected calibration error: mean over the frames of |correct - confidence| of their bin.

        Naeini, Cooper and Hauskrecht 2015. NaN without frames.
        """
        return self._mean(np.abs(self.correct - self.confidence))

    def _mean(self, values: F64) -> float:
        used = self.frames > 0
        if not used.any():
            return float("nan")
        return float(np.average(values[used], weights=self.frames[used]))


def edges() -> F64:
    """Ends of the bins, f64 (BINS + 1,)."""
    return np.linspace(0, 1, BINS + 1)


def calibration(
    confidence: F64, is_right: np.ndarray[tuple[int], np.dtype[np.bool_]], *, unknown: int = 0
) -> Calibration:
    """Bin labelled frames by the probability of their top label.

    Args:
        confidence: f64 (N,).
        is_right: bool (N,).
        unknown: labelled frames that are not among them.
    """
    place = np.searchsorted(edges()[1:-1], confidence)
    frames = np.bincount(place, minlength=BINS).astype(np.int64)
    sums = np.bincount(place, weights=confidence, minlength=BINS)
    hits = np.bincount(place, weights=is_right, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Calibration(
            frames=frames, confidence=sums / frames, correct=hits / frames, unknown=unknown
        )
