"""The tables that ``ferbench score`` compares.

Events, sessions' lengths and annotations, put together by session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ferbench.datasets.naming import Naming
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, errors_within
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.event_table import EventTable
from ferbench.formats.length_table import SessionLength, is_lengths, read_lengths
from ferbench.formats.times import TimeFormat
from ferbench.labels import expression_name
from ferbench.sentences import Setting, Text
from ferbench.types import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to compare.

    Attributes:
        events: table of events (CSV, or JSON of ``ferbench events``).
        annotations: CSV of annotations.
        lengths: table of sessions' lengths; None = the one beside ``events``, if there is one.
        table: how the CSV of annotations is written.
        naming: how the session's name is made of a row's session and participant.
        annotator: whose annotations; "all" = everybody's; None = there is one annotator only.
        label: events of this expression only; None = all.
        pre_s: window before an annotation's onset, seconds.
        post_s: window after it, seconds.
        stamp: an event's time; None = the trigger where the table has it, else the onset.
        unlisted: what a session without a row in the CSV is.
        scoring: choice of ``conf/scoring``: how events and annotations are matched.
        settings: of its values, by name.
        intervals: also chance levels and intervals, which take a second or more.
        study: whose annotations they are; None = nothing says when sessions began.
    """

    events: Path
    annotations: Path
    lengths: Path | None
    table: Table
    naming: Naming
    annotator: str | None
    label: str | None
    pre_s: float
    post_s: float
    stamp: Literal["trigger", "onset"] | None
    unlisted: Literal["unannotated", "empty"]
    scoring: str
    settings: Sequence[tuple[str, str]]
    intervals: bool
    study: Study | None = None


def events_of_label(table: EventTable, request: Request) -> list[Event]:
    """Events of the wanted expression."""
    if request.label is None:
        return list(table.events)
    wanted = _one_spelling(request.label)
    found = [event for event in table.events if _one_spelling(event.label) == wanted]
    there = sorted({event.label for event in table.events})
    if not found and there:
        raise ConfigError(
            f"no event has {request.label!r}; there are: {', '.join(map(repr, there))}", key="label"
        )
    return found


def _one_spelling(label: str) -> str:
    try:
        return expression_name(label)
    except ConfigError:
        return label.strip()


def lengths_of(request: Request) -> tuple[dict[str, SessionLength] | None, list[str]]:
    """Lengths of the sessions where they can be had, and what to say otherwise."""
    if request.lengths is not None:
        return read_lengths(request.lengths), []
    beside = request.events.with_suffix(".sessions.csv"), request.events.with_name("sessions.csv")
    for path in beside:
        if path.is_file() and path != request.annotations and is_lengths(path):
            return read_lengths(path), [
                f"sessions and their lengths: {path.name}, beside {request.events.name}"
            ]
    setting = Setting("lengths")
    note = Text(
        "the sessions' lengths are not known, so there are no false alarms per minute (",
        setting,
        " gives them)",
    )
    return None, [note]


def stamp_of(table: EventTable, request: Request, notes: list[str]) -> Literal["trigger", "onset"]:
    """What an event's time is, and a note where the table decides it.

    Raises:
        ConfigError: triggers are asked for, and the table does not have them.
    """
    if table.has_triggers or not table.events:
        return request.stamp or "trigger"
    if request.stamp == "trigger":
        raise ConfigError(
            f"{request.events.name} does not have trigger_s for every event",
            key="stamp",
            hint=Text("use ", Setting("stamp", "onset")),
        )
    if request.stamp is None:
        notes.append(
            f"{request.events.name} does not have trigger_s for every event: its events count at "
            "their onset"
        )
    return "onset"


def table_from(
    *,
    columns: Sequence[tuple[str, str]],
    keep: Sequence[tuple[str, str]],
    time_format: str,
    frame_rate_hz: float | None,
    sheet: str | None,
    tier: str | None,
) -> Table:
    """How the annotations are written, from pairs of texts; a column "null" is not read.

    Raises:
        ConfigError: no such column of ours, or no such format of times.
    """
    known = [field.name for field in fields(Columns)]
    for name, _ in columns:
        if name not in known:
            raise ConfigError(
                key="format.columns",
                expected=f"one of {', '.join(known)} before the '='",
                got=name,
            )
    formats = get_args(TimeFormat)
    if time_format not in formats:
        raise ConfigError(
            key="format.time_format", expected=f"one of {', '.join(formats)}", got=time_format
        )
    kept: dict[str, tuple[str, ...]] = {}
    for name, value in keep:
        kept[name] = (*kept.get(name, ()), value)
    names: dict[str, Any] = {name: theirs for name, theirs in columns if theirs != "null"}
    names |= {name: None for name, theirs in columns if theirs == "null"}
    with errors_within("format.columns"):
        named = replace(Columns(), **names)
    with errors_within("format"):
        return Table(
            columns=named,
            keep=kept,
            time_format=time_format,  # type: ignore[arg-type]
            frame_rate_hz=frame_rate_hz,
            sheet=sheet,
            tier=tier,
        )
