"""Event-based kappa: events of two annotators are aligned, what is left over goes with nothing.

Source: Bakeman, Quera & Gnisci 2009, "Observer agreement for timed-event sequential data", Behavior
Research Methods 41(1), and Quera, Bakeman & Gnisci 2007 (event alignment in GSEQ). A table has the
annotators' codes and one more class, nil, for an event that the other annotator lacks. Both nil
cannot be seen: the cell is a structural zero, and what is expected by chance is fitted around it
(quasi-independence; so does Holle & Rein's EasyDIAg). What differs: GSEQ aligns by a score over
sequences; here pairs are one to one within a window, as many of the same code as can be and then as
many of the others, each with the least total distance.

With one code alone the fit has no room: expected is what was observed, and the kappa is undefined
(NaN). The positive agreement of the events is defined there: it is F1 without a reference, and the
kappa's limit where what neither has is without number (Hripcsak & Rothschild 2005).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferbench.scoring.matching.one_to_one import match
from ferbench.types import F64, I64

Coded = tuple[float, str]
"""An event: when it began in seconds of the session, and its code."""


def aligned(
    first: Sequence[Coded], second: Sequence[Coded], *, pre_s: float, post_s: float
) -> tuple[tuple[int, int], ...]:
    """Pairs of positions, rising; pairs of the same code come first, then those of different ones.

    Args:
        first: events of one session.
        second: likewise, of the other annotator.
        pre_s: how much earlier than the second annotator's event the first one's may be.
        post_s: how much later.
    """
    pairs: list[tuple[int, int]] = []
    codes = {code for _, code in first} & {code for _, code in second}
    for code in sorted(codes):
        first_having = _positions_of(first, code)
        second_having = _positions_of(second, code)
        pairs += _matched(first, second, first_having, second_having, pre_s, post_s)
    first_left = _left_over(len(first), [i for i, _ in pairs])
    second_left = _left_over(len(second), [j for _, j in pairs])
    pairs += _matched(first, second, first_left, second_left, pre_s, post_s)
    return tuple(sorted(pairs))


def _positions_of(events: Sequence[Coded], code: str) -> list[int]:
    return [i for i, event in enumerate(events) if event[1] == code]


def _left_over(count: int, paired: Sequence[int]) -> list[int]:
    return sorted(set(range(count)) - set(paired))


def _matched(
    first: Sequence[Coded],
    second: Sequence[Coded],
    first_some: Sequence[int],
    second_some: Sequence[int],
    pre_s: float,
    post_s: float,
) -> list[tuple[int, int]]:
    """Pairs among some positions."""
    first_s = [first[i][0] for i in first_some]
    second_s = [second[j][0] for j in second_some]
    pairs = match(first_s, second_s, pre_s=pre_s, post_s=post_s)
    return [(first_some[i], second_some[j]) for i, j in pairs]


def event_table(
    first: Sequence[Coded],
    second: Sequence[Coded],
    codes: Sequence[str],
    *,
    pre_s: float,
    post_s: float,
) -> I64:
    """Events of one session by what both annotators call them (see ``aligned``).

    Args:
        first: events of the first annotator.
        second: events of the second.
        codes: all K codes that occur.
        pre_s: see ``aligned``.
        post_s: see ``aligned``.

    Returns:
        i64 (K + 1, K + 1): row = the first's code, column = the second's; the last is nil.
    """
    number = {code: k for k, code in enumerate(codes)}
    first_codes = [number[code] for _, code in first]
    second_codes = [number[code] for _, code in second]
    table = np.zeros((len(codes) + 1, len(codes) + 1), np.int64)
    pairs = aligned(first, second, pre_s=pre_s, post_s=post_s)
    for i, j in pairs:
        table[first_codes[i], second_codes[j]] += 1
    for i in _left_over(len(first), [i for i, _ in pairs]):
        table[first_codes[i], -1] += 1
    for j in _left_over(len(second), [j for _, j in pairs]):
        table[-1, second_codes[j]] += 1
    return table


def event_kappa(tables: F64) -> F64:
    """Kappa of tables with a structural zero in the last cell.

    Quasi-independence with one empty cell has a closed form: for i, j other than nil the expected
    number is n_i. n_.j (n - n_nil. - n_.nil) / ((n - n_nil.) (n - n_.nil)).

    Args:
        tables: f64 (..., K + 1, K + 1), see ``event_table``.

    Returns:
        f64 (...,); NaN where one code alone occurs, or nothing does.
    """
    tables = np.asarray(tables, np.float64)
    total = tables.sum((-2, -1))
    row = tables.sum(-1)
    column = tables.sum(-2)
    first = total - row[..., -1]
    second = total - column[..., -1]
    both = total - row[..., -1] - column[..., -1]
    same_code = np.diagonal(tables, axis1=-2, axis2=-1)[..., :-1].sum(-1)
    by_code = (row * column)[..., :-1].sum(-1)
    several_codes = ((row + column)[..., :-1] > 0).sum(-1) > 1
    with np.errstate(divide="ignore", invalid="ignore"):
        by_chance = by_code * both / (first * second)
        both_have_events = (first > 0) & (second > 0)
        expected = np.where(both_have_events, by_chance, 0.0)
        kappa = (same_code - expected) / (total - expected)
        return np.where(several_codes & (total > expected), kappa, np.nan)
