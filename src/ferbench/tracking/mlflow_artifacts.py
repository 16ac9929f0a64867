"""The files of MLflow's runs: in a folder of this machine, or fetched from a server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.errors import TrackingError
from ferbench.sentences import Text
from ferbench.tracking.mlflow_client import explained


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """The artifacts of a store.

    Attributes:
        client: MLflow's.
        uri: of the store.
        next_step: what to do where the store does not answer.
    """

    client: Any
    uri: str
    next_step: Text

    @property
    def are_elsewhere(self) -> bool:
        """Whether a server has them."""
        return self.uri.startswith("http")

    def location(self, run_id: str) -> str:
        """The folder of a run's artifacts; of a server the run's page."""
        from mlflow.utils.file_utils import local_file_uri_to_path

        with explained(self.uri, "reading a run", self.next_step):
            info = self.client.get_run(run_id).info
        if self.are_elsewhere:
            return f"{self.uri.rstrip('/')}/#/experiments/{info.experiment_id}/runs/{run_id}"
        uri = str(info.artifact_uri)
        return str(local_file_uri_to_path(uri)) if uri.startswith("file:") else uri

    def file(self, run_id: str, name: str) -> Path:
        """A file among a run's artifacts; of a server it is fetched to a temporary folder."""
        if self.are_elsewhere:
            path = self._fetched(run_id, name)
        else:
            path = Path(self.location(run_id)) / name
        if path is None or not path.is_file():
            raise TrackingError(f"run {run_id[:8]} has no {name}")
        return path

    @contextmanager
    def folder(self, run_id: str, only: Sequence[str]) -> Iterator[Path]:
        """The run's own folder; of a server a temporary one with what is asked for."""
        if not self.are_elsewhere:
            yield Path(self.location(run_id))
            return
        target = Path(tempfile.mkdtemp(prefix="ferbench-"))
        try:
            with explained(self.uri, "reading a run's files", self.next_step):
                for name in self._there(run_id, only):
                    self.client.download_artifacts(run_id, name, str(target))
            yield target
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def _there(self, run_id: str, names: Sequence[str]) -> list[str]:
        """Those of some files and folders that a run has."""
        listed = {item.path for item in self.client.list_artifacts(run_id)}
        for folder in {_above(name) for name in names} & listed:
            listed |= {item.path for item in self.client.list_artifacts(run_id, folder)}
        return [name for name in names if name in listed]

    def _fetched(self, run_id: str, name: str) -> Path | None:
        """A file of a server in a temporary folder; None = the run has none of that name."""
        with explained(self.uri, "reading a run's files", self.next_step):
            if not self._there(run_id, [name]):
                return None
            target = tempfile.mkdtemp(prefix="ferbench-")
            return Path(self.client.download_artifacts(run_id, name, target))


def _above(name: str) -> str:
    """The folder of a file among artifacts, "." = the topmost."""
    return Path(name).parent.as_posix()
