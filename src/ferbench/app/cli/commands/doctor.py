"""``ferbench doctor``: what this machine has, what is missing, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.words import OptionWords
from ferbench.sentences import told

if TYPE_CHECKING:
    from ferbench.workflows.doctor_weights import Finding

_MARKS: Final = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
_WORDS: Final = OptionWords()


def doctor(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE...]",
            help="As for a run, such as model=NAME: whose weights are checked.",
        ),
    ] = None,
) -> None:
    """Check versions, device, decoders, store, runs, cache and weights.

    Say how to mend what is missing.
    """
    from ferbench.workflows.doctor import doctor as examine

    diagnosis = examine(settings or ())
    for finding in diagnosis.findings:
        typer.echo(_shown(finding))
    if diagnosis.has_problems:
        raise typer.Exit(1)


def _shown(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]}  {finding.what}: {told(finding.seen, _WORDS)}"
    if not finding.mend:
        return line
    return f"{line}\n         -> {told(finding.mend, _WORDS)}"
