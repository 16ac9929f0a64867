"""What annotators marked, people or detectors, in one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.types import Annotation


class CodedInterval(NamedTuple):
    """What an annotator marked: seconds of the session, and a code.

    ``stamp_s`` is the time that events are compared by.
    """

    stamp_s: float
    onset_s: float
    offset_s: float
    code: str = ""


CodedIntervals = Mapping[str, Sequence[CodedInterval]]
"""An annotator's intervals by session.

A session that is not there was not watched, one without intervals was.
"""


def intervals_by_annotator(
    annotations: Mapping[str, Sequence[Annotation]], *, all_watched: bool
) -> dict[str, CodedIntervals]:
    """Every annotator's intervals, by annotator.

    Args:
        annotations: those of all annotators, by session.
        all_watched: everybody watched every session; else only those in which the annotator has an
            annotation.
    """
    names = sorted({each.annotator for marked in annotations.values() for each in marked})
    return {name: _intervals_of(name, annotations, all_watched=all_watched) for name in names}


def _intervals_of(
    annotator: str, annotations: Mapping[str, Sequence[Annotation]], *, all_watched: bool
) -> dict[str, tuple[CodedInterval, ...]]:
    result = {}
    for session, marked in annotations.items():
        by_annotator = [each for each in marked if each.annotator == annotator]
        if by_annotator or all_watched:
            result[session] = tuple(of_annotations(by_annotator))
    return result


def of_annotations(annotations: Iterable[Annotation]) -> list[CodedInterval]:
    """Annotations with their kind as the code."""
    return [CodedInterval(a.onset_s, a.onset_s, a.offset_s, a.kind) for a in annotations]


def of_detector(
    sessions: Iterable[ScoredSession], stamp: Stamp
) -> dict[str, tuple[CodedInterval, ...]]:
    """A detector's events without codes, by session.

    Expressions are no codes for errors.
    """
    result = {}
    for session in sessions:
        stamped = zip(stamps_s(session, stamp), session.events, strict=True)
        result[session.session_id] = tuple(
            CodedInterval(stamp_s, event.onset_s, event.offset_s) for stamp_s, event in stamped
        )
    return result


def without_codes(intervals: CodedIntervals) -> dict[str, tuple[CodedInterval, ...]]:
    """The same intervals with one code, as a detector's."""
    return {
        session: tuple(interval._replace(code="") for interval in marked)
        for session, marked in intervals.items()
    }
