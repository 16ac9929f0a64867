"""``ferbench agreement``: how far models agree with each other, from what was read to numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.labels import EMOTIONS, expression_name
from ferbench.scoring.agreement.frames import (
    FrameCounts,
    class_totals,
    frame_agreement,
    frame_counts,
)
from ferbench.scoring.agreement.segments import (
    MEASURES,
    EventNumbers,
    PairAgreement,
    SessionKey,
    Sheet,
    event_numbers,
    models_of,
    ordered_pairs,
    pair_agreement,
    pair_counts,
    with_at_most,
)
from ferbench.thesis.frame_csv import SCORES
from ferbench.thesis.grade_counts import Grades
from ferbench.types import I64
from ferbench.wording import plural

_THESIS_ORDER: Final = tuple(
    expression_name(name) for name in ("angry", "disgust", "fear", "happy", "sad")
)
CLASSES: Final = (
    *_THESIS_ORDER,
    "surprise",
    "neutral",
    *(n for n in EMOTIONS if n not in map(expression_name, SCORES)),
)
"""All expressions: the thesis' seven in its order, then the others."""
ALL_MODELS: Final = "all models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What models say, from files or runs.

    Attributes:
        source: what it was read from, for people.
        stem: what files made of it are named after.
        sheet: segments by session and model; None = there are none.
        event_counts: by model the number of events of each session, repeated rows included.
        labels: by video and model the class of each frame (place in ``CLASSES``, or -1), i64 (T,);
            None = there are none.
        backend: face detector where it is one for all, else "".
        segments_are: how sessions were cut into segments.
        notes: what a reader should know.
    """

    source: str
    stem: str
    sheet: Sheet | None = None
    event_counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, I64]] | None = None
    backend: str = ""
    segments_are: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAgreement:
    """Agreement on segments.

    Attributes:
        models: in order.
        sheet: the sessions that count, sorted as texts.
        left_out: sessions with more events than allowed.
        max_events: how many a session may have; None = any number.
        pairs: by ordered pair of models.
        events: events per session, by model and for ``ALL_MODELS``; of all rows, whatever
            ``max_events`` is.
        segments_are: how sessions were cut.
    """

    models: tuple[str, ...]
    sheet: Sheet
    left_out: int
    max_events: int | None
    pairs: Mapping[tuple[str, str], PairAgreement]
    events: Mapping[str, EventNumbers]
    segments_are: str

    def share(self, measure: str, first: str, second: str) -> float:
        """One of ``MEASURES`` of an ordered pair, over all sessions; NaN = undefined."""
        return MEASURES[measure](self.pairs[first, second].counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionAgreement:
    """Agreement on the expression of each frame.

    Attributes:
        models: in order.
        classes: names of the K classes.
        pairs: by ordered pair of models.
        totals: frames of each class by model, i64 (K,).
        videos: how many videos some model has.
        missing: by ordered pair the videos that one of the two lacks.
        backend: face detector where it is one for all, else "".
    """

    models: tuple[str, ...]
    classes: tuple[str, ...]
    pairs: Mapping[tuple[str, str], FrameCounts]
    totals: Mapping[str, I64]
    videos: int
    missing: Mapping[tuple[str, str], int]
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Everything that can be said of some material.

    Attributes:
        source: what it was read from, for people.
        stem: what files made of it are named after.
        segments: None = there are no segments.
        emotions: None = there are no frames.
        grades: None = it is no graded sheet.
        notes: what a reader should know.
    """

    source: str
    stem: str
    segments: SegmentAgreement | None = None
    emotions: EmotionAgreement | None = None
    grades: Grades | None = None
    notes: tuple[str, ...] = ()

    @property
    def undefined(self) -> int:
        """How many shares of pairs have nothing to divide by."""
        values: list[float] = []
        if self.segments is not None:
            own = self.segments
            values += [own.share("overall", a, b) for a, b in combinations(own.models, 2)]
            values += [
                own.share(measure, a, b) for a, b in own.pairs for measure in ("true", "false")
            ]
        if self.emotions is not None:
            shown = self.emotions
            values += [
                frame_agreement(shown.pairs[a, b].table) for a, b in combinations(shown.models, 2)
            ]
        return sum(math.isnan(value) for value in values)


def agree(
    material: Material, *, models: Sequence[str] | None = None, max_events: int | None = None
) -> Agreement:
    """Compare all models of some material with each other.

    Args:
        material: what they say.
        models: which, and in which order; None = all, sorted.
        max_events: leave out sessions in which a model has more events; None = take all.

    Raises:
        ConfigError: a model is not there.
        DataError: there is no model.
    """
    there = set(models_of(material.sheet or {})) | {
        m for own in (material.labels or {}).values() for m in own
    }
    chosen = _chosen(models, sorted(there))
    if not chosen:
        raise DataError(f"{material.source}: expected what models say of sessions, there is none")
    notes = [
        *material.notes,
        *(["there is one model only: nothing to compare"] if len(chosen) == 1 else []),
    ]
    segments = emotions = None
    if material.sheet is not None:
        segments = _segments(material, material.sheet, chosen, max_events)
        notes += _segment_notes(segments)
    if material.labels is not None:
        emotions = _emotions(material, material.labels, chosen)
        notes += _emotion_notes(emotions)
    return Agreement(
        source=material.source,
        stem=material.stem,
        segments=segments,
        emotions=emotions,
        notes=tuple(notes),
    )


def _chosen(models: Sequence[str] | None, there: Sequence[str]) -> tuple[str, ...]:
    if models is None:
        return tuple(there)
    missing = [model for model in models if model not in there]
    if missing or len(set(models)) < len(models):
        raise ConfigError(
            f"--models: expected each once of {', '.join(there)}, got {', '.join(models)}"
        )
    return tuple(models)


def _segments(
    material: Material, sheet: Sheet, models: tuple[str, ...], max_events: int | None
) -> SegmentAgreement:
    wanted = {key: {m: own[m] for m in models if m in own} for key, own in sorted(sheet.items())}
    known = {key: own for key, own in wanted.items() if own}
    kept = known if max_events is None else with_at_most(known, max_events)
    counts = {model: list(material.event_counts.get(model, ())) for model in models}
    numbers = {model: event_numbers(own) for model, own in counts.items()}
    return SegmentAgreement(
        models=models,
        sheet=kept,
        left_out=len(known) - len(kept),
        max_events=max_events,
        pairs={(a, b): pair_agreement(kept, a, b) for a, b in ordered_pairs(models)},
        events={
            **numbers,
            ALL_MODELS: event_numbers(count for own in counts.values() for count in own),
        },
        segments_are=material.segments_are,
    )


def _segment_notes(found: SegmentAgreement) -> list[str]:
    """What was not compared, and what has no value."""
    notes = []
    if not found.sheet:
        notes.append(
            f"no session is left with at most {found.max_events} events of every model: nothing is compared"
        )
    for key, own in found.sheet.items():
        lack = [model for model in found.models if model not in own]
        if lack:
            notes.append(
                f"session {session_name(key)} has nothing of {', '.join(lack)}: left out of their pairs"
            )
        empty = [model for model, seen in own.items() if not len(seen.flags)]
        if empty:
            notes.append(
                f"session {session_name(key)} has no segments of {', '.join(empty)}: left out of their pairs"
            )
        uneven = {model: len(seen.flags) for model, seen in own.items() if len(seen.flags)}
        if len(set(uneven.values())) > 1:
            words = ", ".join(f"{model} {count}" for model, count in uneven.items())
            notes.append(
                f"session {session_name(key)} has different numbers of segments ({words}): of each pair the beginning "
                "that both have is compared"
            )
        odd = {
            model: seen
            for model, seen in own.items()
            if len(seen.flags) and seen.count != int(seen.flags.sum())
        }
        for model, seen in odd.items():
            notes.append(
                f"session {session_name(key)}, {model}: {plural(seen.count, 'event')}, but {int(seen.flags.sum())} "
                "flagged segments"
            )
    silent = [
        m
        for m in found.models
        if found.sheet and not any(o[m].flags.any() for o in found.sheet.values() if m in o)
    ]
    if silent:
        notes.append(
            f"no segment is flagged by {', '.join(silent)}: agreement on its true segments is undefined"
        )
    return notes


def session_name(key: SessionKey) -> str:
    """A session for people."""
    return "/".join(part for part in key if part)


def _emotions(
    material: Material, labels: Mapping[str, Mapping[str, I64]], models: tuple[str, ...]
) -> EmotionAgreement:
    videos = {name: {m: own[m] for m in models if m in own} for name, own in labels.items()}
    videos = {name: own for name, own in videos.items() if own}
    highest = max(
        (int(codes.max(initial=-1)) for own in videos.values() for codes in own.values()),
        default=-1,
    )
    classes = CLASSES[: max(len(SCORES), highest + 1)]
    k = len(classes)
    pairs, missing = {}, {}
    for a, b in ordered_pairs(models):
        total = FrameCounts.none(k)
        for own in videos.values():
            if a in own and b in own:
                total += frame_counts(own[a], own[b], k)
        pairs[a, b] = total
        missing[a, b] = sum(not (a in own and b in own) for own in videos.values())
    none = np.zeros(k, np.int64)
    return EmotionAgreement(
        models=models,
        classes=classes,
        pairs=pairs,
        totals={
            m: sum((class_totals(o[m], k) for o in videos.values() if m in o), start=none)
            for m in models
        },
        videos=len(videos),
        missing=missing,
        backend=material.backend,
    )


def _emotion_notes(found: EmotionAgreement) -> list[str]:
    notes = []
    for a, b in combinations(found.models, 2):
        counts = found.pairs[a, b]
        lost = {
            f"{plural(counts.unpaired, 'frame')} beyond the end of the shorter one": counts.unpaired,
            f"{plural(counts.first_only, 'frame')} with a label of {a} only": counts.first_only,
            f"{plural(counts.second_only, 'frame')} with a label of {b} only": counts.second_only,
            f"{plural(found.missing[a, b], 'video')} that one of them lacks": found.missing[a, b],
        }
        words = ", ".join(text for text, number in lost.items() if number)
        if words:
            notes.append(f"expressions of {a} and {b}, not compared: {words}")
    for model in found.models:
        never = [found.classes[k] for k in np.flatnonzero(found.totals[model] == 0)]
        if never:
            notes.append(
                f"{model} never says {', '.join(never)}: that row of its matrices is undefined"
            )
    return notes


def session_shares(
    found: SegmentAgreement, key: SessionKey, first: str, second: str
) -> dict[str, float] | None:
    """``MEASURES`` of an ordered pair in one session.

    None = one of the two has no segments there.
    """
    own = found.sheet[key]
    if any(model not in own or not len(own[model].flags) for model in (first, second)):
        return None
    counts = pair_counts(own[first].flags, own[second].flags)
    return {name: share(counts) for name, share in MEASURES.items()}


def code_of(label: str) -> int:
    """Place of an expression in ``CLASSES``, however it is spelled.

    Raises:
        ConfigError: it is not known.
    """
    return CLASSES.index(expression_name(label))
