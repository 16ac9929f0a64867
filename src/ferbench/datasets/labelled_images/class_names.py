"""What folders and numbers of labelled images mean: expressions, whatever a data set calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ferbench.errors import ConfigError, DatasetError
from ferbench.labels import EMOTIONS, expression_name
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name
from ferbench.wording import some

NONE: Final = "none"
"""What a class is mapped to whose images are left out."""

_EXAMPLE: Final = f"EXPRESSION|{NONE}"

RAFDB: Final = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happiness",
    "5": "sadness",
    "6": "anger",
    "7": "neutral",
}
"""RAF-DB's numbers of the seven basic expressions (Li, Deng and Du 2017, its readme)."""

AFFECTNET: Final = {
    "0": "neutral",
    "1": "happiness",
    "2": "sadness",
    "3": "surprise",
    "4": "fear",
    "5": "disgust",
    "6": "anger",
    "7": "contempt",
}
"""AffectNet's numbers (Mollahosseini, Hasani and Mahoor 2017, its readme)."""

AFFECTNET_OTHERS: Final = {"8": "no expression", "9": "uncertain", "10": "no face"}
"""AffectNet's numbers of images that show none of the eight."""

FER2013: Final = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happiness",
    "4": "sadness",
    "5": "surprise",
    "6": "neutral",
}
"""FER-2013's numbers (Goodfellow et al. 2013, the challenge's page of data)."""

_NUMBER_BEFORE: Final = re.compile(r"[0-9]+[ ._-]+")

ClassNames = Mapping[str, str]
"""What a data set's names mean: expressions, or ``NONE``."""


def meanings(names: Iterable[str], said: ClassNames, *, where: str) -> dict[str, str]:
    """The expression that each name means; "" = its images are left out.

    Case, Unicode form and a number before the name (``0_anger``) do not matter.

    Args:
        names: as the data set writes them.
        said: names whose meaning somebody told.
        where: what has these names.

    Raises:
        DatasetError: a name means no expression; all of them are named, and what is known.
        ConfigError: ``said`` names a class that is not there, or something that is no expression.
    """
    there = list(dict.fromkeys(names))
    told = _told(said, there)
    found: dict[str, str] = {}
    unknown = []
    for name in there:
        meaning = told.get(comparable_name(name), _meaning(name))
        if meaning is None:
            unknown.append(name)
        else:
            found[name] = meaning
    if unknown:
        raise DatasetError(
            f"{where}: no expression is called {some(unknown)}; there are "
            f"{some(there)}, and known are {', '.join(EMOTIONS)}",
            key="classes",
            hint=Text("say what it means with ", Setting(f"classes.{unknown[0]}", _EXAMPLE)),
        )
    return found


def _told(said: ClassNames, there: list[str]) -> dict[str, str]:
    known = {comparable_name(name) for name in there}
    told = {}
    for name, meaning in said.items():
        if comparable_name(name) not in known:
            raise ConfigError(
                key="classes", expected=f"a class that is there: {some(there)}", got=name
            )
        is_none = meaning.strip().lower() == NONE
        told[comparable_name(name)] = "" if is_none else expression_name(meaning)
    return told


def _meaning(name: str) -> str | None:
    """The expression that a name means; None = none."""
    try:
        return expression_name(_NUMBER_BEFORE.sub("", comparable_name(name), count=1))
    except ConfigError:
        return None
