"""Choose between runs honestly: on other participants, and against the best by chance."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.errors import ConfigError, FerbenchError
from ferbench.formats.length_table import read_lengths
from ferbench.report.against_baseline import baseline_of
from ferbench.report.comparability import matching_params
from ferbench.results import RunRow
from ferbench.scoring.matching.duplicates import Duplicates
from ferbench.scoring.matching.many_draws import at_points
from ferbench.scoring.metrics import f1
from ferbench.scoring.participants.chosen_within import chosen_within
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import Track
from ferbench.scoring.uncertainty.paired_runs import in_common
from ferbench.scoring.uncertainty.selection import BestOf, Cell, best_of, nested
from ferbench.types import I64, CountsRow
from ferbench.wording import plural, some
from ferbench.workflows.compared_sessions import known_observed
from ferbench.workflows.nested_comparison import NestedComparison
from ferbench.workflows.recorded_counts import COUNTS_TABLE, changed_annotations, counts_of

FileOf = Callable[[RunRow, str], Path]
"""From a run and a file's name among its artifacts to where it is; may raise FerbenchError."""

_MATCHES: Final = "matches.csv"
_SESSIONS: Final = "sessions.csv"


def chosen_between(runs: Sequence[RunRow]) -> list[RunRow]:
    """Those with numbers that are no baselines; where all are baselines, these.

    In order of their names, so that of equal ones the same is chosen in whatever order a store
    lists them, and the one that a comparison shows first.
    """
    scored = sorted((run for run in runs if run.metrics), key=_by_name)
    return [run for run in scored if not baseline_of(run)] or scored


def nested_of(
    runs: Sequence[RunRow], file_of: FileOf, *, seed: int = 0, rules: StatisticsRules | None = None
) -> NestedComparison:
    """Choose between runs on the sessions that all have, from their stored counts and matches.

    Args:
        runs: two or more; those without numbers are left out, and so are baselines, unless all are.
        file_of: finds their files.
        seed: of the random numbers.
        rules: draws, null detectors, intervals; None = the default ones.

    Raises:
        ConfigError: fewer than two runs have scores, they were scored in different ways or against
            different annotations, or have no session in common.
        TrackingError: a run has no table of counts.
    """
    rules = rules or StatisticsRules()
    scored = chosen_between(runs)
    num_baselines = sum(bool(baseline_of(run)) for run in runs if run not in scored)
    _check_comparable(scored)
    rows = [counts_of(file_of(run, COUNTS_TABLE), run) for run in scored]
    _check_same_annotations(scored, rows)
    tables, dropped = in_common(rows)
    if not tables[0]:
        raise ConfigError("these runs have no session in common")
    owners = {row.session_id: row.participant or f"session {row.session_id}" for row in tables[0]}
    by_session, owner, participants = _by_session(tables, owners)
    cells = _by_participant(by_session, owner, participants)
    selection = nested(
        cells,
        f1,
        draws=rules.draws,
        seed=seed,
        level=rules.confidence,
        method=rules.method,
    )
    everybody = Tally(
        tp=cells.tp.sum(axis=1),
        fp=cells.fp.sum(axis=1),
        fn=cells.fn.sum(axis=1),
        observed_s=cells.observed_s.sum(axis=1),
    )
    values = f1(everybody)
    within = chosen_within(
        by_session,
        owner,
        f1,
        chosen_between=selection.chosen,
        draws=rules.draws,
        seed=seed,
        level=rules.confidence,
        method=rules.method,
    )
    found, why_not = _beside_chance(scored, file_of, owners, values.tolist(), rules, seed)
    return NestedComparison(
        runs=tuple(scored),
        values=tuple(values.tolist()),
        selection=selection,
        within=within,
        best_of=found,
        no_chance=why_not,
        participants=participants,
        draws=rules.draws,
        seed=seed,
        notes=tuple(_notes(dropped, participants, num_baselines)),
    )


def _by_name(run: RunRow) -> tuple[str, list[tuple[str, str]]]:
    return run.name, sorted(run.params.items())


def _check_comparable(runs: Sequence[RunRow]) -> None:
    if len(runs) < 2:
        raise ConfigError(
            f"expected two or more runs with scores to choose between, got {len(runs)}"
        )
    different = matching_params(runs)
    if different:
        raise ConfigError(
            f"these runs were scored in different ways ({', '.join(different)}), so none is better "
            "than another; choose between those with the same"
        )


def _check_same_annotations(runs: Sequence[RunRow], rows: Sequence[Sequence[CountsRow]]) -> None:
    for run, of_run in zip(runs[1:], rows[1:], strict=True):
        changed = changed_annotations(of_run, rows[0])
        if changed:
            raise ConfigError(
                f"{run.name} ({run.run_id[:8]}) and {runs[0].name} ({runs[0].run_id[:8]}) were "
                f"scored against different annotations or observed time ({some(changed)}); choose "
                "between runs with the same"
            )


def _by_session(
    tables: Sequence[Sequence[CountsRow]], owners: Mapping[str, str]
) -> tuple[Tally, I64, int]:
    """Counts (C, S) of runs and sessions, each session's participant i64 (S,), how many there are.

    Sessions in order of their names, participants likewise.
    """
    names = sorted(owners)
    participants, owner = np.unique([owners[name] for name in names], return_inverse=True)
    cells = []
    for rows in tables:
        by_session = {row.session_id: row for row in rows}
        cells.append(Tally.of(by_session[name].counts for name in names))
    return _stacked(cells), owner.astype(np.int64), len(participants)


def _by_participant(cells: Tally, owner: I64, participants: int) -> Tally:
    """Counts (C, P) of runs and participants."""
    of_runs = [
        Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s).grouped(owner, participants)
        for tp, fp, fn, observed_s in zip(
            cells.tp, cells.fp, cells.fn, cells.observed_s, strict=True
        )
    ]
    return _stacked(of_runs)


def _stacked(cells: Sequence[Tally]) -> Tally:
    return Tally(
        tp=np.stack([cell.tp for cell in cells]),
        fp=np.stack([cell.fp for cell in cells]),
        fn=np.stack([cell.fn for cell in cells]),
        observed_s=np.stack([cell.observed_s for cell in cells]),
    )


def _notes(dropped: Sequence[str], participants: int, num_baselines: int) -> list[str]:
    notes = []
    if num_baselines:
        are = "is" if num_baselines == 1 else "are"
        notes.append(f"{plural(num_baselines, 'baseline')} {are} not chosen between")
    if dropped:
        notes.append(f"only in some of the runs, left out: {some(dropped)}")
    if participants < 2:
        notes.append("one participant: there is nobody else to choose on")
    return notes


def _beside_chance(
    runs: Sequence[RunRow],
    file_of: FileOf,
    owners: Mapping[str, str],
    values: Sequence[float],
    rules: StatisticsRules,
    seed: int,
) -> tuple[BestOf | None, str]:
    """The best run beside the best by chance; None and why there is none."""
    params = runs[0].params
    if "scoring.pre_s" not in params or "scoring.post_s" not in params:
        return None, "no p of the best run: its matches are not by a window"
    pre_s, post_s = float(params["scoring.pre_s"]), float(params["scoring.post_s"])
    try:
        observed = _observed(file_of(runs[0], _SESSIONS))
        tracks = [_tracks(file_of(run, _MATCHES), owners, observed) for run in runs]
    except FerbenchError as error:
        return None, f"no p of the best run: {error}"
    unknown = [name for name in sorted(owners) if not observed.get(name)]
    if unknown:
        return None, f"no p of the best run: the observed time of {some(unknown)} is not known"
    duplicates: Duplicates = "false_alarm"
    if params.get("scoring.duplicates") == "ignored":
        duplicates = "ignored"
    count = at_points(pre_s, post_s, duplicates=duplicates)
    cells = [
        Cell(tracks=of_run, count=count, value=value)
        for of_run, value in zip(tracks, values, strict=True)
    ]
    found = best_of(
        cells,
        f1,
        names=rules.chance,
        least_s=pre_s + post_s,
        draws=rules.surrogates,
        seed=seed,
    )
    if not found.chances:
        return None, "no p of the best run: no null detector moves the events of all runs alike"
    return found, ""


def _observed(path: Path) -> dict[str, tuple[tuple[float, float], ...]]:
    return {name: known_observed(length) for name, length in read_lengths(path).items()}


def _tracks(
    path: Path,
    owners: Mapping[str, str],
    observed: Mapping[str, tuple[tuple[float, float], ...]],
) -> list[Track]:
    """What counted in each session of a run, in order of the sessions' names."""
    events_s: dict[str, list[float]] = {name: [] for name in owners}
    onsets_s: dict[str, list[float]] = {name: [] for name in owners}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["session"] not in owners:
                continue
            if row["event_s"]:
                events_s[row["session"]].append(float(row["event_s"]))
            if row["annotation_s"]:
                onsets_s[row["session"]].append(float(row["annotation_s"]))
    tracks = []
    for name in sorted(owners):
        times_s, marks_s = np.array(sorted(events_s[name])), np.array(sorted(onsets_s[name]))
        tracks.append(
            Track(
                times_s=times_s,
                lasts_s=np.zeros(len(times_s)),
                marks_s=np.stack([marks_s, marks_s], axis=1),
                observed=observed.get(name, ()),
                participant=owners[name],
            )
        )
    return tracks
