"""Options of commands that look for events in predictions and read annotations beside them."""

from __future__ import annotations

from typing import Annotated

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import columns_option

RuleOption = Annotated[
    str | None, typer.Option(help="A choice of conf/event.", autocompletion=choices("event"))
]
LabelsOption = Annotated[
    list[str] | None,
    typer.Option(metavar="LABEL[,LABEL...]", help="Expression, or several (Surprise)."),
]
SelectorOption = Annotated[
    str | None,
    typer.Option(
        help="Which face is the participant (largest).", autocompletion=choices("selector")
    ),
]
TimeFormatOption = Annotated[str, typer.Option(help="Annotations: auto, seconds, mm:ss, ...")]
SessionNameOption = Annotated[
    str, typer.Option(help="How a row names its session, as '{participant}_{session}'.")
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Only such rows are annotations."),
]
ColumnsOption = Annotated[
    list[str] | None, columns_option("A column's name, as session=participant_id.")
]
