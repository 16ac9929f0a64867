"""Annotation programs name the video file.

Here that becomes the session and the participant that the file is of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ferbench.datasets.annotation_table import AnnotationTable, Problem, Row
from ferbench.datasets.naming import comparable_name
from ferbench.datasets.recordings import Recording, natural

_Named = TypeVar("_Named", Row, Problem)


def sessions_of_videos(table: AnnotationTable, recordings: Sequence[Recording]) -> AnnotationTable:
    """Rows that name a video file get its session and participant; the others stay as they are.

    Files' names are compared without suffix and case. Times in the file of a later part do not
    count from the session's start, so these rows become problems.

    Args:
        table: with sessions named after video files (``by_video``).
        recordings: all files of the study.
    """
    files: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        files[comparable_name(recording.path.stem)].append(recording)
    known = {name: own[0] for name, own in files.items() if len(own) == 1}
    rows: list[Row] = []
    problems = [_named(problem, known) for problem in table.problems]
    for row in table.rows:
        named = _named(row, known)
        video = known.get(comparable_name(row.session))
        first = video and _first_part(video, recordings)
        if video and first and first != video and row.kept:
            reason = (
                f"marked in {video.path.name}, which is not the first part of its session ({first.path.name} is), so "
                "its time is not one of the session; mark the session's parts together, or write times in a CSV"
            )
            whose = {"session": named.session, "participant": named.participant, "file": row.file}
            problems.append(Problem(line=row.line, reason=reason, **whose))
        else:
            rows.append(named)
    return replace(table, rows=tuple(rows), problems=tuple(problems))


def _named(item: _Named, known: dict[str, Recording]) -> _Named:
    video = known.get(comparable_name(item.session))
    if video is None:
        return item
    return replace(item, session=video.session, participant=item.participant or video.participant)


def _first_part(video: Recording, recordings: Sequence[Recording]) -> Recording:
    """The first part of a file's session and camera."""
    whose = (
        comparable_name(video.session),
        comparable_name(video.participant),
        comparable_name(video.camera),
    )
    own = [
        r
        for r in recordings
        if (comparable_name(r.session), comparable_name(r.participant), comparable_name(r.camera))
        == whose
    ]
    return min(own, key=lambda recording: natural(recording.part))
