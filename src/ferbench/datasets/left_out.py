"""Files of a folder that may be recordings and are not taken: each has a reason, none vanishes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.datasets.containers import (
    OTHER_SUFFIXES,
    SUFFIXES,
    begins_as_video,
    head_of,
    video_format,
)
from ferbench.datasets.files import is_hidden, is_taken, is_video
from ferbench.errors import DatasetError
from ferbench.wording import plural, some, visible

MOST_LOOKED_INTO: Final = 5000
"""Files of a folder that are opened to see how they begin."""

_UNFINISHED: Final = frozenset(
    {
        *(".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart"),
        *(".tmp", ".temp", ".incomplete", ".!qb", ".!ut"),
    }
)
_MAY_BE_VIDEOS: Final = (*SUFFIXES, *sorted(OTHER_SUFFIXES))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that is not taken.

    Attributes:
        name: its path below the folder, with forward slashes.
        reason: why.
        is_recording: it may be a recording that is missed, so that somebody must look at it.
    """

    name: str
    reason: str
    is_recording: bool = True


def left_out(root: Path, *, suffixes: Sequence[str], recursive: bool) -> tuple[LeftOut, ...]:
    """What may be a recording in a folder by its ending or content, and is not taken.

    Of files without a video's ending the first bytes are read; only those that begin as a video
    does are opened with FFmpeg, which reads their headers.

    Args:
        root: a folder; of a single file nothing is left out.
        suffixes: see ``files.video_files``.
        recursive: likewise.

    Raises:
        DatasetError: a folder cannot be read.
    """
    if not root.is_dir():
        return ()
    return tuple(sorted(_left_out(root, suffixes, recursive=recursive), key=lambda each: each.name))


def about_left_out(files: Iterable[LeftOut]) -> list[str]:
    """One sentence per reason, with the names of its files."""
    names: dict[str, list[str]] = {}
    for file in files:
        names.setdefault(file.reason, []).append(file.name)
    return [f"left out, {reason}: {some(those)}" for reason, those in names.items()]


def _left_out(root: Path, suffixes: Sequence[str], *, recursive: bool) -> Iterator[LeftOut]:
    num_looked_into = num_unknown = 0
    for folder, folders, files in os.walk(root, onerror=_refuse):
        place = Path(folder)
        yield from _folders_left_out(root, place, folders, recursive=recursive)
        folders[:] = [name for name in folders if not is_hidden(name)] if recursive else []
        for name in files:
            path = place / name
            if is_taken(path, suffixes):
                continue
            if not is_video(path, _MAY_BE_VIDEOS):
                num_looked_into += 1
            if num_looked_into > MOST_LOOKED_INTO:
                num_unknown += 1
                continue
            found = _reason(path, suffixes)
            if found is not None:
                reason, is_recording = found
                below = visible(path.relative_to(root).as_posix())
                yield LeftOut(name=below, reason=reason, is_recording=is_recording)
    if num_unknown:
        reason = f"not looked into, as there are more than {MOST_LOOKED_INTO} other files"
        yield LeftOut(name=plural(num_unknown, "file"), reason=reason, is_recording=False)


def _refuse(error: OSError) -> None:
    raise DatasetError(f"{error.filename}: the folder cannot be read: {error.strerror}") from error


def _folders_left_out(
    root: Path, folder: Path, names: Sequence[str], *, recursive: bool
) -> Iterator[LeftOut]:
    """Folders that may hold recordings and are not entered."""
    for name in names:
        path = folder / name
        reason = ""
        if recursive and path.is_symlink():
            reason = "a link to a folder, which is not followed"
        elif recursive and is_hidden(name) and _has_videos(path):
            reason = "a hidden folder with videos"
        elif not recursive and is_video(path, _MAY_BE_VIDEOS):
            reason = "a folder"
        if reason:
            below = visible(path.relative_to(root).as_posix())
            yield LeftOut(name=below, reason=reason, is_recording=False)


def _has_videos(folder: Path) -> bool:
    """Whether a file below a folder has a video's ending."""
    return any(
        is_video(Path(name), _MAY_BE_VIDEOS) for _, _, files in os.walk(folder) for name in files
    )


def _head(path: Path) -> tuple[bytes | None, str]:
    """How a file begins, or None and why that cannot be told."""
    if not path.is_file():
        return None, "no file that can be read"
    try:
        return head_of(path), ""
    except OSError as error:
        return None, f"it cannot be read ({error.strerror})"


def _reason(path: Path, suffixes: Sequence[str]) -> tuple[str, bool] | None:
    """Why a file is not taken, and whether it may be a recording; None = it is no video."""
    has_ending = is_video(path, (*_MAY_BE_VIDEOS, *suffixes))
    head, problem = _head(path)
    if head is None:
        return (problem, True) if has_ending else None
    if path.name.startswith("._") and not begins_as_video(head):
        return ("no recording, but what macOS keeps beside one", False) if has_ending else None
    is_unfinished = path.suffix.lower() in _UNFINISHED
    if is_unfinished and is_video(path.with_suffix(""), (*_MAY_BE_VIDEOS, *suffixes)):
        return "a copy or download that has not finished", True
    if has_ending:
        return _reason_of_ending(path, suffixes)
    if not begins_as_video(head):
        return None
    return _reason_of_content(path, is_unfinished=is_unfinished)


def _reason_of_ending(path: Path, suffixes: Sequence[str]) -> tuple[str, bool]:
    if is_hidden(path.name):
        return "hidden, as its name begins with a dot", True
    if is_video(path, suffixes):  # and is not taken
        return f"a text in spite of its ending {path.suffix}", False
    return f"as the ending {path.suffix} is not among those that are taken", True


def _reason_of_content(path: Path, *, is_unfinished: bool) -> tuple[str, bool] | None:
    """Why a file that begins as a video is not taken; None = there is no moving picture in it."""
    found = video_format(path)
    if found is None:
        return None
    if is_unfinished:
        return "a copy or download that has not finished", True
    ending = f"its name ends in {path.suffix}" if path.suffix else "its name has no ending"
    if not found:
        return f"as {ending}; it begins as a video does, and FFmpeg cannot read it", True
    return f"as {ending}, though it is a video by its content ({found})", True
