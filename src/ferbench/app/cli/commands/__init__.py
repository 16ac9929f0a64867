"""The commands of ``ferbench``: each file of this folder is one.

A file has a function that is called as the file, or a ``typer.Typer`` of that name with
sub-commands: ``score_frames.py`` has ``score_frames``, which is ``ferbench score-frames``. What a
command needs is imported when it runs, so that ``ferbench --help`` is quick.

``ferbench run`` goes to Hydra before these are reached.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import getdoc
from typing import Annotated, Any, Final

import typer

from ferbench.app.cli import completion
from ferbench.version import __version__

SHOWN_FIRST: Final = (
    "init",
    "predict",
    "events",
    "score",
    "score_frames",
    "timeline",
    "grade",
    "compare",
    "report",
    "reproduce",
    "agreement",
    "render",
    "play",
    "inspect",
    "profile",
    "leaderboard",
    "ui",
    "runs",
    "cache",
    "doctor",
)
"""In the order of a study; in the list of commands all others follow, by name."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Evaluate facial expression recognition on video of people meeting a robot.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ferbench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", autocompletion=completion.overrides),
    ] = None,
) -> None:
    """Run the pipeline on a data set: ferbench run [-m] key=value .

    (ferbench run --help lists all keys).
    """
    del overrides
    raise AssertionError("main() takes 'run' before this is reached")


def _commands() -> Iterator[tuple[str, Any]]:
    """The function, or the group, of each file of this folder, by the file's name."""
    files = {module.name for module in pkgutil.iter_modules(__path__)}
    others = sorted(files.difference(SHOWN_FIRST))
    for name in (*SHOWN_FIRST, *others):
        module = importlib.import_module(f"{__name__}.{name}")
        yield name, getattr(module, name)


def _flowing(function: Any) -> str:
    """A function's docstring as help: the screen breaks its lines, not the source."""
    paragraphs = getdoc(function).split("\n\n")  # type: ignore[union-attr]
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for _name, _command in _commands():
    _shown_name = _name.replace("_", "-")
    if isinstance(_command, typer.Typer):
        for _registered in _command.registered_commands:
            _registered.help = _flowing(_registered.callback)
        app.add_typer(_command, name=_shown_name)
    else:
        app.command(_shown_name, help=_flowing(_command))(_command)
