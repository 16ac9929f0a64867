"""Share of time in alarm, and how much more is found than by being in alarm so long.

An annotation is found where an event lies in its window; so an event stands for the time around it
in which an annotation would have been found. A detector that is in alarm half of the time finds
half of what happens at any time, and its recall says nothing. Improvement over chance is recall
less what annotations at random times of their own sessions would have been found (seizure
prediction: Snyder et al. 2008; Andrade et al. 2024). What differs: time around events instead of a
warning's duration, and matching one to one, by which several annotations around one event are found
once; so the improvement is a little small rather than large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters
from ferbench.scoring.matching.criterion import Criterion, OnsetWindow
from ferbench.scoring.ratios import ratios
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.scoring.tally import Tally
from ferbench.timespans import Stretches, intersection, total_s, union
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeInAlarm:
    """Time in alarm of each participant, f64 (P,) each.

    Attributes:
        participants: P names, sorted.
        alarm_s: seconds of the observed time at which an annotation would have been found.
        observed_s: observed seconds; NaN = not known.
        num_ref: annotations.
        by_time: of these, how many would be found at random times of their own sessions.
        found: how many were found.
    """

    participants: tuple[str, ...]
    alarm_s: F64
    observed_s: F64
    num_ref: F64
    by_time: F64
    found: F64

    def share(self, weights: F64) -> F64:
        """Share of observed time in alarm when participants are taken so often, f64 (rows,).

        Args:
            weights: f64 (rows, P).
        """
        return ratios(weights @ self.alarm_s, weights @ self.observed_s)

    def improvement(self, weights: F64) -> F64:
        """Recall less that at random times, when participants are taken so often, f64 (rows,)."""
        return ratios(weights @ (self.found - self.by_time), weights @ self.num_ref)

    @property
    def each(self) -> F64:
        """Weights of each participant alone, f64 (P, P)."""
        return np.eye(len(self.participants))

    @property
    def everybody(self) -> F64:
        """Weights of all together, f64 (1, P)."""
        return np.ones((1, len(self.participants)))


def time_in_alarm(
    sessions: Sequence[ScoredSession], criterion: Criterion, tally: Tally
) -> TimeInAlarm | None:
    """Time in alarm of some sessions; None = matching is not by a window around the onset.

    Args:
        sessions: the sessions.
        criterion: which events count for which annotations.
        tally: counts of each participant, entries (P,), in order of their names.
    """
    window = criterion.onset_window
    if window is None:
        return None
    participants, owner = clusters(sessions)
    rows = np.array([_row(session, window, criterion.stamp) for session in sessions])
    columns = [
        np.bincount(owner, column, len(participants)).astype(np.float64)
        for column in rows.reshape(-1, 4).T
    ]
    alarm_s, observed_s, num_ref, by_time = columns
    return TimeInAlarm(
        participants=participants,
        alarm_s=alarm_s,
        observed_s=observed_s,
        num_ref=num_ref,
        by_time=by_time,
        found=tally.tp,
    )


def _row(session: ScoredSession, window: OnsetWindow, stamp: Stamp) -> tuple[float, ...]:
    """Seconds in alarm, observed seconds, annotations, and those found at random times."""
    num_ref = len(session.annotations)
    if not session.observed:
        return (math.nan, math.nan, num_ref, math.nan if num_ref else 0.0)
    alarm_s, observed_s = total_s(in_alarm(session, window, stamp)), session.observed_s
    return (alarm_s, observed_s, num_ref, num_ref * alarm_s / observed_s)


def in_alarm(session: ScoredSession, window: OnsetWindow, stamp: Stamp) -> Stretches:
    """Observed time of a session at which an annotation would have been found, in order, apart.

    An annotation at t is found by an event from t - pre_s to t + post_s, so by one at e where t is
    from e - post_s to e + pre_s.
    """
    around = [(at - window.post_s, at + window.pre_s) for at in stamps_s(session, stamp)]
    return intersection(union(around), session.observed)
