"""How large an effect must be so that the participants at hand would mostly show it.

"Nothing was found" says little where little could have been found. The least detectable effect is
the one that a study like this, with other participants of the same kind, would find with a
probability of ``POWER`` at p <= alpha: so far above the smallest significant value that chance
takes it below in one study of five. The standard error is that of the bootstrap over participants,
made as wide as that of a mean, with Student's quantiles for few participants (Bloom 1995, "Minimum
Detectable Effects"). Where so few participants are swapped that a single arrangement has a small
enough p, Student's quantiles promise too much: each participant must then differ to the same side,
which normal differences do with a probability of Phi(mean / standard deviation) ** participants.
The least detectable effect is of the study, not of the number that was found: it does not make a
large p smaller or larger, as "observed power" would (Hoenig & Heisey 2001).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ferbench.types import F64

POWER: Final = 0.8
"""Share of studies that would find the least detectable effect."""


def standard_error(replicates: F64, participants: int) -> float:
    """Standard error from bootstrap replicates f64 (draws,), NaN = undefined.

    That of a mean is as by its textbook formula. NaN with fewer than two participants or replicates
    that are defined.
    """
    defined = replicates[~np.isnan(replicates)]
    if participants < 2 or len(defined) < 2:
        return math.nan
    return float(defined.std(ddof=1)) * math.sqrt(participants / (participants - 1))


def least_difference(replicates: F64, participants: int, *, alpha: float, least_p: float) -> float:
    """The difference between two detectors that would be found, whichever is better.

    Args:
        replicates: f64 (draws,), differences on resampled participants.
        participants: how many.
        alpha: of a two-sided test; of several comparisons, what is left for each.
        least_p: the smallest p that so few participants can give.

    Returns:
        NaN = none, however large.
    """
    from scipy.special import ndtri, stdtrit

    error = standard_error(replicates, participants)
    if math.isnan(error) or least_p > alpha:
        return math.nan
    if alpha * 2 ** (participants - 1) < 2:
        # Significant is a single swap: that in which everybody differs to the same side.
        return float(ndtri(POWER ** (1 / participants)) * math.sqrt(participants) * error)
    significant, over = stdtrit(participants - 1, [1 - alpha / 2, POWER])
    return float((significant + over) * error)


def least_above_chance(
    nulls: Sequence[F64], replicates: F64, participants: int, *, alpha: float
) -> float:
    """The score that would be above chance, for a score that grows with the number of matches.

    How much matches vary from study to study grows with their number (as of counts), so the error
    is carried from where it is known, at what was found and at chance, to the score that is looked
    for.

    Args:
        nulls: scores of each null detector that a score has to stand up to, f64 (draws,) each.
        replicates: f64 (draws,), the score on resampled participants.
        participants: how many.
        alpha: of a one-sided test.

    Returns:
        NaN = not known: no null detector, fewer than two participants, too few draws for alpha, or
        no match at all.
    """
    from scipy.special import stdtrit

    significant = [significant_from(null, alpha=alpha) for null in nulls]
    error = standard_error(replicates, participants)
    if not significant or math.isnan(error) or any(map(math.isnan, significant)):
        return math.nan
    per_score = [_variance_per_score(error, float(np.nanmean(replicates)))]
    per_score += [_variance_per_score(float(null.std()), float(null.mean())) for null in nulls]
    largest = max(significant)
    # The root of x = largest + over * sqrt(per_score * x).
    over = float(stdtrit(participants - 1, POWER)) * math.sqrt(max(per_score))
    if not over:
        return math.nan
    return ((over + math.sqrt(over**2 + 4 * largest)) / 2) ** 2


def _variance_per_score(error: float, score: float) -> float:
    return error**2 / score if score > 0 else 0.0


def significant_from(null: F64, *, alpha: float) -> float:
    """The largest draw that is not significant itself; all that is above has p <= alpha.

    p is that of ``chance.against``: (1 + draws at least as large) / (1 + draws).

    Args:
        null: f64 (draws,).
        alpha: largest p that counts as significant.

    Returns:
        NaN with undefined draws, or so few that no p is small enough.

    >>> significant_from(np.arange(99) / 100, alpha=0.05)
    0.94
    """
    may_be_as_large = math.floor(alpha * (1 + len(null)) + 1e-9) - 1
    if may_be_as_large < 0 or not len(null) or np.isnan(null).any():
        return math.nan
    falling = np.sort(null)[::-1]
    return float(falling[min(may_be_as_large, len(null) - 1)])
