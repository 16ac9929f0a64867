"""Counts over the width of the window, at the rule's own threshold.

The ranges are those of SoccerNet action spotting (Giancola et al. 2018, Deliege et al. 2021), where
annotations have no extent either. What differs: F1 at the run's threshold instead of average
precision, a window that grows only behind the annotation, and the plain mean over the widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters, largest_matchings
from ferbench.scoring.matching.duplicates import Duplicates, in_any_window
from ferbench.scoring.metrics import f1
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import Statistic
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64

TIGHT_S: Final = tuple(1 + 0.5 * k for k in range(9))
"""1 to 5 s."""
LOOSE_S: Final = tuple(5.0 * k for k in range(1, 13))
"""5 to 60 s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToleranceCurve:
    """Counts of each participant with windows of several widths.

    Attributes:
        post_s: f64 (T,), windows after an annotation's onset, rising.
        participants: P names, sorted.
        tally: entries (P, T).
    """

    post_s: F64
    participants: tuple[str, ...]
    tally: Tally

    def pooled(self) -> Tally:
        """Counts of everybody together, entries (T,)."""
        return self.tally.weighted(np.ones(len(self.participants)))


def tolerance_curve(
    sessions: Sequence[ScoredSession],
    *,
    pre_s: float,
    stamp: Stamp,
    widths_s: Sequence[float] = (*TIGHT_S, *LOOSE_S),
    tolerance_s: float = TOLERANCE_S,
    duplicates: Duplicates = "false_alarm",
) -> ToleranceCurve:
    """Match each session with every width of the window.

    Args:
        sessions: the sessions.
        pre_s: window before an annotation's onset, the same for all.
        stamp: an event's time.
        widths_s: windows after the onset, any order.
        tolerance_s: what both ends of a window are stretched by.
        duplicates: ``ignored`` = events in windows are no false alarms.
    """
    post_s = np.unique(np.asarray(widths_s, np.float64))
    participants, owner = clusters(sessions)
    counts = np.zeros((4, len(participants), len(post_s)))
    for session, who in zip(sessions, owner.tolist(), strict=True):
        onset_s = np.sort([annotation.onset_s for annotation in session.annotations])
        times_s = np.sort(stamps_s(session, stamp))
        low_s = onset_s - pre_s - tolerance_s
        high_s = onset_s + post_s[:, None] + tolerance_s
        free = np.ones((len(post_s), len(times_s)), np.bool_)
        matched = largest_matchings(free, times_s, low_s, high_s)
        counts[0, who] += matched
        counts[1, who] += len(times_s) - matched
        if duplicates == "ignored":
            inside = [in_any_window(times_s, low_s, ends_s).sum() for ends_s in high_s]
            counts[1, who] -= np.array(inside) - matched
        counts[2, who] += len(onset_s) - matched
        counts[3, who] += session.observed_s if session.observed else np.nan
    tp, fp, fn, observed_s = counts
    return ToleranceCurve(
        post_s=post_s,
        participants=participants,
        tally=Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s),
    )


def mean_of(curve: ToleranceCurve, widths_s: Sequence[float], formula: Formula = f1) -> Statistic:
    """Mean of a metric over some of the curve's widths, as a function of the participants taken.

    Its value for everybody is ``mean_of(curve, TIGHT_S)(np.ones((1, P)))[0]`` (see
    ``intervals.bootstrap``).
    """
    columns = np.isin(curve.post_s, widths_s)
    return lambda weights: formula(curve.tally.weighted(weights))[:, columns].mean(axis=1)
