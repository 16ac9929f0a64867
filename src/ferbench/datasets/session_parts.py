"""The files of one session and camera in order, each with its place in the session."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ferbench.datasets.part_gaps import PartGap, first_gap
from ferbench.datasets.recordings import Moment, Recording, natural
from ferbench.errors import DatasetError
from ferbench.formats.times import Clock, since
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name
from ferbench.types import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedParts:
    """The files of one session and camera.

    Attributes:
        parts: with their places in the session, in order.
        start: the session's second 0 on the clock; None = not known.
    """

    parts: tuple[Part, ...]
    start: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingParts:
    """Parts that are not there.

    Attributes:
        reason: which, for messages; "" = none.
        clock_is_known: seconds of the session are not known, but times on the clock are.
    """

    reason: str = ""
    clock_is_known: bool = False


def in_order(session: str, recordings: Sequence[Recording]) -> list[Recording]:
    """Files in order of their parts, or of their starts where no part is named.

    Args:
        session: its name, for messages.
        recordings: its files of one camera.

    Raises:
        DatasetError: two files are the same part, or their order is not known.
    """
    if len(recordings) == 1:
        return list(recordings)
    num_named = sum(map(_has_part, recordings))
    if num_named == len(recordings):
        return _by_part(session, recordings)
    if num_named == 0 and _have_starts(recordings):
        return _by_start(recordings)
    named_first = sorted(recordings, key=_has_part, reverse=True)
    one, other = named_first[-2:]
    raise DatasetError(
        f"{one.where} and {other.where} are the same session, {session!r}",
        hint=Text(
            "if they are its parts, say which comes when (a group (?P<part>...) in ",
            Setting("pattern"),
            ", or a column part or start in the manifest); if not, their names must differ",
        ),
    )


def _has_part(recording: Recording) -> bool:
    return bool(recording.part)


def _have_starts(recordings: Sequence[Recording]) -> bool:
    """Whether all files have a start, all on the clock or all in seconds."""
    kinds = {type(recording.start) for recording in recordings}
    return len(kinds) == 1 and recordings[0].start is not None


def _by_part(session: str, recordings: Sequence[Recording]) -> list[Recording]:
    ordered = sorted(recordings, key=lambda recording: natural(recording.part))
    for one, other in pairwise(ordered):
        if natural(one.part) == natural(other.part):
            raise DatasetError(
                f"{one.where} and {other.where} are both part {other.part!r} of session {session!r}"
            )
    return ordered


def _by_start(recordings: Sequence[Recording]) -> list[Recording]:
    """Files in order of their starts; over midnight, in the order that spans least time."""
    orders = [_by_start_since(recordings, first.start) for first in recordings]
    return min(orders, key=_span_s)


def _by_start_since(recordings: Sequence[Recording], zero: Moment | None) -> list[Recording]:
    return sorted(recordings, key=lambda recording: _start_s(recording, zero))


def _start_s(recording: Recording, zero: Moment | None) -> float:
    return _seconds(recording.start, zero)


def _span_s(ordered: Sequence[Recording]) -> float:
    """Seconds between the first and the last start."""
    zero = ordered[0].start
    return _start_s(ordered[-1], zero) - _start_s(ordered[0], zero)


def place_parts(session: str, ordered: Sequence[Recording]) -> PlacedParts:
    """Files as parts with their places in the session, and the clock time of its second 0.

    Args:
        session: its name, for messages.
        ordered: its files of one camera in order.

    Raises:
        DatasetError: starts do not fit together.
    """
    _check_starts(session, ordered)
    first = ordered[0]
    zero = first.start if isinstance(first.start, Clock) else None
    starts_s = [_known_start_s(recording, zero) for recording in ordered]
    _check_rising(session, ordered, zero)
    parts = tuple(
        Part(path=recording.path, start_s=start_s)
        for recording, start_s in zip(ordered, starts_s, strict=True)
    )
    return PlacedParts(parts=parts, start=zero)


def _check_rising(session: str, ordered: Sequence[Recording], zero: Moment | None) -> None:
    """Raise DatasetError where a file starts no later than the one before it."""
    for before, after in pairwise(filter(_has_start, ordered)):
        before_s, after_s = _start_s(before, zero), _start_s(after, zero)
        if after_s <= before_s:
            raise DatasetError(
                f"session {session!r}: {after.where} comes after {before.where}, but starts at "
                f"{after_s:g} s, not after {before_s:g} s"
            )


def _check_starts(session: str, ordered: Sequence[Recording]) -> None:
    """Raise DatasetError where starts are of two kinds, or the first has no clock time."""
    first = ordered[0]
    known = _known_starts(ordered)
    if len(set(map(type, known))) > 1:
        raise DatasetError(
            f"session {session!r}: some of its files start at clock times, others at seconds",
            hint="write all alike",
        )
    if first.start is None and any(map(_is_clock, known)):
        raise DatasetError(
            f"session {session!r}: {first.where} comes first, but has no start, so the clock times "
            "say nothing"
        )


def _known_starts(recordings: Sequence[Recording]) -> list[Moment]:
    return [recording.start for recording in recordings if recording.start is not None]


def _is_clock(moment: Moment) -> bool:
    return isinstance(moment, Clock)


def _known_start_s(recording: Recording, zero: Moment | None) -> float | None:
    if recording.start is None:
        return None
    return _start_s(recording, zero)


def missing_parts(ordered: Sequence[Recording], all_cameras: Sequence[Recording]) -> MissingParts:
    """What is absent before a file whose place is not known.

    Where the first part is absent, a clock time of the first file is no place: seconds count from
    the beginning of the session, which is not known, unless a start says it in seconds.

    Args:
        ordered: a session's files of one camera in order.
        all_cameras: all of its files.
    """
    gap = _first_gap(ordered, _has_start)
    if gap:
        file_after = ordered[gap.file_index]
        return MissingParts(reason=f"{gap.missing} ({file_after.where} has no start)")
    first = ordered[0]
    gap = _first_gap([first], _starts_in_seconds)
    if not gap:
        return MissingParts()
    reason = f"{first.where} starts at a clock time, the times count in seconds"
    return MissingParts(
        reason=f"{gap.missing} ({reason})",
        clock_is_known=not any(map(_is_observed_in_seconds, all_cameras)),
    )


def _first_gap(
    ordered: Sequence[Recording], is_placed: Callable[[Recording], bool]
) -> PartGap | None:
    parts = [recording.part for recording in ordered]
    return first_gap(parts, list(map(is_placed, ordered)))


def _has_start(recording: Recording) -> bool:
    return recording.start is not None


def _starts_in_seconds(recording: Recording) -> bool:
    return isinstance(recording.start, float)


def _is_observed_in_seconds(recording: Recording) -> bool:
    return any(isinstance(moment, float) for moment in recording.observed or ())


def largest_offset_s(recordings: Sequence[Recording], start: Clock | None) -> float:
    """Largest difference between a clock time and the beginnings of a session's cameras, seconds.

    0 where none is known.
    """
    begins_s: dict[str, float] = {}
    for recording in recordings:
        if start is not None and isinstance(recording.start, Clock):
            camera = comparable_name(recording.camera)
            begin_s = since(recording.start, start)
            begins_s[camera] = min(begins_s.get(camera, begin_s), begin_s)
    return max(map(abs, begins_s.values()), default=0.0)


def observed_stretches(
    session: str, recordings: Sequence[Recording], start: Clock | None
) -> tuple[tuple[float, float], ...] | None:
    """All observed stretches of a session, seconds from its start, in order; None = none is told.

    Args:
        session: its name, for messages.
        recordings: all of its files.
        start: the session's second 0 on the clock.

    Raises:
        DatasetError: a stretch has no length, lies before the session, or cannot be placed.
    """
    stretches = []
    for recording in recordings:
        if recording.observed is not None:
            where = f"session {session!r}: {recording.where}"
            stretches.append(_observed_s(where, recording.observed, start))
    return tuple(sorted(stretches)) or None


def _observed_s(
    where: str, observed: tuple[Moment | None, Moment | None], start: Clock | None
) -> tuple[float, float]:
    first, last = observed
    if start is None and any(map(_has_date, observed)):
        raise DatasetError(f"{where} has an observed stretch with a date, but no known start")
    from_s = _seconds(first, start)
    to_s = math.inf if last is None else _seconds(last, start)
    if to_s <= from_s:
        raise DatasetError(f"{where} is observed to {to_s:g} s, which is not after {from_s:g} s")
    if to_s <= 0:
        raise DatasetError(
            f"{where} is observed to {-to_s:g} s before the session's start; expected clock times, "
            "as its start is one, or seconds of the session"
        )
    return from_s, to_s


def _has_date(moment: Moment | None) -> bool:
    return isinstance(moment, Clock) and moment.date is not None


def _seconds(moment: Moment | None, zero: Moment | None) -> float:
    """Seconds of the session.

    A clock time without a known start is taken as hours, minutes and seconds of it.
    """
    if moment is None:
        return 0.0
    if not isinstance(moment, Clock):
        return moment
    if isinstance(zero, Clock):
        return since(moment, zero)
    return moment.of_day_s
