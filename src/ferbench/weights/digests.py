"""Digests of files: computed, published, or kept in ``weights.lock``."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ferbench.errors import WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.published import PublishedFile

_Component = TypeVar("_Component")
_DigestOf = Callable[[PublishedFile], str | None]


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


def known_digest(item: PublishedFile, folder: Path) -> str | None:
    """The whole digest of a file: the published one, or else that of ``weights.lock``.

    Returns:
        64 hexadecimal digits; None = nobody knows it yet.

    Raises:
        WeightsError: published digits and lock contradict each other, or the lock cannot be read.
    """
    if item.has_whole_digest:
        return item.sha256
    entry = weights_lock.read(folder).get(item.file)
    if entry is None:
        return None
    if not entry.sha256.startswith(item.published_digits):
        raise WeightsError(
            f"{folder / weights_lock.NAME} has sha256 {entry.sha256} for {item.file}, but its yaml "
            f"says {item.sha256}...: delete the line there, or put the yaml right."
        )
    return entry.sha256


def known_digits(item: PublishedFile, folder: Path) -> str:
    """As much of a file's digest as is known: all of it, its beginning, or "".

    Raises:
        WeightsError: as ``known_digest``.
    """
    return known_digest(item, folder) or item.published_digits


def with_resolved_digests(component: _Component, folder: Path) -> _Component:
    """A component (or tuple, list, mapping of them) whose files have their whole digests.

    A file whose digest nobody knows yet stays as it is, and so does all in which nothing changes.
    Keys are made of this: the digest, never the word ``unknown``, says which weights made a result.

    Raises:
        WeightsError: as ``known_digest``.
    """
    return with_digests(component, lambda item: known_digest(item, folder))


def with_digests(component: _Component, digest_of: _DigestOf) -> _Component:
    """A component (or tuple, list, mapping of them) whose files have digests that they are given.

    Args:
        component: it stays as it is where nothing changes.
        digest_of: the digest of a file; None = the one that it has.
    """
    changed: _Component = _resolved(component, digest_of)
    return changed


def _resolved(value: Any, digest_of: _DigestOf) -> Any:
    if isinstance(value, PublishedFile):
        return _resolved_file(value, digest_of)
    if isinstance(value, list | tuple):
        return _resolved_items(value, digest_of)
    if isinstance(value, dict):
        return _resolved_mapping(value, digest_of)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _resolved_fields(value, digest_of)
    return value


def _resolved_file(item: PublishedFile, digest_of: _DigestOf) -> PublishedFile:
    sha256 = digest_of(item)
    if sha256 is None or sha256 == item.sha256:
        return item
    return dataclasses.replace(item, sha256=sha256)


def _resolved_items(values: list[Any] | tuple[Any, ...], digest_of: _DigestOf) -> Any:
    resolved = [_resolved(value, digest_of) for value in values]
    if all(new is old for new, old in zip(resolved, values, strict=True)):
        return values
    return resolved if isinstance(values, list) else tuple(resolved)


def _resolved_mapping(values: dict[Any, Any], digest_of: _DigestOf) -> dict[Any, Any]:
    resolved = {name: _resolved(value, digest_of) for name, value in values.items()}
    if all(resolved[name] is values[name] for name in values):
        return values
    return resolved


def _resolved_fields(component: Any, digest_of: _DigestOf) -> Any:
    changes = {}
    for field in dataclasses.fields(component):
        if not field.init:
            continue
        value = getattr(component, field.name)
        resolved = _resolved(value, digest_of)
        if resolved is not value:
            changes[field.name] = resolved
    return dataclasses.replace(component, **changes) if changes else component
