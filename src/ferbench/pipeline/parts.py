"""Where the parts of a session lie in it, and what of its time was recorded.

A part lies where its start says, or right after the part before. Signals and events never reach
across parts. What lies before the first part, between two parts, or between a file's start and its
first picture was not recorded, so it is not observed: events and annotations there do not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ferbench.errors import DatasetError
from ferbench.results import PartResult
from ferbench.timespans import LATE_PICTURE_S, complement, pieces, union
from ferbench.types import Part, Session

SEAM_S = 0.5
"""Parts may overlap or be apart by so many seconds and still count as following each other.

Starts are rounded.
"""


def start_s_of(part: Part, before: Sequence[PartResult]) -> float:
    """Where a part begins, seconds of the session, given the parts before it.

    Raises:
        DatasetError: it begins before the part before it ends, or where a damaged one should have
            ended.
    """
    end_s = before[-1].end_s if before else 0.0
    if part.start_s is None:
        if before and before[-1].analysis.timeline.damage:
            raise DatasetError(
                f"{part.path} follows a damaged part whose end is lost, so nobody knows when it "
                "began; give its start"
            )
        return end_s
    if before and part.start_s < end_s - SEAM_S:
        raise DatasetError(
            f"{part.path} begins at {part.start_s:.1f} s of the session, but the part before it "
            f"lasts until {end_s:.1f} s; check the starts of the parts, and their order"
        )
    return part.start_s


def gaps_s(parts: Sequence[PartResult]) -> list[tuple[float, float]]:
    """Stretches [from_s, to_s) of which there is no video, in order.

    Before the first part, between parts, between a file's start and its picture, and after a last
    part that is damaged: its rest is lost.
    """
    ends_s = [0.0, *(part.end_s for part in parts)]
    is_cut_off = bool(parts[-1].analysis.timeline.damage)
    last_s = math.inf if is_cut_off else ends_s[-1]
    starts_s = [*(part.start_s for part in parts), last_s]
    between = zip(ends_s, starts_s, strict=True)
    gaps = [(end_s, start_s) for end_s, start_s in between if start_s - end_s > SEAM_S]
    for part in parts:
        if part.picture_start_s - part.start_s > LATE_PICTURE_S:
            gaps.append((part.start_s, part.picture_start_s))
    return union(gaps)


def observed(
    session: Session, parts: Sequence[PartResult]
) -> tuple[tuple[float, float], ...] | None:
    """What the session says was observed, less the gaps; None = everything.

    The time after a sound last part stays in: no gap explains an annotation there, so it counts as
    missed.
    """
    gaps = gaps_s(parts)
    if not gaps:
        return session.observed
    recorded = complement(gaps)
    if session.observed is None:
        return tuple(recorded)
    return tuple(pieces(session.observed, recorded))
