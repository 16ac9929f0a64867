"""Further alarms: events at an annotation that another event counts for already.

Either they are false alarms, or they are ignored: no hit, no false alarm. Ignored is each event
without a match that might have counted for some annotation. Matchings are as large as can be, so
that annotation has a match: else the two would be one more. How many are ignored is therefore the
same for all largest matchings: the events that might count, less the matches.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ferbench.errors import ConfigError
from ferbench.timespans import Flags
from ferbench.types import F64

Duplicates = Literal["false_alarm", "ignored"]


def check_duplicates(duplicates: str) -> None:
    """Refuse what is no policy.

    Raises:
        ConfigError: neither ``false_alarm`` nor ``ignored``.
    """
    if duplicates not in get_args(Duplicates):
        expected = " or ".join(get_args(Duplicates))
        raise ConfigError(key="duplicates", expected=expected, got=duplicates)


def in_any_window(times_s: F64, low_s: F64, high_s: F64) -> Flags:
    """Whether a time lies in any window; both ends are included. NaN lies in none.

    Args:
        times_s: f64 (...).
        low_s: begin of each window, f64 (M,), rising.
        high_s: end of each, f64 (M,), rising.

    Returns:
        bool (...).

    >>> in_any_window(np.array([0.0, 2.0, 9.0]), np.array([1.0]), np.array([2.0])).tolist()
    [False, True, False]
    """
    num_begun = np.searchsorted(low_s, times_s, side="right")
    num_over = np.searchsorted(high_s, times_s, side="left")
    return np.asarray(num_begun > num_over, np.bool_)
