"""Putting the bytes of a file into its place below the models folder, if they are right."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ferbench.atomic import replacing
from ferbench.errors import WeightsFolderError
from ferbench.rights import make_open_folder, open_file
from ferbench.weights.checking import refuse_impossible
from ferbench.weights.digests import known_digits
from ferbench.weights.download import wrong_file
from ferbench.weights.published import WHOLE_DIGITS, PublishedFile


def place(chunks: Iterable[bytes], item: PublishedFile, folder: Path, *, origin: str) -> Path:
    """Write a file's bytes to where it belongs, if they are what they should be.

    Args:
        chunks: the bytes.
        item: the file that they should be.
        folder: the models folder.
        origin: where they come from, for messages.

    Raises:
        WeightsError: the hash differs; nothing is kept then.
        WeightsFolderError: they cannot be written.
    """
    target = with_folder(folder / item.file)
    try:
        with replacing(target) as part:
            sha256 = _written(chunks, part)
            _refuse_wrong(item, part, sha256, folder, origin)
        open_file(target)
    except OSError as error:
        raise WeightsFolderError(
            f"{origin} cannot be written to {target}: {error.strerror or error}"
        ) from error
    finally:
        remove_empty_folders(target, folder)
    return target


def _written(chunks: Iterable[bytes], path: Path) -> str:
    """Write a file; return its digest."""
    hasher = hashlib.sha256()
    with path.open("wb") as stream:
        for chunk in chunks:
            hasher.update(chunk)
            stream.write(chunk)
    return hasher.hexdigest()


def _refuse_wrong(item: PublishedFile, part: Path, sha256: str, folder: Path, origin: str) -> None:
    """Raise WeightsError where what came has another digest, or cannot be the file."""
    expected = known_digits(item, folder)
    if not sha256.startswith(expected):
        raise wrong_file(origin, got=sha256, expected=expected)
    if len(expected) < WHOLE_DIGITS:
        refuse_impossible(item, part, sha256, origin=origin)


def with_folder(target: Path) -> Path:
    """Make the folder that a file goes to.

    Raises:
        WeightsFolderError: it cannot be made.
    """
    try:
        make_open_folder(target.parent)
    except OSError as error:
        reason = error.strerror or error
        raise WeightsFolderError(f"{target.parent} cannot be made: {reason}") from error
    return target


def remove_empty_folders(path: Path, folder: Path) -> None:
    """Take away the empty folders between ``folder`` and a file that did not come."""
    for parent in path.parents:
        if parent == folder:
            return
        try:
            parent.rmdir()
        except OSError:  # something else is in it
            return


@contextmanager
def restored_on_error(path: Path, folder: Path) -> Iterator[None]:
    """Move a file aside, and bring it back if its replacement fails."""
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        if path.exists():
            path.replace(aside)
        yield
    except BaseException:  # an interrupt, too, must not leave what nobody checked
        _bring_back(aside, path)
        remove_empty_folders(path, folder)
        raise
    aside.unlink(missing_ok=True)


def _bring_back(aside: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    if aside.exists():
        aside.replace(path)
