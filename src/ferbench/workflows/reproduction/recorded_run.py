"""A recorded run with all that it left, found by its id or name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.config.settings import PLUGS
from ferbench.errors import TrackingError
from ferbench.json_texts import read_json
from ferbench.report.files import TABLES
from ferbench.results import RunRow
from ferbench.sentences import Action, Text
from ferbench.tracking.query import existing_stores, open_store, run_named, with_deaths
from ferbench.tracking.record import Input
from ferbench.tracking.store import ERROR_TAG, PREDICTIONS_TAG, Store
from ferbench.wording import some
from ferbench.workflows.recording import CONFIG_FILE, ENVIRONMENT_FILE, KEYS_FILE, PREDICTIONS
from ferbench.workflows.run_statistics import FOLDER

_KEY: Final = re.compile(r"[0-9a-f]{12}")
_KEY_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """A run as it was recorded.

    Attributes:
        store: where.
        row: its choices, numbers and tags.
        folder: its files, as long as the context lasts that it came from.
        inputs: the files that it read.
        environment: versions and machine; empty = not recorded.
        keys: by session, of each part the keys of its stages.
        owners: by the first digits of a key, the run that has its table of predictions.
    """

    store: Store
    row: RunRow
    folder: Path
    inputs: tuple[Input, ...]
    environment: Mapping[str, str]
    keys: Mapping[str, list[Mapping[str, str]]]
    owners: Mapping[str, str]

    @property
    def short_name(self) -> str:
        """The beginning of its id, and its name."""
        return f"{self.row.run_id[:8]} {self.row.name}"

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / CONFIG_FILE

    @property
    def choices(self) -> dict[str, str]:
        """Name of the choice of every group, as far as it is recorded."""
        groups = ("dataset", *PLUGS)
        return {group: self.row.params[group] for group in groups if group in self.row.params}

    @property
    def tables(self) -> dict[str, Path]:
        """Its tables by the names that they have among the artifacts; of predictions none."""
        return tables_below(self.folder)

    @property
    def has_statistics(self) -> bool:
        """Whether statistics were made."""
        return any(name.startswith(f"{FOLDER}/") for name in self.tables)

    @property
    def has_pictures(self) -> bool:
        """Whether the statistics have pictures; some of their tables come with these only."""
        return any((self.folder / FOLDER).glob("*.png"))

    @contextmanager
    def predictions(self, session: str, part: int) -> Iterator[Path | None]:
        """The table of predictions of a session's part; None = it is not recorded.

        A table is logged once in an experiment, by whichever run was the first to have it.
        """
        of_session = self.keys.get(session, [])
        key = (
            of_session[part].get("expressions", "")[:_KEY_DIGITS] if part < len(of_session) else ""
        )
        owner = self.owners.get(key) if _KEY.fullmatch(key) else None
        if owner is None:
            yield None
            return
        place = f"{PREDICTIONS}/{key}"
        with self.store.artifacts(owner, only=[place]) as folder:
            yield next((folder / place).glob("*.parquet"), None)


def tables_below(folder: Path) -> dict[str, Path]:
    """The tables of results and statistics in a folder of artifacts, by name."""
    found = {name: folder / name for name in TABLES}
    found |= {f"{FOLDER}/{path.name}": path for path in (folder / FOLDER).glob("*.csv")}
    return {name: path for name, path in sorted(found.items()) if path.is_file()}


@contextmanager
def opened(run: str, *, uri: str | None, root: Path) -> Iterator[RecordedRun]:
    """Find a run and read what it left; its files are there inside the context.

    Args:
        run: its id, the first characters of that (at least 6), or its name.
        uri: the store; None = both of ``root``: MLflow's and the plain files.
        root: the folder that holds runs.

    Raises:
        TrackingError: there is no such run, it is none with results of its own, or it left too
            little; says what is missing.
    """
    store, row = _found(run, uri, root)
    _check_has_results(store, row)
    files = (CONFIG_FILE, ENVIRONMENT_FILE, KEYS_FILE, *TABLES, FOLDER)
    with store.artifacts(row.run_id, only=files) as folder:
        if not (folder / CONFIG_FILE).is_file():
            raise TrackingError(
                f"run {row.run_id[:8]} has no {CONFIG_FILE}, so nobody knows what it computed",
                hint="a run that was recorded whole has one among its artifacts",
            )
        yield RecordedRun(
            store=store,
            row=row,
            folder=folder,
            inputs=store.inputs(row.run_id),
            environment=_texts(folder / ENVIRONMENT_FILE),
            keys=_keys(folder / KEYS_FILE),
            owners=_owners(store, row.experiment_id),
        )


def _owners(store: Store, experiment_id: str) -> dict[str, str]:
    """The newest run that has the table of predictions of a key, by key."""
    owners: dict[str, str] = {}
    for row in store.search([experiment_id]):
        for key in row.tags.get(PREDICTIONS_TAG, "").split(","):
            owners.setdefault(key, row.run_id)
    return owners


def _found(run: str, uri: str | None, root: Path) -> tuple[Store, RunRow]:
    stores = existing_stores(uri, root=root) or [open_store(None, root=root)]
    for store in stores:
        row = run_named(store.search(list(store.experiments())), run)
        if row is not None:
            return store, with_deaths([row])[0]
    raise TrackingError(
        f"no run {run!r} in {' or '.join(store.uri for store in stores)}",
        hint=Text("the first column of '", Action("compare"), "' has the ids of runs"),
    )


def _check_has_results(store: Store, row: RunRow) -> None:
    """Raise TrackingError for a record that is none of a run, or of one that broke off."""
    if row.kind == "sweep":
        cells = store.search([row.experiment_id], parent=row.run_id)
        names = some([f"{cell.run_id[:8]} {cell.name}" for cell in cells])
        raise TrackingError(
            f"{row.name!r} is a sweep of {len(cells)} cells",
            hint=f"each cell is reproduced by itself: {names}",
        )
    if row.kind not in ("run", "cell"):
        raise TrackingError(
            f"{row.name!r} is a record of kind {row.kind}; expected a run or a cell of a sweep"
        )
    if row.state in ("running", "died") or not row.metrics:
        reason = row.tags.get(ERROR_TAG, "it still runs, or its process was ended")
        raise TrackingError(f"run {row.run_id[:8]} {row.name} has no results: {reason}")


def _texts(path: Path) -> dict[str, str]:
    """Texts by name; none where there is no such file."""
    found = _json(path)
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def _keys(path: Path) -> dict[str, list[Mapping[str, str]]]:
    """Keys of stages by session and part.

    Raises:
        TrackingError: the file has others.
    """
    found = _json(path)
    for parts in found.values():
        if not isinstance(parts, list) or not all(map(_is_of_texts, parts)):
            raise TrackingError(f"{path.name} of the run has other things than keys of stages")
    return found


def _is_of_texts(part: object) -> bool:
    return isinstance(part, dict) and all(isinstance(key, str) for key in part.values())


def _json(path: Path) -> dict[str, Any]:
    """What a file says by name; nothing where it is not there.

    Raises:
        TrackingError: it cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        found = read_json(path)
    except (OSError, ValueError) as error:
        raise TrackingError(f"{path.name} of the run cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise TrackingError(f"{path.name} of the run cannot be read: expected values by name")
    return found
