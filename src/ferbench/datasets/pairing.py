"""From the videos of sessions and the rows of annotations to sessions that can be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ferbench.datasets.matching import Matched, Rules, refusals
from ferbench.datasets.recordings import Footage
from ferbench.datasets.session_annotations import annotations_of, is_on_clock
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import RefusedRow
from ferbench.sentences import Setting, Text
from ferbench.timespans import contains
from ferbench.types import Annotation, Session
from ferbench.wording import some


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
    clocked = list(filter(_is_on_clock, matched))
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
    refused: dict[tuple[str, int], RefusedRow] = field(default_factory=dict)
    unscored: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    with_gaps: list[Matched] = field(default_factory=list)
    without_rows: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def add(self, item: Matched) -> None:
        """Pair a session with its rows."""
        annotations, refused = annotations_of(item)
        why_unplaced = _why_unplaced(item)
        why_refused = self._why_refused(item, refused)
        self._note_refused(item, refused, is_scored=not why_unplaced and not why_refused)
        is_skipped = self.rules.unlisted == "skip" and not item.rows and not refused
        if why_unplaced and not is_skipped:
            self.with_gaps.append(item)
            self.sessions.append(_session(item, None, why_unplaced))
        elif why_refused:
            self.sessions.append(_session(item, None, why_refused))
        elif item.rows:
            self.sessions.append(_session(item, annotations))
            self._note_outside(item.footage, annotations)
        else:
            self._add_without_rows(item)

    def _why_refused(self, item: Matched, refused: Sequence[RefusedRow]) -> str:
        """Why a session is not scored because of rows that cannot be used, or ""."""
        has_usable = len(item.rows) + len(item.refused) > len(refused)
        skips_refused = self.rules.refused_rows == "skip" and has_usable
        if not refused or skips_refused:
            return ""
        return _first_reason(refused, self.rules)

    def _note_refused(
        self, item: Matched, refused: Sequence[RefusedRow], *, is_scored: bool
    ) -> None:
        for problem in refused:
            self.refused[problem.place] = problem
            unscored = self.unscored.setdefault(problem.place, [])
            if not is_scored:
                unscored.append(repr(item.footage.name))

    def _note_outside(self, footage: Footage, annotations: Sequence[Annotation]) -> None:
        outside = [item for item in annotations if not _is_observed(item.onset_s, footage)]
        if outside:
            self.outside.append(f"{footage.name} ({len(outside)})")

    def _add_without_rows(self, item: Matched) -> None:
        self.without_rows.append(item.footage.name)
        if self.rules.unlisted == "empty":
            self.sessions.append(_session(item, ()))
        elif self.rules.unlisted == "unannotated":
            self.sessions.append(_session(item, None))

    def notices(self) -> tuple[str, ...]:
        """What was left out."""
        return (
            *_about_gaps(self.with_gaps),
            *self._about_refused(),
            *self._about_outside(),
            *self._about_sessions_without_rows(),
        )

    def _about_refused(self) -> list[str]:
        source = self.rules.source
        outcomes = {
            place: f"{source}, {problem}; {_outcome(self.unscored[place])}"
            for place, problem in self.refused.items()
        }
        return refusals(outcomes, source)

    def _about_outside(self) -> list[str]:
        if not self.outside:
            return []
        sessions = some(self.outside)
        return [f"annotated outside of what was observed, so not counted: {sessions}"]

    def _about_sessions_without_rows(self) -> list[str]:
        if not self.without_rows or self.rules.unlisted == "empty":
            return []
        no_row = f"{self.rules.source} has no row for {some(self.without_rows)}"
        if self.rules.unlisted == "skip":
            return [f"{no_row}: left out"]
        return [
            Text(
                f"{no_row}: taken as not annotated, so without scores (",
                Setting("unlisted", "empty"),
                " takes such a session as annotated with nothing found)",
            )
        ]


def _is_on_clock(item: Matched) -> bool:
    """Whether a session has rows with clock times."""
    return any(map(is_on_clock, item.rows))


def _is_observed(time_s: float, footage: Footage) -> bool:
    """Whether a time lies in what was observed; everything was where nothing is said."""
    return footage.observed is None or contains(footage.observed, time_s)


def _why_unplaced(item: Matched) -> str:
    """Why the times of a session cannot be known, or "".

    Times on the clock may be known nevertheless.
    """
    kept_rows = [row for row in item.rows if row.kept]
    if item.footage.missing_before_clock and all(map(is_on_clock, kept_rows)):
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


def _first_reason(refused: Sequence[RefusedRow], rules: Rules) -> str:
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
