"""From the videos of sessions and the rows of annotations to sessions that can be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ferbench.datasets.annotation_table import Problem, Row
from ferbench.datasets.matching import Matched, Rules, refusals
from ferbench.datasets.recordings import Footage
from ferbench.datasets.times import Clock, since
from ferbench.errors import DatasetError, Setting, Text
from ferbench.types import Annotation, Session
from ferbench.wording import some

_HALF_DAY_S: Final = 43200.0
_SESSION_S: Final = 3 * 3600.0
"""No session is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Sessions sorted by name, and what was left out."""

    sessions: tuple[Session, ...]
    notices: tuple[str, ...]


def unannotated(matched: Sequence[Matched]) -> Paired:
    """Sessions that nobody annotated."""
    with_gaps = [item for item in matched if _why_unplaced(item)]
    return Paired(
        sessions=tuple(_session(item, None, _why_unplaced(item)) for item in matched),
        notices=_about_gaps(with_gaps),
    )


def pair(matched: Sequence[Matched], rules: Rules) -> Paired:
    """Sessions with the annotations of their rows; clock times become seconds of the session.

    A session of which a part is missing, so that its times are not known, is not scored, annotated
    or not.

    Raises:
        DatasetError: times are clock times, and of no session with annotations the start is known.
    """
    _check_starts(matched, rules)
    pairing = _Pairing(rules=rules)
    for item in matched:
        pairing.add(item)
    return Paired(sessions=tuple(pairing.sessions), notices=pairing.notices())


def _check_starts(matched: Sequence[Matched], rules: Rules) -> None:
    """Raise DatasetError where times are clock times, and no session's start is known."""
    clocked = [item for item in matched if any(map(_is_clock, item.rows))]
    if not clocked or any(item.footage.start for item in clocked):
        return
    raise DatasetError(
        f"{rules.source}: its times are clock times, but of no session the start is known",
        hint=Text(
            "give it in a column start of a manifest or a group (?P<start>...) in ",
            Setting("pattern"),
            ", or say ",
            Setting("format.time_format", "hh:mm:ss"),
            " if they count from the start of the video",
        ),
    )


@dataclass(slots=True, kw_only=True)
class _Pairing:
    """Sessions as far as they are paired with their rows, and what is to be told of them.

    Attributes:
        rules: how rows become annotations.
        sessions: in the order in which they were added.
        refused: rows that cannot be used, by file and line.
        unscored: by file and line of such a row, the sessions that are not scored because of it.
        with_gaps: sessions that parts are missing of.
        without_rows: names of sessions that have no row.
        outside: sessions with annotations outside of what was observed, and how many.
    """

    rules: Rules
    sessions: list[Session] = field(default_factory=list)
    refused: dict[tuple[str, int], Problem] = field(default_factory=dict)
    unscored: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    with_gaps: list[Matched] = field(default_factory=list)
    without_rows: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def add(self, item: Matched) -> None:
        """Pair a session with its rows."""
        annotations, refused = _annotations(item)
        why_unplaced = _why_unplaced(item)
        has_usable = len(item.rows) + len(item.refused) > len(refused)
        skips_refused = self.rules.refused_rows == "skip" and has_usable
        is_scored = not why_unplaced and (not refused or skips_refused)
        self._note_refused(item, refused, is_scored=is_scored)
        if why_unplaced and (item.rows or refused or self.rules.unlisted != "skip"):
            self.with_gaps.append(item)
            self.sessions.append(_session(item, None, why_unplaced))
        elif refused and not is_scored:
            self.sessions.append(_session(item, None, _first_reason(refused, self.rules)))
        elif item.rows:
            self.sessions.append(_session(item, annotations))
            self._note_outside(item.footage, annotations)
        else:
            self._add_without_rows(item)

    def _note_refused(self, item: Matched, refused: Sequence[Problem], *, is_scored: bool) -> None:
        for problem in refused:
            self.refused[problem.place] = problem
            unscored = self.unscored.setdefault(problem.place, [])
            if not is_scored:
                unscored.append(repr(item.footage.name))

    def _note_outside(self, footage: Footage, annotations: Sequence[Annotation]) -> None:
        if footage.observed is None:
            return
        count = 0
        for annotation in annotations:
            inside = [from_s <= annotation.onset_s < to_s for from_s, to_s in footage.observed]
            if not any(inside):
                count += 1
        if count:
            self.outside.append(f"{footage.name} ({count})")

    def _add_without_rows(self, item: Matched) -> None:
        self.without_rows.append(item.footage.name)
        if self.rules.unlisted == "empty":
            self.sessions.append(_session(item, ()))
        elif self.rules.unlisted == "unannotated":
            self.sessions.append(_session(item, None))

    def notices(self) -> tuple[str, ...]:
        """What was left out."""
        source = self.rules.source
        outcomes = {
            place: f"{source}, {problem}; {_outcome(self.unscored[place])}"
            for place, problem in self.refused.items()
        }
        notices = [*_about_gaps(self.with_gaps), *refusals(outcomes, source)]
        if self.outside:
            sessions = some(self.outside)
            notices.append(f"annotated outside of what was observed, so not counted: {sessions}")
        if self.without_rows and self.rules.unlisted != "empty":
            notices.append(self._about_sessions_without_rows())
        return tuple(notices)

    def _about_sessions_without_rows(self) -> str:
        no_row = f"{self.rules.source} has no row for {some(self.without_rows)}"
        if self.rules.unlisted == "skip":
            return f"{no_row}: left out"
        return Text(
            f"{no_row}: taken as not annotated, so without scores (",
            Setting("unlisted", "empty"),
            " takes such a session as annotated with nothing found)",
        )


def _why_unplaced(item: Matched) -> str:
    """Why the times of a session cannot be known, or "".

    Times on the clock may be known nevertheless.
    """
    kept_rows = [row for row in item.rows if row.kept]
    if item.footage.missing_before_clock and all(map(_is_clock, kept_rows)):
        return ""
    return item.footage.missing


def _about_gaps(items: Sequence[Matched]) -> tuple[str, ...]:
    """A notice on sessions that parts are missing of."""
    if not items:
        return ()
    sessions = some([f"{item.footage.name} ({item.footage.missing})" for item in items])
    return (
        "not scored, and the times of events are not known, as parts are missing: "
        f"{sessions}; add them, or give the file after each gap a start in seconds of the session "
        "(column start of a manifest)",
    )


def _outcome(unscored: Sequence[str]) -> str:
    """What a row that cannot be used leads to, given the sessions that are not scored."""
    if not unscored:
        return "the row was left out"
    if len(unscored) == 1:
        return f"session {unscored[0]} is not scored"
    return f"sessions {some(unscored)} are not scored"


def _annotations(item: Matched) -> tuple[tuple[Annotation, ...], list[Problem]]:
    """A session's annotations in order of time, and all its rows that cannot be used."""
    annotations: list[Annotation] = []
    refused = list(item.refused)
    for row in item.rows:
        if not row.kept:
            continue
        annotation = _annotation(row, item.footage)
        if isinstance(annotation, Annotation):
            annotations.append(annotation)
        else:
            refused.append(
                Problem(
                    line=row.line,
                    reason=annotation,
                    session=row.session,
                    participant=row.participant,
                    file=row.file,
                )
            )
    refused.sort(key=lambda problem: problem.place)
    return tuple(sorted(annotations)), refused


def _annotation(row: Row, footage: Footage) -> Annotation | str:
    """A row's annotation, or why the row cannot be used."""
    onset_s = _session_seconds(row.onset, footage)
    offset_s = _session_seconds(row.offset, footage)
    if onset_s is None or offset_s is None:
        return "a clock time, but the start of its session on the clock is not known"
    if onset_s < 0:
        return f"{-onset_s:g} s before the start of its session"
    if onset_s > _HALF_DAY_S and not _is_day_certain(row, footage):
        hours = f"{onset_s / 3600:.1f} hours"
        return f"{hours} after the start of its session, or before it; write times with dates"
    if offset_s < onset_s:
        return "ends before it begins"
    return Annotation(
        session_id=footage.name,
        onset_s=onset_s,
        offset_s=offset_s,
        kind=row.kind,
        annotator=row.annotator,
        reacted=row.reacted,
    )


def _is_day_certain(row: Row, footage: Footage) -> bool:
    """Whether the clock leaves no doubt about the day."""
    return not _is_clock(row) or (_has_date(row.onset) and _has_date(footage.start))


def _has_date(moment: float | Clock | None) -> bool:
    return isinstance(moment, Clock) and moment.date is not None


def check_minutes(matched: Sequence[Matched], source: str) -> None:
    """Refuse times that were read as minutes and seconds, but are the clock's hours and minutes.

    Spreadsheets hide seconds: 10:15 may be 10:15:20. It is where all lie shortly after their
    session's start so.

    Raises:
        DatasetError: all times of sessions with a known start lie from a minute before to three
            hours after it.
    """
    times: list[float | Clock] = []
    for item in matched:
        start = item.footage.start
        if start is None:
            continue
        onsets = [row.onset for row in item.rows if row.kept]
        if not all(_may_be_hours_and_minutes(onset, start) for onset in onsets):
            return
        times += onsets
    if times and not isinstance(times[0], Clock):
        minutes, seconds = divmod(times[0], 60)
        example = f"{minutes:02.0f}:{seconds:02.0f}"
        raise DatasetError(
            f"{source}: times such as {example} are minutes and seconds, or hours and minutes of "
            "the clock: all lie shortly after the starts of their sessions",
            hint=Text(
                "write clock times with seconds, or say ",
                Setting("format.time_format", "mm:ss"),
            ),
        )


def _may_be_hours_and_minutes(onset: float | Clock, start: Clock) -> bool:
    """Whether minutes and seconds, taken as hours and minutes, lie shortly after a start."""
    if isinstance(onset, Clock) or onset % 1:
        return False
    of_day_s = onset * 60
    if of_day_s >= 2 * _HALF_DAY_S:
        return False
    return -60 <= since(Clock(of_day_s=of_day_s), start) <= _SESSION_S


def _is_clock(row: Row) -> bool:
    return isinstance(row.onset, Clock)


def _session_seconds(moment: float | Clock, footage: Footage) -> float | None:
    """Seconds of the session; None = not known."""
    if not isinstance(moment, Clock):
        return moment
    if footage.start is None:
        return None
    return since(moment, footage.start)


def _first_reason(refused: Sequence[Problem], rules: Rules) -> str:
    reason = f"{rules.source}, {refused[0]}"
    if len(refused) == 1:
        return reason
    return f"{reason} (and {len(refused) - 1} more)"


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
