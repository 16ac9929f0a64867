"""What a run and a sweep say of themselves in MLflow: the results as a table, with links."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from ferbench.report.comparison import Comparison
from ferbench.report.shown_numbers import format_number
from ferbench.scoring.metrics import METRICS
from ferbench.tracking.store import Store
from ferbench.tracking.view import SWEEP_KEY, artifact_page, runs_page
from ferbench.wording import plural
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.run_report import REPORT_FILE

MOST_ROWS: Final = 10
MOST_COLUMNS: Final = 9
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|#!~])")


def sweep_note(
    comparison: Comparison, *, asked: str, store: Store, experiment_id: str, run_id: str
) -> str:
    """A sweep's description in Markdown.

    Args:
        comparison: of its cells.
        asked: what was asked for.
        store: where it is recorded; links are made where it has pages.
        experiment_id: the store's name for its experiment.
        run_id: of the sweep's own run.
    """
    lines = []
    if store.has_pages:
        cells = runs_page(experiment_id, SWEEP_KEY)
        page = artifact_page(experiment_id, run_id, REPORT_FILE)
        lines.append(
            f"[Report with pictures and differences]({page}), [cells of the newest sweep]({cells})"
        )
    lines.append(f"A sweep of {plural(len(comparison.rows), 'cell')}: {_text(asked)}.")
    if comparison.best is not None:
        lines.append(
            f"The numbers here are those of the best cell by {_text(comparison.by)}: "
            f"**{_text(comparison.best.name)}** (chosen in-sample). Params that differ have all "
            "their values."
        )
    lines += [f"**Caution:** {_text(warning)}." for warning in comparison.warnings]
    return "\n\n".join([*lines, _cells_table(comparison, store, experiment_id)])


def run_note(evaluation: Evaluation, *, page: str) -> str:
    """A run's description in Markdown: scores with interval, chance level and p.

    Args:
        evaluation: the run.
        page: address of its report; "" = it has none.
    """
    lines = []
    if page:
        lines.append(f"[Report with pictures]({page})")
    if not evaluation.scores:
        lines.append("Nothing is annotated.")
        return "\n\n".join(lines)
    rows = []
    for name, score in evaluation.scores.items():
        if name not in METRICS or not METRICS[name].headline:
            continue
        interval = "–"
        if score.ci95 is not None:
            interval = " to ".join(format_number(end) for end in score.ci95)
        numbers = (score.value, _known(score.chance), _known(score.p))
        value, chance, p = (format_number(number) or "–" for number in numbers)
        rows.append((name.replace("_", " "), value, interval, chance, p))
    header = ("metric", "value", "interval", "by chance", "p")
    return "\n\n".join([*lines, _table(header, rows)])


def _known(number: float | None) -> float:
    return math.nan if number is None else number


def _cells_table(comparison: Comparison, store: Store, experiment_id: str) -> str:
    """The best cells, with what says most about them."""
    wanted = [name for name in comparison.importance if name != "run"][:MOST_COLUMNS]
    columns = [name for name in comparison.header if name in wanted]
    positions = [comparison.header.index(name) for name in columns]
    rows = []
    for row in comparison.rows[:MOST_ROWS]:
        cells = comparison.cells(row)
        name = _text(row.name)
        if store.has_pages:
            name = f"[{name}](#/experiments/{experiment_id}/runs/{row.run_id})"
        rows.append([name, *(_text(cells[at]) for at in positions)])
    table = _table(["cell", *map(_text, columns)], rows)
    num_left = len(comparison.rows) - len(rows)
    return f"{table}\n\nand {plural(num_left, 'further cell')}" if num_left else table


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(words: str) -> str:
    """Words that stay as they are in Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))
