"""Which session a row of an annotations file belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from ferbench.datasets.annotation_table import AnnotationTable, Problem, Row
from ferbench.datasets.naming import (
    NUMBERED_WITHIN,
    Finder,
    Identity,
    Naming,
    chosen,
    comparable_name,
    did_you_mean,
    without_suffix,
)
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.wording import some, some_lines

Unlisted = Literal["unannotated", "empty", "skip"]
"""What a session without any row is.

Not annotated (no scores), annotated with nothing found, or left out.
"""

RefusedRows = Literal["unscored", "skip"]
"""A session with a row that cannot be used: it gets no scores, or is scored with its other rows."""

BLANK: Final = "(blank)"
EVERYBODY: Final = "all"
_MANY: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How rows become annotations; the rest are fields of ``Study``.

    ``source`` is the file's name, and ``named_by`` what the videos' names come from, for messages.
    """

    source: str
    naming: Naming
    suffixes: tuple[str, ...]
    annotator: str | None = None
    unlisted: Unlisted = "unannotated"
    refused_rows: RefusedRows = "unscored"
    named_by: str = "dataset.pattern"


@dataclass(slots=True, kw_only=True)
class Matched:
    """A session's videos and what the file says of it.

    ``participant`` as the videos tell, else the file.
    """

    footage: Footage
    participant: str = ""
    rows: list[Row] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)


def match(
    footage: Sequence[Footage],
    table: AnnotationTable,
    rules: Rules,
    *,
    left_out: Collection[Identity] = (),
) -> tuple[list[Matched], list[str]]:
    """Find the session of each row.

    A row's names mean the session whose names are spelled exactly so, else the only one in the same
    comparable_name form (``naming.comparable_name``); a video's suffix in the session's cell counts for
    nothing. A row that cannot be used and has no session counts for all sessions of its
    participant, unless such rows are skipped.

    Args:
        footage: the sessions.
        table: the rows.
        rules: how they are read.
        left_out: sessions that exist, but are not used; nothing is told of their rows.

    Returns:
        One entry per session, in the given order, and notices: the file's, and about rows that
        belong to no session.

    Raises:
        DatasetError: an annotator must be chosen or does not exist, a name may mean several
            sessions, one name means sessions of several participants, or no row belongs to any
            session.
    """
    found = [Matched(footage=item, participant=item.participant) for item in footage]
    none: list[Matched] = []
    finder = Finder(
        [*((identity, none) for identity in left_out), *((m.footage.identity, [m]) for m in found)]
    )
    _check_fields(table, rules)
    strays: dict[Identity, list[Row]] = {}
    for row in by_annotator(table.rows, rules.annotator):
        identity = rules.naming.identity(row.session, row.participant)
        own = _find(finder, identity, rules, row.line)
        if own is None:
            strays.setdefault(identity, []).append(row)
        for matched in own or ():
            matched.rows.append(row)
    notices = [f"{rules.source}: {note}" for note in table.notes]
    people = {comparable_name(item.participant) for item in found if item.participant}
    for item in found:
        notices += _whose(item, rules, people)
    lost: dict[tuple[str, int], str] = {}
    for problem in table.problems:
        identity = rules.naming.identity(problem.session, problem.participant)
        own = (
            _find(finder, identity, rules, problem.line)
            if all(identity)
            else _of_person(problem, found, rules)
        )
        if own is None:
            lost[problem.place] = f"{rules.source}, {problem}; the row was left out"
        for matched in own or ():
            matched.refused.append(problem)
    if strays and not any(item.rows or item.refused for item in found):
        theirs = some([repr(rules.naming.name(identity)) for identity in list(strays)[:3]])
        ours = some([repr(item.footage.name) for item in found[:3]])
        raise DatasetError(
            f"{rules.source}: no row belongs to any video: the rows are of {theirs}, the videos of {ours}. "
            f"Say how names are made with {rules.named_by}, dataset.session_name and dataset.format.columns."
        )
    return found, notices + refusals(lost, rules.source) + _told(strays, found, rules)


def refusals(told: Mapping[tuple[str, int], str], source: str) -> list[str]:
    """What is told of each file and line, in order; of very many only the lines."""
    places = sorted(told)
    rest = (
        [f"{source}, {some_lines([n for _, n in places[_MANY:]])}: likewise"]
        if len(places) > _MANY
        else []
    )
    return [*(told[place] for place in places[:_MANY]), *rest]


def _check_fields(table: AnnotationTable, rules: Rules) -> None:
    """Raise DatasetError where no row has what a session's name is made of."""
    for name in rules.naming.fields:
        if table.rows and not any(getattr(row, name) for row in table.rows):
            raise DatasetError(
                f"{rules.source}: sessions are named {rules.naming.template!r}, but the rows have no {name}; name its "
                f"column in dataset.format.columns.{name}, or set dataset.session_name"
            )


def _of_person(problem: Problem, found: Sequence[Matched], rules: Rules) -> list[Matched] | None:
    """All sessions that a row without a session may be of; None = not known."""
    if rules.refused_rows == "skip" or not problem.participant:
        return None
    return [
        m
        for m in found
        if m.participant and comparable_name(m.participant) == comparable_name(problem.participant)
    ] or None


def _find(
    finder: Finder[list[Matched]], identity: Identity, rules: Rules, line: int
) -> list[Matched] | None:
    """The session of a row, [] = one that is left out, None = none."""
    try:
        found = finder.find(identity)
        if found is None and rules.naming.fields[0] == "session":
            found = finder.find((without_suffix(identity[0], rules.suffixes), *identity[1:]))
    except DatasetError as error:
        raise DatasetError(f"{rules.source}, line {line}: session {error}") from None
    return found


def by_annotator(rows: Sequence[Row], annotator: str | None) -> list[Row]:
    """The rows of the chosen annotator; spellings of one name are one person, as for sessions."""
    spelled: dict[str, str] = {}
    names = [
        spelled.setdefault(comparable_name(row.annotator), row.annotator) or BLANK for row in rows
    ]
    counts = Counter(names)
    if annotator is None and len(counts) > 1:
        listed = ", ".join(
            f"{name} ({count} row{'s' * (count > 1)})" for name, count in sorted(counts.items())
        )
        example = next(name for name, _ in counts.most_common() if name != BLANK)
        raise DatasetError(
            f"several people annotated: {listed}; choose one with dataset.annotator={example}, "
            f"or dataset.annotator={EVERYBODY} (each row is an annotation of its own)"
        )
    if annotator in (None, EVERYBODY) or not rows:
        return list(rows)
    name = chosen("dataset.annotator", str(annotator), counts)
    return [row for row, own in zip(rows, names, strict=True) if own == name]


def _whose(item: Matched, rules: Rules, known: set[str]) -> list[str]:
    """Take the participant from the rows where the videos do not tell.

    A notice where they call the person otherwise.

    Raises DatasetError where the rows name several people, or one that other videos are of.
    """
    people = {comparable_name(row.participant): row for row in item.rows if row.participant}
    if "participant" in rules.naming.fields or not people:
        return []
    mend = (
        f"Where sessions are numbered within participants, set dataset.session_name='{NUMBERED_WITHIN}'; where the "
        "column is not about who was filmed, set dataset.format.columns.participant=null."
    )
    if len(people) > 1:
        told = " and ".join(
            f"{row.participant!r} (line {row.line})" for row in list(people.values())[:2]
        )
        raise DatasetError(
            f"{rules.source}: session {item.footage.name!r} is there for participants {told}. {mend}"
        )
    [row] = people.values()
    if not item.participant:
        item.participant = row.participant
    elif comparable_name(item.participant) != comparable_name(row.participant):
        differs = (
            f"{rules.source}, line {row.line}: session {item.footage.name!r} is of participant {row.participant!r}, "
            f"by its video of {item.participant!r}"
        )
        if comparable_name(row.participant) in known:
            raise DatasetError(f"{differs}. {mend}")
        return [f"{differs}; the video's is used"]
    return []


def _told(strays: dict[Identity, list[Row]], found: Sequence[Matched], rules: Rules) -> list[str]:
    """One notice per session that has annotations, but no video."""
    free = [item.footage.name for item in found if not item.rows]
    lines = {
        identity: [row.line for row in rows if row.kept]
        for identity, rows in sorted(strays.items())
    }
    names = {rules.naming.name(identity): own for identity, own in lines.items() if own}
    notices = [
        f"{rules.source}, {some_lines(own)}: no video is of session {name!r}{did_you_mean(name, free)}; left out"
        for name, own in list(names.items())[:_MANY]
    ]
    rest = list(names)[_MANY:]
    return [
        *notices,
        *([f"{rules.source}: no video is of sessions {some(rest)}; left out"] if rest else []),
    ]
