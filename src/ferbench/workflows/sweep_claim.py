"""The same sweep again: which one a command goes on with, and who may.

A sweep's folder has a lock that its process holds for as long as it lives. It is the system's, so
it ends with the process, however that ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.atomic import remove_left_over
from ferbench.results import RunRow
from ferbench.rights import make_folder
from ferbench.tracking.store import names_of
from ferbench.workflows.recording import forget_unlogged
from ferbench.workflows.run_outcome import read_outcome
from ferbench.workflows.sweep_note import CLAIMS_FOLDER, SWEEP_FILE, Begun, begun_in
from ferbench.workflows.sweep_results import cells_below

_LOCK: Final = ".sweep.lock"
PLACES: Final = f"mlruns/hydra/sweeps/*/*/{SWEEP_FILE}"
"""Where sweeps leave their notes below the root."""


@dataclass(slots=True, kw_only=True)
class SweepClaim:
    """A sweep's folder that no other process goes on with.

    Attributes:
        folder: of the sweep.
        before: what an earlier process began there; None = the sweep is new.
        notice: what to tell of a sweep that another process goes on with; "" = there is none.
        lock: held while this process lives; None = the file system has no locks.
    """

    folder: Path
    before: Begun | None = None
    notice: str = ""
    lock: FileLock | None = None

    def release(self) -> None:
        """Let other processes have the folder."""
        if self.lock is not None:
            self.lock.release()


def claim_sweep(folder: Path, *, root: Path, command: str) -> SweepClaim:
    """The folder of a command's newest sweep where that did not come to its end, else a new one.

    Of processes that ask at once, one gets it.

    Args:
        folder: for a new sweep. Where somebody chose it, it may be the old one.
        root: folder of runs.
        command: digest of what was asked for; "" = go on with none.

    Raises:
        OSError: the folder cannot be made.
    """
    newest = _newest({folder / SWEEP_FILE, *root.glob(PLACES)}, command) if command else None
    notice = ""
    if newest is not None and not newest.ended:
        lock = _locked(newest.folder)
        again = begun_in(newest.folder)  # it may have come to its end meanwhile
        if lock is not None and again is not None and not again.ended:
            remove_left_over(newest.folder)
            forget_unlogged(newest.folder / CLAIMS_FOLDER)
            return SweepClaim(folder=newest.folder, before=again, lock=lock)
        if lock is not None:
            lock.release()
        else:
            notice = f"the sweep of {newest.time} goes on in another process; this is a new one"
    make_folder(folder)
    return SweepClaim(folder=folder, notice=notice, lock=_locked(folder) if command else None)


def finished_below(folder: Path, records: Mapping[str, RunRow] | None) -> list[str]:
    """Names of the folders of the cells that a sweep has finished.

    Args:
        folder: of the sweep.
        records: of its cells, by run id; None = they have none, or nothing can be said of them.
    """
    finished = []
    recorded = {
        name: row.state == "finished" for row in (records or {}).values() for name in names_of(row)
    }
    for cell in cells_below(folder):
        outcome = read_outcome(cell)
        if outcome is None or not (outcome.ok and outcome.digest):
            continue
        if records is None or recorded.get(outcome.run_id):
            finished.append(cell.name)
    return finished


def _newest(notes: Iterable[Path], command: str) -> Begun | None:
    """The newest sweep of a command; None = there is none."""
    sweeps = [begun for path in notes if (begun := begun_in(path.parent)) is not None]
    same = [begun for begun in sweeps if begun.command == command]
    return max(same, key=lambda begun: begun.unix_s, default=None)


def _locked(folder: Path) -> FileLock | None:
    """The lock of a sweep's folder; None = another process has it, or there are no locks here."""
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        return None
    return lock
