"""The tables that the thesis' programs wrote, as rows.

``N/C``: no segments; ``N/A``: nothing to compare; ``N/D``: nothing to divide by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ferbench.scoring.agreement.segments import SessionKey, false_agreement, true_agreement
from ferbench.workflows.agreement.parts import EmotionAgreement, Pair, SegmentAgreement

_MEASURE_LETTERS: Final = {"overall": "O", "true": "T", "false": "F"}


def converted_rows(agreement: SegmentAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_converted.csv`` as convert_results writes it.

    Counts and agreement of each session.
    """
    columns = _share_columns(agreement)
    names = [f"{_MEASURE_LETTERS[measure]}Agree-{a} with {b}" for measure, (a, b) in columns]
    yield ["Id", "Session", *agreement.models, *names]
    for key in agreement.sheet:
        events = [_events(agreement, key, model) for model in agreement.models]
        shares = [_share(agreement, key, pair, measure) for measure, pair in columns]
        yield [*key, *events, *shares]


def _share_columns(agreement: SegmentAgreement) -> list[tuple[str, Pair]]:
    """Measure and pair of each column: overall of each two models, then the others of all pairs."""
    columns = [("overall", pair) for pair in _first_of_each_two(agreement.pairs)]
    for pair in agreement.pairs:
        columns += [("true", pair), ("false", pair)]
    return columns


def _events(agreement: SegmentAgreement, key: SessionKey, model: str) -> object:
    detections = agreement.sheet[key].get(model)
    if detections is None:
        return "N/A"
    return detections.count if len(detections.flags) else "N/C"


def _share(agreement: SegmentAgreement, key: SessionKey, pair: Pair, measure: str) -> object:
    shares = agreement.session_shares(key, *pair)
    return "N/A" if shares is None else _defined(shares[measure])


def _defined(share: float) -> object:
    return "N/D" if math.isnan(share) else share


def _first_of_each_two(pairs: Iterable[Pair]) -> list[Pair]:
    """Of each two models the pair that comes first."""
    first_pairs: dict[frozenset[str], Pair] = {}
    for pair in pairs:
        first_pairs.setdefault(frozenset(pair), pair)
    return list(first_pairs.values())


def confusion_rows(agreement: SegmentAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_confusion.csv`` as convert_results writes it.

    ``N/D`` where that program ends with an error.
    """
    kinds = [f"{side}(m2)-{word}(m1)" for side in "TF" for word in ("Agree", "Disagree")]
    yield ["m1", "m2", *kinds]
    for (first, second), pair in agreement.pairs.items():
        true, false = true_agreement(pair.counts), false_agreement(pair.counts)
        shares = (true, 1.0 - true, false, 1.0 - false)
        yield [first, second, *map(_defined, shares)]


def emotion_rows(agreement: EmotionAgreement) -> Iterator[Sequence[object]]:
    """Rows of ``Results_all_emotions.csv`` as analyze_emotions writes it.

    ``N/D`` where that program ends with an error.
    """
    for first, second in agreement.pairs:
        overall = agreement.overall(first, second)
        yield [first, second, agreement.backend, _defined(overall)]
    yield []
    for model in agreement.models:
        totals = agreement.totals[model].tolist()
        for name, frames in zip(agreement.classes, totals, strict=True):
            yield [model, name.capitalize(), frames]
