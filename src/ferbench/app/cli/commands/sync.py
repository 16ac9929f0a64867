"""``ferbench sync``: deliver what was recorded while a tracking store was away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ferbench.app.cli.options import errors_in_words
from ferbench.app.words import OptionWords
from ferbench.sentences import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferbench.workflows.sync import WaitingRecord


_WORDS = OptionWords({"uri": "--uri"})


def sync(
    uri: Annotated[
        str | None,
        typer.Option(
            help="The store, with its password where it has one. "
            "Default: all for which something waits."
        ),
    ] = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="Tell what waits; deliver nothing.")
    ] = False,
) -> None:
    """Deliver what was recorded while a tracking store was away.

    Runs do so by themselves where the store comes back before they end. Nothing is delivered twice,
    and a delivery that was broken off goes on where it was.
    """
    from ferbench.wording import plural
    from ferbench.workflows.sync import sync as deliver
    from ferbench.workflows.sync import waiting_records

    if only_list:
        waiting = waiting_records()
        _show("waits", waiting)
        typer.echo(f"{plural(len(waiting), 'record')} waiting")
        return
    with errors_in_words(_WORDS):
        synced = deliver(uri=uri)
    _show("delivered", synced.delivered)
    _show("waits", synced.waiting)
    typer.echo(f"{plural(len(synced.delivered), 'record')} delivered")
    if synced.waiting:
        raise typer.Exit(1)


def _show(became: str, records: Sequence[WaitingRecord]) -> None:
    for record in records:
        name = record.name or "(begun in the store)"
        typer.echo(f"{became:9}  {record.began:%Y-%m-%d %H:%M}  {record.run_id[:13]}  {name}")
    for reason in dict.fromkeys(record.reason for record in records if record.reason):
        typer.echo(f"because: {told(reason, _WORDS)}", err=True)
