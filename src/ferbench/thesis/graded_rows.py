"""Grades of events as the thesis' grade file, and its grade file's counts session by session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.errors import DataError
from ferbench.scoring.graded_events import GradedEvent, Verdict
from ferbench.thesis.grades import TRUE, GradeBlock
from ferbench.thesis.results import participants_in, session_in
from ferbench.wording import some

LETTERS: Final[Mapping[Verdict, str]] = {
    "right": TRUE,
    "wrong": "F",
    "unsure": "?",
    "split": "?",
    "ungraded": "",
}
"""What is not ``T`` counts as false in the thesis' program, ``?`` and an empty cell too."""
NO_MODEL: Final = "model"
"""What a model without a name is called there."""


def grade_blocks(events: Sequence[GradedEvent]) -> tuple[GradeBlock, ...]:
    """Graded events as blocks of the thesis' file, sorted by session and model.

    Participant and session are the five digits and the number after ``Sessie`` in the session's
    name, as in the thesis. A name without them stands for the participant, its session is empty.

    Raises:
        DataError: an event has no time code, which needs the video's frame rate.
    """
    without = sorted({event.session for event in events if not event.timecode})
    if without:
        raise DataError(
            f"the thesis' grade file holds time codes, and events of {some(without)} have none",
            hint="they have one where events are found in predictions or graded in the report of "
            "their session",
        )
    by_block: dict[tuple[str, str, str], list[GradedEvent]] = defaultdict(list)
    for event in events:
        participant, session = session_cells(event.session)
        by_block[participant, session, event.model or NO_MODEL].append(event)
    return tuple(_block(*key, by_block[key]) for key in sorted(by_block))


def session_cells(session: str) -> tuple[str, str]:
    """The two cells of a session.

    >>> session_cells("10234 Sessie 2 front"), session_cells("single_face")
    (('10234', '2'), ('single_face', ''))
    """
    participants, number = participants_in(session), session_in(session)
    if participants and number is not None:
        return participants[0], number
    return session, ""


def _block(participant: str, session: str, model: str, events: Sequence[GradedEvent]) -> GradeBlock:
    in_order = sorted(events, key=lambda event: (event.onset_s, event.offset_s))
    return GradeBlock(
        participant=participant,
        session=session,
        model=model,
        cells=(
            tuple(str(number) for number in range(len(in_order))),
            tuple(event.timecode for event in in_order),
            tuple(LETTERS[event.verdict] for event in in_order),
        ),
    )
