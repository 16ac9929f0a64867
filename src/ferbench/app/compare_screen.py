"""A comparison of runs on the screen."""

from __future__ import annotations

import shlex

from ferbench.app.console import error_console, output_console
from ferbench.app.tables import FittedTable
from ferbench.app.words import FullOnce, RunWords
from ferbench.report.comparison import Comparison
from ferbench.secret_texts import masked
from ferbench.sentences import told
from ferbench.tracking.store import Store
from ferbench.wording import plural
from ferbench.workflows.compare import broken_off


def show(comparison: Comparison, what: str, *, where: str = "") -> None:
    """Print a comparison; what all runs have in common is left out.

    Args:
        comparison: of the runs.
        what: what the runs are, for the title.
        where: a second line: where they were recorded.
    """
    order = comparison.by or "name"
    title = f"{what}: {plural(len(comparison.rows), 'run')}, sorted by {order}"
    if where:
        title = f"{title}\n{where}"
    table = FittedTable(comparison.text_table(title), elsewhere="ferbench compare --csv has all")
    output_console().print(table)
    for warning in comparison.warnings:
        error_console().print(f"warning: {warning}", markup=False, style="yellow")
    if comparison.against_baseline is not None:
        line = comparison.against_baseline.line()
        output_console().print(line, markup=False, soft_wrap=True)
    for note in comparison.notes:
        error_console().print(f"note: {note}", markup=False)
    full_once = FullOnce()
    for run, reason in broken_off(comparison.rows):
        line = f"failed: {run}: {full_once(reason)}"
        error_console().print(line, markup=False, style="red")


def closing_words(comparison: Comparison, *, store: Store | None) -> str:
    """The best cell, what that is worth, and where to look."""
    best = told(comparison.best_cell(), RunWords())
    if store is None:
        return best
    pages = ""
    if store.has_pages:
        pages = "look at the runs: ferbench ui    "
    return f"{best}\n{pages}compare them again: {compare_command(store)}"


def compare_command(store: Store) -> str:
    """The command that compares runs of a store; without an address it takes MLflow's."""
    if store.has_pages:
        return "ferbench compare"
    return f"ferbench compare --uri {shlex.quote(masked(store.uri))}"
