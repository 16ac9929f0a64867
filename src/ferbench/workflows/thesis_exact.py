"""Whether a run under ``experiment=thesis`` is exact: its tag, and its notice where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.pipeline.recipe import Recipe
from ferbench.thesis.exactness import (
    COMPARED_GROUPS,
    EXPERIMENT,
    TAG,
    ShippedExperiment,
    departures,
)
from ferbench.thesis.stored_scores import THESIS_MODELS


def exact_tags(recipe: Recipe, choices: Mapping[str, str]) -> dict[str, str]:
    """The tag that says whether a run is exact; none unless the experiment is the thesis'."""
    if choices.get("experiment") != EXPERIMENT:
        return {}
    is_exact = not departures_of(recipe)
    return {TAG: str(is_exact).lower()}


def exact_notice(recipe: Recipe, choices: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence where a run under the thesis' experiment is not exact."""
    if choices.get("experiment") != EXPERIMENT:
        return ()
    differences = departures_of(recipe)
    if not differences:
        return ()
    return (f"not what the thesis computed ({TAG}=false): {'; '.join(differences)}",)


def departures_of(recipe: Recipe) -> tuple[str, ...]:
    """What of a recipe is not as the shipped experiment has it; empty = it is exact."""
    components = {group: getattr(recipe, group) for group in COMPARED_GROUPS}
    return departures(recipe.model, components, _shipped())


@cache
def _shipped() -> ShippedExperiment:
    configs = {
        model: composed({"experiment": EXPERIMENT, "model": model}) for model in THESIS_MODELS
    }
    models = {model: build(config["model"], where="model") for model, config in configs.items()}
    config = configs[THESIS_MODELS[0]]  # they differ in the model only
    components = {group: build(config[group], where=group) for group in COMPARED_GROUPS}
    return ShippedExperiment(models=models, components=components)
