"""Records that wait on disk for a store that is away.

``<root>/mlruns/outbox/<store>/`` has ``store.json`` (the address, without its password), a folder
for each run with a folder for each step (``entry.json`` and files), and a lock for who delivers.
Folders appear and go as a whole, so that a process can be killed at any moment.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench import atomic
from ferbench.errors import TrackingError
from ferbench.json_texts import read_json
from ferbench.places import outbox_dir
from ferbench.results import RunRow
from ferbench.rights import close_file, make_folder
from ferbench.secret_texts import masked
from ferbench.tracking.entries import Entry, Files, Start, as_json, from_json
from ferbench.tracking.store import RECORD_TAG

_ENTRY: Final = "entry.json"
_FILES: Final = "files"
_STORE: Final = "store.json"
_REFUSED: Final = "refused.txt"
_LOCK: Final = ".lock"
_LEFT_OVER_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run of which something waits.

    Attributes:
        run_id: the store's, or a provisional one.
        steps: folders of what waits, the oldest first.
        refused: why the store did not take it; "" = it was not asked, or did not answer.
    """

    run_id: str
    steps: tuple[Path, ...]
    refused: str


class Outbox:
    """What waits for one store."""

    def __init__(self, *, root: Path, uri: str) -> None:
        self.uri = masked(uri).rstrip("/")
        name = hashlib.sha256(self.uri.encode()).hexdigest()[:12]
        self.folder = outbox_dir(root) / name

    def add(self, run_id: str, entry: Entry) -> None:
        """Keep a step, after those that wait already.

        Raises:
            TrackingError: it cannot be written.
        """
        step = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        part = self.folder / f".part-{step}"
        try:
            self._write(part, entry)
            while part.is_dir():
                make_folder(self.folder / run_id)
                with suppress(FileNotFoundError):  # just delivered, with its folder
                    part.rename(self.folder / run_id / step)
                    return
        except OSError as error:
            raise TrackingError(
                f"the folder of waiting records {self.folder} cannot be used: {error.strerror}"
            ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _write(self, part: Path, entry: Entry) -> None:
        make_folder(part)
        if not (self.folder / _STORE).exists():
            atomic.write_text(self.folder / _STORE, json.dumps({"uri": self.uri}))
        if isinstance(entry, Files):
            for path, folder in entry.files:
                make_folder(part / _FILES / folder)
                _keep(path, part / _FILES / folder / path.name)
        atomic.write_text(part / _ENTRY, json.dumps(as_json(entry), ensure_ascii=False))

    def has(self, run_id: str) -> bool:
        """Whether something of a run waits."""
        return bool(_steps(self.folder / run_id))

    def holds(self, row: RunRow) -> bool:
        """Whether something waits of a run that the store has already."""
        record = row.tags.get(RECORD_TAG, "")
        return self.has(row.run_id) or bool(record and self.has(record))

    def waiting(self) -> list[Waiting]:
        """Runs of which something waits, the oldest first."""
        found = []
        for folder in self.folder.glob("[!.]*/"):
            steps = _steps(folder)
            if steps:
                found.append(Waiting(run_id=folder.name, steps=steps, refused=_reason(folder)))
        return sorted(found, key=lambda each: each.steps[0].name)

    def entry(self, step: Path) -> Entry:
        """A step that waits.

        Raises:
            TrackingError: it cannot be read.
        """
        try:
            return from_json(read_json(step / _ENTRY), step / _FILES)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise TrackingError(f"{step / _ENTRY} is no step of a record: {error!r}") from error

    def name_of(self, waiting: Waiting) -> str:
        """The readable name of a run whose beginning waits; "" = the store has that already."""
        try:
            first = self.entry(waiting.steps[0])
        except TrackingError:  # whoever delivers it finds the same, and says so
            return ""
        return first.name if isinstance(first, Start) else ""

    def remove(self, step: Path) -> None:
        """Forget a step that is in the store, and its run where it was the last one."""
        done = self.folder / f".part-{step.name}"
        step.rename(done)
        shutil.rmtree(done, ignore_errors=True)
        if not _steps(step.parent):
            (step.parent / _REFUSED).unlink(missing_ok=True)
            with suppress(OSError):  # something came meanwhile
                step.parent.rmdir()

    def refuse(self, run_id: str, reason: str) -> None:
        """Note why the store does not take what waits of a run."""
        if self.has(run_id):
            atomic.write_text(self.folder / run_id / _REFUSED, masked(reason))

    @contextmanager
    def held(self, *, patience_s: float) -> Iterator[bool]:
        """Nobody else delivers meanwhile; gives whether that is so."""
        make_folder(self.folder)
        lock = FileLock(self.folder / _LOCK)
        try:
            lock.acquire(timeout=patience_s)
        except Timeout:
            yield False
            return
        try:
            self._tidy()
            yield True
        finally:
            lock.release()

    def _tidy(self) -> None:
        """Remove what killed processes have left half-written."""
        for part in self.folder.glob(".part-*"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _LEFT_OVER_S:
                    shutil.rmtree(part, ignore_errors=True)


def outboxes(root: Path) -> list[Outbox]:
    """Those of a root in which something waits."""
    found = []
    for path in sorted(outbox_dir(root).glob(f"*/{_STORE}")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            outbox = Outbox(root=root, uri=str(read_json(path)["uri"]))
            if outbox.waiting():
                found.append(outbox)
    return found


def _steps(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(path for path in folder.iterdir() if path.is_dir()))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _reason(folder: Path) -> str:
    try:
        return (folder / _REFUSED).read_text(encoding="utf-8")
    except OSError:
        return ""


def _keep(path: Path, target: Path) -> None:
    """Keep a file as it is now, whatever becomes of the place that it comes from.

    A link would do for most, but what is written again in place would change it.
    """
    shutil.copyfile(path, target)
    close_file(target)
