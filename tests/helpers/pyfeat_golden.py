"""What py-feat's own network and crop give for procedural weights and images.

Kept in tests/data/oracles. It was made with py-feat 2.1.5, whose wheel anybody can unpack:

    pip download --no-deps py-feat==2.1.5 && unzip -d WHEEL py_feat-2.1.5-*.whl
    PYTHONPATH=tests python tests/helpers/pyfeat_golden.py WHEEL
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.procedural import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    KEPT,
    fill,
    images,
    normalised,
    probe,
    run_with_hooks,
    stats,
)
from helpers.published import procedural_image

NAME = "pyfeat_multitask"
CONFIG = {
    "n_au": 20,
    "n_emotion": 7,
    "use_head_v3": True,
    "drop_mefl": True,
    "n_blendshape": 52,
    "mesh_normalized": True,
    "gaze_eye_roi": True,
    "gaze_pose_6d": True,
    "gaze_bins": 180,
}
"""The one with the published file's 373 entries and 41,694,779 values (its model card)."""
MODULES = (
    *(f"backbone.stages_{stage}" for stage in range(4)),
    *("proj", "lmk", "unified", "fgg", "sc"),
)
SIDES = {"proc": 96, "face": 224}
"""A network without a fixed size: float64 is slow."""

CROP_PX = 24
BOXES = (
    (30.2, 20.7, 90.4, 101.1),  # inside
    (-20.5, -8.25, 40.0, 35.5),  # beyond the left and upper border
    (100.0, 70.0, 165.0, 119.9),  # beyond the right and lower one
    (70.3, 40.1, 76.9, 45.0),  # smaller than the crop
    (-60.0, 10.0, 220.0, 100.0),  # larger than the frame, mirrored twice
)


class _Joined(nn.Module):
    """The original's network with the outputs that ferbench has, side by side."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        for name, module in net.named_children():
            setattr(self, name, module)
        self.whole = [net]

    def forward(self, image: Tensor) -> Tensor:
        out = self.whole[0](image)
        return torch.cat((out["emotion_logits"], out["va"], out["p_au"]), dim=1)


def _recipe(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    kind = name.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return {"kind": "zeros_int"}
    if kind == "running_var" or (kind == "weight" and len(shape) == 1 and ".grn." not in name):
        return {"kind": "uniform", "lo": 0.5, "hi": 1.5}
    if name == "sc.s":
        return {"kind": "normal", "std": 1.0}
    if len(shape) > 1:
        centred = name.startswith("afg.")
        std = math.sqrt((2.0 if centred else 1.0) / math.prod(shape[1:]))
        return {"kind": "normal_centered" if centred else "normal", "std": round(std, 8)}
    return {"kind": "normal", "std": 0.1}


def _import(wheel: Path, name: str) -> Any:
    """A module of the package, without the package itself, which wants to plot."""
    import importlib

    if "feat" not in sys.modules:
        package = types.ModuleType("feat")
        package.__path__ = [str(wheel / "feat")]
        sys.modules["feat"] = package
    return importlib.import_module(name)


def _network(wheel: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    theirs = _import(wheel, "feat.multitask.model_v2")
    net = theirs.MEGraphAUv2(theirs.ModelV2Config(pretrained=False, **CONFIG)).eval()
    tensors = [
        {"name": name, "shape": list(value.shape), "fill": _recipe(name, tuple(value.shape))}
        for name, value in net.state_dict().items()
    ]
    about: dict[str, Any] = {"tensors": tensors, "state_entries": len(tensors)}
    about["parameters"] = sum(value.numel() for value in net.parameters())
    about["config"] = CONFIG
    state = fill(about)
    about["fill_check"] = {
        name: state[name].flatten()[:4].tolist()
        for name in ("backbone.stem_0.weight", "afg.heads.19.1.running_var", "emotion.va_head.bias")
    }
    image = procedural_image(0, SIDES["proc"])
    about["procedural_image_check"] = {
        "k": 0,
        "first_pixels_rgb": image[0, :3].tolist(),
        "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
    }
    net.load_state_dict(state, strict=True)
    numbers: dict[str, np.ndarray] = {}
    joined = _Joined(net.float())
    values = {kind: _values(kind) for kind in ("proc", "face")}
    for kind, some in values.items():
        numbers[f"{kind}_out"] = run_with_hooks(joined, some, ()).out.numpy()
    double = run_with_hooks(_Joined(net.double()), values["proc"].double(), MODULES)
    numbers["proc_out_f64"] = double.out.numpy()
    about["intermediate_shapes"] = {name: list(of.shape) for name, of in double.modules.items()}
    for name, of in double.modules.items():
        numbers[f"proc_stats/{name}"], numbers[f"proc_probe/{name}"] = stats(of), probe(of)
    return about, numbers


def _values(kind: str) -> Tensor:
    return normalised(images(kind, SIDES[kind]), mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _crops(wheel: Path) -> np.ndarray:
    """Grey levels f32 (5, 3, 24, 24) of five boxes in a frame of 160 x 120."""
    theirs = _import(wheel, "feat.utils.image_operations")
    frame = torch.from_numpy(procedural_image(7, 160)[:120]).permute(2, 0, 1)[None]
    unit, _ = theirs.extract_face_square_pad_torch(
        frame.float() / 255,
        torch.tensor(BOXES),
        face_size=CROP_PX,
        expand_bbox=1.2,
        frame_idx=torch.zeros(len(BOXES)),
    )
    return (unit * 255).numpy()


def _main(wheel: Path) -> None:
    about, numbers = _network(wheel)
    text = json.dumps(about, separators=(",", ":")).encode()
    (KEPT / f"{NAME}.json.gz").write_bytes(gzip.compress(text, mtime=0))
    np.savez_compressed(KEPT / f"{NAME}.npz", **numbers)
    np.savez_compressed(KEPT / "pyfeat_crops.npz", levels=_crops(wheel), boxes=np.float32(BOXES))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
