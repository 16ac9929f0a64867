"""The detectors and models of conf/ with their weight files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.published import published_files
from ferbench.errors import ConfigError
from ferbench.weights.checking import check, is_there
from ferbench.weights.digests import known_digest
from ferbench.weights.loading import FOUND_HERE, lock_digest
from ferbench.weights.published import PublishedFile

GROUPS: Final = ("detector", "model")
Choices = dict[str, tuple[PublishedFile, ...]]
"""Files by ``group/choice``."""


def catalogue() -> Choices:
    """All detectors and models that have weight files."""
    choices: Choices = {}
    for group in GROUPS:
        for name, files in published_files(group).items():
            choices[f"{group}/{name}"] = files
    return choices


def by_choice(names: Iterable[str]) -> Choices:
    """The named choices (``mtcnn`` or ``detector/mtcnn``), and the named files by themselves.

    Raises:
        ConfigError: no such choice or file; names the choices there are.
    """
    everything = catalogue()
    chosen: Choices = {}
    for name in names:
        matches = _matches(name, everything)
        if not matches:
            raise ConfigError(
                f"no detector or model {name!r} with weights; {_suggestion(name, everything)}"
                f"there are: {', '.join(everything)}"
            )
        chosen |= matches
    return chosen


def _matches(name: str, everything: Choices) -> Choices:
    """The choices of a name, or else the file of that name."""
    choices = {key: files for key, files in everything.items() if name in (key, _short(key))}
    if choices:
        return choices
    return {item.file: (item,) for item in _all_of(everything) if item.file == name}


def _short(choice: str) -> str:
    """A choice without its group."""
    return choice.partition("/")[2]


def _all_of(choices: Choices) -> list[PublishedFile]:
    return [item for files in choices.values() for item in files]


def _suggestion(name: str, everything: Choices) -> str:
    """Which choice or file was meant, as far as that can be guessed."""
    files = [item.file for item in _all_of(everything)]
    names = dict.fromkeys([*everything, *map(_short, everything), *files])
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {nearest[0]}? " if nearest else ""


def all_files() -> tuple[PublishedFile, ...]:
    """Every file that some choice names, once."""
    return tuple({item.file: item for item in _all_of(catalogue())}.values())


def build_part(choice: str) -> Any:
    """The detector or model of ``group/choice``, as its yaml describes it."""
    group, _, name = choice.partition("/")
    return build(composed({group: name})[group], where=choice)


def confirm(item: PublishedFile, folder: Path, *, origin: str = FOUND_HERE) -> None:
    """Check a file; where nobody knows its digest yet, load its network with it and lock it.

    Where that cannot be tried (another file of the network, or a package is missing), the first run
    will do so.

    Args:
        item: the file.
        folder: the models folder.
        origin: where it came from, for the lock.

    Raises:
        WeightsError: it is not what it should be, or does not fit the network.
    """
    check(item, folder)
    if known_digest(item, folder) is None and _can_be_loaded(item, folder):
        lock_digest(item, folder, origin=origin)


def _can_be_loaded(item: PublishedFile, folder: Path) -> bool:
    """Whether a file's network could be loaded with it; False = that cannot be tried.

    Raises:
        WeightsError: it does not fit the network.
    """
    part = _part_of(item, catalogue())
    if part is None or any(not is_there(file, folder) for file in part.weights_files()):
        return False
    import torch

    try:
        part.load(torch.device("cpu"), folder)
    except ConfigError:
        return False
    return True


def _part_of(item: PublishedFile, choices: Mapping[str, Sequence[PublishedFile]]) -> Any:
    """The first detector or model that has a file; None = none has."""
    for choice, files in choices.items():
        if item.file in {file.file for file in files}:
            return build_part(choice)
    return None
