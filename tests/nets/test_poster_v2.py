"""POSTER V2 against the original network, both with the same procedural weights."""

from __future__ import annotations

import copy
from functools import cache, partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import WeightsError
from ferbench.nets.poster_v2 import PosterV2
from ferbench.weights.checkpoints import load_strictly, poster_v2_pth
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

SEVEN, EIGHT = "posterv2_7cls", "posterv2_8cls"
TITLES = {SEVEN: "POSTER V2 (7 classes)", EIGHT: "POSTER V2 (8 classes)"}
CLASSES = {SEVEN: 7, EIGHT: 8}
TOLERANCE_F32, TOLERANCE_F64 = 5e-5, 1e-9


@pytest.fixture(scope="module")
def net_of():
    """Function from an oracle's name to its network, f32."""
    made: dict[str, nn.Module] = {}

    def filled(oracle):
        if oracle not in made:
            net = PosterV2(num_classes=CLASSES[oracle])
            made[oracle] = fill_net(net, manifest(oracle), leave_out=PosterV2.UNUSED)
        return made[oracle]

    return filled


@pytest.fixture(scope="module")
def double_net_of(net_of):
    """Function from an oracle's name to its network, f64."""
    return cache(lambda oracle: copy.deepcopy(net_of(oracle)).double())


@pytest.fixture
def net(net_of):
    return net_of(SEVEN)


def values_of(kind):
    return normalised(images(kind, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD)


def logits_of(net, values):
    with torch.inference_mode():
        return net(values).numpy()


def largest(ours, theirs, what):
    assert ours.shape == theirs.shape
    difference = float(np.abs(ours - theirs).max())
    report_difference(what, difference)
    return difference


@pytest.mark.parametrize("kind", ["proc", "face"])
@pytest.mark.parametrize("oracle", [SEVEN, pytest.param(EIGHT, marks=pytest.mark.slow)])
def test_float64_equals_the_original(oracle, kind, double_net_of):
    logits = logits_of(double_net_of(oracle), values_of(kind).double())
    expected = golden(oracle)[f"{kind}_out_f64"]
    assert largest(logits, expected, f"{TITLES[oracle]}, {kind}, float64") < TOLERANCE_F64


@pytest.mark.parametrize("oracle", CLASSES)
def test_float32_equals_the_original(oracle, net_of):
    """Outputs, and on the way there the outputs of the original's modules."""
    expected, shapes = golden(oracle), manifest(oracle)["intermediate_shapes"]
    outputs = run_with_hooks(net_of(oracle), values_of("proc"), list(shapes))
    for name, shape in shapes.items():
        module = outputs.modules[name]
        assert list(module.shape) == shape, name
        mean_std_min_max = expected[f"proc_stats/{name}"]
        tolerance = 3e-5 * mean_std_min_max[:, 1].max()
        np.testing.assert_allclose(
            probe(module), expected[f"proc_probe/{name}"], rtol=0, atol=tolerance, err_msg=name
        )
        np.testing.assert_allclose(
            stats(module), mean_std_min_max, rtol=0, atol=tolerance, err_msg=name
        )
    difference = largest(
        outputs.out.numpy(), expected["proc_out"], f"{TITLES[oracle]}, proc, float32"
    )
    assert difference < TOLERANCE_F32


def test_float32_on_faces_and_in_batches(net):
    faces = values_of("face")
    together = logits_of(net, faces[[0, 1, 2, 1, 0]])
    expected = golden(SEVEN)["face_out"]
    assert (
        largest(together, expected[[0, 1, 2, 1, 0]], f"{TITLES[SEVEN]}, face, float32")
        < TOLERANCE_F32
    )
    assert (
        largest(logits_of(net, faces[1:2]), together[3:4], f"{TITLES[SEVEN]}, batch of 1")
        < TOLERANCE_F32
    )


def _layer_norms(net, _monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = 1e-5 if module.eps == 1e-6 else 1e-6


def _batch_norms(net, _monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3


def _gelu(_net, monkeypatch):
    monkeypatch.setattr(F, "gelu", partial(F.gelu, approximate="tanh"))


def _bilinear(_net, monkeypatch):
    interpolate = F.interpolate
    monkeypatch.setattr(
        F, "interpolate", lambda x, **options: interpolate(x, **{**options, "mode": "bilinear"})
    )


def _scale(net, _monkeypatch):
    net.attn2.scale *= 1.01


def _positions(net, _monkeypatch):
    net.attn2.relative_position_index = net.attn2.relative_position_index.T


@pytest.mark.parametrize(
    ("slip", "name"),
    [
        (_layer_norms, "LayerNorm eps swapped 1e-5<->1e-6"),
        (_gelu, "GELU tanh instead of erf"),
        (_batch_norms, "BatchNorm eps 0.001 instead of 1e-05"),
        (_bilinear, "bilinear instead of nearest 224->112"),
        (_scale, "attn2 scale*1.01"),
        (_positions, "attn2 relative_position_index transposed"),
    ],
)
def test_a_slip_moves_the_output_as_in_the_original(slip, name, net, monkeypatch):
    """A slip is far above the tolerance, and as large as the same slip in the original network."""
    expected = manifest(SEVEN)["mutation_effects"][name]["proc"]
    changed = copy.deepcopy(net)
    slip(changed, monkeypatch)
    effect = float(np.abs(logits_of(changed, values_of("proc")) - golden(SEVEN)["proc_out"]).max())
    assert effect > 1000 * TOLERANCE_F64
    assert effect == pytest.approx(expected, rel=0.02, abs=2e-5)


@pytest.mark.parametrize("oracle", CLASSES)
def test_names_and_shapes_are_the_published_ones(oracle):
    published, about = entries(manifest(oracle)), manifest(oracle)
    with torch.device("meta"):
        net = PosterV2(num_classes=CLASSES[oracle])
    own = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    assert published.keys() > PosterV2.UNUSED
    assert own == {name: shape for name, shape in published.items() if name not in PosterV2.UNUSED}
    counters = {name for name in PosterV2.UNUSED if name.endswith("num_batches_tracked")}
    assert PosterV2.UNUSED - counters == set(about["unused_in_forward"])
    unused_statistics = sum(
        np.prod(published[name])
        for name in PosterV2.UNUSED
        if name.endswith(("running_mean", "running_var"))
    )
    built = sum(parameter.numel() for parameter in net.parameters())
    assert built == about["parameters"] - about["parameters_unused_in_forward"] + unused_statistics


def published_state(oracle):
    """All entries of a published file."""
    index = {
        f"attn{k}.relative_position_index": torch.zeros(n**2, n**2).long()
        for k, n in ((1, 28), (2, 14), (3, 7))
    }
    return {**fill(manifest(oracle)), **index}


def test_strict_loading_names_what_does_not_fit(net, tmp_path):
    path = tmp_path / "poster.pth"
    state = dict(net.state_dict())
    load_strictly(net, {**state, "VIT.eca_block.conv.weight": torch.zeros(1)}, path)
    changed = {**state, "VIT.head.bias": torch.zeros(7), "conv1.weight": torch.zeros(64, 64, 1, 1)}
    del changed["ffn2.gamma1"], changed["embed_v.proj.bias"]
    with pytest.raises(WeightsError) as caught:
        load_strictly(net, changed, path)
    assert str(caught.value) == (
        f"{path} does not fit PosterV2: 2 missing: ffn2.gamma1, embed_v.proj.bias; "
        "1 unexpected: VIT.head.bias; "
        "1 of another shape: conv1.weight (64, 64, 1, 1) instead of (64, 64, 3, 3). "
        "Is it the file of this model, with these classes?"
    )


def test_a_file_with_other_classes_is_refused(net, tmp_path):
    head = {"VIT.head.linear.weight": torch.zeros(8, 768), "VIT.head.linear.bias": torch.zeros(8)}
    with pytest.raises(
        WeightsError, match=r"2 of another shape: VIT\.head\.linear\.weight \(8, 768\) instead of"
    ):
        load_strictly(net, {**net.state_dict(), **head}, tmp_path / "poster.pth")


@pytest.mark.parametrize("oracle", CLASSES)
def test_layout_sample_of_the_training_script(oracle):
    state = poster_v2_pth(shared_path(f"oracles/{oracle}/ckpt_layout_sample.pth"))
    expected = fill(
        {"tensors": [entry for entry in manifest(oracle)["tensors"] if entry["name"] in state]}
    )
    assert len(state) == 8
    torch.testing.assert_close(state, expected, rtol=0, atol=0)


class RecorderMeter:
    """As in the original's training script, which pickles it from ``__main__``."""

    def __init__(self):
        self.epoch_losses = np.zeros((3, 2), np.float32)


@pytest.mark.slow
def test_whole_file_of_the_training_script(net, tmp_path, monkeypatch):
    """All 747 entries, also in the old format, through the strict loader to the same output."""
    monkeypatch.setattr(RecorderMeter, "__module__", "__main__")
    monkeypatch.setattr("__main__.RecorderMeter", RecorderMeter, raising=False)
    state = {
        **published_state(SEVEN),
        **{name: value for name, value in net.state_dict().items() if "index" in name},
    }
    assert len(state) == manifest(SEVEN)["state_entries"]
    saved = {
        "epoch": 3,
        "state_dict": {f"module.{name}": value for name, value in state.items()},
        "best_acc": torch.tensor(92.21),
        "optimizer": {
            "state": {0: {"exp_avg": torch.zeros(2)}},
            "param_groups": [{"lr": np.float64(3.5e-5)}],
        },
        "recorder": RecorderMeter(),
    }
    for new_format in (True, False):
        torch.save(saved, tmp_path / "poster.pth", _use_new_zipfile_serialization=new_format)
        loaded = PosterV2(num_classes=7).eval()
        load_strictly(loaded, poster_v2_pth(tmp_path / "poster.pth"), tmp_path / "poster.pth")
        image = values_of("proc")[:1]
        np.testing.assert_array_equal(logits_of(loaded, image), logits_of(net, image))
