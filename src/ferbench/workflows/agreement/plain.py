"""The parts of an agreement as plain values; undefined is None."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ferbench.scoring.agreement.frames import FrameCounts, row_shares
from ferbench.scoring.agreement.segments import MEASURES, EventNumbers, PairAgreement
from ferbench.scoring.ratios import defined
from ferbench.workflows.agreement.outputs import session_name
from ferbench.workflows.agreement.parts import EmotionAgreement, Pair, SegmentAgreement


def plain_segments(segments: SegmentAgreement) -> dict[str, Any]:
    """Agreement on segments: pairs, events per session, and the flags of each session."""
    events = {model: _plain_events(numbers) for model, numbers in segments.events.items()}
    flags = {}
    for key, detections in segments.sheet.items():
        flags[session_name(key)] = {
            model: seen.flags.tolist() for model, seen in detections.items()
        }
    return {
        "models": list(segments.models),
        "segments_are": segments.segments_are,
        "sessions": len(segments.sheet),
        "max_events": segments.max_events,
        "left_out": segments.left_out,
        "pairs": [_plain_pair(segments, *item) for item in segments.pairs.items()],
        "events_per_session": events,
        "flags": flags,
    }


def _plain_pair(segments: SegmentAgreement, models: Pair, pair: PairAgreement) -> dict[str, Any]:
    first, second = models
    shares = {name: defined(segments.share(name, first, second)) for name in MEASURES}
    return {
        "first": first,
        "second": second,
        **shares,
        "counts": asdict(pair.counts),
        "sessions": pair.sessions,
        "missing": pair.missing,
        "empty": pair.empty,
    }


def _plain_events(numbers: EventNumbers) -> dict[str, Any]:
    return {
        "sessions": numbers.sessions,
        "max": defined(numbers.maximum),
        "mean": defined(numbers.mean),
        "sample_sd": defined(numbers.sample_sd),
        "histogram": list(numbers.histogram),
    }


def plain_emotions(emotions: EmotionAgreement) -> dict[str, Any]:
    """Agreement on the expression of each frame: pairs, and frames of each class."""
    return {
        "models": list(emotions.models),
        "classes": list(emotions.classes),
        "pairs": [_plain_matrix(emotions, *item) for item in emotions.pairs.items()],
        "class_totals": {model: totals.tolist() for model, totals in emotions.totals.items()},
    }


def _plain_matrix(emotions: EmotionAgreement, models: Pair, counts: FrameCounts) -> dict[str, Any]:
    first, second = models
    shares = []
    for row in row_shares(counts.table).tolist():
        shares.append([defined(share) for share in row])
    not_compared = {
        "first_only": counts.first_only,
        "second_only": counts.second_only,
        "neither": counts.neither,
        "unpaired": counts.unpaired,
        "videos": emotions.missing[models],
    }
    return {
        "first": first,
        "second": second,
        "overall": defined(emotions.overall(first, second)),
        "counts": counts.table.tolist(),
        "shares": shares,
        "not_compared": not_compared,
    }
