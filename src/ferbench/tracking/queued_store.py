"""MLflow's store for who records a run: what it does not take now waits on disk.

Whatever the store does, a run goes on once it has begun. What waits is delivered with one of the
next steps, at the end of a run or sweep, or by ``ferbench sync``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from ferbench.errors import TrackingError
from ferbench.owner import this_process
from ferbench.results import RunKind, RunRow
from ferbench.secret_texts import masked, masked_values
from ferbench.tracking import provisional
from ferbench.tracking.delivery import Delivery
from ferbench.tracking.entries import End, Entry, Files, GoOn, Inputs, Numbers, Start, View
from ferbench.tracking.mlflow_rows import first_tags
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.outbox import Outbox
from ferbench.tracking.presence import PATIENCE_S, Presence
from ferbench.tracking.record import Input, Record

log = logging.getLogger("ferbench")


class QueuedStore:
    """An MLflow store, and what waits for it."""

    has_pages: ClassVar[bool] = True

    def __init__(self, store: MlflowStore, *, patience_s: float = PATIENCE_S) -> None:
        self.store = store
        self.outbox = Outbox(root=store.root, uri=store.uri)
        self.patience_s = patience_s
        self._delivery = Delivery(store)
        self._presence = Presence(self.outbox, self._delivery)
        self._waits_at_end: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as an address."""
        return (_again, (self.store, self.patience_s))

    @property
    def uri(self) -> str:
        """The address."""
        return self.store.uri

    def exists(self) -> bool:
        """Whether it has been created; a server counts as existing."""
        return self.store.exists()

    # what is written

    def prepare(self, experiment: str) -> str:
        """Create store and experiment; the experiment's id, a provisional one of a store away."""
        prepared = self._presence.asked(lambda: self.store.prepare(experiment))
        return prepared or provisional.experiment_id(experiment)

    def start(self, experiment_id: str, name: str, *, kind: RunKind, parent: str = "") -> str:
        """Create a run; return its id, a provisional one where the store is away."""
        run_id = provisional.new_run_id()
        tags = first_tags(kind, parent)
        at_s = time.time()
        entry = Start(experiment_id=experiment_id, name=masked(name), tags=tags, at_s=at_s)
        created = self._presence.asked(lambda: self._started(run_id, entry, parent))
        if not created:
            self.outbox.add(run_id, entry)
        identifier = created or run_id
        if kind != "cell":
            self._waits_at_end.add(identifier)
        return identifier

    def _started(self, run_id: str, entry: Start, parent: str) -> str:
        """Create a run; "" = its sweep waits still, after which it must come."""
        if parent and not self._delivery.real(parent):
            return ""
        return self._delivery.start(run_id, entry)

    def log(self, run_id: str, record: Record) -> None:
        """Write everything of a record, and end the run."""
        self.log_numbers(run_id, params=record.params, metrics=record.metrics, tags=record.tags)
        if record.inputs:
            self._write(run_id, Inputs(inputs=record.inputs))
        if record.artifacts.is_dir():
            paths = sorted(path for path in record.artifacts.rglob("*") if path.is_file())
            placed = tuple((path, _folder_of(path, record.artifacts)) for path in paths)
            self._write(run_id, Files(files=placed))
        self.end(run_id, failed=record.failed)

    def log_numbers(
        self,
        run_id: str,
        *,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> None:
        """Write params, metrics and tags.

        Secrets and names are masked before they wait: who delivers them may not know them.
        """
        numbers = Numbers(
            params=masked_values(dict(params)),
            metrics=dict(metrics),
            tags=masked_values(dict(tags)),
            at_s=time.time(),
        )
        self._write(run_id, numbers)

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Write files as artifacts below a folder."""
        placed = tuple((path, folder) for path in files)
        if placed:
            self._write(run_id, Files(files=placed))

    def show_sweep(self, experiment_id: str, run_id: str, params: Sequence[str]) -> None:
        """Let the experiment's pages show a sweep's cells."""
        self._write(run_id, View(experiment_id=experiment_id, params=list(params)))

    def end(self, run_id: str, *, failed: bool) -> None:
        """End a run; a run or sweep that this process began waits a while for a store away."""
        self._write(run_id, End(failed=failed, at_s=time.time()))
        if run_id in self._waits_at_end:
            self._waits_at_end.discard(run_id)
            self._presence.wait(self.patience_s)

    def known(self, run_id: str) -> str | None:
        """The store's id of a run; None = it is away, or something waits for it."""
        real = self._presence.asked(lambda: self._known(run_id))
        return None if any(not each.refused for each in self.outbox.waiting()) else real

    def _known(self, run_id: str) -> str:
        real = self._delivery.real(run_id)
        return self.store.known(real) if real else ""

    def reopen(self, run_id: str, *, kind: RunKind) -> None:
        """Let a run go on that was ended."""
        self._write(run_id, GoOn(owner=str(this_process())))
        if kind != "cell":
            self._waits_at_end.add(run_id)

    def _write(self, run_id: str, entry: Entry) -> None:
        """Write a step, or let it wait; what waits of the same run goes first."""
        refused = ""
        try:
            if self._presence.asked(lambda: self._wrote(run_id, entry)):
                return
        except TrackingError as error:
            refused = str(error)
        self.outbox.add(run_id, entry)
        if refused:
            self.outbox.refuse(run_id, refused)
            log.error("%s; what is recorded is kept in %s", refused, self.outbox.folder)

    def _wrote(self, run_id: str, entry: Entry) -> bool:
        """Write a step; False = something of the run waits still, after which it must come."""
        if self.outbox.has(run_id):
            return False
        self._delivery.write(run_id, entry)
        return True

    # what is read

    def _real(self, experiment_ids: Sequence[str]) -> list[str]:
        return [self._delivery.real(each) for each in experiment_ids]

    def logged_predictions(self, experiment_id: str) -> frozenset[str]:
        """Keys whose prediction tables some run of the experiment has; away: none is known."""
        read = partial(self._of_experiment, self.store.logged_predictions, experiment_id)
        return self._presence.asked(read) or frozenset()

    def views(self, experiment_id: str) -> frozenset[str]:
        """Names of what the experiment's pages can be asked to show; away: none is known."""
        read = partial(self._of_experiment, self.store.views, experiment_id)
        return self._presence.asked(read) or frozenset()

    def _of_experiment(
        self, read: Callable[[str], frozenset[str]], experiment_id: str
    ) -> frozenset[str]:
        return read(self._delivery.real(experiment_id))

    def experiments(self) -> dict[str, str]:
        """Names of the experiments by id; away: none is known."""
        return self._presence.asked(self.store.experiments) or {}

    def unended(self, experiment_ids: Sequence[str]) -> list[RunRow]:
        """Runs that nobody has ended, without those whose end waits; away: none is known."""
        rows = self._presence.asked(lambda: self.store.unended(self._real(experiment_ids))) or []
        return [row for row in rows if not self.outbox.holds(row)]

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        kind: RunKind | None = None,
        parent: str = "",
        limit: int | None = None,
    ) -> list[RunRow]:
        """Runs, newest first, without those of which something waits; away: none is known."""

        def found() -> list[RunRow]:
            ids, real = self._real(experiment_ids), self._delivery.real(parent)
            if parent and not real:
                return []
            return self.store.search(ids, kind=kind, parent=real, limit=limit)

        return [row for row in self._presence.asked(found) or [] if not self.outbox.holds(row)]

    def location(self, run_id: str) -> str:
        """Where a run's artifacts lie, or wait."""
        waits = str(self.outbox.folder / run_id)
        if self.outbox.has(run_id):
            return waits
        return (
            self._presence.asked(lambda: self.store.location(self._delivery.real(run_id))) or waits
        )

    def inputs(self, run_id: str) -> tuple[Input, ...]:
        """The data sets that were logged."""
        return self.store.inputs(self._delivery.real(run_id))

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts."""
        return self.store.file(self._delivery.real(run_id), name)

    def artifacts(self, run_id: str, *, only: Sequence[str]) -> AbstractContextManager[Path]:
        """A folder with some of a run's artifacts."""
        return self.store.artifacts(self._delivery.real(run_id), only=only)


def _folder_of(path: Path, above: Path) -> str:
    """The folder of an artifact, "" = the topmost."""
    folder = path.parent.relative_to(above).as_posix()
    return "" if folder == "." else folder


def _again(store: MlflowStore, patience_s: float) -> QueuedStore:
    return QueuedStore(store, patience_s=patience_s)
