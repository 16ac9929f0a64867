"""Which files of a folder are videos."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import filterfalse
from pathlib import Path

from ferbench.datasets.containers import AMBIGUOUS, SUFFIXES, head_of, is_text
from ferbench.errors import DatasetError

__all__ = ["SUFFIXES", "is_hidden", "is_taken", "is_video", "num_below", "video_files"]


def video_files(root: Path, *, suffixes: Sequence[str], recursive: bool) -> list[Path]:
    """The videos of a folder, sorted.

    Names that begin with a dot are skipped. A link whose target is gone is listed: it fails when it
    is opened, so that it is not overlooked.

    Args:
        root: a folder; a single file is returned as it is.
        suffixes: what a video's name ends in, upper or lower case.
        recursive: also look in the folders below (links to folders are not followed).

    Raises:
        DatasetError: no such folder, or neither file nor folder, it cannot be read, there is no
            video in it, or one has a name that is no text, or has control characters.
    """
    if not root.exists():
        raise DatasetError(f"no such folder or file: {root}. Check the path.")
    if root.is_file():
        _check_names([root])
        return [root]
    if not root.is_dir():
        raise DatasetError(
            f"{root}: expected a video or a folder, got a pipe, a socket or a device",
            hint="copy what it holds into a file",
        )
    videos = sorted(_videos_below(root, suffixes, recursive=recursive))
    if not videos:
        raise _no_video(root, suffixes, recursive=recursive)
    _check_names(videos)
    return videos


def _videos_below(root: Path, suffixes: Sequence[str], *, recursive: bool) -> Iterator[Path]:
    return (path for path in _below(root, recursive=recursive) if is_taken(path, suffixes))


def _check_names(videos: Sequence[Path]) -> None:
    """Raise DatasetError where a file's name cannot be written into records and on a screen."""
    for what, is_sound in (
        ("is no text in this system's encoding", _is_text),
        ("has control characters", _has_no_controls),
    ):
        odd = [path for path in videos if not is_sound(str(path))]
        if odd:
            raise DatasetError(
                f"{os.fsencode(odd[0])!r}: the file's name {what} "
                f"({len(odd)} of {len(videos)} videos)",
                hint="rename it",
            )


def _no_video(root: Path, suffixes: Sequence[str], *, recursive: bool) -> DatasetError:
    looked_for = f"looked for files that end in {', '.join(suffixes)}"
    if recursive:
        return DatasetError(f"no video in {root} and the folders below it; {looked_for}")
    below = num_below(root, suffixes=suffixes)
    if below:
        not_looked_at = f"there are {below} in the folders below it, which were not looked at"
        return DatasetError(f"no video in {root}; {not_looked_at}; {looked_for}")
    return DatasetError(f"no video in {root}; {looked_for}")


def _is_text(name: str) -> bool:
    """Whether a name can be written into records: other bytes come as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_no_controls(name: str) -> bool:
    """Whether a name has no characters that a terminal takes as commands, or as ends of lines."""
    return all(unicodedata.category(letter) != "Cc" for letter in name)


def num_below(root: Path, *, suffixes: Sequence[str]) -> int:
    """How many videos lie in the folders below a folder.

    Raises:
        DatasetError: one of the folders cannot be read.
    """
    videos = _videos_below(root, suffixes, recursive=True)
    return sum(path.parent != root for path in videos)


def is_taken(path: Path, suffixes: Sequence[str]) -> bool:
    """Whether a file of a folder is taken as a video.

    Its name ends in one of the suffixes, it is not hidden, and no text where texts have the same
    ending.
    """
    if is_hidden(path.name) or not is_video(path, suffixes):
        return False
    if not path.is_file():
        return not path.exists()  # a link whose target is gone; a pipe would never end
    if path.suffix.lower() not in AMBIGUOUS:
        return True
    try:
        return not is_text(head_of(path))
    except OSError:  # told when it is opened
        return True


def is_video(path: Path, suffixes: Sequence[str]) -> bool:
    """Whether the name ends in one of the suffixes, in upper or lower case.

    The suffixes are given with or without their dot.

    >>> is_video(Path("A.MP4"), ["mp4"])
    True
    """
    return path.suffix.lower() in {f".{suffix.lower().removeprefix('.')}" for suffix in suffixes}


def _below(root: Path, *, recursive: bool) -> Iterator[Path]:
    """Files whose names, and whose folders' names below ``root``, do not begin with a dot."""
    for folder, folders, files in os.walk(root, onerror=_refuse):
        folders[:] = filterfalse(is_hidden, folders) if recursive else []
        for name in filterfalse(is_hidden, files):
            yield Path(folder) / name


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is not to be seen."""
    return name.startswith(".")


def _refuse(error: OSError) -> None:
    raise DatasetError(f"{error.filename}: the folder cannot be read: {error.strerror}") from error
