"""Finding weight files by their content, in whatever folders they lie, and copying them here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

from ferbench.errors import ConfigError, WeightsError, WeightsFolderError
from ferbench.sentences import Text
from ferbench.weights import lock as weights_lock
from ferbench.weights.archives import UNREADABLE
from ferbench.weights.checking import check, is_there
from ferbench.weights.digests import known_digest
from ferbench.weights.loading import FOUND_HERE
from ferbench.weights.placing import place, restored_on_error
from ferbench.weights.published import PublishedFile
from ferbench.weights.searching import Candidate, candidates_in, files_below


class Confirm(Protocol):
    """Checks a file in its place, and locks its digest if it is the right one.

    Raises WeightsError where it is not what it should be.
    """

    def __call__(self, item: PublishedFile, folder: Path, *, origin: str) -> None:
        """Do it; ``origin`` is for the lock."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Imported:
    """What was found in a folder.

    Attributes:
        copied: named files that were put into their place, with where they were found.
        here: named files that had been in their place before.
        missing: named files that are neither there nor here.
        differing: files with the name of a named one that are not the one in ``weights.lock``,
            with what to do.
        unknown: files that nobody named (of archives: those without a named file).
        unreadable: files that could not be read or used, with the reason.
    """

    copied: tuple[tuple[PublishedFile, str], ...]
    here: tuple[PublishedFile, ...]
    missing: tuple[PublishedFile, ...]
    differing: tuple[str, ...]
    unknown: tuple[str, ...]
    unreadable: tuple[str, ...]

    def __repr__(self) -> str:
        """How many of each."""
        counts = (f"{len(getattr(self, field.name))} {field.name}" for field in fields(self))
        return f"Imported: {', '.join(counts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lacking:
    """A named file that is not here.

    Attributes:
        item: the file.
        digits: its digest as far as somebody knows it: all, the beginning, or "".
        lock: the lock that says it; "" = none.
    """

    item: PublishedFile
    digits: str
    lock: str

    @property
    def name(self) -> str:
        return Path(self.item.file).name

    def is_content_of(self, candidate: Candidate) -> bool:
        return bool(self.digits) and candidate.sha256.startswith(self.digits)

    def difference(self, candidate: Candidate) -> str:
        """What to say of a file that has this one's name and another digest."""
        return (
            f"{candidate.where} has the name of {self.item.file}, but its sha256 is "
            f"{candidate.sha256}, and {self.lock} keeps {self.digits}. If it is the one that you "
            f"want, delete the line of {self.item.file} there and import again (every result of it "
            "gets a new key)"
        )


def import_files(
    items: Iterable[PublishedFile], source: Path, folder: Path, *, confirm: Confirm
) -> Imported:
    """Copy files that lie anywhere below ``source`` to where they belong.

    A file is known by its digest, under any name: by that of the yaml, of ``weights.lock`` in the
    models folder or in ``source``, or by the beginning that the yaml gives. Where nobody knows the
    digest, it is known by its published name, if only one content has that. Looks also into wheels
    and zip archives. Links to folders are followed, each folder once.

    Args:
        items: the files.
        source: the folder to search.
        folder: the models folder; a file that is there but is not what it should be is replaced.
        confirm: has the last word on each file in its place.

    Raises:
        ConfigError: ``source`` is no folder.
        WeightsError: a ``weights.lock`` cannot be read, or contradicts a yaml.
    """
    if not source.is_dir():
        raise ConfigError(
            f"{source} is not a folder; expected the folder that holds the weight files"
        )
    search = _Search(items, source, folder, confirm)
    for path in files_below(source, search.unreadable):
        search.look_at(path, path.relative_to(source).as_posix())
    search.take_by_name()
    return search.ended()


class _Search:
    """One import: what is lacking yet, and what was found so far."""

    def __init__(
        self, items: Iterable[PublishedFile], source: Path, folder: Path, confirm: Confirm
    ) -> None:
        self.folder, self.confirm = folder, confirm
        self._copied: list[tuple[PublishedFile, str]] = []
        self._here: list[PublishedFile] = []
        self._missing: list[PublishedFile] = []
        self._differing: list[str] = []
        self._unknown: list[str] = []
        self.unreadable: list[str] = []
        self.lacking: dict[str, _Lacking] = {}
        self._by_name: dict[str, dict[str, Candidate]] = {}  # by file, then by digest
        self._look_here(items, source)
        self._known = {known_digest(item, folder) for item in self._here}

    def _look_here(self, items: Iterable[PublishedFile], source: Path) -> None:
        carried = weights_lock.read(source)
        for item in items:
            if self._is_here(item):
                self._here.append(item)
            else:
                self.lacking[item.file] = _lacking(item, carried, source, self.folder)

    def _is_here(self, item: PublishedFile) -> bool:
        if not is_there(item, self.folder):
            return False
        try:
            check(item, self.folder)
            self.confirm(item, self.folder, origin=FOUND_HERE)
        except WeightsFolderError:
            raise
        except WeightsError:
            return False
        return True

    def look_at(self, path: Path, where: str) -> None:
        """Take what a file or archive has of the lacking files."""
        candidates = self._read(path, where)
        is_named = False
        for candidate in candidates:
            is_named |= candidate.sha256 in self._known
            is_named |= self._settles_any(candidate)
        if candidates and not is_named:
            self._unknown.append(where)

    def _read(self, path: Path, where: str) -> list[Candidate]:
        """A file, and what lies in it, if it is an archive; [] = it is none, or unreadable."""
        try:
            if not path.is_file():  # a pipe, a device, a broken link
                return []
            return list(candidates_in(path, where))
        except UNREADABLE as error:
            reason = getattr(error, "strerror", None) or error
            self.unreadable.append(f"{where}: {reason}")
            return []

    def _settles_any(self, candidate: Candidate) -> bool:
        """Whether a candidate is, may be, or was meant to be one of the lacking files."""
        is_named = False
        for lacking in list(self.lacking.values()):
            is_named |= self._settles(candidate, lacking)
        if is_named:
            self._known.add(candidate.sha256)
        return is_named

    def _settles(self, candidate: Candidate, lacking: _Lacking) -> bool:
        """Whether a candidate is, may be, or was meant to be a lacking file."""
        file = lacking.item.file
        if lacking.is_content_of(candidate):
            del self.lacking[file]
            self._take(lacking.item, candidate)
            return True
        if candidate.name != lacking.name:
            return False
        if not lacking.digits:
            self._by_name.setdefault(file, {}).setdefault(candidate.sha256, candidate)
            return True
        if lacking.lock:
            self._differing.append(lacking.difference(candidate))
            return True
        return False

    def take_by_name(self) -> None:
        """Take the files of unknown digest whose name only one content has."""
        for file, by_digest in self._by_name.items():
            candidates = list(by_digest.values())
            if len(candidates) == 1:
                self._take(self.lacking.pop(file).item, candidates[0])
            else:
                self.unreadable.append(_ambiguity(file, candidates))

    def ended(self) -> Imported:
        """The result, with what is still lacking."""
        still_lacking = [lacking.item for lacking in self.lacking.values()]
        return Imported(
            copied=tuple(self._copied),
            here=tuple(self._here),
            missing=(*self._missing, *still_lacking),
            differing=tuple(self._differing),
            unknown=tuple(self._unknown),
            unreadable=tuple(self.unreadable),
        )

    def _take(self, item: PublishedFile, candidate: Candidate) -> None:
        """Copy a file to its place; where it cannot be the right one, leave all as it was."""
        path = self.folder / item.file
        try:
            with restored_on_error(path, self.folder):
                place(candidate.chunks(), item, self.folder, origin=candidate.where)
                self.confirm(item, self.folder, origin="imported")
        except WeightsFolderError:
            raise
        except (WeightsError, OSError) as error:
            self.unreadable.append(_why_not_taken(error, path, candidate.where))
            self._missing.append(item)
            return
        self._copied.append((item, candidate.where))


def _ambiguity(file: str, candidates: list[Candidate]) -> str:
    places = ", ".join(candidate.where for candidate in candidates)
    return (
        f"{places}: several files with the name of {file}, whose sha256 nobody published; leave "
        "the right one"
    )


def _why_not_taken(error: WeightsError | OSError, path: Path, where: str) -> str:
    """The reason in terms of the file that was found, not of the place that it was tried in."""
    reason = error.text() if isinstance(error, WeightsError) else Text(str(error))
    text = reason.replaced(str(path), where)
    if text.startswith(where):
        return text
    return Text(f"{where}: ", text)


def _lacking(
    item: PublishedFile,
    carried: dict[str, weights_lock.LockEntry],
    source: Path,
    folder: Path,
) -> _Lacking:
    """What is known of a file that is not here: by its yaml, our lock, or that in ``source``."""
    if item.has_whole_digest:
        return _Lacking(item=item, digits=item.sha256, lock="")
    locked = known_digest(item, folder)
    if locked is not None:
        return _Lacking(item=item, digits=locked, lock=str(folder / weights_lock.NAME))
    entry = carried.get(item.file)
    if entry is not None and entry.sha256.startswith(item.published_digits):
        return _Lacking(item=item, digits=entry.sha256, lock=str(source / weights_lock.NAME))
    return _Lacking(item=item, digits=item.published_digits, lock="")
