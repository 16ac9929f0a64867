"""The observed time of a session as a circle, on which its events are moved."""

from __future__ import annotations

import numpy as np

from ferbench.scoring.uncertainty.chance import Track
from ferbench.timespans import spans_of
from ferbench.types import F64


class Circle:
    """A session's observed time, put together to one stretch that closes to a circle.

    Attributes:
        length_s: of the circle: the observed time.
        place_s: f64 (N,), where the session's events lie on it.
        start_s: f64 (stretches,), where each observed stretch begins in the session.
        before_s: f64 (stretches + 1,), where each begins on the circle; the last is its end.
    """

    def __init__(self, track: Track) -> None:
        spans = spans_of(track.observed)
        self.start_s = spans[:, 0]
        self.before_s = np.concatenate(([0.0], np.cumsum(spans[:, 1] - spans[:, 0])))
        self.length_s = float(self.before_s[-1])
        self.place_s = np.zeros(len(track.times_s))
        if len(spans):
            # A trigger at the very end of a stretch belongs to that stretch, not to the next one.
            index = (np.searchsorted(self.start_s, track.times_s, side="right") - 1).clip(0)
            lasts_s = np.diff(self.before_s)[index]
            inside_s = (track.times_s - self.start_s[index]).clip(0, lasts_s)
            self.place_s = self.before_s[index] + inside_s

    @property
    def has_events(self) -> bool:
        """Whether there is anything to place."""
        return len(self.place_s) > 0

    def to_session(self, place_s: F64) -> F64:
        """Times in the session of places on the circle, in [0, length_s)."""
        index = np.searchsorted(self.before_s, place_s, side="right") - 1
        index = index.clip(0, len(self.start_s) - 1)
        inside_s = place_s - self.before_s[index]
        return np.asarray(self.start_s[index] + inside_s, np.float64)

    def around(self, place_s: F64, lasts_s: F64) -> F64:
        """Times in the session of what comes in at its start because it reaches beyond the seam.

        NaN elsewhere.
        """
        again_s = self.start_s[0] + place_s - self.length_s
        return np.where(place_s + lasts_s > self.length_s, again_s, np.nan)
