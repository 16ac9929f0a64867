"""Writes steps of records into MLflow's store, those that waited too.

What was recorded while the store was away has provisional ids. A run's is among its tags from its
beginning on, so that it is found again: nothing is created twice, also where a delivery was killed,
or where only the store's answer was lost.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from ferbench.errors import StoreAwayError, TrackingError
from ferbench.tracking import provisional
from ferbench.tracking.entries import End, Entry, Files, GoOn, Inputs, Numbers, Start, View
from ferbench.tracking.mlflow_rows import PARENT_TAG
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.outbox import Outbox
from ferbench.tracking.store import RECORD_TAG

_TEXTS: Final = (".html", ".json", ".csv", ".txt", ".md")
"""Files that may name runs."""


class Delivery:
    """Writes steps, and knows what the store calls what has provisional ids."""

    def __init__(self, store: MlflowStore) -> None:
        self.store = store
        self._known: dict[str, str] = {}

    def real(self, identifier: str) -> str:
        """The store's id of a run or an experiment; "" = it has none of a provisional id.

        Raises:
            TrackingError: the store cannot be read.
        """
        if not provisional.is_provisional(identifier):
            return identifier
        if identifier not in self._known:
            found = self._looked_up(identifier)
            if not found:
                return ""
            self._known[identifier] = found
        return self._known[identifier]

    def _looked_up(self, identifier: str) -> str:
        if provisional.is_of_experiment(identifier):
            return self.store.prepare(provisional.experiment_name(identifier))
        return self.store.find(identifier)

    def start(self, run_id: str, entry: Start) -> str:
        """Create a run that cannot be there yet; return the store's id.

        Raises:
            TrackingError: the store refuses, or has no run of its parent's id.
        """
        tags = {**entry.tags, RECORD_TAG: run_id}
        if PARENT_TAG in tags:
            tags[PARENT_TAG] = self._run(tags[PARENT_TAG])
        experiment_id = self.real(entry.experiment_id)
        created = self.store.create(experiment_id, entry.name, tags=tags, at_s=entry.at_s)
        self._known[run_id] = created
        return created

    def write(self, run_id: str, entry: Entry) -> None:
        """Write a step; one that is there already is as it was.

        Raises:
            TrackingError: the store refuses, or has no run of this id.
        """
        if isinstance(entry, Start):
            if not self.real(run_id):
                self.start(run_id, entry)
            return
        real = self._run(run_id)
        if isinstance(entry, Numbers):
            tags = {name: self._told(value) for name, value in entry.tags.items()}
            self.store.log_numbers(
                real, params=entry.params, metrics=entry.metrics, tags=tags, at_s=entry.at_s
            )
        elif isinstance(entry, Inputs):
            self.store.log_inputs(real, entry.inputs)
        elif isinstance(entry, Files):
            self._write_files(real, entry)
        elif isinstance(entry, View):
            self.store.show_sweep(self.real(entry.experiment_id), real, entry.params)
        elif isinstance(entry, GoOn):
            self.store.reopen(real, kind="cell", owner=entry.owner)
        elif isinstance(entry, End):
            self.store.end(real, failed=entry.failed, at_s=entry.at_s)

    def _run(self, run_id: str) -> str:
        real = self.real(run_id)
        if not real:
            raise TrackingError(f"the store {self.store.uri} has no run {run_id}")
        return real

    def _write_files(self, run_id: str, entry: Files) -> None:
        with ExitStack() as scratch:
            for path, folder in entry.files:
                self.store.log_files(run_id, [self._as_told(path, scratch)], folder)

    def _as_told(self, path: Path, scratch: ExitStack) -> Path:
        """A file in which no id is provisional: itself, or a copy."""
        if path.suffix not in _TEXTS or b"away-" not in path.read_bytes():
            return path
        folder = Path(tempfile.mkdtemp(prefix="ferbench-delivery-"))
        scratch.callback(shutil.rmtree, folder, ignore_errors=True)
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        told = self._told(text).encode("utf-8", errors="surrogateescape")
        (folder / path.name).write_bytes(told)
        return folder / path.name

    def _told(self, text: str) -> str:
        """A text with the store's ids in place of provisional ones."""
        return provisional.replaced(text, lambda found: self.real(found) or found)

    def deliver(
        self, outbox: Outbox, *, again: bool, patience_s: float | None = None
    ) -> list[tuple[str, str]]:
        """Write what waits, the oldest step first, and forget it. The caller holds the outbox.

        In the order of time across runs: what a sweep says of its cells comes after these.

        Args:
            outbox: what waits.
            again: ask also for what was refused before.
            patience_s: stop after so long; None = when all is done.

        Returns:
            Runs that the store refused, and why; what waits of them is kept.

        Raises:
            StoreAwayError: the store went away; what is left waits.
        """
        end_s = time.monotonic() + patience_s if patience_s is not None else math.inf
        refused: dict[str, str] = {}
        for run_id, step in _in_order(outbox, again=again):
            if time.monotonic() > end_s:
                break
            if run_id in refused:
                continue
            try:
                self.write(run_id, outbox.entry(step))
                outbox.remove(step)
            except TrackingError as error:
                if isinstance(error, StoreAwayError) and self._is_gone():
                    raise
                outbox.refuse(run_id, str(error))
                refused[run_id] = str(error)
        return list(refused.items())

    def _is_gone(self) -> bool:
        """Whether the store as a whole is away, after it was for one step."""
        return not (self.store.is_server and self.store.answers())


def _in_order(outbox: Outbox, *, again: bool) -> list[tuple[str, Path]]:
    """Steps that wait, each with its run, the oldest first."""
    runs = [each for each in outbox.waiting() if again or not each.refused]
    steps = [(each.run_id, step) for each in runs for step in each.steps]
    return sorted(steps, key=lambda pair: pair[1].name)
