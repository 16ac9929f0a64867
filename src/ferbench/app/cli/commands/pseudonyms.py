"""``ferbench pseudonyms``: random names for participants, sessions and videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pseudonyms(
    keys: Annotated[
        Path,
        typer.Argument(metavar="KEYS", help="The key file (CSV); keep it where the videos are."),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SETTING]...",
            help="The data set as 'run' takes it: dataset=my_study, dataset.videos=DIR.",
        ),
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with data sets of your own.")
    ] = None,
) -> None:
    """Make a file of random names for a data set, or add what is new to it.

    Runs with dataset.pseudonyms=KEYS record these names only. The file is the only connection: who
    has it can tell who is who, and without it nobody can. Pseudonyms that are there stay.
    """
    from ferbench.app.cli.options import errors_in_words
    from ferbench.app.console import error_console, output_console
    from ferbench.app.words import RunWords
    from ferbench.sentences import told
    from ferbench.workflows.pseudonyms import pseudonyms as make

    given = settings or []
    choice = next((text for text in given if text.startswith("dataset=")), None)
    with errors_in_words(RunWords()):
        made = make(
            keys,
            dataset=choice.partition("=")[2] if choice else "folder",
            settings=[text for text in given if text is not choice],
            config_dirs=() if config_dir is None else (config_dir,),
        )
    for notice in made.notices:
        error_console().print(f"note: {told(notice, RunWords())}", markup=False)
    counted = repr(made).partition(": ")[2]
    output_console().print(f"{made.path}: {counted}", markup=False, soft_wrap=True)
