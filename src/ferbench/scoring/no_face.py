"""Bounds for time without a face: what scores would be if it counted otherwise.

An annotation in whose whole window no face was found cannot be found by a detector of faces. It
counts as missed, which mixes how good the detector is with how well the camera saw. Two other
answers bound that: such annotations and such time are left out, or all of them were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.references import references
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import Extent
from ferbench.scoring.tally import Tally
from ferbench.timespans import TOLERANCE
from ferbench.types import F64

CASES: Final = ("missed", "excluded", "best")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFaceBounds:
    """Counts of all sessions, by what time without a face counts as.

    Attributes:
        unseen: annotations without a match in whose whole window there was no face.
        tally: entries (3,): as missed, excluded, best case (see ``CASES``).
    """

    unseen: int
    tally: Tally

    def values(self, column: F64) -> dict[str, float]:
        """A number of each case, f64 (3,), by the case's name."""
        return dict(zip(CASES, column.tolist(), strict=True))


def no_face_bounds(
    sessions: Sequence[ScoredSession], criterion: Criterion, extent: Extent
) -> NoFaceBounds | None:
    """The three cases; None = it is not known for every session when there was a face.

    Args:
        sessions: the sessions.
        criterion: which events count for which annotations.
        extent: the time around an onset that belongs to an annotation.
    """
    if not sessions or any(session.visible is None or session.unplaced for session in sessions):
        return None
    pairs = [criterion.matches(session.events, session.annotations) for session in sessions]
    ignored = [
        criterion.ignored(session.events, session.annotations, of_session)
        for session, of_session in zip(sessions, pairs, strict=True)
    ]
    every = references(
        sessions, pairs, pre_s=extent.pre_s, post_s=extent.post_s, stamp=criterion.stamp
    )
    unseen = sum(not each.detected and each.face_share <= TOLERANCE for each in every)
    num_events = sum(len(session.events) for session in sessions)
    tp = sum(map(len, pairs))
    fp = num_events - tp - sum(map(len, ignored))
    fn = len(every) - tp
    observed_s = sum(session.observed_s for session in sessions)
    visible_s = sum(session.visible_s for session in sessions)
    return NoFaceBounds(
        unseen=unseen,
        tally=Tally(
            tp=np.array([tp, tp, tp + unseen], np.float64),
            fp=np.full(3, fp, np.float64),
            fn=np.array([fn, fn - unseen, fn - unseen], np.float64),
            observed_s=np.array([observed_s, visible_s, observed_s]),
        ),
    )
