"""The note that a sweep leaves for its cells, which may run in other processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import TrackingError
from ferbench.json_texts import read_json
from ferbench.secret_texts import masked
from ferbench.workflows.tracked_run import SweepContext
from ferbench.workflows.tracked_sweep import TrackedSweep

SWEEP_FILE: Final = "sweep.json"
CLAIMS_FOLDER: Final = "predictions"
"""Folder in which cells say which prediction tables they log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepNote:
    """What a cell must know.

    Attributes:
        context: where the sweep is recorded.
        name: readable name of the sweep.
        shared: keys of the overrides that all cells share.
    """

    context: SweepContext
    name: str
    shared: tuple[str, ...]


def write_sweep_note(
    folder: Path,
    tracked: TrackedSweep | None,
    *,
    name: str,
    shared: Sequence[str],
    error: str = "",
) -> None:
    """Leave the note in the sweep's folder.

    Args:
        folder: of the sweep.
        tracked: the sweep's own run; None = nothing is recorded.
        name: readable name of the sweep.
        shared: keys of the overrides that all cells share.
        error: why the sweep could not be prepared; "" = it could.
    """
    experiment_id = parent_run_id = ""
    logged: frozenset[str] = frozenset()
    if tracked is not None:
        experiment_id, parent_run_id = tracked.experiment_id, tracked.run_id
        logged = tracked.logged
    about = {
        "experiment_id": experiment_id,
        "parent_run_id": parent_run_id,
        "logged": sorted(logged),
        "name": masked(name),
        "shared": list(shared),
        "error": masked(error),
    }
    (folder / SWEEP_FILE).write_text(json.dumps(about), encoding="utf-8")


def read_sweep_note(folder: Path) -> SweepNote | None:
    """The note of the sweep that a cell belongs to; None = the sweep left none.

    Raises:
        TrackingError: the sweep could not be prepared, or its note cannot be read.
    """
    path = folder / SWEEP_FILE
    if not path.is_file():
        return None
    try:
        about = read_json(path)
        failed = about["error"]
        context = SweepContext(
            experiment_id=about["experiment_id"],
            parent_run_id=about["parent_run_id"],
            claims=folder / CLAIMS_FOLDER,
            logged=frozenset(about["logged"]),
        )
        note = SweepNote(context=context, name=about["name"], shared=tuple(about["shared"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrackingError(
            f"{path} is no note of a sweep ({error}); start the sweep again"
        ) from error
    if failed:
        raise TrackingError(failed)
    return note
