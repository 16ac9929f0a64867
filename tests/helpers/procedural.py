"""Networks without published weights.

Filled from a recipe, on images from a recipe, as the oracles' manifests say.

Recipes and goldens of the procedural images are kept in tests/data/oracles too, so that the
networks are checked without the reference data. They are taken from there by

    PYTHONPATH=tests python tests/helpers/procedural.py --write

Those of ``MADE_HERE`` are in tests/data/oracles alone: their ``source`` says which program of the
authors made the numbers, in f64 and f32, of the same recipes and images. Faces of the reference
data were brought to a smaller network's side by PIL's bilinear resizing.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from helpers.published import procedural_image
from helpers.reference import DATA, SHARED, shared_path

KEPT = DATA / "oracles"
NETWORKS = (
    "posterv2_7cls",
    "posterv2_8cls",
    "apvit_raf",
    "rmn_resmasking_dropout1",
    "hse_enet_b0_8",
    "retinaface_resnet50",
)
MADE_HERE = ("ddamfn_8cls", "hse_mbf_va_mtl", "hse_mobilevit_va_mtl", "pyfeat_multitask")
"""Kept only here."""

_KEPT_KEYS = (
    "source", "tensors", "intermediate_shapes", "parameters", "state_entries", "unused_in_forward",
    "fill_check", "procedural_image_check",
)  # fmt: skip


class _Known(dict[str, Any]):
    """What is known of an oracle; a test that asks for more needs the reference data."""

    def __init__(self, oracle: str, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.oracle = oracle

    def __missing__(self, key: str) -> Any:
        if (SHARED / "oracles" / self.oracle).is_dir():
            raise KeyError(key)
        shared_path(f"oracles/{self.oracle}")  # skips, or fails where the data are required


def manifest(oracle: str) -> dict[str, Any]:
    """What ``oracles/<oracle>/manifest.json`` says."""
    path = SHARED / "oracles" / oracle / "manifest.json"
    text = (
        path.read_bytes()
        if path.is_file()
        else gzip.decompress((KEPT / f"{oracle}.json.gz").read_bytes())
    )
    return _Known(oracle, json.loads(text))


def golden(oracle: str) -> dict[str, np.ndarray]:
    """What the original program made of the same weights and images."""
    path = SHARED / "oracles" / oracle / "golden.npz"
    with np.load(path if path.is_file() else KEPT / f"{oracle}.npz") as arrays:
        return _Known(oracle, dict(arrays))


def entries(manifest: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shape of every entry of the published state_dict, in its order."""
    return {entry["name"]: tuple(entry["shape"]) for entry in manifest["tensors"]}


def fill(manifest: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state_dict that the manifest prescribes, with all names of the published one.

    A tensor is drawn from a generator seeded with the CRC-32 of its name. Buffers that a network
    computes by itself are left out: take them from the network (``{**net.state_dict(),
    **fill(manifest)}`` or ``fill_net``).
    """
    state: dict[str, Tensor] = {}
    for entry in manifest["tensors"]:
        recipe = entry["fill"]
        if recipe["kind"] == "alias":
            state[entry["name"]] = state[recipe["of"]]
        elif recipe["kind"] != "computed":
            state[entry["name"]] = torch.from_numpy(
                _drawn(entry["name"], tuple(entry["shape"]), recipe)
            )
    return state


def _drawn(name: str, shape: tuple[int, ...], recipe: Mapping[str, Any]) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode("utf-8"))))
    kind = recipe["kind"]
    if kind == "zeros_int":
        return np.zeros(shape, np.int64)
    if kind == "uniform":
        values = rng.uniform(recipe["lo"], recipe["hi"], shape)
    elif kind in ("normal", "normal_centered"):
        values = recipe.get("mean", 0.0) + recipe["std"] * rng.standard_normal(shape)
        if kind == "normal_centered":
            values = values - values.mean(axis=tuple(range(1, len(shape))), keepdims=True)
    else:
        raise ValueError(f"{name}: unknown kind of fill {kind!r}")
    return np.asarray(values, np.float32)


def fill_net(
    net: nn.Module, manifest: Mapping[str, Any], *, leave_out: Sequence[str] = ()
) -> nn.Module:
    """Fill a network strictly, without the entries that it does not build, and set it to
    evaluation.
    """
    state = {name: value for name, value in fill(manifest).items() if name not in set(leave_out)}
    computed = {
        entry["name"] for entry in manifest["tensors"] if entry["fill"]["kind"] == "computed"
    }
    own = net.state_dict()
    net.load_state_dict({**{name: own[name] for name in computed}, **state}, strict=True)
    return net.eval().requires_grad_(False)


def images(kind: str, side: int) -> np.ndarray:
    """The goldens' three images, RGB u8 (3, side, side, 3).

    ``proc`` for procedural ones, ``face`` for real faces.
    """
    if kind == "proc":
        return np.stack([procedural_image(k, side) for k in range(3)])
    with np.load(shared_path("oracles/common/faces.npz")) as faces:
        return np.stack([faces[f"face224_rgb_{k}"] for k in range(3)])


def small_faces(side: int) -> np.ndarray:
    """The real faces, RGB u8 (3, side, side, 3), as the networks of ``MADE_HERE`` saw them."""
    resized = [
        Image.fromarray(face).resize((side, side), Image.Resampling.BILINEAR)
        for face in images("face", 224)
    ]
    return np.stack([np.asarray(image) for image in resized])


def normalised(rgb: np.ndarray, *, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Images u8 (N, H, W, 3) as f32 (N, 3, H, W), ``(value / 255 - mean) / std`` per channel."""
    values = torch.from_numpy(rgb).permute(0, 3, 1, 2).contiguous().float() / 255
    return (values - torch.tensor(mean).view(1, -1, 1, 1)) / torch.tensor(std).view(1, -1, 1, 1)


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def stats(values: Tensor) -> np.ndarray:
    """Mean, standard deviation (population), minimum and maximum of each sample, f64 (N, 4)."""
    flat = values.double().flatten(1)
    columns = (flat.mean(1), flat.std(1, correction=0), flat.amin(1), flat.amax(1))
    return torch.stack(columns, dim=1).numpy()


def probe(values: Tensor) -> np.ndarray:
    """32 values of each sample, evenly spread over its memory in C order, (N, 32)."""
    flat = values.flatten(1)
    at = np.linspace(0, flat.shape[1] - 1, 32).astype(np.int64)
    return flat[:, torch.from_numpy(at)].numpy()


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a network made: its output and its modules' outputs by name."""

    out: Tensor
    modules: dict[str, Tensor]


def run_with_hooks(net: nn.Module, values: Tensor, modules: Sequence[str]) -> Outputs:
    """Run a network and keep the outputs of the named modules (the last one, where a module runs
    several times).
    """
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, output: kept.__setitem__(name, output.clone())

    hooks = [net.get_submodule(name).register_forward_hook(keep(name)) for name in modules]
    try:
        with torch.inference_mode():
            out = net(values)
    finally:
        for hook in hooks:
            hook.remove()
    return Outputs(out=out, modules=kept)


def _write() -> None:
    """Keep the recipes and the numbers of the procedural images, below 100 kB for each network."""
    KEPT.mkdir(exist_ok=True)
    for oracle in NETWORKS:
        about, numbers = manifest(oracle), golden(oracle)
        kept = {key: about[key] for key in _KEPT_KEYS if key in about}
        kept["tensors"] = [
            {key: entry[key] for key in ("name", "shape", "fill")} for entry in about["tensors"]
        ]
        text = json.dumps(kept, separators=(",", ":")).encode()
        (KEPT / f"{oracle}.json.gz").write_bytes(gzip.compress(text, mtime=0))
        of_proc = {
            key: value for key, value in numbers.items() if key.startswith(("proc_", "ternaus_"))
        }
        np.savez_compressed(KEPT / f"{oracle}.npz", **of_proc)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    _write()
