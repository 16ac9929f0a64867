"""Which null detectors a score stands beside, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from ferbench.scoring.metrics import MAIN
from ferbench.scoring.uncertainty.assessment import Assessment
from ferbench.scoring.uncertainty.chance import Chance, NullName, differ
from ferbench.scoring.uncertainty.swapped import FEWEST
from ferbench.wording import plural

_WHY: Final[Mapping[NullName, str]] = {
    "circular": "it keeps clumps and regular distances of events, which the others do not",
    "jitter": "it keeps that events and annotations are dense at the same times of a session, "
    "whatever belongs together, which a circular shift does not",
    "swap": "it keeps that events and annotations come at the same times in all sessions, whoever "
    "they are of, which the others do not; of errors that were scripted to the same moments for "
    "everybody a swap can say nothing",
}


def chance_lines(assessment: Assessment, draws: int) -> list[str]:
    """How chance was drawn; which null detector decided and why; who could not speak.

    Args:
        assessment: of the headline numbers.
        draws: of each null detector.
    """
    if not assessment.nulls:
        return []
    num_unplaced = next(iter(assessment.nulls.values())).num_unplaced
    if num_unplaced:
        sessions = plural(num_unplaced, "session")
        return [f"no chance level: the observed time of {sessions} is not known"]
    drawn = [_drawn(name, assessment) for name in _with_draws(assessment)]
    return [
        f"chance: {draws} draws each of {', '.join(drawn)}",
        *_hardest(assessment),
        *_few_to_swap(assessment),
    ]


def _drawn(name: NullName, assessment: Assessment) -> str:
    if name == "circular":
        num_short = assessment.nulls[name].num_short
        short = ""
        if num_short:
            short = f" ({plural(num_short, 'session')} too short for a least shift)"
        return f"circular shifts of each session's events within what was observed{short}"
    if name == "jitter":
        return f"jitter within {2 * assessment.half_width_s:g} s"
    return f"swaps between {plural(len(assessment.participants), 'participant')}"


def _with_draws(assessment: Assessment) -> list[NullName]:
    """All but a swap where there is nobody to swap with."""
    alone = len(assessment.participants) < 2
    return [name for name in assessment.nulls if not (name == "swap" and alone)]


def _hardest(assessment: Assessment) -> list[str]:
    """Each null detector's chance level of F1 and p, which one is shown, and why."""
    measured = assessment.measured[MAIN]
    defined = {
        name: chance for name, chance in measured.chances.items() if not math.isnan(chance.p)
    }
    if measured.hardest is None or len(defined) < 2:
        return []
    each = [f"{chance.mean:.3f} by {name} (p {chance.p:.4f})" for name, chance in defined.items()]
    why = f": {_WHY[measured.hardest]}" if _are_apart(defined) else ""
    return [f"F1 by chance: {', '.join(each)}; {measured.hardest} is shown{why}"]


def _are_apart(defined: Mapping[NullName, Chance]) -> bool:
    """Whether the smallest and the largest p differ by more than the error of their draws."""
    smallest = min(defined.values(), key=lambda chance: chance.p)
    largest = max(defined.values(), key=lambda chance: chance.p)
    return differ(smallest, largest)


def _few_to_swap(assessment: Assessment) -> list[str]:
    participants = len(assessment.participants)
    if "swap" not in assessment.nulls or len(assessment.nulls) == 1 or participants >= FEWEST:
        return []
    if participants < 2:
        return ["one participant: there is nobody to swap with"]
    least = 1 / math.factorial(participants)
    return [
        f"a swap among {participants} participants never has a p below {least:.2g}, so it does not "
        "decide: what all sessions share is not ruled out"
    ]
