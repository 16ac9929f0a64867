"""Components with weights for tests, built from their yaml.

Weights from the reference data, else fetched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from ferbench.detectors.mtcnn import Mtcnn
from ferbench.errors import WeightsError
from ferbench.geometry import CropGeometry
from ferbench.recognizer import Recognizer
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile
from helpers.reference import CHECKOUT, DATA, REQUIRED

CONF = CHECKOUT / "conf"
GOLDEN = DATA / "nets_procedural.npz"


def plain(name: str) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in node.items()}


def published(node: dict[str, Any]) -> PublishedFile:
    return PublishedFile(**{**node, "source": WheelFile(**node["source"])})


def mtcnn(**changes: Any) -> Mtcnn:
    node = plain("detector/mtcnn")
    assert node.pop("_target_") == "ferbench.detectors.mtcnn.Mtcnn"
    files = {name: published(node[name]) for name in ("pnet", "rnet", "onet")}
    return Mtcnn(**{**node, **files, **changes})


def mini_xception(**changes: Any) -> Recognizer:
    node = plain("model/mini_xception")
    assert node.pop("_target_") == "ferbench.recognizer.Recognizer"
    parts = {
        "weights": published(node["weights"]),
        "trained_crop": CropGeometry(**node["trained_crop"]),
    }
    return Recognizer(**{**node, **parts, **changes})


def fetched(component: Mtcnn | Recognizer, models: Path) -> tuple[Path, ...]:
    """Paths of a component's weights; skips the test where they can be had nowhere."""
    try:
        return fetch(component.weights_files(), models)
    except WeightsError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no weights: {error}")


def procedural_image(k: int, side: int) -> np.ndarray:
    """RGB u8 (side, side, 3): 8 x 8 random blocks with noise.

    The recipe that the goldens were made with.
    """
    rng = np.random.Generator(np.random.PCG64(1000 + k))
    base = rng.uniform(0, 255, size=(8, 8, 3))
    blocks = base.repeat(side // 8, axis=0).repeat(side // 8, axis=1)
    return np.clip(np.rint(blocks + 20.0 * rng.standard_normal((side, side, 3))), 0, 255).astype(
        np.uint8
    )
