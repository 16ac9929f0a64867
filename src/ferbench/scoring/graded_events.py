"""Events with what people say of them: a verdict for each, and events of several models pooled.

The thesis' way (T. Deelstra 2023, convert_grade_file; see ``thesis.grade_counts``) with raters and
a tolerance: what some model has right is there to be found, and a model misses what it did not
list at all. A time that it listed and that was graded wrong is a false alarm and no miss.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ferbench.formats.grades import Grade, GradeRow
from ferbench.scoring.scored_session import Stamp
from ferbench.timespans import TOLERANCE_S

Verdict = Literal["right", "wrong", "unsure", "split", "ungraded"]
"""``split``: as many raters say right as wrong."""
_Identity = tuple[str, str, str, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedEvent:
    """One event of one model.

    Attributes:
        session: its session.
        participant: who is on the video; "" = not told.
        model: whose event it is.
        label: expression.
        onset_s: seconds of the session.
        offset_s: likewise.
        trigger_s: likewise.
        timecode: of its first frame, as the thesis has it; "" = not told.
        unit: what raters saw: the item of a page that hides the model, else the event.
        rows: by rater the last that it said.
    """

    session: str
    participant: str
    model: str
    label: str
    onset_s: float
    offset_s: float
    trigger_s: float
    timecode: str
    unit: tuple[object, ...]
    rows: Mapping[str, GradeRow]

    @property
    def cluster(self) -> str:
        """The unit of resampling: the participant, else the session."""
        return self.participant or f"session {self.session}"

    @property
    def verdict(self) -> Verdict:
        """What most raters say who are sure."""
        return verdict_of(row.grade for row in self.rows.values())

    def stamp_s(self, stamp: Stamp) -> float:
        """The event's time."""
        return self.trigger_s if stamp == "trigger" else self.onset_s


def verdict_of(grades: Iterable[Grade]) -> Verdict:
    """What most say who are sure.

    >>> verdict_of(["right", "unsure", ""]), verdict_of(["right", "wrong"]), verdict_of([""])
    ('right', 'split', 'ungraded')
    """
    counts = Counter(grades)
    if not counts["right"] and not counts["wrong"]:
        return "unsure" if counts["unsure"] else "ungraded"
    if counts["right"] == counts["wrong"]:
        return "split"
    return "right" if counts["right"] > counts["wrong"] else "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Rows of any number of raters and files as events.

    Attributes:
        events: by session, time and model.
        changed: how often a rater graded an event again, with another grade; the last counts.
    """

    events: tuple[GradedEvent, ...]
    changed: int


def merged(rows: Iterable[GradeRow]) -> Merged:
    """Put the rows of one event together.

    An event is known by its session, model, label and times (to the microsecond). Where a rater
    graded it several times, the latest ``when`` counts, and of equal ones the last row.
    """
    by_event: dict[_Identity, dict[str, GradeRow]] = defaultdict(dict)
    participants: dict[str, str] = {}
    changed = 0
    for row in rows:
        if row.participant:
            participants.setdefault(row.session, row.participant)
        of_event = by_event[_identity(row)]
        earlier = of_event.get(row.rater)
        if earlier is None or not earlier.grade:
            of_event[row.rater] = row
            continue
        changed += row.grade not in ("", earlier.grade)
        if row.grade and row.when >= earlier.when:
            of_event[row.rater] = row
    events = [
        _event(of_event, participants.get(identity[0], ""))
        for identity, of_event in sorted(by_event.items())
    ]
    return Merged(events=tuple(events), changed=changed)


def _identity(row: GradeRow) -> _Identity:
    onset_s, offset_s, trigger_s = (
        round(each, 6) for each in (row.onset_s, row.offset_s, row.trigger_s)
    )
    return row.session, row.model, row.label, onset_s, offset_s, trigger_s


def _event(rows: Mapping[str, GradeRow], participant: str) -> GradedEvent:
    row = next(iter(rows.values()))
    timecode = next((each.timecode for each in rows.values() if each.timecode), "")
    item = next((each.item for each in rows.values() if each.item), "")
    return GradedEvent(
        session=row.session,
        participant=participant,
        model=row.model,
        label=row.label,
        onset_s=row.onset_s,
        offset_s=row.offset_s,
        trigger_s=row.trigger_s,
        timecode=timecode,
        unit=("item", item) if item else _identity(row),
        rows=dict(sorted(rows.items())),
    )


def pools(
    events: Sequence[GradedEvent], *, tolerance_s: float, stamp: Stamp
) -> tuple[tuple[GradedEvent, ...], ...]:
    """Events of several models that are one event of the session.

    In the order of time an event joins the pool before it, where that has the session and label,
    begins at most ``tolerance_s`` earlier and has no event of its model yet.
    """

    def place(event: GradedEvent) -> tuple[str, str, float, str]:
        return event.session, event.label, event.stamp_s(stamp), event.model

    found: list[list[GradedEvent]] = []
    for event in sorted(events, key=place):
        if found and _belongs(event, found[-1], tolerance_s, stamp):
            found[-1].append(event)
        else:
            found.append([event])
    return tuple(map(tuple, found))


def _belongs(
    event: GradedEvent, pool: Sequence[GradedEvent], tolerance_s: float, stamp: Stamp
) -> bool:
    first = pool[0]
    if (first.session, first.label) != (event.session, event.label):
        return False
    if any(other.model == event.model for other in pool):
        return False
    return event.stamp_s(stamp) - first.stamp_s(stamp) <= tolerance_s + TOLERANCE_S
