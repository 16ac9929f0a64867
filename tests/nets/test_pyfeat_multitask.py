"""py-feat's multitask network against the original, both with the same procedural weights."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench import labels
from ferbench.config.choices import component_for
from ferbench.nets.onnx_export import FromLevels, exported
from ferbench.nets.pyfeat_multitask import ACTION_UNITS, PyFeatMultitask
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
    stats,
)
from helpers.reference import report_difference

ORACLE = "pyfeat_multitask"
TOLERANCE_F32, TOLERANCE_F64 = 2e-5, 1e-9
MODEL_CARD = {"entries": 373, "values": 41_694_779}
"""What the authors' page tells of the published file."""


@pytest.fixture(scope="module")
def about():
    return manifest(ORACLE)


@pytest.fixture(scope="module")
def net(about):
    return fill_net(PyFeatMultitask(), about, leave_out=PyFeatMultitask.UNUSED)


@pytest.fixture(scope="module")
def double_net(net):
    return copy.deepcopy(net).double()


def values_of(kind):
    side = {"proc": 96, "face": 224}[kind]
    return normalised(images(kind, side), mean=IMAGENET_MEAN, std=IMAGENET_STD)


def out_of(net, values):
    with torch.inference_mode():
        return net(values)


def test_float64_equals_the_original_in_every_stage(double_net, about):
    expected, shapes = golden(ORACLE), about["intermediate_shapes"]
    outputs = run_with_hooks(double_net, values_of("proc").double(), list(shapes))
    difference = float(np.abs(outputs.out.numpy() - expected["proc_out_f64"]).max())
    report_difference("py-feat multitask, float64", difference)
    assert difference < TOLERANCE_F64
    for name, shape in shapes.items():
        ours = outputs.modules[name]
        assert list(ours.shape) == shape, name
        for what, made in (("stats", stats(ours)), ("probe", probe(ours))):
            np.testing.assert_allclose(
                made, expected[f"proc_{what}/{name}"], rtol=1e-9, atol=1e-9, err_msg=name
            )


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_float32_equals_the_original(net, kind):
    out = out_of(net, values_of(kind)).numpy()
    np.testing.assert_allclose(out, golden(ORACLE)[f"{kind}_out"], rtol=0, atol=TOLERANCE_F32)


def test_names_shapes_and_size_are_the_published_ones(net, about):
    published = entries(about)
    assert len(published) == MODEL_CARD["entries"]
    assert sum(int(np.prod(shape)) for shape in published.values()) == MODEL_CARD["values"]
    own = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    assert published.keys() > PyFeatMultitask.UNUSED
    assert own == {
        name: shape for name, shape in published.items() if name not in PyFeatMultitask.UNUSED
    }
    assert sum(value.numel() for value in net.parameters()) == 37_357_091


@pytest.mark.parametrize("name", ["pyfeat_v27", "pyfeat_v28"])
def test_channels_have_the_names_of_the_original_s_outputs_in_facs(name):
    channels = component_for("model", name).channels
    units = [f"AU{number:02d}" for number in ACTION_UNITS]
    assert channels.names[7:] == ("valence", "arousal", *units)
    for number, regression in zip(ACTION_UNITS, channels.regressions[2:], strict=True):
        assert regression.meaning == f"{labels.ACTION_UNITS[number]}, presence"
        assert channels.range_of(regression.name) == (0, 1)


def test_outputs_keep_their_ranges(net):
    """Valence and arousal between -1 and 1, presence between 0 and 1, also far from any face."""
    out = out_of(net, 30 * values_of("proc"))
    assert out.shape == (3, 7 + 2 + len(ACTION_UNITS))
    assert out[:, 7:9].abs().max() <= 1
    assert out[:, 9:].min() >= 0
    assert out[:, 9:].max() <= 1


def _norms(net, _monkeypatch):
    for module in net.backbone.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = 1e-5


def _one_more_neighbour(_net, monkeypatch):
    monkeypatch.setattr("ferbench.nets.pyfeat_multitask._NEIGHBOURS", 5)


def _no_graph(net, _monkeypatch):
    net.fgg.W.weight.zero_()


def _gelu(_net, monkeypatch):
    gelu = F.gelu
    monkeypatch.setattr(F, "gelu", lambda x, **_options: gelu(x, approximate="tanh"))


def _units_in_another_order(net, _monkeypatch):
    net.afg.heads[0], net.afg.heads[1] = net.afg.heads[1], net.afg.heads[0]


@pytest.mark.parametrize(
    "slip", [_norms, _one_more_neighbour, _no_graph, _gelu, _units_in_another_order]
)
def test_a_slip_is_far_above_the_tolerance(slip, double_net, monkeypatch):
    changed = copy.deepcopy(double_net)
    slip(changed, monkeypatch)
    out = out_of(changed, values_of("proc")[:1].double()).numpy()
    assert np.abs(out - golden(ORACLE)["proc_out_f64"][:1]).max() > 1000 * TOLERANCE_F64


# An independent reference: the backbone from its paper, the rest unit by unit
# ---------------------------------------------------------------------------------


def normed(x, state, name):
    """Over the channels of (N, C, H, W), as ConvNeXt does."""
    mean = x.mean(dim=1, keepdim=True)
    deviation = (x - mean).pow(2).mean(dim=1, keepdim=True).add(1e-6).sqrt()
    weight, bias = (state[f"{name}.{rest}"][:, None, None] for rest in ("weight", "bias"))
    return (x - mean) / deviation * weight + bias


def linear(x, state, name):
    return (
        torch.einsum("nchw,dc->ndhw", x, state[f"{name}.weight"])
        + (state[f"{name}.bias"][:, None, None])
    )


def gelu(x):
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def plain_block(x, state, name):
    weight, bias = state[f"{name}.conv_dw.weight"], state[f"{name}.conv_dw.bias"]
    wide = F.conv2d(x, weight, bias, padding=3, groups=x.shape[1])
    wide = gelu(linear(normed(wide, state, f"{name}.norm"), state, f"{name}.mlp.fc1"))
    size = wide.pow(2).sum(dim=(2, 3), keepdim=True).sqrt()
    share = size / (size.mean(dim=1, keepdim=True) + 1e-6)
    gain, bias = (state[f"{name}.mlp.grn.{rest}"][:, None, None] for rest in ("weight", "bias"))
    return x + linear(wide * (1 + gain * share) + bias, state, f"{name}.mlp.fc2")


def plain_backbone(x, state):
    x = F.conv2d(x, state["backbone.stem_0.weight"], state["backbone.stem_0.bias"], stride=4)
    x = normed(x, state, "backbone.stem_1")
    for stage, depth in enumerate((3, 3, 9, 3)):
        name = f"backbone.stages_{stage}"
        if stage:
            weight, bias = (state[f"{name}.downsample.1.{rest}"] for rest in ("weight", "bias"))
            x = F.conv2d(normed(x, state, f"{name}.downsample.0"), weight, bias, stride=2)
        for k in range(depth):
            x = plain_block(x, state, f"{name}.blocks.{k}")
    return x


def plain_units(maps, state):
    """Presence of the action units of one face, f64 (20,)."""
    units = []
    for k in range(len(ACTION_UNITS)):
        name = f"afg.heads.{k}"
        seen = torch.einsum("chw,dc->dhw", maps, state[f"{name}.0.weight"][:, :, 0, 0])
        mean, var = state[f"{name}.1.running_mean"], state[f"{name}.1.running_var"]
        gain, bias = state[f"{name}.1.weight"], state[f"{name}.1.bias"]
        factor = gain / (var + 1e-5).sqrt()
        scaled = (seen - mean[:, None, None]) * factor[:, None, None] + bias[:, None, None]
        units.append(scaled.clamp(min=0).mean(dim=(1, 2)))
    presence = []
    for k, unit in enumerate(units):
        others = [j for j in range(len(units)) if j != k]
        others.sort(key=lambda j: -float(F.cosine_similarity(unit, units[j], dim=0)))
        heard = sum(state["fgg.W.weight"] @ units[j] for j in others[:4]) / 4
        node = (state["fgg.W_self.weight"] @ unit + heard).clamp(min=0)
        prototype = state["sc.s"][k].clamp(min=0)
        presence.append(node @ prototype / (node.norm() * prototype.norm()))
    return torch.stack(presence)


def test_plain_network_gives_the_original_s_action_units(about):
    """So that the goldens are not timm against timm."""
    state = {name: value.double() for name, value in fill(about).items()}
    seen = plain_backbone(values_of("proc")[:1].double(), state)
    maps = torch.einsum("nchw,dc->ndhw", seen, state["proj.weight"][:, :, 0, 0])
    np.testing.assert_allclose(
        plain_units(maps[0], state).numpy(),
        golden(ORACLE)["proc_out_f64"][0, 9:],
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.slow
def test_onnxruntime_equals_torch(net):
    import onnxruntime

    from_levels = FromLevels(copy.deepcopy(net), mean=IMAGENET_MEAN, std=IMAGENET_STD)
    session = onnxruntime.InferenceSession(exported(from_levels, 224))
    for image in images("proc", 224):
        levels = torch.from_numpy(image).permute(2, 0, 1)[None].contiguous()
        [theirs] = session.run(None, {"levels": levels.numpy()})
        difference = float(np.abs(theirs - out_of(from_levels, levels).numpy()).max())
        report_difference("py-feat multitask, onnxruntime against torch", difference)
        assert difference < TOLERANCE_F32
