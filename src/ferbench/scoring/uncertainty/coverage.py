"""How often intervals of confidence really hold the true number.

Measured on simulated participants.

The simulation is in the tests (``tests/helpers/simulated_participants.py``): participants who
differ in how much they show, how often they raise false alarms, how late they react and how many
sessions they have; the truth is that of four million. Each share rests on 10,000 samples with 2,000
draws, so it is known to about half a per cent.

The expanded interval holds at least 93 % from 40 participants on, also for medians. Rates of false
alarms differ most between participants and have a long tail: there it holds 92.6 % with 40 and
93.9 % with 100.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from ferbench.scoring.uncertainty.intervals import Method

LEVEL: Final = 0.95
PARTICIPANTS: Final = (6, 10, 20, 40, 100)
MEASURED: Final[dict[str, dict[Method, tuple[float, ...]]]] = {
    "precision": {
        "expanded": (0.929, 0.937, 0.938, 0.937, 0.948),
        "percentile": (0.844, 0.889, 0.915, 0.926, 0.944),
        "bca": (0.842, 0.881, 0.908, 0.923, 0.942),
    },
    "recall": {
        "expanded": (0.932, 0.946, 0.945, 0.947, 0.948),
        "percentile": (0.85, 0.898, 0.923, 0.935, 0.944),
        "bca": (0.853, 0.902, 0.925, 0.938, 0.945),
    },
    "f1": {
        "expanded": (0.931, 0.945, 0.946, 0.949, 0.946),
        "percentile": (0.853, 0.899, 0.924, 0.937, 0.942),
        "bca": (0.857, 0.896, 0.924, 0.936, 0.942),
    },
    "false_alarms_per_min": {
        "expanded": (0.887, 0.902, 0.917, 0.926, 0.939),
        "percentile": (0.8, 0.852, 0.892, 0.913, 0.936),
        "bca": (0.804, 0.857, 0.894, 0.912, 0.934),
    },
    "latency_s": {
        "expanded": (0.925, 0.938, 0.941, 0.946, 0.944),
        "percentile": (0.85, 0.89, 0.917, 0.935, 0.941),
        "bca": (0.843, 0.881, 0.909, 0.928, 0.938),
    },
}
"""Share of the intervals of level 0.95 that hold the true number, by metric, method and number of
participants.
"""


def measured_coverage(
    metric: str, method: Method, clusters: int, *, level: float = LEVEL
) -> tuple[int, float] | None:
    """Coverage that was measured with so many participants, or the next smaller number.

    Args:
        metric: its name.
        method: of the interval.
        clusters: participants that an interval rests on.
        level: its level.

    Returns:
        (participants of the measurement, coverage), or None where nothing comparable was measured.
    """
    if level != LEVEL or clusters < PARTICIPANTS[0] or metric not in MEASURED:
        return None
    nearest = bisect_right(PARTICIPANTS, clusters) - 1
    return PARTICIPANTS[nearest], MEASURED[metric][method][nearest]
