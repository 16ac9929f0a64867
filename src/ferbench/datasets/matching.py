"""Which session a row of an annotations file belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from ferbench.datasets.annotators import by_annotator
from ferbench.datasets.naming import (
    NUMBERED_WITHIN,
    Finder,
    Identity,
    Naming,
    without_suffix,
)
from ferbench.datasets.recordings import Footage
from ferbench.datasets.stray_rows import no_row_belongs, without_video
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import (
    AnnotationRow,
    AnnotationTable,
    RefusedRow,
    line_of,
)
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name, same_name
from ferbench.wording import some_lines

Unlisted = Literal["unannotated", "empty", "skip"]
"""What a session without any row is.

Not annotated (no scores), annotated with nothing found, or left out.
"""

RefusedRows = Literal["unscored", "skip"]
"""A session with a row that cannot be used: it gets no scores, or is scored with its other rows."""

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
    named_by: str = Text(Setting("pattern"))


@dataclass(slots=True, kw_only=True)
class Matched:
    """A session's videos and what the file says of it.

    ``participant`` as the videos tell, else the file.
    """

    footage: Footage
    participant: str = ""
    rows: list[AnnotationRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def match(
    footage: Sequence[Footage],
    table: AnnotationTable,
    rules: Rules,
    *,
    left_out: Collection[Identity] = (),
) -> tuple[list[Matched], list[str]]:
    """Find the session of each row.

    A row's names mean the session whose names are spelled exactly so, else the only one whose names
    differ in spelling only (``spelling.comparable_name``); a video's suffix in the session's cell
    counts for nothing. A row that cannot be used and has no session counts for all sessions of its
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
    _check_fields(table, rules)
    sessions = _Sessions(footage, rules, left_out)
    chosen = by_annotator(table, rules.annotator)
    strays = sessions.take_rows(chosen.rows)
    notices: list[str] = [Text(f"{rules.source}: ", note) for note in table.notes]
    notices += sessions.take_participants()
    lost = sessions.take_refused(chosen.refused)
    lost |= {row.place: _of_another(row, rules) for row in chosen.refused_of_others}
    if strays and sessions.are_without_rows:
        raise no_row_belongs(strays, footage, rules.naming, rules.source, rules.named_by)
    notices += refusals(lost, rules.source)
    notices += without_video(strays, sessions.names_without_row, rules.naming, rules.source)
    return sessions.all, notices


def _of_another(row: RefusedRow, rules: Rules) -> str:
    return f"{rules.source}, {row}; a row of {row.annotator}, who was not chosen"


class _Sessions:
    """The sessions, and which of them a row means."""

    def __init__(
        self, footage: Sequence[Footage], rules: Rules, left_out: Collection[Identity]
    ) -> None:
        self.all = [Matched(footage=item, participant=item.participant) for item in footage]
        self._rules = rules
        known: dict[Identity, list[Matched]] = {identity: [] for identity in left_out}
        for item in self.all:
            known[item.footage.identity] = [item]
        self._finder = Finder(known.items())

    @property
    def are_without_rows(self) -> bool:
        """Whether none has a row."""
        return not any(item.rows or item.refused for item in self.all)

    @property
    def names_without_row(self) -> list[str]:
        """Names of those that have no usable row."""
        return [item.footage.name for item in self.all if not item.rows]

    def take_rows(self, rows: Sequence[AnnotationRow]) -> dict[Identity, list[AnnotationRow]]:
        """Give each row to its session; return those that are of none."""
        strays: dict[Identity, list[AnnotationRow]] = {}
        for row in rows:
            identity = self._rules.naming.identity(row.session, row.participant)
            items = self._find(identity, row)
            if items is None:
                strays.setdefault(identity, []).append(row)
                continue
            for item in items:
                item.rows.append(row)
        return strays

    def take_participants(self) -> list[str]:
        """Take participants from the rows where the videos do not tell them; return notices."""
        known = {comparable_name(item.participant) for item in self.all if item.participant}
        notices = []
        for item in self.all:
            notices += _take_participant(item, self._rules, known)
        return notices

    def take_refused(self, rows: Sequence[RefusedRow]) -> dict[tuple[str, int], str]:
        """Give refused rows to their sessions; return, by place, what is told of the others."""
        lost = {}
        for row in rows:
            items = self._of_refused(row)
            if items is None:
                lost[row.place] = f"{self._rules.source}, {row}; the row was left out"
                continue
            for item in items:
                item.refused.append(row)
        return lost

    def _of_refused(self, row: RefusedRow) -> list[Matched] | None:
        """The sessions that a refused row may be of; None = not known."""
        identity = self._rules.naming.identity(row.session, row.participant)
        if all(identity):
            return self._find(identity, row)
        return self._of_participant(row.participant)

    def _find(self, identity: Identity, row: AnnotationRow | RefusedRow) -> list[Matched] | None:
        """The session of a row, [] = one that is left out, None = none.

        Raises DatasetError where it may be several.
        """
        try:
            items = self._finder.find(identity)
            if items is None and self._rules.naming.fields[0] == "session":
                session = without_suffix(identity[0], self._rules.suffixes)
                items = self._finder.find((session, *identity[1:]))
        except DatasetError as error:
            place = f"{self._rules.source}, {line_of(row)}"
            raise DatasetError(Text(f"{place}: session ", error.text())) from None
        return items

    def _of_participant(self, participant: str) -> list[Matched] | None:
        """All sessions that a refused row without a session may be of; None = not known."""
        if self._rules.refused_rows == "skip" or not participant:
            return None
        named = [item for item in self.all if item.participant]
        theirs = [item for item in named if same_name(item.participant, participant)]
        return theirs or None


def _check_fields(table: AnnotationTable, rules: Rules) -> None:
    """Raise DatasetError where no row has what a session's name is made of."""
    for name in rules.naming.fields:
        values = {getattr(row, name) for row in table.rows}
        if values == {""}:
            raise DatasetError(
                f"{rules.source}: sessions are named {rules.naming.template!r}, but the rows have "
                f"no {name}",
                hint=Text(
                    "name its column in ",
                    Setting(f"format.columns.{name}"),
                    ", or set ",
                    Setting("session_name"),
                ),
            )


def _take_participant(item: Matched, rules: Rules, known: set[str]) -> list[str]:
    """Take the participant from the rows where the videos do not tell.

    A notice where they call the person otherwise.

    Raises DatasetError where the rows name several people, or one that other videos are of.
    """
    if "participant" in rules.naming.fields:
        return []
    row_of = {comparable_name(row.participant): row for row in item.rows if row.participant}
    rows = list(row_of.values())
    if len(rows) > 1:
        raise _several_participants(item, rows, rules)
    if not rows or same_name(item.participant, rows[0].participant):
        return []
    if item.participant:
        return [_other_participant(item, rows[0], rules, known)]
    item.participant = rows[0].participant
    return []


def _other_participant(item: Matched, row: AnnotationRow, rules: Rules, known: set[str]) -> str:
    """A notice on a session that its video and its row call of different people.

    Raises DatasetError where the row's is on another video.
    """
    differs = (
        f"{rules.source}, {line_of(row)}: session {item.footage.name!r} is of participant "
        f"{row.participant!r}, by its video of {item.participant!r}"
    )
    if comparable_name(row.participant) in known:
        raise DatasetError(differs, hint=_mend_participants())
    return f"{differs}; the video's is used"


def _several_participants(
    item: Matched, rows: Sequence[AnnotationRow], rules: Rules
) -> DatasetError:
    two = [f"{row.participant!r} ({line_of(row)})" for row in rows[:2]]
    session = f"session {item.footage.name!r}"
    return DatasetError(
        f"{rules.source}: {session} is there for participants {' and '.join(two)}",
        hint=_mend_participants(),
    )


def _mend_participants() -> Text:
    return Text(
        "where sessions are numbered within participants, set ",
        Setting("session_name", NUMBERED_WITHIN),
        "; where the column is not about who was filmed, set ",
        Setting("format.columns.participant", "null"),
    )


def refusals(notices: Mapping[tuple[str, int], str], source: str) -> list[str]:
    """What is told of refused rows, by file and line, in order; of very many only the lines."""
    places = sorted(notices)
    first = [notices[place] for place in places[:_MANY]]
    rest = [line for _, line in places[_MANY:]]
    if not rest:
        return first
    return [*first, f"{source}, {some_lines(rest)}: likewise"]
