"""Agreement of models on the expression of each frame, and what a reader of it should know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ferbench.scoring.agreement.frames import FrameCounts, class_totals, frame_counts
from ferbench.scoring.agreement.segments import ordered_pairs
from ferbench.thesis.frame_csv import EXPRESSIONS
from ferbench.types import I64
from ferbench.wording import plural
from ferbench.workflows.agreement.outputs import CLASSES, ModelOutputs
from ferbench.workflows.agreement.parts import EmotionAgreement, Pair

_Videos = Mapping[str, Mapping[str, I64]]
"""By video and model the class of each frame."""


def compare_expressions(
    outputs: ModelOutputs, labels: _Videos, models: tuple[str, ...]
) -> EmotionAgreement:
    """Compare models on the frames of all videos.

    Args:
        outputs: what the models say.
        labels: its classes of frames, by video and model, i64 (T,).
        models: which, and in which order.
    """
    videos = _of_models(labels, models)
    num_classes = _num_classes(videos.values())
    pairs: dict[Pair, FrameCounts] = {}
    missing: dict[Pair, int] = {}
    for pair in ordered_pairs(models):
        classes = _of_both(videos, pair)
        pairs[pair] = _counts(classes, num_classes)
        missing[pair] = len(videos) - len(classes)
    return EmotionAgreement(
        models=models,
        classes=CLASSES[:num_classes],
        pairs=pairs,
        totals={model: _totals(videos, model, num_classes) for model in models},
        videos=len(videos),
        missing=missing,
        backend=outputs.backend,
    )


def _of_models(labels: _Videos, models: tuple[str, ...]) -> _Videos:
    """The videos that some of these models has, with these models in this order."""
    videos = {}
    for video, codes in labels.items():
        chosen = {model: codes[model] for model in models if model in codes}
        if chosen:
            videos[video] = chosen
    return videos


def _of_both(videos: _Videos, pair: Pair) -> list[tuple[I64, I64]]:
    """Classes of the frames of each video that both models have."""
    first, second = pair
    return [
        (classes[first], classes[second])
        for classes in videos.values()
        if first in classes and second in classes
    ]


def _counts(classes: Iterable[tuple[I64, I64]], num_classes: int) -> FrameCounts:
    total = FrameCounts.none(num_classes)
    for first, second in classes:
        total += frame_counts(first, second, num_classes)
    return total


def _num_classes(videos: Iterable[Mapping[str, I64]]) -> int:
    """The thesis' seven, or as many as the highest class asks for."""
    number = len(EXPRESSIONS)
    for codes_of_model in videos:
        for codes in codes_of_model.values():
            number = max(number, int(codes.max(initial=-1)) + 1)
    return number


def _totals(videos: _Videos, model: str, num_classes: int) -> I64:
    total = np.zeros(num_classes, np.int64)
    for codes in videos.values():
        if model in codes:
            total += class_totals(codes[model], num_classes)
    return total


def expression_notes(agreement: EmotionAgreement) -> list[str]:
    """What was not compared, and what has no value."""
    notes: list[str] = []
    for first, second in agreement.unordered_pairs:
        not_compared = _not_compared(agreement, first, second)
        if not_compared:
            notes.append(
                f"expressions of {first} and {second}, not compared: {', '.join(not_compared)}"
            )
    compared = agreement.models if agreement.pairs else ()
    for model in compared:
        never = [agreement.classes[k] for k in np.flatnonzero(agreement.totals[model] == 0)]
        if never:
            notes.append(
                f"{model} never says {', '.join(never)}: that row of its matrices is undefined"
            )
    return notes


def _not_compared(agreement: EmotionAgreement, first: str, second: str) -> list[str]:
    counts = agreement.pairs[first, second]
    missing = agreement.missing[first, second]
    unpaired = plural(counts.unpaired, "frame")
    first_only = plural(counts.first_only, "frame")
    second_only = plural(counts.second_only, "frame")
    sentences = {
        f"{unpaired} beyond the end of the shorter one": counts.unpaired,
        f"{first_only} with a label of {first} only": counts.first_only,
        f"{second_only} with a label of {second} only": counts.second_only,
        f"{plural(missing, 'video')} that one of them lacks": missing,
    }
    return [sentence for sentence, number in sentences.items() if number]
