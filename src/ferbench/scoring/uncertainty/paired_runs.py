"""Recorded counts of runs on the same sessions, compared metric by metric (see ``paired``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.metrics import count_formulas
from ferbench.scoring.participants.macro import macro_of
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import Method, Statistic, metric_of, on_everybody
from ferbench.scoring.uncertainty.paired import Difference, compare_statistics
from ferbench.timespans import Flags
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
    alpha: float = 0.05,
) -> dict[str, tuple[Difference, ...]]:
    """Compare stored counts of runs with those of a first one, metric by metric.

    One Difference per other run, of the metric of summed counts and (``f1_macro``) of its mean over
    the participants who have a number of their own in every run.

    Args:
        first: rows of one run at one threshold and window, one per session.
        others: the same sessions of the other runs (see ``in_common``).
        draws: of the bootstrap, and of swaps where not all can be tried.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.
        formulas: of the metrics, by name; None = all headline metrics of counts.
        alpha: p up to which a difference counts as found.

    Raises:
        ConfigError: a session has several rows, or the runs' sessions or participants differ.
    """
    first_rows = _by_session(first)
    other_rows = [_by_session(rows) for rows in others]
    for rows_of_other in other_rows:
        _check_same_sessions(first_rows, rows_of_other)
    tallies = _tallies([first_rows, *other_rows])
    participants = len(tallies[0].tp)
    if formulas is None:
        formulas = count_formulas()
    asked: dict[str, tuple[list[Statistic], int]] = {}
    for name, formula in formulas.items():
        asked[name] = [metric_of(both, formula) for both in _joined(tallies)], participants
    for name, formula in formulas.items():
        # Only those whose own numbers are compared are drawn and swapped.
        among = _defined_in_all(tallies, formula)
        some = [_of(tally, among) for tally in tallies]
        means = [macro_of(both, formula) for both in _joined(some)]
        asked[f"{name}_macro"] = means, int(among.sum())
    return {
        name: compare_statistics(
            of_others,
            number,
            draws=draws,
            seed=seed,
            level=level,
            method=method,
            alpha=alpha,
        )
        for name, (of_others, number) in asked.items()
    }


def _joined(tallies: Sequence[Tally]) -> list[Tally]:
    """The first run's participants before those of each other run."""
    return [Tally.joined((tallies[0], other)) for other in tallies[1:]]


def _of(tally: Tally, among: Flags) -> Tally:
    """Some of the entries (P,)."""
    return Tally(
        tp=tally.tp[among],
        fp=tally.fp[among],
        fn=tally.fn[among],
        observed_s=tally.observed_s[among],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedValues:
    """The numbers that ``paired`` compares.

    Attributes:
        by_name: of each run, in order.
        left_out: of each mean over participants, how many have no number in some of the runs.
    """

    by_name: dict[str, tuple[float, ...]]
    left_out: dict[str, int]


def values_on(runs: Sequence[Sequence[CountsRow]]) -> ComparedValues:
    """The numbers of runs with the same sessions."""
    tallies = _tallies([_by_session(rows) for rows in runs])
    participants = len(tallies[0].tp)
    micro, macro, left_out = {}, {}, {}
    for name, formula in count_formulas().items():
        among = _defined_in_all(tallies, formula)
        left_out[f"{name}_macro"] = int((~among).sum())
        micro[name] = tuple(
            on_everybody(metric_of(tally, formula), participants) for tally in tallies
        )
        macro[f"{name}_macro"] = tuple(
            on_everybody(macro_of(_of(tally, among), formula), int(among.sum()))
            for tally in tallies
        )
    return ComparedValues(by_name=micro | macro, left_out=left_out)


def _tallies(runs: Sequence[Mapping[str, CountsRow]]) -> list[Tally]:
    """Counts of each participant in each run, entries (P,)."""
    names = sorted(runs[0])
    clusters = [runs[0][name].participant or f"session {name}" for name in names]
    participants, owner = np.unique(np.array(clusters, str), return_inverse=True)
    return [
        Tally.of(rows[name].counts for name in names).grouped(owner, len(participants))
        for rows in runs
    ]


def _defined_in_all(tallies: Sequence[Tally], formula: Formula) -> Flags:
    """Who has a number of their own in every run, bool (P,)."""
    return np.asarray(~np.isnan([formula(tally) for tally in tallies]).any(axis=0), np.bool_)


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
