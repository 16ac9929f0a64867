"""Networks that torch computes with half of the bits: errors, keys, and what it costs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from ferbench.config.choices import component_for
from ferbench.errors import ConfigError
from ferbench.fingerprint import KEY_AS_WITHOUT, fingerprint

CPU = torch.device("cpu")
CHOICES = [("model", "mini_xception"), ("detector", "retinaface_mnet025")]
TORCH_CHOICES = [*CHOICES, ("detector", "scrfd_500m")]


@pytest.mark.parametrize(("group", "choice"), TORCH_CHOICES)
def test_a_precision_is_part_of_the_key_unless_it_is_the_one_of_always(group, choice):
    component = component_for(group, choice)
    [field] = [one for one in dataclasses.fields(component) if one.name == "precision"]
    assert component.precision == field.default == field.metadata[KEY_AS_WITHOUT] == "float32"
    keys = {
        fingerprint(dataclasses.replace(component, precision=precision))
        for precision in ("float32", "bfloat16", "float16")
    }
    assert len(keys) == 3
    plain = {f.name: getattr(component, f.name) for f in dataclasses.fields(component)}
    del plain["precision"]
    assert plain.pop("regressions", ()) == (), "another field that came later"
    without = dataclasses.make_dataclass(
        type(component).__name__,
        [
            (name, object, dataclasses.field(default=value))
            for name, value in plain.items()
            if name != "trained_crop"
        ],
        frozen=True,
        namespace={"version": type(component).version},
    )
    without.__module__ = type(component).__module__
    without.__qualname__ = type(component).__qualname__
    assert fingerprint(without()) == fingerprint(component)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"precision": "bfloat16"}, "onnxruntime computes with float32, not with bfloat16"),
        ({"precision": "float16", "engine": "torch"}, "float16 is for GPUs"),
    ],
)
def test_what_an_engine_cannot_is_told_before_anything_is_read(
    group, choice, changes, reason, tmp_path
):
    component = dataclasses.replace(component_for(group, choice), **changes)
    with pytest.raises(ConfigError, match=reason):
        component.load(CPU, tmp_path)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_another_word_is_refused(group, choice):
    with pytest.raises(ConfigError, match="precision"):
        dataclasses.replace(component_for(group, choice), precision="int8")


def crops_of(count: int) -> torch.Tensor:
    """Soft random pictures u8 (count, 3, 64, 64): random pixels say nothing to a network."""
    coarse = np.random.default_rng(3).integers(0, 256, (count, 3, 8, 8)).astype(np.float32)
    fine = torch.nn.functional.interpolate(torch.from_numpy(coarse), size=(64, 64), mode="bicubic")
    return fine.clamp(0, 255).to(torch.uint8)


def logits_of(models, crops, device=CPU, **changes):
    model = dataclasses.replace(component_for("model", "mini_xception"), engine="torch", **changes)
    return model.load(device, models)(crops.to(device)).cpu()


def test_half_of_the_bits_changes_probabilities_a_little(models):
    crops = crops_of(24)
    whole, half = (
        logits_of(models, crops, precision=precision) for precision in ("float32", "bfloat16")
    )
    assert half.dtype == torch.float32
    difference = (whole.softmax(1) - half.softmax(1)).abs().max().item()
    assert 0 < difference < 0.05  # 0.014 on faces of the sample clips


def test_half_of_the_bits_finds_the_same_faces(models, clip):
    frames = first_frames(clip, 2)
    detector = dataclasses.replace(component_for("detector", "retinaface_mnet025"), engine="torch")
    whole, half = (
        dataclasses.replace(detector, precision=precision).load(CPU, models)(frames)
        for precision in ("float32", "bfloat16")
    )
    assert np.array_equal(whole.frame, half.frame)
    assert len(whole)
    width_px = (whole.box_xyxy[:, 2] - whole.box_xyxy[:, 0]).min()
    difference_px = np.abs(whole.box_xyxy - half.box_xyxy).max()
    assert 0 < difference_px < 0.1 * width_px  # 5 % of the width on the sample clips


def first_frames(path, count) -> torch.Tensor:
    """RGB u8 (count, 3, H, W)."""
    reader = component_for("reader", "pyav")
    with reader.open(
        path, batch_frames=count, threads=1, keep_damaged=True, target_fps=None
    ) as video:
        return next(iter(video)).rgb


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_on_a_gpu(precision, models):
    crops = crops_of(24)
    whole = logits_of(models, crops)
    half = logits_of(models, crops, torch.device("cuda"), precision=precision)
    assert half.dtype == torch.float32
    assert (whole.softmax(1) - half.softmax(1)).abs().max() < 0.05
