"""HSEmotion's EfficientNets against the original on timm, and against a plain one written from the
paper.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.config.choices import component_for
from ferbench.errors import WeightsError
from ferbench.nets.hse import HseB0, HseB2
from ferbench.weights.checkpoints import load_strictly
from ferbench.weights.pickled_model import hse_state_dict
from helpers.emotiefflib_goldens import GOLDEN, multitask_net
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
from helpers.reference import report_difference, shared_path

ORACLE = "hse_enet_b0_8"
CLASSES = 8


@pytest.fixture(scope="module")
def about():
    return manifest(ORACLE)


@pytest.fixture(scope="module")
def expected():
    return golden(ORACLE)


@pytest.fixture(scope="module")
def net(about):
    return fill_net(HseB0(num_classes=CLASSES), about)


def inputs(kind):
    return normalised(images(kind, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD)


def logits_of(net, values):
    with torch.inference_mode():
        return net(values)


@pytest.fixture(scope="module", params=["proc", "face"])
def outputs64(request, about):
    """What the network makes of the goldens' images in float64, with the modules that the manifest
    lists.
    """
    net = fill_net(HseB0(num_classes=CLASSES).double(), about)
    return request.param, run_with_hooks(
        net, inputs(request.param).double(), list(about["intermediate_shapes"])
    )


def test_logits_are_the_original_s_in_float64(outputs64, expected):
    kind, outputs = outputs64
    difference = float(np.abs(outputs.out.numpy() - expected[f"{kind}_out_f64"]).max())
    report_difference(f"HSE B0, {kind}, float64", difference)
    assert difference < 1e-9


def test_every_stage_is_the_original_s(outputs64, expected, about):
    kind, outputs = outputs64
    features = outputs.modules["global_pool"]
    np.testing.assert_allclose(
        probe(features), expected[f"{kind}_features_probe"], rtol=0, atol=1e-4
    )
    for name, ours in outputs.modules.items() if kind == "proc" else ():
        assert list(ours.shape) == about["intermediate_shapes"][name]
        scale = float(ours.abs().max())
        for what, made in (("stats", stats(ours)), ("probe", probe(ours))):
            np.testing.assert_allclose(
                made, expected[f"proc_{what}/{name}"], rtol=0, atol=1e-5 * scale, err_msg=name
            )


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_logits_are_the_original_s_in_float32(net, expected, kind):
    np.testing.assert_allclose(
        logits_of(net, inputs(kind)).numpy(), expected[f"{kind}_out"], rtol=0, atol=1e-4
    )


def test_batch_does_not_change_logits(net):
    values = inputs("proc")
    alone = torch.cat([logits_of(net, values[k : k + 1]) for k in (0, 1, 2, 1)])
    torch.testing.assert_close(logits_of(net, values[[0, 1, 2, 1]]), alone, rtol=0, atol=1e-4)


def test_names_and_shapes_are_the_published_ones(about):
    own = {
        name: tuple(value.shape) for name, value in HseB0(num_classes=CLASSES).state_dict().items()
    }
    assert list(own.items()) == list(entries(about).items())
    assert HseB0(num_classes=7).state_dict()["classifier.0.weight"].shape == (7, 1280)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state.pop("blocks.3.1.se.conv_reduce.bias"),
            r"1 missing: blocks\.3\.1\.se\.conv_reduce\.bias",
        ),
        (lambda state: state.update({"bn3.weight": torch.ones(3)}), r"1 unexpected: bn3\.weight"),
        (
            lambda state: state.update({"classifier.0.bias": torch.ones(10)}),
            r"classifier\.0\.bias \(10,\) instead of \(8,\)",
        ),
    ],
)
def test_other_entries_are_refused(about, tmp_path, change, message):
    state = fill(about)
    change(state)
    with pytest.raises(WeightsError, match=rf"does not fit HseB0: .*{message}"):
        load_strictly(HseB0(num_classes=CLASSES), state, tmp_path / "model.pt")


def test_sample_of_another_width_is_refused():
    path = shared_path(f"oracles/{ORACLE}/pickled_model_sample.pt")
    with pytest.raises(
        WeightsError, match=r"does not fit HseB0: .*conv_stem\.weight \(8, 3, 3, 3\) instead of"
    ):
        load_strictly(HseB0(num_classes=CLASSES), hse_state_dict(path), path)


@pytest.mark.parametrize("head", ["list", "alone"])
@pytest.mark.parametrize(
    ("kind", "backbone"), [(HseB0, "tf_efficientnet_b0"), (HseB2, "tf_efficientnet_b2")]
)
def test_whole_models_are_read(tmp_path, kind, backbone, head):
    """Saved as the original's training saves them, by the timm that is installed."""
    torch.manual_seed(0)
    model = timm.create_model(backbone, pretrained=False).eval()
    layer = nn.Linear(model.num_features, 7)
    model.classifier = nn.Sequential(layer) if head == "list" else layer
    torch.save(model, tmp_path / "model.pt")
    net = kind(num_classes=7).eval()
    load_strictly(net, hse_state_dict(tmp_path / "model.pt"), tmp_path / "model.pt")
    values = torch.randn(1, 3, 96, 96)
    assert torch.equal(logits_of(net, values), logits_of(model, values))


@pytest.mark.parametrize(
    "slip", ["BatchNorm eps 1e-05 instead of 0.001", "colour channels reversed"]
)
def test_slips_would_be_seen(about, expected, slip):
    """The manifest's own slips move the logits as far as it says."""
    net, values = fill_net(HseB0(num_classes=CLASSES), about), inputs("face")
    if "eps" in slip:
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-5
    else:
        values = values.flip(1)
    effect = float(np.abs(logits_of(net, values).numpy() - expected["face_out"]).max())
    assert effect == pytest.approx(about["mutation_effects"][slip]["face"], rel=0.01)


# The network of the paper once more, without layers, from its table of stages and its rules of
# scaling.

STAGES = (  # expansion, channels, repeats, stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


def scaled_channels(channels, width):
    """To the nearest multiple of 8, but not more than a tenth less."""
    rounded = max(8, int(channels * width + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels * width else rounded


def convolved(x, state, name, *, stride=1, groups=1):
    """Padded as TensorFlow does: as many pixels as the output needs, the odd one at the bottom and
    right.
    """
    weight = state[f"{name}.weight"]
    pads = []
    for side, kernel in ((x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])):
        total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, state.get(f"{name}.bias"), stride=stride, groups=groups)


def normed(x, state, name):
    gain = state[f"{name}.weight"] / torch.sqrt(state[f"{name}.running_var"] + 1e-3)
    shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * gain
    return x * gain.view(-1, 1, 1) + shift.view(-1, 1, 1)


def swish(x):
    return x * torch.sigmoid(x)


def block(x, state, name, *, expansion, channels, stride, kernel):
    wide = x
    if expansion > 1:
        wide = swish(normed(convolved(wide, state, f"{name}.conv_pw"), state, f"{name}.bn1"))
        assert wide.shape[1] == expansion * x.shape[1]
    depthwise, project = (
        ("bn2", ("conv_pwl", "bn3")) if expansion > 1 else ("bn1", ("conv_pw", "bn2"))
    )
    assert state[f"{name}.conv_dw.weight"].shape == (wide.shape[1], 1, kernel, kernel)
    wide = convolved(wide, state, f"{name}.conv_dw", stride=stride, groups=wide.shape[1])
    wide = swish(normed(wide, state, f"{name}.{depthwise}"))
    squeezed = swish(
        convolved(wide.mean(dim=(2, 3), keepdim=True), state, f"{name}.se.conv_reduce")
    )
    assert squeezed.shape[1] == x.shape[1] // 4
    wide = wide * torch.sigmoid(convolved(squeezed, state, f"{name}.se.conv_expand"))
    narrow = normed(convolved(wide, state, f"{name}.{project[0]}"), state, f"{name}.{project[1]}")
    assert narrow.shape[1] == channels
    return narrow + x if stride == 1 and narrow.shape == x.shape else narrow


def plain_efficientnet(state, x, *, width, depth):
    x = swish(normed(convolved(x, state, "conv_stem", stride=2), state, "bn1"))
    for stage, (expansion, channels, repeats, stride, kernel) in enumerate(STAGES):
        for k in range(math.ceil(repeats * depth)):
            x = block(
                x,
                state,
                f"blocks.{stage}.{k}",
                expansion=expansion,
                channels=scaled_channels(channels, width),
                stride=stride if k == 0 else 1,
                kernel=kernel,
            )
    x = swish(normed(convolved(x, state, "conv_head"), state, "bn2"))
    assert x.shape[1] == scaled_channels(1280, width)
    return F.linear(x.mean(dim=(2, 3)), state["classifier.0.weight"], state["classifier.0.bias"])


class Read(dict):
    """Remembers which entries were asked for."""

    def __init__(self, state):
        super().__init__(state)
        self.names = set()

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name):
        self.names.add(name)
        return super().get(name)


def lively(net):
    """Weights of all sizes: fresh ones have means of zero, variances of one and no biases."""
    generator = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if value.dim() == 1:
            drawn = torch.rand(value.shape, generator=generator, dtype=value.dtype)
            value.copy_(drawn + 0.5 if name.endswith(("weight", "var")) else drawn - 0.5)
    return net.eval()


@pytest.mark.parametrize(
    ("kind", "width", "depth", "side", "values"),
    [
        (HseB0, 1.0, 1.0, 224, 4_017_796),
        (HseB2, 1.1, 1.2, 260, 7_712_266),
        (HseB2, 1.1, 1.2, 97, 7_712_266),
    ],
)
def test_network_is_that_of_the_paper(kind, width, depth, side, values):
    torch.manual_seed(0)
    net = lively(kind(num_classes=CLASSES).double())
    image = torch.randn(1, 3, side, side, dtype=torch.float64)
    state = Read(net.state_dict())
    with torch.inference_mode():
        expected = plain_efficientnet(state, image, width=width, depth=depth)
    assert expected.std() > 0.01
    torch.testing.assert_close(logits_of(net, image), expected, rtol=0, atol=1e-9)
    assert state.names >= {name for name in state if not name.endswith("num_batches_tracked")}
    assert sum(value.numel() for value in net.parameters()) == values


def test_plain_network_gives_the_original_s_logits(about, expected):
    """The reference for B2, on B0 where the original's logits are known."""
    state = Read({name: value.double() for name, value in fill(about).items()})
    with torch.inference_mode():
        logits = plain_efficientnet(state, inputs("proc")[:1].double(), width=1.0, depth=1.0)
    np.testing.assert_allclose(logits.numpy(), expected["proc_out_f64"][:1], rtol=0, atol=1e-9)


# Multi-task
# ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def multitask(tmp_path_factory):
    """Our network with the weights of a model that was saved as the authors do."""
    path = tmp_path_factory.mktemp("multitask") / "enet_b0_8_va_mtl.pt"
    torch.save(multitask_net(), path)
    net = HseB0(num_classes=CLASSES, num_regressions=2)
    load_strictly(net, hse_state_dict(path), path)
    return net.eval().requires_grad_(False)


def test_multitask_outputs_are_those_of_the_authors_program(multitask):
    with np.load(GOLDEN) as arrays:
        expected = dict(arrays)
    ours = logits_of(multitask, inputs("proc")).numpy()
    np.testing.assert_allclose(ours, expected["proc_out"], rtol=0, atol=1e-4)
    in_double = HseB0(num_classes=CLASSES, num_regressions=2).double().eval()
    in_double.load_state_dict(multitask.state_dict())
    outputs = logits_of(in_double, inputs("proc").double()).numpy()
    difference = float(np.abs(outputs - expected["proc_out_f64"]).max())
    report_difference("HSE B0 multi-task against EmotiEffLib 1.1.1, float64", difference)
    assert difference < 1e-9


def test_the_yaml_s_channels_are_those_of_the_authors_program():
    """Their classes by number, and ``scores[:, :-2]``, as in their ``facial_analysis.py``; valence
    before arousal, as in their notebook of training.
    """
    model = component_for("model", "hse_enet_b0_8_va_mtl")
    classes = "Anger Contempt Disgust Fear Happiness Neutral Sadness Surprise".lower().split()
    assert model.channels.names == (*classes, "valence", "arousal")
    assert model.channels.labels == component_for("model", "hse_enet_b0_8_afew").labels
    assert (model.mean, model.std) == (IMAGENET_MEAN, IMAGENET_STD)
    assert (model.input_px, model.colour) == (224, "rgb")
