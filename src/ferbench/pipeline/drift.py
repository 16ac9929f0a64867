"""Counted times that left the container's clock, beside the width of a matching window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ferbench.errors import VideoError
from ferbench.results import PartResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import stamp_s
from ferbench.sentences import Setting, Text
from ferbench.types import Annotation, Event

_SHARE: Final = 0.5
"""Share of a matching window that counted times may be wrong by."""


def check_drift(
    parts: Sequence[PartResult],
    events: Sequence[Event],
    annotations: Sequence[Annotation],
    criterion: Criterion,
) -> None:
    """Refuse counted times by which events would match the wrong annotations.

    Args:
        parts: the videos of an annotated session.
        events: of the session.
        annotations: of the session.
        criterion: which events count for which annotations.

    Raises:
        VideoError: a video's counted times differ from the container's clock by more than half of
            the time in which an event can match an annotation.
    """
    moved_by = criterion.moved_by
    window_s = criterion.least_shift_s(
        longest_event_s=max(
            (event.offset_s - stamp_s(event, moved_by) for event in events), default=0.0
        ),
        longest_annotation_s=max(
            (annotation.offset_s - annotation.onset_s for annotation in annotations), default=0.0
        ),
    )
    for part in parts:
        timeline = part.analysis.timeline
        if abs(timeline.drift_s) > _SHARE * window_s:
            keep = Setting("runtime.on_drift", "keep")
            raise VideoError(
                f"{timeline.video.path}: frames were counted, and their times differ from the "
                f"file's clock by {abs(timeline.drift_s):.3f} s, more than half of the "
                f"{window_s:g} s in which an event can match an annotation",
                hint=Text(
                    "take the reader pyav, which reads the frames' own times, or set ",
                    keep,
                    " to score them anyway",
                ),
            )
