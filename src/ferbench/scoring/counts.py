"""Counts of one session."""

from __future__ import annotations

from ferbench.types import Counts


def counts_of(
    num_matches: int,
    num_events: int,
    num_ref: int,
    *,
    observed_s: float,
    valid_s: float,
    num_ignored: int = 0,
) -> Counts:
    """Counts from the sizes of a one-to-one matching.

    >>> counts_of(2, 3, 4, observed_s=60.0, valid_s=50.0).fn
    2
    """
    return Counts(
        tp=num_matches,
        fp=num_events - num_matches - num_ignored,
        fn=num_ref - num_matches,
        n_ref=num_ref,
        observed_s=observed_s,
        valid_s=valid_s,
        ignored=num_ignored,
    )
