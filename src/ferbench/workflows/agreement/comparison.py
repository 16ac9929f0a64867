"""From what models say to how far they agree."""

from __future__ import annotations

from collections.abc import Sequence

from ferbench.errors import ConfigError, DataError
from ferbench.workflows.agreement.expressions import compare_expressions, expression_notes
from ferbench.workflows.agreement.outputs import ModelOutputs
from ferbench.workflows.agreement.result import Agreement, ComparedRuns
from ferbench.workflows.agreement.segments import compare_segments, segment_notes


def compare_models(
    outputs: ModelOutputs,
    *,
    models: Sequence[str] | None = None,
    max_events: int | None = None,
    runs: ComparedRuns | None = None,
) -> Agreement:
    """Compare all models with each other.

    Args:
        outputs: what they say.
        models: which, and in which order; None = all, sorted.
        max_events: leave out sessions in which a model has more events; None = take all.
        runs: what the outputs were read from; None = files.

    Raises:
        ConfigError: a model is not there.
        DataError: there is no model.
    """
    _check_names(models, (*outputs.models, *outputs.frame_models))
    chosen = _chosen(models, outputs.models)
    chosen_of_frames = _chosen(models, outputs.frame_models or outputs.models)
    if not chosen and not chosen_of_frames:
        raise DataError(f"{outputs.source}: expected what models say of sessions, there is none")
    notes = list(outputs.notes)
    if len(chosen) <= 1 and len(chosen_of_frames) <= 1:
        notes.append("there is one model only: nothing to compare")
    segments = emotions = None
    if outputs.sheet is not None and chosen:
        segments = compare_segments(outputs, outputs.sheet, chosen, max_events)
        notes += segment_notes(segments)
    if outputs.labels is not None and chosen_of_frames:
        emotions = compare_expressions(outputs, outputs.labels, chosen_of_frames)
        notes += expression_notes(emotions)
    return Agreement(
        source=outputs.source,
        stem=outputs.stem,
        segments=segments,
        emotions=emotions,
        notes=tuple(notes),
        runs=runs,
    )


def _check_names(models: Sequence[str] | None, known: Sequence[str]) -> None:
    if models is None:
        return
    missing = [model for model in models if model not in known]
    if missing or len(set(models)) < len(models):
        raise ConfigError(
            f"expected each once of {', '.join(dict.fromkeys(known))}, got {', '.join(models)}",
            key="models",
        )


def _chosen(models: Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The models of a part, in the order in which they were asked for."""
    if models is None:
        return known
    return tuple(model for model in models if model in known)
