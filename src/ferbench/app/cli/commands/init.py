"""``ferbench init``: looks at a study and writes a data set for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferbench.app.cli.options import columns_option, errors_in_words, pairs

_PATTERN_HELP = "Regular expression with groups (?P<session>...), participant, camera, part, start."
_COLUMN_HELP = (
    "A column of the annotations, as onset=Uhrzeit (session, participant, onset, offset, kind, "
    "annotator); offset= where there is none."
)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The study's videos, in this folder and below.")
    ],
    annotations: Annotated[
        Path | None, typer.Option(metavar="CSV", help="A row per annotation, also as .xlsx.")
    ] = None,
    starts: Annotated[
        Path | None, typer.Option(metavar="CSV", help="When each session began, on the clock.")
    ] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME", help="Which camera to use.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path(
        "ferbench-conf"
    ),
    pattern: Annotated[str | None, typer.Option(metavar="REGEX", help=_PATTERN_HELP)] = None,
    column: Annotated[list[str] | None, columns_option(_COLUMN_HELP)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Look at a study's videos and annotations.

    Write a list of them and a data set, and say what has no place.
    """
    from ferbench.app.cli.init_show import INIT_WORDS, show
    from ferbench.app.console import output_console
    from ferbench.workflows.survey import SurveyOptions, survey
    from ferbench.workflows.survey_files import data_set_files, write_data_set

    with errors_in_words(INIT_WORDS):
        options = SurveyOptions(
            videos=folder,
            annotations=annotations,
            starts=starts,
            camera=camera,
            pattern=pattern,
            columns=dict(pairs("--column", column or ())),
        )
        files = data_set_files(folder, out, force=force)
        found = survey(options)
        write_data_set(found, files)
    show(output_console(), folder, found, files)
    if not found.is_complete:
        raise typer.Exit(1)
