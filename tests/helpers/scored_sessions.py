"""Sessions for statistics, made from random numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.scored_session import ScoredSession, stamps_s
from ferbench.scoring.session_outcome import outcome_of
from ferbench.scoring.tally import Tally
from ferbench.types import Annotation, Event


def scored_sessions(
    participants: int, *, late_s: float = 2.0, every: int = 1, seed: int = 0
) -> list[ScoredSession]:
    """Two sessions of 10 min for each participant.

    Every n-th annotation is followed by an event.
    """
    rng, found = np.random.default_rng(seed), []
    for k in range(2 * participants):
        name = f"s{k:02}"
        onsets = np.sort(rng.choice(np.arange(10, 590, 20), 8, replace=False)).astype(float)
        marks = tuple(
            Annotation(session_id=name, onset_s=t, offset_s=t + 3, kind="slip", annotator="anna")
            for t in onsets
        )
        times = [t + late_s for t in onsets[::every]]
        events = tuple(
            Event(
                session_id=name, onset_s=t, offset_s=t + 3, trigger_s=t, label="surprise", peak=0.9
            )
            for t in times
        )
        found.append(
            ScoredSession(
                session_id=name,
                participant=f"p{k // 2:02}",
                events=events,
                annotations=marks,
                observed=((0.0, 600.0),),
                visible=((0.0, 600.0),),
            )
        )
    return found


def tally_of(sessions: Iterable[ScoredSession], criterion: Criterion) -> Tally:
    """Counts under a criterion, one entry per session."""
    return Tally.of(outcome_of(session, criterion).counts for session in sessions)


def matched(sessions, *, pre_s, post_s, stamp):
    """Pairs of every session by the window."""
    pairs = []
    for session in sessions:
        onsets_s = [annotation.onset_s for annotation in session.annotations]
        pairs.append(match(stamps_s(session, stamp), onsets_s, pre_s=pre_s, post_s=post_s))
    return tuple(pairs)
