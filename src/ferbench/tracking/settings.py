"""Where runs are recorded: the choices of ``tracking``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from ferbench.checks import check_seconds
from ferbench.places import records_dir
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.presence import PATIENCE_S
from ferbench.tracking.queued_store import QueuedStore
from ferbench.tracking.store import Store

Predictions = Literal["once", "each", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the records of a run go.

    Attributes:
        store: the store.
        experiment: name of the experiment in it.
        predictions: prediction tables as artifacts: ``once`` per stage key of a sweep, in ``each``
            cell, or ``none``.
    """

    store: Store
    experiment: str
    predictions: Predictions


@runtime_checkable
class Tracking(Protocol):
    """A choice of ``tracking``."""

    def target(self, root: Path, *, chosen: str | None) -> Target | None:
        """Where to record; None = nowhere.

        ``chosen`` is the chosen experiment file (None or "None" = none).
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowTracking:
    """Record runs in MLflow.

    Attributes:
        uri: tracking address; None = the sqlite store below ``paths.root``.
        experiment: name of the MLflow experiment; None = that of the chosen ``experiment`` file,
            else ``ferbench``.
        predictions: see ``Target``.
        patience_s: how long a run waits at its end for a store that is away, in seconds; what it
            recorded then waits on disk.
    """

    uri: str | None = None
    experiment: str | None = None
    predictions: Predictions = "once"
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        """Check the patience."""
        check_seconds("patience_s", self.patience_s)

    def target(self, root: Path, *, chosen: str | None) -> Target:
        """The MLflow store."""
        store = QueuedStore(MlflowStore(uri=self.uri, root=root), patience_s=self.patience_s)
        return Target(
            store=store, experiment=_name(self.experiment, chosen), predictions=self.predictions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesTracking:
    """Record runs as plain files, without MLflow.

    Attributes:
        folder: where; None = ``mlruns/files`` below ``paths.root``.
        experiment: name of the experiment, a folder in it; None as for MLflow.
        predictions: see ``Target``.
    """

    folder: Path | None = None
    experiment: str | None = None
    predictions: Predictions = "once"

    def target(self, root: Path, *, chosen: str | None) -> Target:
        """The folder as a store."""
        store = FilesStore(folder=self.folder or records_dir(root))
        return Target(
            store=store, experiment=_name(self.experiment, chosen), predictions=self.predictions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTracking:
    """Record nothing."""

    def target(self, root: Path, *, chosen: str | None) -> None:
        """No store."""
        del root, chosen


def _name(experiment: str | None, chosen: str | None) -> str:
    return experiment or (chosen if chosen and chosen != "None" else "ferbench")
