"""Whether a run under ``experiment=thesis`` computes what the thesis' scripts computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.groups import choices_of
from ferbench.pipeline.recipe import Recipe

EXPERIMENT: Final = "thesis"
TAG: Final = "thesis.exact"
_PARTS: Final = ("reader", "detector", "classify", "preprocessing", "selector", "signal", "event")
"""What decides events, besides the model."""


def exact_tags(recipe: Recipe, choices: Mapping[str, str]) -> dict[str, str]:
    """The tag that says whether a run is exact; none unless the experiment is the thesis'."""
    if choices.get("experiment") != EXPERIMENT:
        return {}
    return {TAG: str(not departures(recipe)).lower()}


def exact_notice(recipe: Recipe, choices: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence where a run under the thesis' experiment is not exact."""
    found = departures(recipe) if choices.get("experiment") == EXPERIMENT else ()
    return (f"not what the thesis computed ({TAG}=false): {'; '.join(found)}",) if found else ()


def departures(recipe: Recipe) -> tuple[str, ...]:
    """What of a recipe is not as the shipped experiment has it with one of the thesis' models.

    Empty = exact.
    """
    models, parts = _shipped()
    found = (
        []
        if recipe.model in models.values()
        else [f"model is none of {', '.join(models)}, unchanged"]
    )
    for part, shipped in parts.items():
        found += _differences(part, shipped, getattr(recipe, part))
    return tuple(found)


@cache
def _shipped() -> tuple[dict[str, Any], dict[str, Any]]:
    """The thesis' models by name, and the experiment's other parts."""
    configs = {
        name: composed({"experiment": EXPERIMENT, "model": name}) for name in thesis_models()
    }
    models = {name: build(config["model"], where="model") for name, config in configs.items()}
    config = next(iter(configs.values()))
    return models, {part: build(config[part], where=part) for part in _PARTS}


def thesis_models() -> list[str]:
    """The models of the thesis as its program ran them."""
    return [name for name in choices_of("model") if name.endswith("_thesis")]


def _differences(part: str, shipped: Any, used: Any) -> list[str]:
    if shipped == used:
        return []
    if type(shipped) is not type(used):
        return [f"{part} is {type(used).__name__} instead of {type(shipped).__name__}"]
    names = [field.name for field in dataclasses.fields(shipped) if field.compare]
    pairs = [(name, getattr(shipped, name), getattr(used, name)) for name in names]
    return [
        f"{part}.{name} is {ours!r} instead of {theirs!r}"
        for name, theirs, ours in pairs
        if theirs != ours
    ]
