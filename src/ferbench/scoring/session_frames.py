"""Scores of the frames of whole sessions, and their chance level.

The frame metrics of ``errhri``, over the observed frames of sessions: 1 = within an event, or an
annotation. Chance: the predictions moved around a circle of the observed frames (see ``flags``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ferbench.scoring.errhri import (
    FrameScores,
    first_frame,
    forgiven,
    frame_labels,
    macro,
    macro_f1,
)
from ferbench.scoring.flags import draw_shifts, overlaps
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.uncertainty.chance import Chance, against
from ferbench.timespans import Flags
from ferbench.types import F64, I64, Annotation, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Frame scores of sessions.

    Attributes:
        strict: frame by frame.
        tolerant: predictions forgiven whose value occurs in the truth nearby.
        tolerance: how many frames away.
        num: frames.
        chance: of ``f1`` and ``f1_tolerant`` beside circularly shifted predictions; empty = not
            asked for.
    """

    strict: FrameScores
    tolerant: FrameScores
    tolerance: int
    num: int
    chance: Mapping[str, Chance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameFlags:
    """The observed frames of a session, one stretch after the other; all bool (T,).

    Attributes:
        truth: within an annotation.
        predicted: within an event.
        near_other: a frame of the other truth is within the tolerance, in the same stretch: a wrong
            prediction is forgiven.
    """

    truth: Flags
    predicted: Flags
    near_other: Flags


def frames_of(
    sessions: Iterable[ScoredSession],
    *,
    rate_hz: float,
    tolerance: int,
    surrogates: int = 0,
    least_s: float = 0.0,
    seed: int = 0,
) -> Frames:
    """Scores of the observed frames of sessions.

    Frame i of a session is at i / rate_hz; each observed stretch is a window's border. All NaN
    where an event or annotation has no extent: it would be in no frame.

    Args:
        sessions: the sessions.
        rate_hz: frames per second.
        tolerance: of the tolerant scores, frames.
        surrogates: circular shifts of each session's predictions; 0 = no chance level.
        least_s: least shift, seconds.
        seed: of the random numbers.
    """
    every = list(sessions)
    flags = [flags_of(session, rate_hz, tolerance) for session in every]
    tables = np.zeros((2, 2, 2))
    for of_session in flags:
        tables += confusions(of_session, of_session.predicted[None])[:, 0]
    has_points = any(_has_point((*each.events, *each.annotations)) for each in every)
    if has_points:
        tables[:] = np.nan
    strict, tolerant = (macro(table) for table in tables)
    chance = {}
    if surrogates and not has_points:
        least = math.ceil(least_s * rate_hz)
        by_shift = shifted_confusions(flags, least=least, draws=surrogates, seed=seed)
        chance["f1"] = against(strict.f1, macro_f1(by_shift[0]))
        chance["f1_tolerant"] = against(tolerant.f1, macro_f1(by_shift[1]))
    num_frames = sum(len(of_session.truth) for of_session in flags)
    return Frames(
        strict=strict, tolerant=tolerant, tolerance=tolerance, num=num_frames, chance=chance
    )


def _has_point(items: Iterable[Event | Annotation]) -> bool:
    """Whether one of them has no extent."""
    return any(item.offset_s <= item.onset_s for item in items)


def flags_of(session: ScoredSession, rate_hz: float, tolerance: int) -> FrameFlags:
    """What is true of a session's observed frames, and what was predicted."""
    annotated = [(annotation.onset_s, annotation.offset_s) for annotation in session.annotations]
    detected = [(event.onset_s, event.offset_s) for event in session.events]
    nothing = np.zeros(0, np.bool_)
    stretches = [(nothing, nothing, nothing)]
    for from_s, to_s in session.observed:
        first = first_frame(from_s, rate_hz=rate_hz)
        stop = first_frame(to_s, rate_hz=rate_hz)
        truth = frame_labels(annotated, stop, rate_hz=rate_hz)[first:]
        predicted = frame_labels(detected, stop, rate_hz=rate_hz)[first:]
        lenient = forgiven(truth, 1 - truth, tolerance=tolerance)
        stretches.append((truth > 0, predicted > 0, lenient == truth))
    truths, predictions, near_others = zip(*stretches, strict=True)
    return FrameFlags(
        truth=np.concatenate(truths),
        predicted=np.concatenate(predictions),
        near_other=np.concatenate(near_others),
    )


def confusions(flags: FrameFlags, predicted: Flags) -> F64:
    """Strict and tolerant confusion of predictions bool (draws, T), f64 (2, draws, 2, 2)."""
    shared = _masks(flags).astype(np.float64) @ predicted.T.astype(np.float64)
    return _from_shared(flags, shared, predicted.sum(axis=1))


def shifted_confusions(sessions: Sequence[FrameFlags], *, least: int, draws: int, seed: int) -> F64:
    """Tables of shifted predictions over all sessions, f64 (2, draws, 2, 2).

    Args:
        sessions: see ``flags_of``.
        least: least shift, frames.
        draws: how many surrogates.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((2, draws, 2, 2))
    for flags in sessions:
        size = len(flags.truth)
        if size:
            shift = draw_shifts(size, least=least, draws=draws, rng=rng)
            shared = overlaps(_masks(flags), flags.predicted, shift)
            num_predicted = np.full(draws, flags.predicted.sum())
            total += _from_shared(flags, shared, num_predicted)
    return total


def _masks(flags: FrameFlags) -> Flags:
    """Frames that are true; false, but near a true one; true, and near a false one: bool (3, T)."""
    return np.stack([flags.truth, ~flags.truth & flags.near_other, flags.truth & flags.near_other])


def _from_shared(flags: FrameFlags, shared: F64, num_predicted: I64) -> F64:
    """Strict and tolerant confusion, f64 (2, draws, 2, 2), rows = truth.

    Args:
        flags: of a session.
        shared: f64 (3, draws), predicted frames in each of ``_masks``.
        num_predicted: i64 (draws,), predicted frames.
    """
    hits, forgiven_alarms, hits_near_false = shared
    num_true = flags.truth.sum()
    misses = num_true - hits
    alarms = num_predicted - hits
    num_right_negatives = len(flags.truth) - num_true - alarms
    # Not predicted, but near a frame that is not true.
    forgiven_misses = (flags.truth & flags.near_other).sum() - hits_near_false
    strict = np.stack([num_right_negatives, alarms, misses, hits], axis=-1)
    change = np.stack(
        [forgiven_alarms, -forgiven_alarms, -forgiven_misses, forgiven_misses], axis=-1
    )
    return np.stack([strict, strict + change]).reshape(2, -1, 2, 2)
