"""What a place for records must offer, and the tags that ferbench itself reads again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Final, Protocol

from ferbench.results import RunKind, RunRow
from ferbench.tracking.record import Input, Record

ENDED_BY_TAG: Final = "ferbench.ended_by"
ERROR_TAG: Final = "ferbench.error"
NOTE_TAG: Final = "mlflow.note.content"
PREDICTIONS_TAG: Final = "ferbench.predictions"
CELL_TAG: Final = "ferbench.cell_digest"
"""Of a cell: all that its results are a function of."""
SUPERSEDED_TAG: Final = "ferbench.superseded"
"""Of a cell that its sweep has run again in another record: comparisons leave it out."""
SESSIONS_FAILED_TAG: Final = "sessions.failed"
HOW_ENDED: Final = (ERROR_TAG, ENDED_BY_TAG)
"""Tags that tell why a run broke off."""
RECORD_TAG: Final = "ferbench.record"
"""The id that ferbench gave to a run before the store gave it its own."""
DIED: Final = "its process ended without saying so"
"""Why a run failed whose process was killed, or ended with its machine."""


def artifacts_beside(run_id: str) -> str:
    """The way from a run's artifacts to those of another in the same experiment.

    It holds in both kinds of local stores.
    """
    return f"../../{run_id}/artifacts/"


def names_of(row: RunRow) -> set[str]:
    """The ids by which a run may be called: the store's, and ferbench's from before that one."""
    return {row.run_id, row.tags.get(RECORD_TAG, row.run_id)}


class Store(Protocol):
    """Runs in experiments. Every method may raise TrackingError."""

    has_pages: ClassVar[bool]
    """Whether ``ferbench ui`` can show it."""

    @property
    def uri(self) -> str:
        """The address, as ``ferbench compare --uri`` takes it."""

    def exists(self) -> bool:
        """Whether it has been created; a server counts as existing."""

    def prepare(self, experiment: str) -> str:
        """Create store and experiment where they are missing.

        Return the experiment's id. Safe in parallel.
        """

    def start(self, experiment_id: str, name: str, *, kind: RunKind, parent: str = "") -> str:
        """Create a run that this process writes; return its id.

        ``parent`` is the sweep of a cell.
        """

    def log(self, run_id: str, record: Record) -> None:
        """Log everything of a record, and end the run."""

    def log_numbers(
        self,
        run_id: str,
        *,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> None:
        """Log params, metrics and tags in one go."""

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Log files as artifacts below a folder ("" = at the top)."""

    def show_sweep(self, experiment_id: str, run_id: str, params: Sequence[str]) -> None:
        """Let the experiment's pages show a sweep's cells beside each other, best first.

        Args:
            experiment_id: where it is.
            run_id: of the sweep's own run.
            params: choices that differ between its cells.
        """

    def views(self, experiment_id: str) -> frozenset[str]:
        """Names of what an experiment's pages can be asked to show; empty where it has none."""

    def end(self, run_id: str, *, failed: bool) -> None:
        """End a run."""

    def known(self, run_id: str) -> str | None:
        """The id that the store has for a run now; "" = it has no such run.

        None = that cannot be said: the store is away, or something waits for it.
        """

    def reopen(self, run_id: str, *, kind: RunKind) -> None:
        """Let a run that was ended, or whose process died, go on: this process writes it now.

        How it ended before is forgotten.
        """

    def location(self, run_id: str) -> str:
        """Where the artifacts of a run lie: a folder, or the server's address of them."""

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts (a server's is fetched to this machine).

        Raises TrackingError: none.
        """

    def artifacts(self, run_id: str, *, only: Sequence[str]) -> AbstractContextManager[Path]:
        """A folder with some of a run's artifacts, to be read inside the context.

        It may hold further ones.

        Args:
            run_id: of the run.
            only: names of files and of folders; what the run does not have is not there.
        """

    def inputs(self, run_id: str) -> tuple[Input, ...]:
        """The files that a run read; a file that was logged twice may be there once."""

    def logged_predictions(self, experiment_id: str) -> frozenset[str]:
        """Keys (first 12 digits) whose prediction tables some run of the experiment has."""

    def experiments(self) -> dict[str, str]:
        """Names of the experiments by id."""

    def unended(self, experiment_ids: Sequence[str]) -> list[RunRow]:
        """Runs of these experiments that nobody has ended, newest first."""

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        kind: RunKind | None = None,
        parent: str = "",
        limit: int | None = None,
    ) -> list[RunRow]:
        """Runs of these experiments, newest first; of one kind, or of one sweep, where asked."""


def end_failed(store: Store, run_id: str, reason: str) -> None:
    """End a run with the reason why it has no result."""
    store.log_numbers(run_id, params={}, metrics={}, tags={ERROR_TAG: reason})
    store.end(run_id, failed=True)
