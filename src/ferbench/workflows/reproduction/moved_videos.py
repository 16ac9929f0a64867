"""Videos of a run that lie elsewhere now, found by their digests whatever they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ferbench.datasets.files import SUFFIXES, video_files
from ferbench.errors import ConfigError, DatasetError
from ferbench.rights import make_folder
from ferbench.tracking.record import Input
from ferbench.types import LoadedDataset, Part, Session
from ferbench.wording import plural

DigestOf = Callable[[Path], str]

_PLACES: Final = ("videos", "folder")
"""Fields of data sets that say where videos lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the videos of a run lie now.

    Attributes:
        place: the data set's folder in place of the recorded one, by its key; empty = as it was.
        files: the videos of a list, which may lie anywhere.
    """

    place: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Input, Path] = field(default_factory=dict)


def moved_to(
    folder: Path,
    dataset: Mapping[str, Any],
    wanted: Sequence[Input],
    digest_of: DigestOf,
    links: Path,
) -> Moved:
    """Find the videos of a run in a folder or below it.

    A data set that reads no names of folders gets links that have the names that the videos had,
    so that neither names nor folders of today count.

    Args:
        folder: where to look.
        dataset: the configuration of the run's data set.
        wanted: the videos that the run read.
        digest_of: SHA-256 of a file.
        links: folder for the links; made if it is needed.

    Raises:
        DatasetError: there is no such folder, or none of the videos in it.
        ConfigError: the data set has no folder of videos.
    """
    if dataset.get("manifest") is not None:
        return Moved(files=found_by_digest(folder, wanted, digest_of))
    key = next((name for name in _PLACES if name in dataset), "")
    if not key:
        raise ConfigError("the run's data set has no folder of videos", key="videos")
    if dataset.get("recursive", True) or not wanted or not _are_plain(wanted):
        return Moved(place={f"dataset.{key}": str(folder)})
    found = found_by_digest(folder, wanted, digest_of)
    if not found:
        raise DatasetError(
            f"{folder} has none of the {plural(len(wanted), 'video')} of the run; looked for their "
            "sha256, and then for their names"
        )
    make_folder(links)
    for item, path in found.items():
        (links / item.name).symlink_to(path.resolve())
    return Moved(place={f"dataset.{key}": str(links)})


def _are_plain(wanted: Sequence[Input]) -> bool:
    """Whether all names are those of files in one folder, each there once."""
    counts = Counter(item.name for item in wanted)
    return all(
        count == 1 and Path(name).name == name and name not in ("", ".", "..")
        for name, count in counts.items()
    )


def found_by_digest(
    folder: Path, wanted: Sequence[Input], digest_of: DigestOf
) -> dict[Input, Path]:
    """Where the videos of a run lie in a folder or below it; those that do not are left out.

    Files of a video's own name are looked at first, so that mostly no other has to be read. Where
    no file is the video, one of its name counts: its digest then says that it is another one.

    Args:
        folder: where to look.
        wanted: names and digests.
        digest_of: SHA-256 of a file.

    Raises:
        DatasetError: there is no such folder, or no video in it.
    """
    files = video_files(folder, suffixes=SUFFIXES, recursive=True)
    found = {}
    for item in wanted:
        namesakes = [path for path in files if path.name == item.name]
        others = [path for path in files if path.name != item.name]
        same = (path for path in (*namesakes, *others) if digest_of(path) == item.sha256)
        path = next(same, None) or next(iter(namesakes), None)
        if path is not None:
            found[item] = path
    return found


def with_found(loaded: LoadedDataset, found: Mapping[Input, Path]) -> LoadedDataset:
    """Sessions whose missing videos are those that were found under their names.

    A name that several videos of the run have says of none which one it is: they stay missing.
    """
    num_of = Counter(item.name for item in found)
    by_name = {item.name: path for item, path in found.items() if num_of[item.name] == 1}

    def placed(part: Part) -> Part:
        if part.path.is_file() or part.path.name not in by_name:
            return part
        return replace(part, path=by_name[part.path.name])

    def with_parts(session: Session) -> Session:
        return replace(session, parts=tuple(map(placed, session.parts)))

    return replace(loaded, sessions=tuple(map(with_parts, loaded.sessions)))
