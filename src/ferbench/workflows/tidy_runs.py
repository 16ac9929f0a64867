"""Tidy: close runs whose process died without saying so, in the records of this machine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.errors import TrackingError
from ferbench.owner import OWNER_TAG, Fate, fate_of
from ferbench.places import default_root
from ferbench.results import RunRow
from ferbench.sentences import Action, Text
from ferbench.tracking.outbox import Outbox
from ferbench.tracking.query import existing_stores, run_named, with_deaths
from ferbench.tracking.store import DIED, Store, end_failed
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("ferbench")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that nobody has ended.

    Attributes:
        store: where it is recorded.
        row: the run.
        fate: whether its process goes on: ``open``, ``ended`` for certain, or ``unknown`` (it is
            on another machine or in another container, or the run does not say whose it is).
    """

    store: Store
    row: RunRow
    fate: Fate

    @property
    def short_name(self) -> str:
        """The beginning of its id, and its name."""
        return f"{self.row.run_id[:8]} {self.row.name}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TidiedRuns:
    """What became of the runs that nobody had ended.

    Attributes:
        closed: ended as failed, with their reason.
        going_on: their processes go on; left alone.
        unknown: whether they go on cannot be seen from here; left alone.
    """

    closed: tuple[OpenRun, ...]
    going_on: tuple[OpenRun, ...]
    unknown: tuple[OpenRun, ...]

    def __repr__(self) -> str:
        """``TidiedRuns: 3 runs closed, 1 going on, 0 unknown``."""
        closed = plural(len(self.closed), "run")
        return (
            f"TidiedRuns: {closed} closed, {len(self.going_on)} going on, "
            f"{len(self.unknown)} unknown"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per run: ``run_id, kind, name, became`` (closed, going on, unknown)."""
        import pandas as pd

        groups = {"closed": self.closed, "going on": self.going_on, "unknown": self.unknown}
        rows = [
            (run.row.run_id, run.row.kind, run.row.name, became)
            for became, runs in groups.items()
            for run in runs
        ]
        return pd.DataFrame(rows, columns=["run_id", "kind", "name", "became"])


def look_at_runs(*, uri: str | None = None, root: Path | None = None) -> list[OpenRun]:
    """Runs that nobody has ended, newest first; nothing is changed.

    Those whose end waits for a store that was away are none of them.

    Args:
        uri: the store; None = both of ``root``: MLflow's and the plain files.
        root: the folder that holds runs; None = the default one.

    Raises:
        TrackingError: a store cannot be read, or there is none at ``uri``.
    """
    place = root or default_root()
    opened = []
    for store in existing_stores(uri, root=place):
        outbox = Outbox(root=place, uri=store.uri)
        for row in store.unended(list(store.experiments())):
            if not outbox.holds(row):
                fate = fate_of(row.tags.get(OWNER_TAG, ""))
                opened.append(OpenRun(store=store, row=row, fate=fate))
    return opened


def tidy_runs(
    runs: str | Sequence[str] = (), *, uri: str | None = None, root: Path | None = None
) -> TidiedRuns:
    """End runs as failed whose process died without saying so, with that as their reason.

    Args:
        runs: ids (or their first characters, at least 6) or names of runs to close, also where
            their process cannot be seen from here; none = all whose process is gone for certain.
        uri: the store; None = both of ``root``: MLflow's and the plain files.
        root: the folder that holds runs; None = the default one.

    Raises:
        TrackingError: a named run is none that nobody has ended, or its process goes on; a store
            cannot be used. Nothing is closed then.
    """
    opened = look_at_runs(uri=uri, root=root)
    names = [runs] if isinstance(runs, str) else runs
    chosen = [_named(opened, name) for name in names]
    if not names:
        chosen = [run for run in opened if run.fate == "ended"]
    closed = tuple(run for run in opened if run in chosen and _close(run.store, run.row))
    left = [run for run in opened if run not in chosen]
    return TidiedRuns(
        closed=closed,
        going_on=tuple(run for run in left if run.fate == "open"),
        unknown=tuple(run for run in left if run.fate == "unknown"),
    )


def close_dead(store: Store, experiment_id: str) -> None:
    """End what died in an experiment, before more is recorded there; what hinders that is told."""
    try:
        for row in with_deaths(store.unended([experiment_id])):
            if row.state == "died" and _close(store, row):
                log.info("closed: %s %s: %s", row.run_id[:8], row.name, DIED)
    except TrackingError as error:
        log.warning("runs that died were not closed: %s", error)


def _close(store: Store, row: RunRow) -> bool:
    """End a run as failed; False = it ended by itself between being read and looked for."""
    if all(row.run_id != each.run_id for each in store.unended([row.experiment_id])):
        return False
    end_failed(store, row.run_id, DIED)
    return True


def _named(opened: Sequence[OpenRun], name: str) -> OpenRun:
    """The run of a name that can be closed.

    Raises:
        TrackingError: there is none, or its process goes on.
    """
    row = run_named((run.row for run in opened), name)
    for run in opened:
        if run.row is row:
            if run.fate == "open":
                raise TrackingError(
                    f"run {run.short_name} goes on: its process is there",
                    hint="end that first; the run then ends itself",
                )
            return run
    names = ", ".join(run.short_name for run in opened) or "none"
    raise TrackingError(
        f"{name!r} is no run that is still to be ended; expected one of: {names}",
        hint=Text(Action("doctor"), " tells which have died"),
    )
