"""Runs as plain files, without MLflow.

``<folder>/<experiment>/<run id>/run.json`` and ``artifacts/`` beside it.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote, unquote

from ferbench import atomic
from ferbench.checks import from_home
from ferbench.errors import TrackingError
from ferbench.json_texts import read_json
from ferbench.owner import OWNER_TAG, this_process
from ferbench.results import RunKind, RunRow
from ferbench.rights import make_folder
from ferbench.secret_texts import masked, masked_values
from ferbench.sentences import Setting, Text
from ferbench.tracking.record import Input, Record, input_of
from ferbench.tracking.store import HOW_ENDED, PREDICTIONS_TAG

log = logging.getLogger("ferbench")

RUN_FILE: Final = "run.json"
ARTIFACTS: Final = "artifacts"
_FORMAT: Final = 1
_TEXTS: Final = ("id", "name", "kind", "parent", "status", "started")
_TABLES: Final = ("params", "metrics", "tags")


class FilesStore:
    """A folder of runs. Each run is written by one process at a time, so no locks are needed."""

    has_pages: ClassVar[bool] = False

    def __init__(self, *, folder: Path) -> None:
        self.folder = from_home(folder).resolve()

    @property
    def uri(self) -> str:
        """The folder."""
        return str(self.folder)

    def exists(self) -> bool:
        """Whether some run lies there."""
        return next(self.folder.glob(f"*/*/{RUN_FILE}"), None) is not None

    def prepare(self, experiment: str) -> str:
        """Create the experiment's folder; its name is the experiment's id."""
        name = _folder_name(experiment)
        with _explained(self.folder):
            make_folder(self.folder / name)
        return name

    def start(self, experiment_id: str, name: str, *, kind: RunKind, parent: str = "") -> str:
        """Create a run's folder and its ``run.json``."""
        run_id = uuid.uuid4().hex
        about = {
            "format": _FORMAT,
            "id": run_id,
            "name": masked(name),
            "experiment": unquote(experiment_id),
            "kind": kind,
            "parent": parent,
            "status": "running",
            "started": _now(),
            "ended": "",
            "params": {},
            "metrics": {},
            "tags": {OWNER_TAG: str(this_process())},
            "inputs": [],
        }
        with _explained(self.folder):
            make_folder(self.folder / experiment_id / run_id)
            _write(self.folder / experiment_id / run_id / RUN_FILE, about)
        return run_id

    def log(self, run_id: str, record: Record) -> None:
        """Write everything of a record, and end the run."""
        with self._changed(run_id) as about:
            _add(about, params=record.params, metrics=record.metrics, tags=record.tags)
            about["inputs"] += [asdict(item) for item in record.inputs]
        if record.artifacts.is_dir():
            files = sorted(path for path in record.artifacts.rglob("*") if path.is_file())
            for path in files:
                self.log_files(run_id, [path], path.parent.relative_to(record.artifacts).as_posix())
        self.end(run_id, failed=record.failed)

    def log_numbers(
        self,
        run_id: str,
        *,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> None:
        """Add params, metrics and tags to ``run.json``."""
        with self._changed(run_id) as about:
            _add(about, params=params, metrics=metrics, tags=tags)

    def log_files(self, run_id: str, files: Iterable[Path], folder: str) -> None:
        """Copy files below ``artifacts/<folder>``."""
        target = self._run(run_id) / ARTIFACTS / folder
        with _explained(self.folder):
            make_folder(target)
            for path in files:
                with atomic.replacing(target / path.name) as part:
                    shutil.copyfile(path, part)

    def show_sweep(self, experiment_id: str, run_id: str, params: Sequence[str]) -> None:
        """Nothing: there are no pages."""
        del experiment_id, run_id, params

    def views(self, experiment_id: str) -> frozenset[str]:
        """None: there are no pages."""
        del experiment_id
        return frozenset()

    def end(self, run_id: str, *, failed: bool) -> None:
        """Write how the run ended, and when."""
        with self._changed(run_id) as about:
            about["status"], about["ended"] = "failed" if failed else "finished", _now()

    def known(self, run_id: str) -> str:
        """The id, where there is such a run."""
        try:
            return self._run(run_id).name
        except TrackingError:
            return ""

    def reopen(self, run_id: str, *, kind: RunKind) -> None:
        """Write that a run goes on, and whose it is now; half files of a dead process go."""
        del kind
        atomic.remove_left_over(self._run(run_id))
        with self._changed(run_id) as about:
            about["status"], about["ended"] = "running", ""
            about["tags"][OWNER_TAG] = str(this_process())
            for tag in HOW_ENDED:
                about["tags"].pop(tag, None)

    def location(self, run_id: str) -> str:
        """The run's folder of artifacts."""
        return str(self._run(run_id) / ARTIFACTS)

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts."""
        path = self._run(run_id) / ARTIFACTS / name
        if not path.is_file():
            raise TrackingError(f"run {run_id[:8]} has no {name}")
        return path

    @contextmanager
    def artifacts(self, run_id: str, *, only: Sequence[str]) -> Iterator[Path]:
        """The run's own folder of artifacts."""
        del only
        yield self._run(run_id) / ARTIFACTS

    def inputs(self, run_id: str) -> tuple[Input, ...]:
        """The files that ``run.json`` names."""
        with _explained(self.folder):
            listed = _about(self._run(run_id) / RUN_FILE).get("inputs", [])
            if not isinstance(listed, list):
                raise ValueError("expected a list of inputs")
            return tuple(input_of(item) for item in listed)

    def logged_predictions(self, experiment_id: str) -> frozenset[str]:
        """Keys whose prediction tables some run of the experiment has."""
        rows = self.search([experiment_id])
        return frozenset(
            key for row in rows for key in row.tags.get(PREDICTIONS_TAG, "").split(",") if key
        )

    def experiments(self) -> dict[str, str]:
        """Names of the experiments that have runs, by folder name."""
        return {
            path.parent.parent.name: unquote(path.parent.parent.name) for path in self._files("*")
        }

    def unended(self, experiment_ids: Sequence[str]) -> list[RunRow]:
        """Runs of these experiments that nobody has ended, newest first."""
        return [row for row in self.search(experiment_ids) if row.state == "running"]

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        kind: RunKind | None = None,
        parent: str = "",
        limit: int | None = None,
    ) -> list[RunRow]:
        """Runs, newest first; a ``run.json`` that cannot be read is told and left out."""
        rows = [row for name in experiment_ids for path in self._files(name) if (row := _row(path))]
        rows = [row for row in rows if kind in (None, row.kind) and parent in ("", row.parent)]
        return sorted(rows, key=lambda row: -row.started_unix_s)[:limit]

    def _files(self, experiment_id: str) -> list[Path]:
        return sorted(self.folder.glob(f"{experiment_id}/*/{RUN_FILE}"))

    def _run(self, run_id: str) -> Path:
        found = next(self.folder.glob(f"*/{run_id}"), None)
        if found is None:
            raise TrackingError(
                f"{self.folder} has no run {run_id}; it was moved or deleted while it was written"
            )
        return found

    @contextmanager
    def _changed(self, run_id: str) -> Iterator[dict[str, Any]]:
        """The content of a run's ``run.json``, to be changed; written back as a whole."""
        path = self._run(run_id) / RUN_FILE
        with _explained(self.folder):
            about = _about(path)
            yield about
            _write(path, about)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        other = Text(
            "choose another with ", Setting("tracking.folder"), ", or record nothing with "
        )
        raise TrackingError(
            f"the folder of records {folder} cannot be used: {reason}",
            hint=Text(other, Setting("tracking", "none")),
        ) from error


def _folder_name(experiment: str) -> str:
    """A folder name from which the experiment's name can be read back: odd characters as %XX."""
    name = quote(experiment, safe="")
    return name.replace(".", "%2E") if not name.strip(".") else name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _add(about: dict[str, Any], **groups: Mapping[str, Any]) -> None:
    for name, values in groups.items():
        about[name] |= masked_values(dict(values))


def _write(path: Path, about: dict[str, Any]) -> None:
    """Replace a file as a whole, so that no reader ever sees half of it."""
    atomic.write_text(path, json.dumps(about, indent=1, ensure_ascii=False))


def _about(path: Path) -> dict[str, Any]:
    """What a ``run.json`` says. Raises OSError or ValueError where it says none of a run."""
    found = read_json(path)
    about: dict[str, Any] = found if isinstance(found, dict) else {}
    wrong = [name for name in _TEXTS if not isinstance(about.get(name), str)]
    wrong += [name for name in _TABLES if not isinstance(about.get(name), dict)]
    if wrong:
        raise ValueError(f"expected texts and tables of a run, got none as {', '.join(wrong)}")
    if not all(isinstance(value, int | float) for value in about["metrics"].values()):
        raise ValueError("expected metrics that are numbers")
    return about


def _row(path: Path) -> RunRow | None:
    try:
        about = _about(path)
        return RunRow(
            run_id=about["id"],
            name=about["name"],
            params=about["params"],
            metrics=about["metrics"],
            tags=about["tags"],
            kind=about["kind"],
            parent=about["parent"],
            state=about["status"],
            experiment_id=path.parent.parent.name,
            started_unix_s=datetime.fromisoformat(about["started"]).timestamp(),
        )
    except (OSError, ValueError, OverflowError) as error:
        log.warning(
            "%s is no record of a run (%s: %s); it is left out", path, type(error).__name__, error
        )
        return None
