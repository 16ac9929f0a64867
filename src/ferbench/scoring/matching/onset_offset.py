"""Onsets and offsets are near: the event-based score of sed_eval.

Source: Mesaros, Heittola & Virtanen 2016, "Metrics for Polyphonic Sound Event Detection", and
sed_eval (github.com/TUT-ARG/sed_eval). What differs: two collars instead of one, and
``tolerance_s`` (0 = as there).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.matching.criterion import check_seconds
from ferbench.scoring.matching.pairwise import Pairwise, Which
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsetOffset(Pairwise):
    """Onsets differ by at most ``onset_collar_s``, offsets by at most their collar.

    The collar of offsets is ``offset_collar_s`` or ``offset_share`` of the annotation's length,
    whichever is more.

    Attributes:
        onset_collar_s: seconds.
        offset_collar_s: seconds.
        offset_share: of the annotation's length, 0 = only the collar counts.
        tolerance_s: what all edges are stretched by.
    """

    onset_collar_s: float = 1.0
    offset_collar_s: float = 1.0
    offset_share: float = 0.5
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the values."""
        Pairwise.__post_init__(self)
        check_seconds(
            onset_collar_s=self.onset_collar_s,
            offset_collar_s=self.offset_collar_s,
            tolerance_s=self.tolerance_s,
        )
        if not (math.isfinite(self.offset_share) and self.offset_share >= 0):
            raise ConfigError(
                key="offset_share", expected="a finite number, 0 or more", got=self.offset_share
            )

    def __str__(self) -> str:
        share = ""
        if self.offset_share:
            share = f" or {self.offset_share:g} of the annotation's length"
        return (
            f"onsets are within {self.onset_collar_s:g} s, and offsets within "
            f"{self.offset_collar_s:g} s{share}"
        )

    def allowed(self, event_s: F64, annotation_s: F64) -> Which:
        """See ``Pairwise``."""
        length_s = annotation_s[1] - annotation_s[0]
        collar_s = np.maximum(self.offset_collar_s, self.offset_share * length_s)
        onsets_apart_s = np.abs(annotation_s[0] - event_s[0])
        offsets_apart_s = np.abs(annotation_s[1] - event_s[1])
        near_onset: Which = onsets_apart_s <= self.onset_collar_s + self.tolerance_s
        near_offset: Which = offsets_apart_s <= collar_s + self.tolerance_s
        return near_onset & near_offset

    def least_shift_s(self, *, longest_event_s: float, longest_annotation_s: float) -> float:
        """Twice the collar of onsets."""
        del longest_event_s, longest_annotation_s
        return 2 * self.onset_collar_s
