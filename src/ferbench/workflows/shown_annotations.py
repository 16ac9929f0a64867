"""Annotations to show with videos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ferbench.datasets.annotators import EVERYBODY, by_annotator
from ferbench.datasets.naming import Naming
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import Table
from ferbench.formats.reading import read_annotations
from ferbench.types import Annotation
from ferbench.wording import plural, some
from ferbench.workflows.searched import Searched


def none_of(name: str, what: str, sessions: Iterable[str], there: Iterable[str]) -> str:
    """A sentence on a table that says nothing of some sessions.

    >>> none_of("events.csv", "event", ["p1"], ["p2", "p3"])
    'events.csv has no event of p1; it has some of p2, p3'
    """
    others = some(sorted(set(there)))
    instead = f"it has some of {others}" if others else "it is empty"
    return f"{name} has no {what} of {some(sorted(set(sessions)))}; {instead}"


def annotations_to_show(
    path: Path, table: Table, *, sessions: Sequence[str], annotator: str | None, naming: Naming
) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
    """The annotations of some sessions, and notes.

    Args:
        path: the file or folder.
        table: how it is written.
        sessions: the videos' names.
        annotator: whose; None = everybody's.
        naming: how a session's name is made of a row's session and participant.

    Raises:
        DatasetError: they cannot be read, or have clock times.
    """
    annotated = read_annotations(path, table, videos=list(sessions))
    if annotated.clock:
        raise DatasetError(
            f"{path} has clock times, and nothing says when sessions began",
            hint="turn them into seconds of the session",
        )
    rows = by_annotator(annotated, annotator or EVERYBODY).rows
    searched = Searched(frozenset(sessions), naming, complete=True)
    annotations = tuple(
        Annotation(
            session_id=searched.find(row.session, row.participant),
            onset_s=row.onset_s,
            offset_s=row.offset_s,
            kind=row.kind,
            annotator=row.annotator,
            reacted=row.reacted,
        )
        for row in rows
        if row.kept
    )
    notes = list(annotated.notes)
    if annotated.refused:
        count = plural(len(annotated.refused), "row")
        notes.append(f"{path.name}: {count} left out, such as {annotated.refused[0]}")
    there = {annotation.session_id for annotation in annotations}
    if not there & set(sessions):
        notes.append(none_of(path.name, "annotation", sessions, there))
    return annotations, tuple(notes)
