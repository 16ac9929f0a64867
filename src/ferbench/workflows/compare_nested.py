"""Choose between runs honestly, recorded ones or evaluations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ferbench.errors import ConfigError, TrackingError
from ferbench.places import default_root
from ferbench.report.files import write_files
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.tracking.query import open_store, runs_of
from ferbench.workflows.evaluate import run_name
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.nested_choice import nested_of
from ferbench.workflows.nested_comparison import NestedComparison
from ferbench.workflows.run_report import row_of


def compare_nested(
    runs: str | Sequence[Evaluation] | None = None,
    *,
    statistics: StatisticsRules | None = None,
    seed: int = 0,
    uri: str | None = None,
    root: Path | None = None,
) -> NestedComparison:
    """What is left of the best of several runs once its being chosen is paid for.

    Each participant is left out in turn, the run that is best on the others is scored on the one
    left out; and the best of all is set beside the best of all by chance. Baselines are not chosen
    between.

    Args:
        runs: evaluations, two or more; or a sweep's or an experiment's name; None = the newest
            sweep, or else the newest experiment.
        statistics: draws, null detectors, intervals; None = the default ones.
        seed: of the random numbers.
        uri: of recorded runs: the store; None = where runs are recorded.
        root: of recorded runs: the folder that holds them; None = the default one.

    Raises:
        ConfigError: fewer than two runs have scores, they were scored in different ways or against
            different annotations, or have no session in common.
        TrackingError: there is no such store or run, or a run has no table of counts.
    """
    if runs is not None and not isinstance(runs, str):
        return _of_evaluations(runs, statistics, seed)
    store = open_store(uri, root=root or default_root())
    found = runs_of(store, runs)
    if not found.runs:
        raise TrackingError(f"{found.what} has no runs to compare ({found.where})")
    comparison = nested_of(
        found.runs,
        lambda run, name: store.file(run.run_id, name),
        seed=seed,
        rules=statistics,
    )
    return replace(comparison, what=found.what)


def _of_evaluations(
    runs: Sequence[Evaluation], rules: StatisticsRules | None, seed: int
) -> NestedComparison:
    """The same by way of the tables that the runs would leave."""
    evaluations = [runs] if isinstance(runs, Evaluation) else list(runs)
    if not all(isinstance(one, Evaluation) for one in evaluations):
        raise ConfigError(
            key="runs", expected="what evaluate returns, or a sweep's name", got=evaluations
        )
    rows = [
        row_of(one, name=run_name(one.choices), number=number)
        for number, one in enumerate(evaluations)
    ]
    with tempfile.TemporaryDirectory(prefix="ferbench-nested-") as scratch:
        for row, one in zip(rows, evaluations, strict=True):
            folder = Path(scratch) / row.run_id
            folder.mkdir(exist_ok=True)
            recipe = one.settings.recipe
            write_files(
                one.report,
                folder,
                stamp_s=recipe.scoring.stamp_s,
                level=recipe.event.level,
                max_timelines=0,
                style=one.settings.report.style,
            )
        return nested_of(
            rows, lambda run, name: Path(scratch) / run.run_id / name, seed=seed, rules=rules
        )
