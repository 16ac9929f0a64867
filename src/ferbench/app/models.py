"""``ferbench models``: which weight files there are, where they come from, and whether they are here and right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ferbench.app.compose import published_files
from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import PublishedFile, check, is_there

GROUPS = ("detector", "model")


def catalogue() -> dict[str, tuple[PublishedFile, ...]]:
    """Files by ``group/choice``."""
    return {f"{group}/{name}": files for group in GROUPS for name, files in published_files(group).items()}


def chosen(names: Iterable[str]) -> tuple[PublishedFile, ...]:
    """Files of the named choices (``mtcnn`` or ``detector/mtcnn``); of all without names.

    Raises:
        ConfigError: no such choice; names those there are.
    """
    everything = catalogue()
    wanted = list(names) or list(everything)
    files: dict[str, PublishedFile] = {}
    for name in wanted:
        hits = [key for key in everything if name in (key, key.split("/")[1])]
        if not hits:
            raise ConfigError(f"no detector or model {name!r} with weights; there are: {', '.join(everything)}")
        files |= {item.file: item for key in hits for item in everything[key]}
    return tuple(files.values())


def rows(folder: Path) -> list[list[str]]:
    """A line per file: what for, file, here or not, licence, source."""
    return [
        [name, item.file, "here" if is_there(item, folder) else "missing", item.licence, str(item.source), item.paper]
        for name, files in catalogue().items()
        for item in files
    ]


def verify(folder: Path) -> tuple[list[str], list[str]]:
    """Check every file that is here; return sentences: those in order, and those not."""
    good, bad = [], []
    for item in chosen(()):
        if not is_there(item, folder):
            good.append(f"{item.file}: not here (ferbench models fetch)")
            continue
        try:
            check(item, folder)
            good.append(f"{item.file}: as published (sha256 {item.sha256[:12]})")
        except WeightsError as error:
            bad.append(str(error))
    return good, bad
