"""Is the best detector of expressions better than the best one that knows nothing of them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ferbench.report.against_baseline import AgainstBaseline, baseline_of
from ferbench.report.comparison import Comparison
from ferbench.report.shown_numbers import MAIN_NUMBER
from ferbench.results import RunRow
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.workflows.compare_paired import CountsOf, paired_of


def beside_baseline(
    comparison: Comparison, counts: CountsOf, *, rules: StatisticsRules | None = None
) -> Comparison:
    """The same comparison, with its best run against its best baseline where it has both.

    Args:
        comparison: of runs.
        counts: finds their counts.
        rules: draws and intervals; None = the default ones.

    Raises:
        FerbenchError: the two cannot be compared; it says why.
    """
    found = against_baseline(comparison.rows, counts, rules=rules)
    return replace(comparison, against_baseline=found)


def against_baseline(
    runs: Sequence[RunRow], counts: CountsOf, *, rules: StatisticsRules | None = None
) -> AgainstBaseline | None:
    """Compare the best run that is no baseline with the best that is one, by participant.

    Both are chosen by F1 on the data that they are compared on.

    Args:
        runs: those without F1 are passed over; of equal ones the first is taken.
        counts: finds their counts.
        rules: draws and intervals; None = the default ones.

    Returns:
        None = there is no baseline among them, or nothing else.

    Raises:
        FerbenchError: the two cannot be compared; it says why.
    """
    scored = [run for run in runs if MAIN_NUMBER in run.metrics]
    baselines = [run for run in scored if baseline_of(run)]
    others = [run for run in scored if not baseline_of(run)]
    if not baselines or not others:
        return None
    best, baseline = _best(others), _best(baselines)
    found = paired_of(baseline, [best], counts, seed=0, rules=rules)
    first, other = found.values[MAIN]
    return AgainstBaseline(
        best=best,
        baseline=baseline,
        values=(other, first),
        difference=found.differences[MAIN][0],
        participants=found.participants,
        notes=found.notes,
    )


def _best(runs: Sequence[RunRow]) -> RunRow:
    return max(runs, key=lambda run: run.metrics[MAIN_NUMBER])
