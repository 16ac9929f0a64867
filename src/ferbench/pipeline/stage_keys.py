"""The keys of the stages that touch pixels: everything that can change their results."""

from __future__ import annotations

from typing import Final

from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import StageKey

STAGES: Final = ("timeline", "faces", "expressions")
"""Stages of every video."""
PICTURES: Final = "pictures"
"""The stage of whole pictures, of videos with a signal that needs it."""
_PICTURES_VERSION: Final = "1"
"""Raised whenever what is stored of whole pictures changes."""


def numerics(device_kind: str, runtime: Runtime) -> dict[str, object]:
    """What a kind of device and its settings change in the numbers of a network."""
    tf32 = runtime.tf32 and device_kind == "cuda"
    return {"device": device_kind, "dtype": "float32", "tf32": tf32}


def stage_keys(
    recipe: Recipe, *, sha256: str, device_kind: str, runtime: Runtime, camera: str = ""
) -> dict[str, StageKey]:
    """Keys of the stages of a video.

    That of whole pictures is there only where the signal needs it; it depends on the frames alone,
    so all detectors and models share the table.

    Paths, batch size, threads and names of cameras are not in them.

    The recipe's weights have their whole digests (``Networks.resolved_recipe``), so that a key
    says which files made a result.

    Raises:
        ConfigError: the recipe classifies faces in a region, and has none for this camera.
    """
    compute = numerics(device_kind, runtime)
    frames: dict[str, object] = {"video": sha256, "reader": recipe.reader}
    if runtime.target_fps is not None:
        frames["target_fps"] = float(runtime.target_fps)
    timeline = StageKey.of("timeline", frames)
    detection: dict[str, object] = {
        "frames": timeline.key,
        "detector": recipe.detector,
        "numerics": compute,
    }
    if runtime.detect_every != 1:
        detection["detect_every"] = runtime.detect_every
    faces = StageKey.of("faces", detection)
    expressions = StageKey.of(
        "expressions",
        {
            "faces": faces.key,
            "classify": recipe.classify.of(camera),
            "preprocessing": recipe.preprocessing,
            "model": recipe.model,
            "numerics": compute,
        },
    )
    keys = {"timeline": timeline, "faces": faces, "expressions": expressions}
    if recipe.signal.needs_pictures:
        spec: dict[str, object] = {"frames": timeline.key, "version": _PICTURES_VERSION}
        keys[PICTURES] = StageKey.of(PICTURES, spec)
    return keys
