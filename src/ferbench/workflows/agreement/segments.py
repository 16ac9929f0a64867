"""Agreement of models on segments, and what a reader of it should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.scoring.agreement.segments import (
    Detections,
    EventNumbers,
    Sheet,
    event_numbers,
    ordered_pairs,
    pair_agreement,
    with_at_most,
)
from ferbench.wording import plural
from ferbench.workflows.agreement.outputs import ModelOutputs, session_name
from ferbench.workflows.agreement.parts import ALL_MODELS, SegmentAgreement

_FEW: Final = 3
"""Notes of one kind that are told one by one."""


def compare_segments(
    outputs: ModelOutputs, sheet: Sheet, models: tuple[str, ...], max_events: int | None
) -> SegmentAgreement:
    """Compare models on the segments of all sessions.

    Args:
        outputs: what the models say.
        sheet: its segments.
        models: which, and in which order.
        max_events: leave out sessions in which a model has more events; None = take all.
    """
    sessions = _of_models(sheet, models)
    compared = sessions if max_events is None else with_at_most(sessions, max_events)
    return SegmentAgreement(
        models=models,
        sheet=compared,
        left_out=len(sessions) - len(compared),
        max_events=max_events,
        pairs={pair: pair_agreement(compared, *pair) for pair in ordered_pairs(models)},
        events=_event_numbers(outputs.event_counts, models),
        segments_are=outputs.segments_are,
    )


def _event_numbers(
    event_counts: Mapping[str, Sequence[int]], models: tuple[str, ...]
) -> dict[str, EventNumbers]:
    """Events per session, by model and for ``ALL_MODELS``."""
    numbers: dict[str, EventNumbers] = {}
    all_counts: list[int] = []
    for model in models:
        counts = event_counts.get(model, ())
        numbers[model] = event_numbers(counts)
        all_counts += counts
    numbers[ALL_MODELS] = event_numbers(all_counts)
    return numbers


def _of_models(sheet: Sheet, models: tuple[str, ...]) -> Sheet:
    """The sessions that some of these models has, sorted, with these models in this order."""
    sessions = {}
    for key, detections in sorted(sheet.items()):
        chosen = {model: detections[model] for model in models if model in detections}
        if chosen:
            sessions[key] = chosen
    return sessions


def segment_notes(agreement: SegmentAgreement) -> list[str]:
    """What was not compared, and what has no value."""
    notes: list[str] = []
    if not agreement.sheet:
        notes.append(
            f"no session is left with at most {agreement.max_events} events of every model: "
            "nothing is compared"
        )
    counts: list[str] = []
    for key, detections in agreement.sheet.items():
        session = f"session {session_name(key)}"
        notes += _session_notes(session, agreement.models, detections)
        counts += _count_notes(session, detections)
    notes += _first_few(counts)
    if agreement.sheet:
        notes += _silent_notes(agreement)
    return notes


def _silent_notes(agreement: SegmentAgreement) -> list[str]:
    silent = [model for model in agreement.models if not _flags_any(agreement.sheet, model)]
    if not silent:
        return []
    return [
        f"no segment is flagged by {', '.join(silent)}: agreement on its true segments is undefined"
    ]


def _session_notes(
    session: str, models: tuple[str, ...], detections: Mapping[str, Detections]
) -> list[str]:
    lacking = [model for model in models if model not in detections]
    empty = [model for model, seen in detections.items() if not len(seen.flags)]
    computed = {model: seen for model, seen in detections.items() if len(seen.flags)}
    return [
        *_left_out_notes(f"{session} has nothing of", lacking),
        *_left_out_notes(f"{session} has no segments of", empty),
        *_length_notes(session, computed),
    ]


def _left_out_notes(what: str, models: Sequence[str]) -> list[str]:
    return [f"{what} {', '.join(models)}: left out of their pairs"] if models else []


def _length_notes(session: str, detections: Mapping[str, Detections]) -> list[str]:
    lengths = {model: len(seen.flags) for model, seen in detections.items()}
    if len(set(lengths.values())) <= 1:
        return []
    numbers = ", ".join(f"{model} {length}" for model, length in lengths.items())
    return [
        f"{session} has different numbers of segments ({numbers}): "
        "of each pair the beginning that both have is compared"
    ]


def _count_notes(session: str, detections: Mapping[str, Detections]) -> list[str]:
    notes: list[str] = []
    for model, seen in detections.items():
        num_flagged = int(seen.flags.sum())
        if len(seen.flags) and seen.count != num_flagged:
            notes.append(
                f"{session}, {model}: {plural(seen.count, 'event')}, "
                f"but {num_flagged} flagged segments"
            )
    return notes


def _first_few(notes: Sequence[str]) -> list[str]:
    """Notes of one kind; of many the first, and how many more there are."""
    if len(notes) <= _FEW:
        return list(notes)
    return [f"{notes[0]} (and so {len(notes) - 1} times more)"]


def _flags_any(sheet: Sheet, model: str) -> bool:
    """Whether a model flags a segment of some session."""
    of_model = [detections[model] for detections in sheet.values() if model in detections]
    return any(seen.flags.any() for seen in of_model)
