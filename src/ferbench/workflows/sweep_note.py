"""The note that a sweep leaves for its cells, and for the same command again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ferbench import atomic
from ferbench.errors import TrackingError
from ferbench.json_texts import read_json
from ferbench.secret_texts import masked
from ferbench.workflows.tracked_run import SweepContext
from ferbench.workflows.tracked_sweep import TrackedSweep

SWEEP_FILE: Final = "sweep.json"
CLAIMS_FOLDER: Final = "predictions"
"""Folder in which cells say which prediction tables they log."""
_ENDED: Final = "ended"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sweep that a process began.

    Attributes:
        folder: of the sweep.
        command: digest of what was asked for; "" = nobody goes on with it.
        parent_run_id: the sweep's own run; "" = nothing is recorded.
        unix_s: when it was begun.
        ended: every cell came to a result, and the sweep was closed.
    """

    folder: Path
    command: str
    parent_run_id: str
    unix_s: float
    ended: bool

    @property
    def time(self) -> str:
        """When it was begun, as a person would say it today."""
        then = datetime.fromtimestamp(self.unix_s).astimezone()
        is_today = then.date() == datetime.now().astimezone().date()
        return f"{then:%H:%M}" if is_today else f"{then:%Y-%m-%d %H:%M}"


def begun_in(folder: Path) -> Begun | None:
    """The sweep that was begun in a folder; None = none was, or its note cannot be read."""
    try:
        about = read_json(folder / SWEEP_FILE)
        return Begun(
            folder=folder,
            command=str(about["command"]),
            parent_run_id=str(about["parent_run_id"]),
            unix_s=float(about["begun_unix_s"]),
            ended=bool(about[_ENDED]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_end(folder: Path) -> None:
    """Note that every cell of a sweep came to a result, and that it is closed."""
    about = read_json(folder / SWEEP_FILE)
    _write(folder, {**about, _ENDED: True})


def write_sweep_note(
    folder: Path,
    tracked: TrackedSweep | None,
    *,
    name: str,
    shared: Sequence[str],
    error: str = "",
    command: str = "",
    before: Begun | None = None,
    finished: Sequence[str] = (),
) -> None:
    """Leave the note in the sweep's folder.

    Args:
        folder: of the sweep.
        tracked: the sweep's own run; None = nothing is recorded.
        name: readable name of the sweep.
        shared: keys of the overrides that all cells share.
        error: why the sweep could not be prepared; "" = it could.
        command: digest of what was asked for; "" = nobody may go on with the sweep.
        before: what was begun in the folder earlier; None = the sweep is new.
        finished: names of the folders of cells that were finished earlier.
    """
    experiment_id, parent_run_id = "", before.parent_run_id if before else ""
    logged: frozenset[str] = frozenset()
    if tracked is not None:
        experiment_id, parent_run_id = tracked.experiment_id, tracked.run_id
        logged = tracked.logged
    about = {
        "command": command,
        "begun_unix_s": before.unix_s if before else time.time(),
        _ENDED: False,
        "finished": list(finished),
        "records": dict(tracked.records) if tracked else {},
        "experiment_id": experiment_id,
        "parent_run_id": parent_run_id,
        "logged": sorted(logged),
        "name": masked(name),
        "shared": list(shared),
        "error": masked(error),
    }
    _write(folder, about)


def _write(folder: Path, about: dict[str, Any]) -> None:
    atomic.write_text(folder / SWEEP_FILE, json.dumps(about))


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
            finished=frozenset(about["finished"]),
            records=dict(about["records"]),
        )
        note = SweepNote(context=context, name=about["name"], shared=tuple(about["shared"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrackingError(
            f"{path} is no note of a sweep ({error}); start the sweep again"
        ) from error
    if failed:
        raise TrackingError(failed)
    return note
