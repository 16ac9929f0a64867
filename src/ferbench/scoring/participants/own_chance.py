"""Which participants are above chance by themselves, out of the draws that all share.

A null detector that moves events within their own session says of each participant what their
events would score by chance. A swap compares people with each other: of a single person it has
only as many arrangements as there are others, so it has no say here.

How many of N people have a small p says little without how many would by chance: N people who know
nothing have alpha * N of them or fewer (p of counts is a step function), so their number stands
beside that, with the probability of as many or more (binomial), and with the number that is left
when p is corrected for having asked N times (Holm 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters
from ferbench.scoring.metrics import f1
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.assessment import Assessment
from ferbench.scoring.uncertainty.chance import Chance, NullName, against, strictest
from ferbench.scoring.uncertainty.paired import holm_adjusted
from ferbench.types import F64, I64

_EQUAL: Final = 1e-12  # p that differ by less are equal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChance:
    """One participant's F1 beside that participant's own null distribution.

    Attributes:
        participant: who.
        chance: beside the null detector that is hardest to beat; None = cannot be tested, because
            there are no events, or no annotations, or no known time.
        hardest: which of them that is; None as ``chance``.
        p_holm: corrected for the number of participants that can be tested; NaN = not tested.
    """

    participant: str
    chance: Chance | None
    hardest: NullName | None
    p_holm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AboveChance:
    """How many participants are above their own chance level.

    Attributes:
        people: all of them, in the order of the assessment.
        alpha: p up to which somebody counts as above.
        tested: who can be tested.
        above: of these, with p of at most alpha.
        expected: most that are expected by chance, tested * alpha.
        p: how often so many or more are above by chance, binomial; NaN where nobody is tested.
        above_holm: with a corrected p of at most alpha: who may be called above by name.
        least_p_holm: the smallest corrected p that so many draws can give.
    """

    people: tuple[OwnChance, ...]
    alpha: float
    tested: int
    above: int
    expected: float
    p: float
    above_holm: int
    least_p_holm: float


def own_chance(
    assessment: Assessment, sessions: Sequence[ScoredSession], *, alpha: float
) -> AboveChance | None:
    """Put each participant beside the own null distribution.

    Args:
        assessment: of the sessions, with its null detectors.
        sessions: what counts.
        alpha: see ``AboveChance``.

    Returns:
        None = no null detector speaks of single participants.
    """
    participants, owner = clusters(sessions)
    speaking = {
        name: f1(_of_participants(null.by_session, owner, len(participants)))
        for name, null in assessment.nulls.items()
        if null.by_session is not None
    }
    if not speaking:
        return None
    draws = next(iter(speaking.values())).shape[1]
    can_match = np.zeros((2, len(participants)), np.int64)
    np.add.at(can_match[0], owner, [len(session.events) for session in sessions])
    np.add.at(can_match[1], owner, [len(session.annotations) for session in sessions])
    found: list[tuple[Chance | None, NullName | None]] = []
    for who, value in enumerate(f1(assessment.tally).tolist()):
        if not can_match[:, who].all():
            found.append((None, None))
            continue
        chances = {name: against(value, scores[who]) for name, scores in speaking.items()}
        hardest = strictest(chances)
        found.append((chances[hardest] if hardest else None, hardest))
    return above_chance(assessment.participants, found, alpha=alpha, draws=draws)


def above_chance(
    participants: Sequence[str],
    found: Sequence[tuple[Chance | None, NullName | None]],
    *,
    alpha: float,
    draws: int,
) -> AboveChance:
    """Count who is above.

    Args:
        participants: names.
        found: of each the chance level and its null detector; None = cannot be tested.
        alpha: see ``AboveChance``.
        draws: of each null detector.
    """
    from scipy.special import bdtrc

    p = [chance.p if chance else math.nan for chance, _ in found]
    p_holm = holm_adjusted(p)
    tested = sum(not math.isnan(value) for value in p)
    above = sum(value <= alpha + _EQUAL for value in p)
    binomial_p = math.nan
    if tested:
        binomial_p = 1.0 if not above else float(bdtrc(above - 1, tested, alpha))
    people = tuple(
        OwnChance(participant=name, chance=chance, hardest=hardest, p_holm=corrected)
        for name, (chance, hardest), corrected in zip(participants, found, p_holm, strict=True)
    )
    return AboveChance(
        people=people,
        alpha=alpha,
        tested=tested,
        above=above,
        expected=tested * alpha,
        p=binomial_p,
        above_holm=sum(value <= alpha + _EQUAL for value in p_holm),
        least_p_holm=min(tested / (1 + draws), 1.0) if tested else math.nan,
    )


def _of_participants(by_session: Tally, owner: I64, participants: int) -> Tally:
    """Sums over each participant's sessions, entries (participants, draws)."""

    def summed(column: F64) -> F64:
        result = np.zeros((participants, column.shape[1]))
        np.add.at(result, owner, column)
        return result

    return Tally(
        tp=summed(by_session.tp),
        fp=summed(by_session.fp),
        fn=summed(by_session.fn),
        observed_s=summed(by_session.observed_s),
    )
