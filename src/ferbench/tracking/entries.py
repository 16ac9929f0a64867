"""What is written to a store, one step each: as values that can wait on disk.

Written twice, a step changes nothing: times are those of the step and not of its writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.tracking.record import Input


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run begins.

    Attributes:
        experiment_id: the store's id of its experiment, or a provisional one.
        name: readable name of the run.
        tags: what it has from its beginning on.
        at_s: seconds since 1970.
    """

    experiment_id: str
    name: str
    tags: Mapping[str, str]
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Params, metrics and tags of a run."""

    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Files that a run read."""

    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Artifacts of a run.

    Attributes:
        files: each with the folder among the artifacts that it goes to, "" = the topmost.
    """

    files: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The experiment's pages show the cells of this sweep.

    Attributes:
        experiment_id: the store's id, or a provisional one.
        params: choices that differ between the cells.
    """

    experiment_id: str
    params: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """A run that was ended goes on.

    Attributes:
        owner: of the process that goes on with it, which may not be the one that delivers.
    """

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A run ends."""

    failed: bool
    at_s: float


Entry = Start | Numbers | Inputs | Files | View | GoOn | End

_KINDS: Final = {
    kind.__name__.lower(): kind for kind in (Start, Numbers, Inputs, Files, View, GoOn, End)
}


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry as plain values; of files their names and folders, without where they lie."""
    fields = asdict(entry)
    if isinstance(entry, Files):
        fields["files"] = [[path.name, folder] for path, folder in entry.files]
    return {"entry": type(entry).__name__.lower(), **fields}


def from_json(fields: Mapping[str, Any], files: Path) -> Entry:
    """The entry that plain values are of.

    Args:
        fields: as ``as_json`` gives them.
        files: the folder in which its files lie, each in that which it goes to.

    Raises:
        KeyError, TypeError, ValueError: they are of none.
    """
    values = {name: value for name, value in fields.items() if name != "entry"}
    kind = _KINDS[fields["entry"]]
    if kind is Files:
        values["files"] = tuple((files / folder / name, folder) for name, folder in values["files"])
    if kind is Inputs:
        values["inputs"] = tuple(Input(**each) for each in values["inputs"])
    entry: Entry = kind(**values)
    return entry
