"""What models say of sessions and frames, whatever it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ferbench.labels import EMOTIONS, expression_name
from ferbench.scoring.agreement.segments import SessionKey, Sheet, models_of
from ferbench.thesis.frame_csv import EXPRESSIONS
from ferbench.types import I64

CLASSES: Final = (*EXPRESSIONS, *(name for name in EMOTIONS if name not in EXPRESSIONS))
"""All expressions: the thesis' seven in its order, then the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutputs:
    """What models say, from files or runs.

    Attributes:
        source: what it was read from, for people.
        stem: what files made of it are named after.
        sheet: segments by session and model; None = there are none.
        event_counts: by model the number of events of each session, repeated rows included.
        labels: by video and model the class of each frame (place in ``CLASSES``, or -1), i64 (T,);
            None = there are none.
        frame_models: the models of ``labels`` where runs with the same predictions count as one;
            () = those of ``sheet``.
        backend: face detector where it is one for all, else "".
        segments_are: how sessions were cut into segments.
        notes: what a reader should know.
    """

    source: str
    stem: str
    sheet: Sheet | None = None
    event_counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, I64]] | None = None
    frame_models: tuple[str, ...] = ()
    backend: str = ""
    segments_are: str = ""
    notes: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """All models, sorted by name, those of frames apart where they are others."""
        names = set(models_of(self.sheet or {}))
        if self.frame_models:
            return tuple(sorted(names))
        for labels_of_video in (self.labels or {}).values():
            names |= set(labels_of_video)
        return tuple(sorted(names))


def class_of(label: str) -> int:
    """Place of an expression in ``CLASSES``, however it is spelled.

    Raises:
        ConfigError: it is not known.
    """
    return CLASSES.index(expression_name(label))


def session_name(key: SessionKey) -> str:
    """A session for people."""
    return "/".join(part for part in key if part)
