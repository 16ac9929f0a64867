"""``ferbench models``: weight files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferbench.errors import FerbenchError
from ferbench.sentences import told

models = typer.Typer(no_args_is_help=True, help="Weight files: list, fetch, import, verify, table.")


@models.command("list")
def models_list(
    names: Annotated[list[str] | None, typer.Argument(help="Choices to tell all of.")] = None,
) -> None:
    """All detectors and models with weights: whether here, size, use.

    Of a named one licence, source and paper too.
    """
    from ferbench.app.cli.models_show import details, listing
    from ferbench.app.console import output_console
    from ferbench.workflows.weights import list_weights

    weights = list_weights(names or ())
    output_console().print(details(weights) if names else listing(weights))


@models.command("table")
def models_table() -> None:
    """Print models/README.md, as it is made of conf/ and benchmarks/results/."""
    from ferbench.workflows.weights_page import page

    typer.echo(page(), nl=False)


@models.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Choices or files; default: those of the default configuration."),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Of every detector and model: gigabytes, some for research only."
        ),
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Another folder, to carry to a machine without network."),
    ] = None,
) -> None:
    """Bring weight files from where their yaml says, and check them.

    Goes on where a download was interrupted.
    """
    from ferbench.app.cli.models_show import WORDS, download_progress, echo
    from ferbench.workflows.weights import fetch_weights
    from ferbench.workflows.weights_text import fetched_lines

    if everything and names:
        raise FerbenchError("give names, or --all, not both")
    with download_progress() as on_bytes:
        report = fetch_weights(
            names or (), everything=everything, folder=to, notify=typer.echo, on_bytes=on_bytes
        )
    echo(fetched_lines(report))
    for problem in report.problems:
        typer.echo(f"WeightsError: {told(problem, WORDS)}", err=True)
    is_default = not names and not everything
    if is_default:
        typer.echo(
            "this is what the default configuration needs; others: ferbench models fetch NAME, "
            "or --all",
            err=True,
        )
    if report.problems:
        raise typer.Exit(1)


@models.command("import")
def models_import(
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder with weight files, wheels or zip archives."),
    ],
) -> None:
    """Find weight files below a folder and copy them to where they belong.

    They are known by their content, under any name.
    """
    from ferbench.app.cli.models_show import echo
    from ferbench.app.console import error_console
    from ferbench.places import default_root, models_dir
    from ferbench.workflows.weights import import_weights
    from ferbench.workflows.weights_text import imported_lines

    folder = models_dir(default_root())
    with error_console().status(f"reading {source}"):
        imported = import_weights(source, folder=folder)
    echo(imported_lines(imported, folder))
    if imported.missing and not imported.copied:
        raise typer.Exit(1)


@models.command("verify")
def models_verify() -> None:
    """Check the sha256 of every weight file that is here."""
    from ferbench.app.cli.models_show import echo
    from ferbench.workflows.weights import verify_weights
    from ferbench.workflows.weights_text import verified_lines

    report = verify_weights()
    echo(verified_lines(report))
    if report.problems:
        raise typer.Exit(1)
