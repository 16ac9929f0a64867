"""``ferbench profile``: where the time of a cold pass went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import JsonFlag, errors_in_options
from ferbench.errors import ConfigError

if TYPE_CHECKING:
    from ferbench.workflows.profile import Profile

OPTIONS: Final = {
    "detector": "--detector",
    "model": "--model",
    "preprocessing": "--preprocessing",
    "runtime.device": "--device",
    "runtime.lanes": "--lanes",
    "uri": "--uri",
}
"""The option of each field that a message may name."""
_OF_VIDEOS: Final = ("--detector", "--model", "--preprocessing", "--device", "--lanes")


def profile(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FOLDER|VIDEO",
            help="A recorded run or sweep, a run's folder or its profile.csv, or a video, over "
            "which a cold pass is made now.",
        ),
    ],
    detector: Annotated[
        str | None,
        typer.Option(help="VIDEO: face detector.", autocompletion=choices("detector")),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="VIDEO: expression model.", autocompletion=choices("model")),
    ] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option(help="VIDEO: from box to crop.", autocompletion=choices("preprocessing")),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="VIDEO: auto, cpu, cuda or mps (auto).")
    ] = None,
    lanes: Annotated[
        int | None,
        typer.Option(help="VIDEO: threads that detect and classify (one for each core)."),
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="RUN: where it is recorded, as for 'compare'."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Where the time of cold passes went: what each stage took, what waited, what limits.

    Runs keep it as profile.csv, if they made a pass. "alone" is what a pass of this stage only
    would take, in the threads that it has.
    """
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable

    groups = {"detector": detector, "model": model, "preprocessing": preprocessing}
    runtime = {"device": device, "lanes": lanes}
    with errors_in_options(OPTIONS):
        found = _profile(target, groups, runtime, uri)
    if as_json:
        typer.echo(json.dumps(found.as_plain(), indent=1))
        return
    output_console().print(FittedTable(found.text_table()))
    for sentence in found.sentences():
        typer.echo(sentence)


def _profile(
    target: str,
    groups: dict[str, str | None],
    runtime: dict[str, str | int | None],
    uri: str | None,
) -> Profile:
    from ferbench.app.console import frames_bar
    from ferbench.formats.pass_profiles import PROFILE_FILE
    from ferbench.places import default_root
    from ferbench.tracking.query import open_store
    from ferbench.workflows.profile import profile_of_files, profile_of_run, profile_of_video
    from ferbench.workflows.progress import Progress

    path = Path(target)
    if path.is_file() and path.suffix != Path(PROFILE_FILE).suffix:
        settings = [f"runtime.{key}={value}" for key, value in runtime.items() if value is not None]
        with frames_bar() as bar:

            def show(progress: Progress) -> None:
                bar(progress.done_frames, progress.total_frames, progress.videos)

            return profile_of_video(path, choices=groups, settings=settings, on_progress=show)
    values = (*groups.values(), *runtime.values())
    given = [name for name, value in zip(_OF_VIDEOS, values, strict=True) if value is not None]
    if given:
        raise ConfigError(
            f"{', '.join(given)}: only of a video that is run now, and {target} is none; leave it "
            "out, or name a video"
        )
    if path.exists():
        return profile_of_files(path)
    return profile_of_run(open_store(uri, root=default_root()), target)
