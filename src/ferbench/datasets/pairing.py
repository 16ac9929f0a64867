"""From the videos of sessions and the rows of an annotations file to sessions that can be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ferbench.datasets.matching import Matched, Rules, refusals
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, RefusedRow
from ferbench.formats.times import Clock, since
from ferbench.types import Annotation, Session
from ferbench.wording import some

_UNLISTED: Final = {
    "unannotated": "taken as not annotated, so without scores "
    "(dataset.unlisted=empty takes such a session as annotated with nothing found)",
    "skip": "left out",
}
_HALF_DAY_S: Final = 43200.0
_SESSION_S: Final = 3 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Sessions sorted by name, and what was left out."""

    sessions: tuple[Session, ...]
    notices: tuple[str, ...]


def unannotated(found: Sequence[Matched]) -> Paired:
    """Sessions that nobody annotated."""
    gaps = [item for item in found if _missing(item)]
    return Paired(
        sessions=tuple(_session(item, None, _missing(item)) for item in found), notices=_gaps(gaps)
    )


def pair(found: Sequence[Matched], rules: Rules) -> Paired:
    """Sessions with the annotations of their rows; clock times become seconds of the session.

    A session of which a part is missing, so that its times are not known, is not scored, annotated
    or not.

    Raises:
        DatasetError: times are clock times, and of no session with annotations the start is known.
    """
    timed = [item for item in found if any(_is_clock(row) for row in item.rows)]
    if timed and not any(item.footage.start for item in timed):
        raise DatasetError(
            f"{rules.source}: its times are clock times, but of no session the start is known; give it in a column "
            "start of a manifest or a group (?P<start>...) in dataset.pattern, or say "
            "dataset.format.time_format=hh:mm:ss if they count from the start of the video"
        )
    sessions: list[Session] = []
    told: dict[tuple[str, int], str] = {}
    lost: dict[tuple[str, int], list[str]] = {}
    gaps: list[Matched] = []
    bare: list[str] = []
    outside: list[str] = []
    for item in found:
        annotations, refused = _annotations(item)
        usable = len(item.rows) + len(item.refused) > len(refused)
        missing = _missing(item)
        scored = not missing and (not refused or (rules.refused_rows == "skip" and usable))
        for problem in refused:
            lost.setdefault(problem.place, []).extend([] if scored else [repr(item.footage.name)])
            told[problem.place] = f"{rules.source}, {problem}; {_outcome(lost[problem.place])}"
        if missing and (item.rows or refused or rules.unlisted != "skip"):
            gaps.append(item)
            sessions.append(_session(item, None, missing))
        elif refused and not scored:
            sessions.append(_session(item, None, _reason(refused, rules)))
        elif item.rows:
            sessions.append(_session(item, annotations))
            outside += _outside(item.footage, annotations)
        else:
            bare.append(item.footage.name)
            if rules.unlisted != "skip":
                sessions.append(_session(item, () if rules.unlisted == "empty" else None))
    notices = [*_gaps(gaps), *refusals(told, rules.source)]
    if outside:
        notices.append(f"annotated outside of what was observed, so not counted: {some(outside)}")
    if bare and rules.unlisted != "empty":
        notices.append(f"{rules.source} has no row for {some(bare)}: {_UNLISTED[rules.unlisted]}")
    return Paired(sessions=tuple(sessions), notices=tuple(notices))


def _missing(item: Matched) -> str:
    """Why the times of a session cannot be known, or "".

    Times on the clock may be known nevertheless.
    """
    by_clock = item.footage.missing_before_clock and all(
        _is_clock(row) for row in item.rows if row.kept
    )
    return "" if by_clock else item.footage.missing


def _gaps(items: Sequence[Matched]) -> tuple[str, ...]:
    """A notice on sessions that parts are missing of."""
    if not items:
        return ()
    told = some([f"{item.footage.name} ({item.footage.missing})" for item in items])
    return (
        f"not scored, and the times of events are not known, as parts are missing: {told}; add them, or give the file "
        "after each gap a start in seconds of the session (column start of a manifest)",
    )


def _outcome(sessions: Sequence[str]) -> str:
    """What a row that cannot be used leads to, given the sessions that are not scored."""
    if not sessions:
        return "the row was left out"
    return f"session{'s' if len(sessions) > 1 else ''} {some(sessions)} {'are' if len(sessions) > 1 else 'is'} not scored"


def _annotations(item: Matched) -> tuple[tuple[Annotation, ...], list[RefusedRow]]:
    """A session's annotations in order of time, and all its rows that cannot be used."""
    annotations: list[Annotation] = []
    refused = list(item.refused)
    for row in item.rows:
        if not row.kept:
            continue
        onset_s, offset_s = _seconds(row.onset, item.footage), _seconds(row.offset, item.footage)
        if onset_s is None or offset_s is None:
            reason = "a clock time, but the start of its session on the clock is not known"
        elif onset_s < 0:
            reason = f"{-onset_s:g} s before the start of its session"
        elif onset_s > _HALF_DAY_S and not _dated(row, item.footage):
            reason = f"{onset_s / 3600:.1f} hours after the start of its session, or before it; write times with dates"
        elif offset_s < onset_s:
            reason = "ends before it begins"
        else:
            annotations.append(
                Annotation(
                    session_id=item.footage.name,
                    onset_s=onset_s,
                    offset_s=offset_s,
                    kind=row.kind,
                    annotator=row.annotator,
                    reacted=row.reacted,
                )
            )
            continue
        refused.append(row.refused(reason))
    return tuple(sorted(annotations)), sorted(refused, key=lambda problem: problem.place)


def _outside(footage: Footage, annotations: Sequence[Annotation]) -> list[str]:
    """The session, and how many of its annotations begin outside of its observed stretches.

    [] = none.
    """
    observed = footage.observed
    count = (
        0
        if observed is None
        else sum(not any(a <= mark.onset_s < b for a, b in observed) for mark in annotations)
    )
    return [f"{footage.name} ({count})"] if count else []


def _dated(row: AnnotationRow, footage: Footage) -> bool:
    """Whether the clock leaves no doubt about the day."""
    moments = (row.onset, footage.start)
    return not _is_clock(row) or all(
        isinstance(moment, Clock) and moment.date is not None for moment in moments
    )


def check_minutes(found: Sequence[Matched], source: str) -> None:
    """Refuse times that were read as minutes and seconds, but are the clock's hours and minutes.

    Spreadsheets hide seconds: 10:15 may be 10:15:20. It is where all lie shortly after their
    session's start so.

    Raises:
        DatasetError: all times of sessions with a known start lie from a minute before to three
            hours after it.
    """
    rows = [
        (row, item.footage.start)
        for item in found
        for row in item.rows
        if row.kept and item.footage.start
    ]
    shown = ""
    for row, start in rows:
        onset_s = row.onset
        if isinstance(onset_s, Clock) or onset_s % 1 or onset_s * 60 >= 2 * _HALF_DAY_S:
            return
        if not -60 <= since(Clock(of_day_s=onset_s * 60), start) <= _SESSION_S:
            return
        shown = shown or f"{onset_s // 60:02.0f}:{onset_s % 60:02.0f}"
    if rows:
        raise DatasetError(
            f"{source}: times such as {shown} are minutes and seconds, or hours and minutes of the clock: all lie "
            "shortly after the starts of their sessions. Write clock times with seconds, or say "
            "dataset.format.time_format=mm:ss"
        )


def _is_clock(row: AnnotationRow) -> bool:
    return isinstance(row.onset, Clock)


def _seconds(moment: float | Clock, footage: Footage) -> float | None:
    """Seconds of the session; None = not known."""
    if isinstance(moment, Clock):
        return None if footage.start is None else since(moment, footage.start)
    return moment


def _reason(refused: Sequence[RefusedRow], rules: Rules) -> str:
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    return f"{rules.source}, {refused[0]}{more}"


def _session(
    item: Matched, annotations: tuple[Annotation, ...] | None, unscored: str = ""
) -> Session:
    return Session(
        session_id=item.footage.name,
        parts=item.footage.parts,
        participant=item.participant or item.footage.name,
        camera=item.footage.camera,
        observed=item.footage.observed,
        annotations=annotations,
        unscored=unscored,
    )
