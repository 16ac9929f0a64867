"""For tests of detectors: photographs of the reference data, detectors of conf/ with weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from ferbench.config.binding import build
from ferbench.errors import WeightsError
from ferbench.weights.digests import sha256_of
from ferbench.weights.fetching import fetch
from helpers.reference import CHECKOUT, REQUIRED, shared_path

CONF = CHECKOUT / "conf"
IMAGES = ("t1", "13", "obama", "biden", "obama2")


def decoded(name: str) -> torch.Tensor:
    """RGB u8 (1, 3, H, W), the very pixels that the goldens were made from."""
    return _decoded(name).clone()


@cache
def _decoded(name: str) -> torch.Tensor:
    rgb = np.array(Image.open(shared_path(f"oracles/common/images/{name}.jpg")).convert("RGB"))
    facts = json.loads(shared_path("oracles/common/README.json").read_text())["decoded_bgr"][
        f"{name}.jpg"
    ]
    if hashlib.sha256(rgb[..., ::-1].tobytes()).hexdigest() != facts["sha256"]:
        pytest.skip("this JPEG decoder gives other pixels than the goldens were made from")
    return torch.from_numpy(rgb).permute(2, 0, 1)[None]


def configured(choice: str, **changes: Any) -> Any:
    """The detector of a yaml, with other values for some of its keys."""
    node = OmegaConf.to_container(OmegaConf.load(CONF / "detector" / f"{choice}.yaml"))
    return build({**node, **changes}, where="detector")


def placed(choice: str, name: str, folder: Path) -> Path:
    """Copy a weight file of the reference data to where the detector of a yaml looks for it."""
    (item,) = configured(choice).weights_files()
    target = folder / item.file
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shared_path(f"weights/{name}"), target)
    return target


def of_file(path: Path, **changes: Any) -> Any:
    """An SCRFD with another file in the place of its own, with the hash that it should have."""
    spec = configured("scrfd_500m", **changes)
    item = dataclasses.replace(spec.weights, file=path.name, sha256=sha256_of(path))
    return dataclasses.replace(spec, weights=item)


def published_scrfd(name: str = "scrfd_500m_bnkps.onnx") -> onnx.ModelProto:
    """A published graph, to be changed."""
    return onnx.load(str(shared_path(f"weights/{name}")))


def saved(model: onnx.ModelProto, path: Path) -> Path:
    onnx.save(model, str(path))
    return path


def fetched(component: Any, folder: Path) -> None:
    """Bring a component's weights from their source; skips the test where they cannot be had."""
    try:
        fetch(component.weights_files(), folder)
    except WeightsError as error:
        if REQUIRED:
            raise
        pytest.skip(f"no weights: {error}")


def video_frames(path: Path, numbers: tuple[int, ...]) -> torch.Tensor:
    """Some frames of a video, RGB u8 (N, 3, H, W), channels last in memory as readers give them."""
    return torch.from_numpy(_frames(path, numbers).copy()).permute(0, 3, 1, 2)


@cache
def _frames(path: Path, numbers: tuple[int, ...]) -> np.ndarray:
    import av

    frames = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in numbers:
                frames.append(frame.to_ndarray(format="rgb24"))
            if len(frames) == len(numbers):
                break
    return np.stack(frames)


def of_frame(faces, n):
    """The faces of one frame, as if it were the only one."""
    return faces.rows(np.flatnonzero(faces.frame == n)).shifted(-n)


def assert_same(one, two, *, box=0.0, score=0.0):
    """The same faces in the same order; landmarks as exact as boxes."""
    np.testing.assert_array_equal(one.frame, two.frame)
    np.testing.assert_allclose(one.box_xyxy, two.box_xyxy, rtol=0, atol=box)
    np.testing.assert_allclose(one.score, two.score, rtol=0, atol=score)
    np.testing.assert_allclose(one.landmarks_xy, two.landmarks_xy, rtol=0, atol=box, equal_nan=True)
