"""``ferbench ui``: MLflow's pages on this machine only."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ferbench.errors import FerbenchError

OPTIONS: Final = {"port": "--port"}


def ui(
    port: Annotated[
        int | None,
        typer.Option(help="Port on this machine; default: the first free one from 5000."),
    ] = None,
    uri: Annotated[
        str | None, typer.Option(help="MLflow store; default: where runs are recorded.")
    ] = None,
) -> None:
    """Open MLflow's pages for the runs: on this machine only, without telemetry.

    Stop with Ctrl-C.
    """
    from ferbench.app.cli.options import errors_in_options
    from ferbench.places import default_root
    from ferbench.tracking.pages import DEFAULT_PORT, held_port, serve
    from ferbench.tracking.query import open_store

    store = open_store(uri, root=default_root())
    if not store.has_pages:
        raise FerbenchError(
            f"ferbench ui shows MLflow stores; for the plain files in {store.uri} use: "
            "ferbench compare"
        )
    if store.uri.startswith("http"):
        typer.echo(f"runs: {store.uri}   (the server is already there)")
        return
    folder = default_root() / ".ferbench"
    with errors_in_options(OPTIONS), held_port(port, folder=folder) as usable:
        if port is None and usable != DEFAULT_PORT:
            typer.echo(f"port {DEFAULT_PORT} is in use; taking {usable}")
        serve(store, usable, folder=folder, say=typer.echo)
