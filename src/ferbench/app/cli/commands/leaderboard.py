"""``ferbench leaderboard``: which model with which crop is best on labelled images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import (
    JsonFlag,
    ThemeOption,
    VectorFlag,
    csv_flag,
    errors_in_words,
    pairs,
    picture_style,
    written_by,
)
from ferbench.errors import ConfigError

if TYPE_CHECKING:
    from ferbench.workflows.standings.result import Leaderboard

OPTIONS: Final = {
    "classes": "--class",
    "crops": "--crop",
    "dataset": "DATASET",
    "detector": "--detector",
    "known_as": "--known-as",
    "models": "--model",
    "most": "--most",
    "no_face": "--no-face",
    "other_classes": "--other-classes",
    "out": "--out",
    "pictures": "--pictures",
    "runtime.device": "--device",
    "runtime.lanes": "--lanes",
    "split": "--split",
}
"""The option of each field that a message may name."""


def leaderboard(
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET",
            help="Folder of RAF-DB, AffectNet or FER-2013, FER-2013's table, or a folder with one "
            "of pictures for each class.",
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(help="Only these (all).", autocompletion=choices("model")),
    ] = None,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            help="as_is (as the data set cuts faces), own (found, and cut as in the model's "
            "training), or a choice of conf/preprocessing.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="test|validation|train|all", help="Which part (test).")
    ] = None,
    known_as: Annotated[
        str,
        typer.Option(metavar="RAF-DB|AffectNet|FER-2013", help="Where its files do not tell."),
    ] = "",
    pictures: Annotated[
        str,
        typer.Option(
            metavar="auto|faces|whole", help="A folder for each class: what its pictures are."
        ),
    ] = "auto",
    class_: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="THEIRS=OURS", help="What a class means, or none."),
    ] = None,
    other_classes: Annotated[
        str,
        typer.Option(metavar="left-out|wrong", help="Images whose class a model does not know."),
    ] = "left-out",
    no_face: Annotated[
        str,
        typer.Option(metavar="wrong|left-out", help="Images without a face, for the order."),
    ] = "wrong",
    most: Annotated[
        int | None, typer.Option(min=1, help="At most so many images, drawn by lot.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the lot.")] = 0,
    detector: Annotated[
        str | None, typer.Option(help="Face detector.", autocompletion=choices("detector"))
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps (auto).")] = None,
    lanes: Annotated[int | None, typer.Option(help="Threads on a CPU (one for each core).")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where a page, tables and pictures go."),
    ] = None,
    faces: Annotated[
        bool,
        typer.Option(
            "--faces",
            help="out: show some faces as each network sees them; the page then holds images of "
            "people's faces.",
        ),
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Log numbers and files to MLflow as a run.")
    ] = False,
    theme: ThemeOption = "light",
    vector: VectorFlag = False,
    as_csv: Annotated[bool, csv_flag("Print the table as CSV.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Which model with which crop is best on labelled images, beside what is published.

    All models whose weights are here, with faces as the data set cuts them and as the model's own
    training cut them. A model that is clearly below its published accuracy is told: a crop or
    colour mismatch shows before a study starts. What models say is stored; Ctrl-C loses little.
    Ends with 1 if an image cannot be decoded, or no model can be measured.
    """
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable
    from ferbench.app.words import OptionWords
    from ferbench.sentences import told

    style = picture_style(theme, vector=vector)
    if out is not None and out.is_file():
        raise ConfigError(f"--out: {out} is a file; expected the name of a folder")
    if faces and out is None:
        raise ConfigError("--faces: they are shown on the page, so expected --out DIR, too")
    words = OptionWords(OPTIONS)
    runtime = {"device": device, "lanes": lanes}
    with errors_in_words(words):
        found = _board(
            dataset,
            models=model or [],
            crops=crop or [],
            split=split,
            known_as=known_as,
            pictures=pictures,
            classes=dict(pairs("--class", class_ or [])),
            other_classes=other_classes.replace("-", "_"),
            no_face=no_face.replace("-", "_"),
            most=most,
            seed=seed,
            faces=faces,
            detector=detector,
            settings=[f"runtime.{key}={value}" for key, value in runtime.items() if value],
        )
    if as_json:
        typer.echo(json.dumps(found.as_plain(), indent=1))
    elif as_csv:
        typer.echo(found.to_frame().to_csv(index=False, lineterminator="\n"), nl=False)
    elif found.board.standings:
        elsewhere = "--csv has all" if out is None else f"{out / 'leaderboard.csv'} has all"
        output_console().print(FittedTable(found.text_table(), elsewhere=elsewhere))
    for text in found.warnings:
        typer.echo(f"warning: {told(text, words)}", err=True)
    for text in found.notes:
        typer.echo(f"note: {told(text, words)}", err=True)
    if out is not None:
        with written_by("--out", out):
            paths = found.write(out, style=style)
        if faces:
            typer.echo("note: the page holds images of people's faces", err=True)
        typer.echo(f"wrote {paths[0]} and {len(paths) - 1} files beside it", err=True)
    if record:
        from ferbench.workflows.standings.record import record_leaderboard

        recorded = record_leaderboard(found.board, style=style)
        typer.echo(f"recorded on run {recorded.run_id[:8]}: {recorded.location}", err=True)
    if found.board.broken or not found.board.standings:
        raise typer.Exit(1)


def _board(dataset: Path, **asked: object) -> Leaderboard:
    from ferbench.app.console import frames_bar
    from ferbench.workflows.leaderboard import leaderboard as measured
    from ferbench.workflows.standings.progress import ImageProgress

    with frames_bar(unit="images") as bar:

        def show(progress: ImageProgress) -> None:
            bar(progress.done_images, progress.total_images, progress.what)

        return measured(dataset, on_progress=show, **asked)  # type: ignore[arg-type]
