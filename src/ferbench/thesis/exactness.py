"""Whether a run under ``experiment=thesis`` computes what the thesis' scripts computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

EXPERIMENT: Final = "thesis"
TAG: Final = "thesis.exact"
COMPARED_GROUPS: Final = (
    "reader",
    "detector",
    "classify",
    "preprocessing",
    "selector",
    "signal",
    "event",
)
"""The groups of components that decide events, besides the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedExperiment:
    """The thesis' experiment as ferbench ships it.

    Attributes:
        models: the thesis' models by choice.
        components: by group of ``COMPARED_GROUPS``.
    """

    models: Mapping[str, object]
    components: Mapping[str, object]


def departures(
    model: object, components: Mapping[str, object], shipped: ShippedExperiment
) -> tuple[str, ...]:
    """What of a recipe is not as in the shipped experiment with one of the thesis' models.

    Args:
        model: the recipe's model.
        components: its other components, by group; at least ``COMPARED_GROUPS``.
        shipped: what they are compared with.

    Returns:
        A text each; empty = the recipe computes what the thesis' scripts computed.
    """
    texts: list[str] = []
    if model not in shipped.models.values():
        texts.append(f"model is none of {', '.join(shipped.models)}, unchanged")
    for group, shipped_component in shipped.components.items():
        texts += _differences(group, shipped_component, components[group])
    return tuple(texts)


def _differences(group: str, shipped: Any, used: Any) -> list[str]:
    if shipped == used:
        return []
    if type(shipped) is not type(used):
        return [f"{group} is {type(used).__name__} instead of {type(shipped).__name__}"]
    texts: list[str] = []
    for field in dataclasses.fields(shipped):
        shipped_value, used_value = getattr(shipped, field.name), getattr(used, field.name)
        if field.compare and shipped_value != used_value:
            texts.append(f"{group}.{field.name} is {used_value!r} instead of {shipped_value!r}")
    return texts
