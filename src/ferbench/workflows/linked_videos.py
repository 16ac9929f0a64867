"""The videos of sessions, for files of annotation programs that link them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ferbench.datasets.files import SUFFIXES, is_video
from ferbench.errors import ConfigError
from ferbench.formats.dispatch import formats, writer_of
from ferbench.formats.predictions import video_of_table
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name
from ferbench.wording import some


def linked_videos(
    sessions: Iterable[str],
    *,
    folder: Path | None,
    known: Mapping[str, Path],
    beside: Sequence[Path],
) -> tuple[dict[str, Path], list[str]]:
    """The video of each session that has one, and notes.

    A video is a session's where it is called like it. Nothing is opened.

    Args:
        sessions: their names.
        folder: where the videos are; None = nobody said.
        known: the videos of sessions, as far as tables tell.
        beside: folders that are looked through where nobody said, the likeliest first.
    """
    folders = list(dict.fromkeys(beside)) if folder is None else [folder]
    by_name = [_by_name(each) for each in folders]
    found: dict[str, Path] = {}
    missing = []
    for session in sessions:
        candidates = [videos.get(comparable_name(session)) for videos in by_name]
        if folder is None:
            candidates.insert(0, known.get(session))
        videos = [video for video in candidates if video is not None]
        if videos:
            found[session] = videos[0]
        else:
            missing.append(session)
    if not missing:
        return found, []
    reason = f"no video of {some(sorted(missing))} was found to link, so no picture is shown; "
    return found, [Text(reason, Setting("link_videos"), " says in which folder they are")]


def _by_name(folder: Path) -> dict[str, Path]:
    """Videos of a folder by name; of several with one name none."""
    try:
        files = sorted(file for file in folder.iterdir() if is_video(file, SUFFIXES))
    except OSError:
        return {}
    names = [comparable_name(file.stem) for file in files]
    return {name: file for name, file in zip(names, files, strict=True) if names.count(name) == 1}


def check_link(folder: Path | None, out: Path | None) -> None:
    """Raise ConfigError where a folder of videos was named and is none, or nothing links them.

    Args:
        folder: of the videos; None = nobody named one.
        out: what is written; None = nothing.
    """
    if folder is None:
        return
    if out is None or not links_videos(out):
        endings = [ending for each in formats() if each.links_video for ending in each.endings]
        raise ConfigError(
            f"is for files that link videos ({', '.join(endings)})", key="link_videos"
        )
    if not folder.is_dir():
        raise ConfigError(key="link_videos", expected="a folder of videos", got=str(folder))


def links_videos(out: Path) -> bool:
    """Whether a file of such a name links its session's video."""
    annotation_format = writer_of(out)
    return annotation_format is not None and annotation_format.links_video


def videos_of_tables(tables: Mapping[str, Path]) -> dict[str, Path]:
    """The videos of sessions, by their tables of predictions, as far as these tell."""
    known = {}
    for session, path in tables.items():
        video = video_of_table(path) if path.suffix == ".parquet" else None
        if video is not None:
            known[session] = video
    return known
