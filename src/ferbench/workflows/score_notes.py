"""What a reader of scores of two tables should know: times and sessions that look odd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ferbench.errors import DatasetError
from ferbench.formats.length_table import SessionLength
from ferbench.scoring.session_outcome import SessionOutcome
from ferbench.sentences import Action, Setting, Text
from ferbench.types import Annotation, Event
from ferbench.wording import some


def silent_sessions(names: Iterable[str], events_file: str) -> Text:
    """A note on sessions without any event that may not have been looked at."""
    return Text(
        f"no event in {events_file}, so scored as nothing found: {some(sorted(names))} (a table "
        "of sessions' lengths, ",
        Setting("lengths"),
        ", would tell them from sessions that were not looked at)",
    )


def annotated_after_the_end(
    annotations: Mapping[str, Sequence[Annotation]],
    lengths: Mapping[str, SessionLength],
    annotations_file: str,
) -> list[str]:
    """A note on annotations after their session's end, where that is known.

    Raises:
        DatasetError: all of several are: then the times are read wrongly.
    """
    num_judged = 0
    late: list[tuple[str, float]] = []
    for name, of_session in annotations.items():
        duration_s = _whole_s(lengths.get(name))
        if duration_s is None:
            continue
        num_judged += len(of_session)
        late += [(name, each.onset_s) for each in of_session if each.onset_s >= duration_s]
    if not late:
        return []
    name, onset_s = late[0]
    example = f"{name!r} is {lengths[name].duration_s:.1f} s long, and annotated at {onset_s:g} s"
    if len(late) == num_judged > 1:
        raise DatasetError(
            f"all annotations of {annotations_file} lie after their sessions' ends ({example})",
            hint=Text(
                "say how its times are written with ",
                Setting("format.time_format"),
                ". Clock times can only be scored by ",
                Action("evaluate"),
            ),
        )
    return [
        f"annotated after the session's end, counted as missed: {len(late)} (the first: "
        f"{example}); check the unit"
    ]


def unused_window(scoring: str) -> Text:
    """A note that a window was given which the criterion does not have."""
    return Text(
        Setting("pre_s"),
        " and ",
        Setting("post_s"),
        " do not change which events match with ",
        Setting("scoring", scoring),
    )


def events_outside(
    events: Mapping[str, Sequence[Event]], lengths: Mapping[str, SessionLength], events_file: str
) -> list[str]:
    """A note on events before or after their session, where its length is known."""
    outside: list[tuple[Event, float]] = []
    for name, of_session in events.items():
        duration_s = _whole_s(lengths.get(name))
        if duration_s is None:
            continue
        for event in of_session:
            if not 0 <= event.onset_s <= duration_s:
                outside.append((event, duration_s))
    if not outside:
        return []
    event, duration_s = outside[0]
    return [
        f"events of {events_file} outside of their sessions: {len(outside)} (the first: "
        f"{event.session_id!r} is {duration_s:.1f} s long, with an event at {event.onset_s:g} s); "
        "check the unit"
    ]


def annotated_outside(
    annotations: Mapping[str, Sequence[Annotation]], outcomes: Mapping[str, SessionOutcome]
) -> list[str]:
    """A note on annotations that do not count, because nothing was observed or recorded there."""
    outside = []
    for name, of_session in annotations.items():
        num_left_out = len(of_session) - outcomes[name].counts.n_ref
        if num_left_out:
            outside.append(f"{name} ({num_left_out})")
    if not outside:
        return []
    return [
        "annotated outside of what was observed or recorded, so not counted: "
        f"{some(sorted(outside))}"
    ]


def _whole_s(length: SessionLength | None) -> float | None:
    """How long a session that was observed as a whole is, seconds; None = not known."""
    if length is None or length.observed is not None or not length.duration_s > 0:
        return None
    return length.duration_s
