"""Options that several commands have, their values, and messages that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferbench.app.words import OptionWords
from ferbench.errors import ConfigError, FerbenchError
from ferbench.sentences import Words

if TYPE_CHECKING:
    from ferbench.report.figures import PictureStyle


def pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """``a=b`` of a repeatable option.

    Raises:
        ConfigError: one has no ``=``, or nothing before it.
    """
    found = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ConfigError(f"{option}: expected NAME=VALUE, got {text!r}")
        found.append((name.strip(), value.strip()))
    return found


def value_pairs(option: str, texts: Sequence[str]) -> list[tuple[str, Any]]:
    """``a=b`` of a repeatable option, values as a run reads them: numbers, true, lists.

    Raises:
        ConfigError: one has no ``=``, nothing before it, or a value that cannot be read.
    """
    from ferbench.config.arguments import value_of

    return [(name, value_of(name, text)) for name, text in pairs(option, texts)]


def expressions(texts: Sequence[str]) -> tuple[str, ...]:
    """The expressions of all ``--label``, several with commas, each once.

    Raises:
        ConfigError: one is empty.
    """
    labels = [label.strip() for text in texts for label in text.split(",")]
    if not all(labels):
        raise ConfigError(key="label", expected="expressions such as happiness,surprise", got=texts)
    different = {_one_spelling(label): label for label in reversed(labels)}
    return tuple(reversed(different.values()))


def _one_spelling(label: str) -> str:
    """The output of a model that a label means; in a thesis CSV it may mean none."""
    from ferbench.labels import channel_name

    try:
        return channel_name(label)
    except ConfigError:
        return label


def check_level(
    option: str, level: float | None, labels: Sequence[str], *, direction: str | None
) -> None:
    """Raise ConfigError for a level of probabilities with which no event is possible.

    Of outputs that are no expressions, and of falling ones, only the tables tell what is possible.
    """
    from ferbench.labels import EMOTIONS

    are_expressions = all(_one_spelling(label) in EMOTIONS for label in labels)
    if level is None or 0 < level <= 1 or direction == "falling" or not are_expressions:
        return
    raise ConfigError(
        f"{option}: expected a probability, above 0 and at most 1 (50 % is 0.5), got {level:g}"
    )


@contextmanager
def errors_in_words(words: Words) -> Iterator[None]:
    """Errors of ferbench raised inside name settings and actions in somebody's words."""
    try:
        yield
    except FerbenchError as error:
        raise type(error)(error.told(words)) from error


def errors_in_options(options: Mapping[str, str]) -> AbstractContextManager[None]:
    """Errors of ferbench raised inside name options instead of fields.

    Args:
        options: the option of each field (see ``OptionWords``).
    """
    return errors_in_words(OptionWords(options))


def json_flag(help: str = "Print JSON; undefined is null.") -> Any:
    """``--json``: plain values instead of text."""
    return typer.Option("--json", help=help)


def csv_flag(help: str) -> Any:
    """``--csv``: a table for other programs instead of text."""
    return typer.Option("--csv", help=help)


def columns_option(help: str) -> Any:
    """``--column OURS=THEIRS``, repeatable: what a file calls our columns."""
    return typer.Option("--column", metavar="OURS=THEIRS", help=help)


DirectionOption = Annotated[
    str | None,
    typer.Option(
        metavar="rising|falling",
        help="Ours: events where values are high (default), or where they are low: levels then "
        "count downwards from 0.",
    ),
]

JsonFlag = Annotated[bool, json_flag()]

ThemeOption = Annotated[
    str, typer.Option(metavar="light|dark", help="Of pictures: light, as in a paper, or dark.")
]
VectorFlag = Annotated[
    bool, typer.Option("--vector", help="Write each picture as SVG too, beside its PNG.")
]


def picture_style(theme: str, *, vector: bool) -> PictureStyle:
    """How pictures are drawn.

    Raises:
        ConfigError: there is no such theme.
    """
    from ferbench.report.figures import PictureStyle

    if theme not in ("light", "dark"):
        raise ConfigError(f"--theme: expected light or dark, got {theme!r}")
    return PictureStyle(theme=theme, vector=vector)  # type: ignore[arg-type]


@contextmanager
def written_by(option: str, path: Path) -> Iterator[None]:
    """What cannot be written is told with the option that asked for it."""
    try:
        yield
    except OSError as error:
        raise FerbenchError(
            f"{option}: {error.filename or path} cannot be written: {error.strerror or error}"
        ) from error
