"""Recorded counts of runs on the same sessions, compared metric by metric (see ``paired``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.metrics import count_formulas
from ferbench.scoring.participants.macro import macro_of
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import Method, Statistic, metric_of, on_everybody
from ferbench.scoring.uncertainty.paired import Difference, compare_statistics
from ferbench.types import CountsRow


def paired(
    first: Sequence[CountsRow],
    others: Sequence[Sequence[CountsRow]],
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
    formulas: Mapping[str, Formula] | None = None,
) -> dict[str, tuple[Difference, ...]]:
    """Compare stored counts of runs with those of a first one, metric by metric.

    One Difference per other run, of the metric of summed counts and (``f1_macro``) of its mean over
    participants.

    Args:
        first: rows of one run at one threshold and window, one per session.
        others: the same sessions of the other runs (see ``in_common``).
        draws: of the bootstrap, and of swaps where not all can be tried.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.
        formulas: of the metrics, by name; None = all headline metrics of counts.

    Raises:
        ConfigError: a session has several rows, or the runs' sessions or participants differ.
    """
    first_rows = _by_session(first)
    other_rows = [_by_session(rows) for rows in others]
    for rows_of_other in other_rows:
        _check_same_sessions(first_rows, rows_of_other)
    names = sorted(first_rows)
    clusters = [first_rows[name].participant or f"session {name}" for name in names]
    participants, owner = np.unique(np.array(clusters, str), return_inverse=True)
    tallies = []
    for rows in (first_rows, *other_rows):
        by_session = Tally.of(rows[name].counts for name in names)
        tallies.append(by_session.grouped(owner, len(participants)))
    if formulas is None:
        formulas = count_formulas()
    joined = [Tally.joined((tallies[0], other)) for other in tallies[1:]]
    statistics: dict[str, list[Statistic]] = {}
    for name, formula in formulas.items():
        statistics[name] = [metric_of(both, formula) for both in joined]
    for name, formula in formulas.items():
        statistics[f"{name}_macro"] = [macro_of(both, formula) for both in joined]
    return {
        name: compare_statistics(
            of_others, len(participants), draws=draws, seed=seed, level=level, method=method
        )
        for name, of_others in statistics.items()
    }


def values_on(rows: Sequence[CountsRow]) -> dict[str, float]:
    """The numbers that ``paired`` compares, of one run."""
    clusters = [row.participant or f"session {row.session_id}" for row in rows]
    participants, owner = np.unique(np.array(clusters, str), return_inverse=True)
    tally = Tally.of(row.counts for row in rows).grouped(owner, len(participants))
    values = {}
    for name, formula in count_formulas().items():
        values[name] = on_everybody(metric_of(tally, formula), len(participants))
        values[f"{name}_macro"] = on_everybody(macro_of(tally, formula), len(participants))
    return values


def in_common(runs: Sequence[Sequence[CountsRow]]) -> tuple[list[list[CountsRow]], tuple[str, ...]]:
    """The rows of sessions that all runs have, and the names of the other sessions."""
    if not runs:
        return [], ()
    names = [{row.session_id for row in rows} for rows in runs]
    shared = set.intersection(*names)
    kept = [[row for row in rows if row.session_id in shared] for rows in runs]
    return kept, tuple(sorted(set.union(*names) - shared))


def _by_session(rows: Sequence[CountsRow]) -> dict[str, CountsRow]:
    by_session = {row.session_id: row for row in rows}
    if len(by_session) != len(rows):
        settings = sorted({(row.threshold, row.pre_s, row.post_s) for row in rows})
        raise ConfigError(
            f"paired comparison: expected one row per session, got {len(rows)} rows of "
            f"{len(by_session)} sessions with (threshold, pre_s, post_s) = {settings[:4]}",
            hint="choose one of these",
        )
    return by_session


def _check_same_sessions(one: Mapping[str, CountsRow], other: Mapping[str, CountsRow]) -> None:
    """Raise ConfigError where two runs' sessions, or whose they are, differ."""
    on_one_side = sorted(one.keys() ^ other.keys())
    if on_one_side:
        raise ConfigError(
            f"paired comparison: expected the same sessions on both sides, got {len(on_one_side)} "
            f"on one side only, the first: {on_one_side[0]!r}",
            hint="compare the sessions that all have",
        )
    for name in sorted(one):
        participant = one[name].participant
        other_participant = other[name].participant
        if participant != other_participant:
            raise ConfigError(
                f"paired comparison: session {name!r} is of participant {participant!r} in one run "
                f"and of {other_participant!r} in another",
                hint="score one of them again with the same names",
            )
