"""``ferbench compare``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ferbench.app.cli.options import csv_flag, json_flag
from ferbench.app.words import OptionWords
from ferbench.errors import FerbenchError
from ferbench.sentences import told

if TYPE_CHECKING:
    from ferbench.report.comparison import Comparison
    from ferbench.tracking.query import RunsFound
    from ferbench.tracking.store import Store
    from ferbench.workflows.nested_comparison import NestedComparison
    from ferbench.workflows.paired_comparison import PairedComparison


def compare(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|SWEEP|EXPERIMENT]",
            help="Default: the newest sweep, or else the newest experiment's runs.",
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Metric to sort by, such as recall; default: event/f1.")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow store, folder of tracking=files, or 'files'; "
            "default: where runs are recorded."
        ),
    ] = None,
    csv_: Annotated[bool, csv_flag("Print CSV with all columns.")] = False,
    as_json: Annotated[bool, json_flag("Print JSON with all params, metrics and tags.")] = False,
    paired: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="RUN RUN", help="The second against the first, by participant."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="Each of the runs against this one, by participant; corrected p."
        ),
    ] = None,
    nested: Annotated[
        bool,
        typer.Option(
            "--nested", help="What is left of the best run: chosen on others, and against chance."
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(help="Of the draws of --paired, --against and --nested.")
    ] = 0,
) -> None:
    """Runs beside each other: what differs between them and how they did, best first."""
    from ferbench.places import default_root
    from ferbench.tracking.query import open_store, runs_of
    from ferbench.workflows.compare import compare_recorded
    from ferbench.workflows.compare_nested import compare_nested
    from ferbench.workflows.compare_paired import compare_against, compare_two

    _check_options(by=by, csv=csv_, paired=paired, against=against, nested=nested)
    if nested:
        _show_nested(compare_nested(target, uri=uri, seed=seed), as_json=as_json)
        return
    store = open_store(uri, root=default_root())
    if paired is not None:
        _show_paired(compare_two(store, paired, seed=seed), as_json=as_json)
        return
    selection = runs_of(store, target)
    if not selection.runs:
        raise FerbenchError(f"{selection.what} has no runs to compare ({selection.where})")
    if against is not None:
        _show_paired(compare_against(store, against, selection.runs, seed=seed), as_json=as_json)
        return
    comparison = compare_recorded(store, selection.runs, by=by)
    if as_json:
        typer.echo(json.dumps(comparison.as_plain(), indent=1))
    elif csv_:
        typer.echo(comparison.to_csv(), nl=False)
    else:
        _show(comparison, selection, other_runs_of=store if uri is None else None)


def _check_options(
    *,
    by: str | None,
    csv: bool,
    paired: tuple[str, str] | None,
    against: str | None,
    nested: bool,
) -> None:
    """Refuse options that do not go together.

    Raises:
        FerbenchError: names the two.
    """
    options = {
        "--by": by is not None,
        "--csv": csv,
        "--against": against is not None,
        "--nested": nested,
    }
    given = [option for option, is_given in options.items() if is_given]
    if paired is not None and given:
        raise FerbenchError(
            f"--paired and {given[0]}: expected one of them; --paired compares two runs and sorts "
            "nothing"
        )
    for option in ("--against", "--nested"):
        others = [other for other in given if other != option]
        if option in given and others:
            raise FerbenchError(
                f"{option} and {others[0]}: expected one of them; --json prints all numbers"
            )


def _show(comparison: Comparison, selection: RunsFound, *, other_runs_of: Store | None) -> None:
    """Print a comparison, and where there are more runs, if there are."""
    from ferbench.app.compare_screen import show
    from ferbench.places import default_root
    from ferbench.tracking.query import other_runs

    show(comparison, selection.what, where=selection.where)
    if other_runs_of is None:
        return
    hint = other_runs(other_runs_of, root=default_root())
    if hint:
        typer.echo(told(hint, OptionWords()), err=True)


def _show_nested(comparison: NestedComparison, *, as_json: bool) -> None:
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable

    if as_json:
        typer.echo(json.dumps(comparison.as_plain(), indent=1))
        return
    output_console().print(FittedTable(comparison.text_table()))
    for line in comparison.lines():
        typer.echo(line)


def _show_paired(comparison: PairedComparison, *, as_json: bool) -> None:
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable

    if as_json:
        typer.echo(json.dumps(comparison.as_plain(), indent=1))
        return
    output_console().print(FittedTable(comparison.text_table()))
    if len(comparison.others) > 1:
        typer.echo("precision, recall, false alarms and means over participants: --json")
    for line in comparison.basis():
        typer.echo(line)
