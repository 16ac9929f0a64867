"""A session cut in two, so that something can be learned on one part and scored on the other."""

from __future__ import annotations

import math
from dataclasses import replace

from ferbench.scoring.matching.criterion import OnsetWindow
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamp_s
from ferbench.timespans import Stretches, intersection, total_s, union


def halves(
    session: ScoredSession, window: OnsetWindow, stamp: Stamp
) -> tuple[ScoredSession, ScoredSession] | None:
    """The first and the second half of a session's observed time, each a session.

    The cut is moved to the nearest moment outside of every annotation's window, so that no match is
    torn apart. An event at the cut belongs to the first half.

    Args:
        session: with its profile.
        window: around annotations' onsets.
        stamp: an event's time.

    Returns:
        None = its observed time is not known.
    """
    if not session.observed:
        return None
    cut_s = _cut_s(session, window)
    return (
        _between(session, -math.inf, cut_s, stamp, name="first half"),
        _between(session, cut_s, math.inf, stamp, name="second half"),
    )


def _cut_s(session: ScoredSession, window: OnsetWindow) -> float:
    middle_s = _middle_s(session.observed)
    before_s, after_s = window.pre_s + window.tolerance_s, window.post_s + window.tolerance_s
    windows = union(
        [(each.onset_s - before_s, each.onset_s + after_s) for each in session.annotations]
    )
    for from_s, to_s in windows:
        if from_s <= middle_s < to_s:
            to_begin = math.nextafter(from_s, -math.inf)
            return to_begin if middle_s - from_s <= to_s - middle_s else to_s
    return middle_s


def _middle_s(observed: Stretches) -> float:
    """The time at which half of what was observed is over."""
    left_s = total_s(observed) / 2
    for from_s, to_s in observed:
        if to_s - from_s >= left_s:
            return from_s + left_s
        left_s -= to_s - from_s
    return observed[-1][1]


def _between(
    session: ScoredSession, after_s: float, until_s: float, stamp: Stamp, *, name: str
) -> ScoredSession:
    """What lies behind one time, and not behind another."""
    profile = session.profile
    if profile is not None:
        times_s = profile.trigger_s if stamp == "trigger" else profile.onset_s
        profile = profile.rows((after_s < times_s) & (times_s <= until_s))
    within = [(after_s, until_s)]
    return replace(
        session,
        session_id=f"{session.session_id} ({name})",
        events=tuple(e for e in session.events if after_s < stamp_s(e, stamp) <= until_s),
        annotations=tuple(a for a in session.annotations if after_s < a.onset_s <= until_s),
        observed=intersection(session.observed, within),
        visible=None if session.visible is None else intersection(session.visible, within),
        profile=profile,
    )
