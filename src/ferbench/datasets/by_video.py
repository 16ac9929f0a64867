"""Annotation programs name the video file.

Here that becomes the session and the participant that the file is of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ferbench.datasets.recordings import Footage, Recording, natural
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.spelling import comparable_name

_Row = TypeVar("_Row", AnnotationRow, RefusedRow)


def sessions_of_videos(table: AnnotationTable, recordings: Sequence[Recording]) -> AnnotationTable:
    """Rows that name a video file get its session and participant; the others stay as they are.

    Files' names are compared without suffix and case. Times in the file of a later part do not
    count from the session's start, so these rows are refused.

    Args:
        table: with sessions named after video files (``by_video``).
        recordings: all files of the study.
    """
    videos = _by_name(recordings)
    first_parts = _first_parts(recordings)
    rows: list[AnnotationRow] = []
    refused = [_of_session(row, videos) for row in table.refused]
    for row in table.rows:
        named = _of_session(row, videos)
        video = videos.get(comparable_name(row.session))
        if not row.kept or video is None or first_parts[_shot(video)] == video:
            rows.append(named)
            continue
        first = first_parts[_shot(video)]
        reason = (
            f"marked in {video.path.name}, which is not the first part of its session "
            f"({first.path.name} is), so its time is not one of the session; mark the session's "
            "parts together, or write times in a CSV"
        )
        refused.append(named.refused(reason))
    return replace(table, rows=tuple(rows), refused=tuple(refused))


def names_of_videos(footage: Sequence[Footage], recordings: Sequence[Recording]) -> list[str]:
    """Names of a study's videos without suffix, first those of its sessions' camera in order."""
    used = [part.path.stem for item in footage for part in item.parts]
    return [*used, *(recording.path.stem for recording in recordings)]


def _by_name(recordings: Sequence[Recording]) -> dict[str, Recording]:
    """Files whose name no other file has, by what spellings of it share."""
    files: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        files[comparable_name(recording.path.stem)].append(recording)
    return {name: namesakes[0] for name, namesakes in files.items() if len(namesakes) == 1}


def _shot(video: Recording) -> tuple[str, str, str]:
    """What the parts of a session share that one camera filmed."""
    return (
        comparable_name(video.session),
        comparable_name(video.participant),
        comparable_name(video.camera),
    )


def _first_parts(recordings: Sequence[Recording]) -> dict[tuple[str, str, str], Recording]:
    """The first part of each session and camera."""
    parts: dict[tuple[str, str, str], list[Recording]] = defaultdict(list)
    for recording in recordings:
        parts[_shot(recording)].append(recording)
    return {shot: min(files, key=lambda file: natural(file.part)) for shot, files in parts.items()}


def _of_session(row: _Row, videos: Mapping[str, Recording]) -> _Row:
    """A row with the session and participant of the video that it names."""
    video = videos.get(comparable_name(row.session))
    if video is None:
        return row
    return replace(row, session=video.session, participant=row.participant or video.participant)
