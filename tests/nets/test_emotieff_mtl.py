"""EmotiEffLib's multi-task networks against the authors' MobileFaceNet and timm's MobileViTv2."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import WeightsError
from ferbench.nets.mbf import Mbf
from ferbench.nets.mobilevit import MobileVit
from ferbench.weights.checkpoints import load_strictly
from ferbench.weights.pickled_model import pickled_state_dict
from helpers.emotieff import name_as_published, whole_mbf
from helpers.procedural import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    entries,
    fill,
    fill_net,
    golden,
    images,
    manifest,
    normalised,
    probe,
    run_with_hooks,
    small_faces,
    stats,
)
from helpers.reference import report_difference

PUBLISHED_MBF_VALUES = (
    2_054_282  # in the ONNX files, as somebody's audit of EmotiEffLib counts them
)
PUBLISHED_MOBILEVIT_VALUES = 9_821_779


@dataclasses.dataclass(frozen=True)
class Net:
    """A network, its oracle, its input, and a whole model as the authors have it."""

    kind: type[nn.Module]
    oracle: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    whole: Callable[[], nn.Module]
    values: int

    def inputs(self, kind: str) -> torch.Tensor:
        levels = images("proc", self.side) if kind == "proc" else small_faces(self.side)
        return normalised(levels, mean=self.mean, std=self.std)


HALF = (0.5, 0.5, 0.5)
NETS = {
    "mbf": Net(Mbf, "hse_mbf_va_mtl", 112, HALF, HALF, lambda: whole_mbf(10), PUBLISHED_MBF_VALUES),
    "mobilevit": Net(
        MobileVit,
        "hse_mobilevit_va_mtl",
        224,
        IMAGENET_MEAN,
        IMAGENET_STD,
        lambda: timm.create_model("mobilevitv2_150", pretrained=False, num_classes=10),
        PUBLISHED_MOBILEVIT_VALUES,
    ),
}


@pytest.fixture(params=NETS)
def of(request) -> Net:
    return NETS[request.param]


@pytest.fixture
def filled(of) -> Any:
    return fill_net(of.kind(num_classes=8, num_regressions=2), manifest(of.oracle))


def outputs_of(net, values):
    with torch.inference_mode():
        return net(values)


def test_f64_outputs_and_insides(of, filled):
    about, original = manifest(of.oracle), golden(of.oracle)
    shapes = about["intermediate_shapes"]
    ours = run_with_hooks(filled.double(), of.inputs("proc").double(), list(shapes))
    for name, shape in shapes.items():
        inside = ours.modules[name]
        assert list(inside.shape) == shape, name
        for what, made in (("stats", stats(inside)), ("probe", probe(inside))):
            expected = original[f"proc_{what}/{name}"]
            np.testing.assert_allclose(made, expected, rtol=0, atol=1e-9, err_msg=name)
    difference = float(np.abs(ours.out.numpy() - original["proc_out_f64"]).max())
    report_difference(f"{of.kind.__name__}, proc, float64", difference)
    assert difference < 1e-9


def test_outputs_on_faces(of, filled):
    original = golden(of.oracle)
    values = of.inputs("face")
    in_f32 = outputs_of(filled, values).numpy()
    np.testing.assert_allclose(in_f32, original["face_out"], rtol=0, atol=5e-5)
    in_f64 = outputs_of(filled.double(), values.double()).numpy()
    difference = float(np.abs(in_f64 - original["face_out_f64"]).max())
    report_difference(f"{of.kind.__name__}, face, float64", difference)
    assert difference < 1e-9


def in_onnx(net: nn.Module) -> int:
    """Values of an exported network: normalisations of maps are folded into convolutions."""
    count = 0
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.GroupNorm | nn.PReLU):
            count += sum(value.numel() for value in module.parameters())
        elif isinstance(module, nn.BatchNorm2d):
            count += module.num_features
        elif isinstance(module, nn.BatchNorm1d):
            count += 4 * module.num_features
    return count


def test_names_and_shapes_are_the_original_s_and_as_many_as_published(of, filled):
    own = {name: tuple(value.shape) for name, value in filled.state_dict().items()}
    assert list(own.items()) == list(entries(manifest(of.oracle)).items())
    assert in_onnx(filled) == of.values


@pytest.mark.parametrize("side", [(96, 96), (100, 76)])
def test_whole_models_are_read(of, side, tmp_path, monkeypatch):
    """As the authors save them; odd maps of MobileViT as timm treats them."""
    name_as_published(monkeypatch)
    torch.manual_seed(0)
    model = of.whole().eval()
    torch.save(model, tmp_path / "model.pt")
    net = of.kind(num_classes=8, num_regressions=2).eval()
    load_strictly(net, pickled_state_dict(tmp_path / "model.pt"), tmp_path / "model.pt")
    values = torch.randn(2, 3, *(side if of.side == 224 else (112, 112)))
    torch.testing.assert_close(outputs_of(net, values), outputs_of(model, values))


def test_other_entries_are_refused(of, tmp_path):
    state = fill(manifest(of.oracle))
    head = list(state)[-1]
    state[head] = torch.zeros(8)
    with pytest.raises(WeightsError, match=rf"{head} \(8,\) instead of \(10,\)"):
        load_strictly(of.kind(num_classes=8, num_regressions=2), state, tmp_path / "model.pt")


def swish(net, monkeypatch):
    monkeypatch.setattr(F, "relu", F.silu)


def corners_apart(net, monkeypatch):
    real = F.interpolate
    monkeypatch.setattr(F, "interpolate", lambda *a, **k: real(*a, **{**k, "align_corners": False}))


def norm_eps(net, monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.GroupNorm | nn.BatchNorm2d):
            module.eps = 1e-6


def no_residual(net, monkeypatch):
    for module in net.modules():
        if getattr(module, "residual", False):
            module.residual = False


SLIPS = [("mbf", norm_eps), ("mbf", no_residual)]
SLIPS += [("mobilevit", slip) for slip in (swish, corners_apart, norm_eps, no_residual)]


@pytest.mark.parametrize(("of", "slip"), [(NETS[name], slip) for name, slip in SLIPS])
def test_slips_would_be_seen(of, slip, monkeypatch):
    net = fill_net(of.kind(num_classes=8, num_regressions=2), manifest(of.oracle)).double()
    slip(net, monkeypatch)
    moved = outputs_of(net, of.inputs("proc").double()).numpy()
    assert np.abs(moved - golden(of.oracle)["proc_out_f64"]).max() > 1e-6
