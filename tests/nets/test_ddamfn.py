"""DDAMFN against the authors' network: outputs, what happens inside, names, slips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import WeightsError
from ferbench.nets.ddamfn import Ddamfn
from ferbench.weights.checkpoints import ddamfn_pth, load_strictly
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

ORACLE = "ddamfn_8cls"
CLASSES = 8
PUBLISHED_PARAMETERS = 4.11e6  # paper, table of costs


@pytest.fixture(scope="module")
def about():
    return manifest(ORACLE)


@pytest.fixture(scope="module")
def original():
    return golden(ORACLE)


@pytest.fixture
def filled(about):
    return fill_net(Ddamfn(num_classes=CLASSES), about, leave_out=sorted(Ddamfn.UNUSED))


def inputs(kind):
    levels = images("proc", 112) if kind == "proc" else small_faces(112)
    return normalised(levels, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def logits_of(net, values):
    with torch.inference_mode():
        return net(values)


def test_f64_outputs_and_insides(about, original, filled):
    shapes = about["intermediate_shapes"]
    ours = run_with_hooks(filled.double(), inputs("proc").double(), list(shapes))
    for name, shape in shapes.items():
        inside = ours.modules[name]
        assert list(inside.shape) == shape, name
        for what, made in (("stats", stats(inside)), ("probe", probe(inside))):
            np.testing.assert_allclose(
                made, original[f"proc_{what}/{name}"], rtol=0, atol=1e-9, err_msg=name
            )
    difference = float(np.abs(ours.out.numpy() - original["proc_out_f64"]).max())
    report_difference("DDAMFN, proc, float64", difference)
    assert difference < 1e-9


def test_f64_outputs_on_faces(original, filled):
    ours = logits_of(filled.double(), inputs("face").double()).numpy()
    difference = float(np.abs(ours - original["face_out_f64"]).max())
    report_difference("DDAMFN, face, float64", difference)
    assert difference < 1e-9


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_f32_outputs(original, filled, kind):
    ours = logits_of(filled, inputs(kind)).numpy()
    np.testing.assert_allclose(ours, original[f"{kind}_out"], rtol=0, atol=5e-5)


def test_published_entries_are_the_network_s_and_the_unused_ones(about, filled, tmp_path):
    published = entries(about)
    assert set(about["unused_in_forward"]) == Ddamfn.UNUSED
    own = {name: tuple(value.shape) for name, value in filled.state_dict().items()}
    assert own == {name: shape for name, shape in published.items() if name not in Ddamfn.UNUSED}
    used = sum(value.numel() for value in filled.parameters())
    assert used == pytest.approx(PUBLISHED_PARAMETERS, rel=2e-3)
    whole = {f"module.{name}": value for name, value in fill(about).items()}
    path = tmp_path / "affecnet8.pth"
    torch.save({"iter": 25, "model_state_dict": whole, "optimizer_state_dict": {"state": {}}}, path)
    net = Ddamfn(num_classes=CLASSES).eval()
    load_strictly(net, ddamfn_pth(path), path)
    assert torch.equal(logits_of(net, inputs("proc")), logits_of(filled, inputs("proc")))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features.0.conv.weight": None}, r"1 missing: features\.0\.conv\.weight"),
        ({"cat_head2.CoordAtt.bn1.bias": torch.zeros(16)}, r"unexpected: cat_head2\.CoordAtt"),
        ({"fc.weight": torch.zeros(7, 512)}, r"fc\.weight \(7, 512\) instead of \(8, 512\)"),
    ],
)
def test_other_entries_are_refused_by_name(about, change, told):
    state = {name: value for name, value in {**fill(about), **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=rf"8\.pth does not fit Ddamfn: .*{told}"):
        load_strictly(Ddamfn(num_classes=CLASSES), state, Path("8.pth"))


def swish(net, monkeypatch):
    monkeypatch.setattr(F, "hardswish", F.silu)


def one_head(net, monkeypatch):
    monkeypatch.setattr(torch, "maximum", lambda first, _second: first)


def rows_for_columns(net, monkeypatch):
    for module in net.modules():
        if hasattr(module, "conv3"):
            module.conv2, module.conv3 = module.conv3, module.conv2


def kernels_by_size_reversed(net, monkeypatch):
    split = net.features[6].conv_dw.mixed_depthwise_conv
    net.features[6].conv_dw.mixed_depthwise_conv = nn.ModuleList(reversed(split))


def norm_eps(net, monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3


@pytest.mark.parametrize(
    "slip", [swish, one_head, rows_for_columns, kernels_by_size_reversed, norm_eps]
)
def test_slips_would_be_seen(original, filled, slip, monkeypatch):
    slip(filled.double(), monkeypatch)
    moved = logits_of(filled, inputs("proc").double()).numpy() - original["proc_out_f64"]
    assert np.abs(moved).max() > 1e-3
