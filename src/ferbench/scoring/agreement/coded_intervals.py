"""What coders marked, people or detectors, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ferbench.scoring.scored_session import ScoredSession, Stamp
from ferbench.types import Annotation


class Mark(NamedTuple):
    """What a coder marked: seconds of the session, and a code.

    ``stamp_s`` is the time that events are compared by.
    """

    stamp_s: float
    onset_s: float
    offset_s: float
    code: str = ""


Marks = Mapping[str, Sequence[Mark]]
"""A coder's marks by session.

A session that is not there was not watched, one without marks was.
"""


def marks_by_annotator(
    annotations: Mapping[str, Sequence[Annotation]], *, all_watched: bool
) -> dict[str, Marks]:
    """Everybody's marks, by annotator.

    Args:
        annotations: those of all annotators, by session.
        all_watched: everybody watched every session; else only those in which the person has an
            annotation.
    """
    names = sorted({mark.annotator for own in annotations.values() for mark in own})
    return {
        name: {
            session: tuple(of_annotations(mark for mark in own if mark.annotator == name))
            for session, own in annotations.items()
            if all_watched or any(mark.annotator == name for mark in own)
        }
        for name in names
    }


def of_annotations(annotations: Iterable[Annotation]) -> list[Mark]:
    """Annotations as marks, their kind as the code."""
    return [Mark(a.onset_s, a.onset_s, a.offset_s, a.kind) for a in annotations]


def of_detector(sessions: Iterable[ScoredSession], stamp: Stamp) -> dict[str, tuple[Mark, ...]]:
    """A detector's events as marks without codes, by session.

    Expressions are no codes for errors.
    """
    return {
        session.session_id: tuple(
            Mark(e.trigger_s if stamp == "trigger" else e.onset_s, e.onset_s, e.offset_s)
            for e in session.events
        )
        for session in sessions
    }


def without_codes(marks: Marks) -> dict[str, tuple[Mark, ...]]:
    """The same marks with one code, as a detector's."""
    return {name: tuple(mark._replace(code="") for mark in own) for name, own in marks.items()}
