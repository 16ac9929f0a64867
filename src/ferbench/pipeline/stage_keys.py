"""The keys of the stages that touch pixels: everything that can change their results."""

from __future__ import annotations

from typing import Final

from ferbench.pipeline.recipe import Recipe
from ferbench.results import StageKey

STAGES: Final = ("timeline", "faces", "expressions")


def stage_keys(
    recipe: Recipe, *, sha256: str, device_kind: str, tf32: bool, camera: str = ""
) -> dict[str, StageKey]:
    """Keys of the three stages of a video.

    Paths, batch size, threads and names of cameras are not in them.

    The recipe's weights have their whole digests (``Networks.resolved_recipe``), so that a key
    says which files made a result.

    Raises:
        ConfigError: the recipe classifies faces in a region, and has none for this camera.
    """
    numerics = {"device": device_kind, "dtype": "float32", "tf32": tf32 and device_kind == "cuda"}
    timeline = StageKey.of("timeline", {"video": sha256, "reader": recipe.reader})
    faces = StageKey.of(
        "faces", {"frames": timeline.key, "detector": recipe.detector, "numerics": numerics}
    )
    expressions = StageKey.of(
        "expressions",
        {
            "faces": faces.key,
            "classify": recipe.classify.of(camera),
            "preprocessing": recipe.preprocessing,
            "model": recipe.model,
            "numerics": numerics,
        },
    )
    return {"timeline": timeline, "faces": faces, "expressions": expressions}
