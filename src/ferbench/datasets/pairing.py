"""From the videos of sessions and the rows of an annotations file to sessions that can be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ferbench.datasets.annotations import Problem, Row
from ferbench.datasets.matching import Matched, Rules, refusals
from ferbench.datasets.naming import some
from ferbench.datasets.recordings import Footage
from ferbench.datasets.times import Clock, since
from ferbench.errors import DatasetError
from ferbench.types import Annotation, Session

_UNLISTED: Final = {
    "unannotated": "taken as not annotated, so without scores "
    "(dataset.unlisted=empty takes such a session as annotated with nothing found)",
    "skip": "left out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Sessions sorted by name, and what was left out."""

    sessions: tuple[Session, ...]
    notices: tuple[str, ...]


def unannotated(found: Sequence[Matched]) -> Paired:
    """Sessions that nobody annotated."""
    return Paired(sessions=tuple(_session(item, None) for item in found), notices=())


def pair(found: Sequence[Matched], rules: Rules) -> Paired:
    """Sessions with the annotations of their rows; clock times become seconds of the session.

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
    told: dict[int, str] = {}
    bare: list[str] = []
    for item in found:
        annotations, refused = _annotations(item)
        usable = len(item.rows) + len(item.refused) > len(refused)
        scored = not refused or (rules.refused_rows == "skip" and usable)
        outcome = "the row was left out" if scored else f"session {item.footage.name!r} is not scored"
        told |= {problem.line: f"{rules.source}, {problem}; {outcome}" for problem in refused}
        if not scored:
            sessions.append(_session(item, None, _reason(refused, rules)))
        elif item.rows:
            sessions.append(_session(item, annotations))
        else:
            bare.append(item.footage.name)
            if rules.unlisted != "skip":
                sessions.append(_session(item, () if rules.unlisted == "empty" else None))
    notices = refusals(told, rules.source)
    if bare and rules.unlisted != "empty":
        notices.append(f"{rules.source} has no row for {some(bare)}: {_UNLISTED[rules.unlisted]}")
    return Paired(sessions=tuple(sessions), notices=tuple(notices))


def _annotations(item: Matched) -> tuple[tuple[Annotation, ...], list[Problem]]:
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
                )
            )
            continue
        refused.append(Problem(line=row.line, reason=reason, session=row.session, participant=row.participant))
    return tuple(sorted(annotations)), sorted(refused, key=lambda problem: problem.line)


def _is_clock(row: Row) -> bool:
    return isinstance(row.onset, Clock)


def _seconds(moment: float | Clock, footage: Footage) -> float | None:
    """Seconds of the session; None = not known."""
    if isinstance(moment, Clock):
        return None if footage.start is None else since(moment, footage.start)
    return moment


def _reason(refused: Sequence[Problem], rules: Rules) -> str:
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    return f"{rules.source}, {refused[0]}{more}"


def _session(item: Matched, annotations: tuple[Annotation, ...] | None, unscored: str = "") -> Session:
    return Session(
        session_id=item.footage.name,
        parts=item.footage.parts,
        participant=item.participant or item.footage.name,
        camera=item.footage.camera,
        observed=item.footage.observed,
        annotations=annotations,
        unscored=unscored,
    )
