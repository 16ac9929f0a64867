"""``ferbench compare``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ferbench.app.words import OptionWords
from ferbench.errors import FerbenchError, told

if TYPE_CHECKING:
    from ferbench.results import RunRow
    from ferbench.tracking.store import Store


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
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV with all columns.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with all params, metrics and tags.")
    ] = False,
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
    seed: Annotated[int, typer.Option(help="Of the draws of --paired and --against.")] = 0,
) -> None:
    """Runs beside each other: what differs between them and how they did, best first."""
    from ferbench.app.compare_screen import as_csv, as_plain, show
    from ferbench.places import default_root
    from ferbench.report.compare import compare as compare_runs
    from ferbench.tracking.query import open_store, runs_of

    _check_options(by=by, csv=csv_, paired=paired, against=against)
    store = open_store(uri, root=default_root())
    if paired is not None:
        first, second = (_one_run(store, name) for name in paired)
        _show_paired(store, first, [second], seed=seed, as_json=as_json, leave_out=False)
        return
    found = runs_of(store, target)
    if not found.runs:
        raise FerbenchError(f"{found.what} has no runs to compare ({found.where})")
    if against is not None:
        first = _one_run(store, against)
        others = [run for run in found.runs if run.run_id != first.run_id and run.metrics]
        _show_paired(store, first, others, seed=seed, as_json=as_json, leave_out=True)
        return
    table = compare_runs(found.runs, by=by)
    if as_json:
        typer.echo(json.dumps(as_plain(table), indent=1))
        return
    if csv_:
        typer.echo(as_csv(table), nl=False)
        return
    show(table, found.what, where=found.where)
    if uri is None:
        _tell_other_runs(store)


def _check_options(
    *, by: str | None, csv: bool, paired: tuple[str, str] | None, against: str | None
) -> None:
    """Refuse options that do not go together.

    Raises:
        FerbenchError: names the two.
    """
    given = []
    if by is not None:
        given.append("--by")
    if csv:
        given.append("--csv")
    if paired is not None and (given or against is not None):
        option = [*given, "--against"][0]
        raise FerbenchError(
            f"--paired and {option}: expected one of them; --paired compares two runs and sorts "
            "nothing"
        )
    if against is not None and given:
        raise FerbenchError(
            f"--against and {given[0]}: expected one of them; --json prints all numbers"
        )


def _tell_other_runs(store: Store) -> None:
    """Say where there are more runs, if there are."""
    from ferbench.places import default_root
    from ferbench.tracking.query import other_runs

    hint = other_runs(store, root=default_root())
    if hint:
        typer.echo(told(hint, OptionWords({})), err=True)


def _one_run(store: Store, name: str) -> RunRow:
    from ferbench.tracking.query import runs_of

    found = runs_of(store, name)
    if len(found.runs) != 1:
        raise FerbenchError(
            f"{name!r} is {found.what} with {len(found.runs)} runs; expected one run's id or name"
        )
    return found.runs[0]


def _show_paired(
    store: Store, first: RunRow, others: list[RunRow], *, seed: int, as_json: bool, leave_out: bool
) -> None:
    from ferbench.app.cli.paired_report import closing, plain, tables
    from ferbench.app.console import output_console
    from ferbench.workflows.compare_paired import compare_paired

    found = compare_paired(store, first, others, seed=seed, leave_out=leave_out)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
        return
    for table in tables(found):
        output_console().print(table)
    for line in closing(found):
        typer.echo(line)
