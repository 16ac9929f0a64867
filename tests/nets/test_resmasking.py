"""The Residual Masking Network against the original network.

Outputs, what happens inside, names and their aliases.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from ferbench.errors import WeightsError
from ferbench.nets.resmasking import ResMasking
from ferbench.weights.checkpoints import load_strictly
from helpers.procedural import (
    entries,
    fill_net,
    golden,
    images,
    manifest,
    probe,
    run_with_hooks,
    stats,
)
from helpers.reference import report_difference

log = logging.getLogger(__name__)

ORACLE = "rmn_resmasking_dropout1"


@pytest.fixture(scope="module")
def about():
    return manifest(ORACLE)


@pytest.fixture(scope="module")
def original():
    return golden(ORACLE)


@pytest.fixture(scope="module")
def filled(about):
    """One network for all tests; each sets the precision that it needs (f32 values survive f64)."""
    return fill_net(ResMasking(num_classes=7), about)


@pytest.fixture(scope="module")
def aliases(about):
    """Second names: alias -> name.

    Of a pair, the manifest calls the second in the file's order the alias.
    """
    pairs = {
        entry["name"]: entry["fill"]["of"]
        for entry in about["tensors"]
        if entry["fill"]["kind"] == "alias"
    }
    return {name: kept for kept, name in pairs.items()}


@pytest.fixture
def published(filled, aliases):
    """A state_dict with both names of a shortcut, as the original saves it."""
    state = filled.state_dict()
    return {**state, **{alias: state[name] for alias, name in aliases.items()}}


@pytest.fixture(scope="module")
def values():
    """A function from kind to inputs, BGR f32 (3, 3, 224, 224)."""

    def of(kind):
        return (
            torch.from_numpy(images(kind, 224)[..., ::-1].copy())
            .permute(0, 3, 1, 2)
            .contiguous()
            .float()
            / 255
        )

    return of


def logits_of(net, values):
    with torch.inference_mode():
        return net(values)


def largest(difference) -> float:
    return float(np.abs(difference).max())


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_inputs_are_the_original_s(original, values, kind):
    np.testing.assert_array_equal(probe(values(kind)), original[f"{kind}_input_probe"])


def test_f64_outputs_and_insides(about, original, filled, values):
    shapes = about["intermediate_shapes"]
    ours = run_with_hooks(filled.double(), values("proc").double(), tuple(shapes))
    for name, shape in shapes.items():
        inside, expected = ours.modules[name], original[f"proc_stats/{name}"]
        assert list(inside.shape) == shape, name
        atol = 1e-4 * expected[:, 1].min()  # the original ran in f32
        np.testing.assert_allclose(stats(inside), expected, rtol=0, atol=atol, err_msg=name)
        np.testing.assert_allclose(
            probe(inside), original[f"proc_probe/{name}"], rtol=0, atol=atol, err_msg=name
        )
    difference = largest(ours.out.numpy() - original["proc_out_f64"])
    report_difference("RMN, proc, float64", difference)
    assert difference < 1e-9


@pytest.mark.slow
def test_f64_outputs_on_faces(original, filled, values):
    difference = largest(
        logits_of(filled.double(), values("face").double()).numpy() - original["face_out_f64"]
    )
    report_difference("RMN, face, float64", difference)
    assert difference < 1e-9


@pytest.mark.parametrize(("kind", "batch"), [("proc", 3), ("face", 1)])
def test_f32_outputs(original, filled, values, kind, batch):
    filled.float()
    ours = torch.cat([logits_of(filled, part) for part in values(kind).split(batch)])
    difference = largest(ours.numpy() - original[f"{kind}_out"])
    report_difference(f"RMN, {kind}, float32", difference)
    assert difference < 1e-4


def test_other_classes():
    with torch.device("meta"):
        assert ResMasking(num_classes=8).eval()(torch.zeros(2, 3, 224, 224)).shape == (2, 8)


def test_names_and_shapes_are_the_published_ones(about, published, filled, aliases):
    assert len(aliases) == 120
    assert not aliases.keys() & filled.state_dict().keys()
    assert {name: tuple(value.shape) for name, value in published.items()} == entries(about)
    assert sum(value.numel() for value in filled.parameters()) == about["parameters"]


def test_both_names_of_a_shortcut_are_accepted_and_so_is_one(filled, published):
    load_strictly(filled, published, Path("rmn.pth"))
    load_strictly(filled, filled.state_dict(), Path("rmn.pth"))


def test_loading_leaves_the_given_state_as_it_was(filled, published):
    names = list(published)
    load_strictly(filled, published, Path("rmn.pth"))
    assert list(published) == names


@pytest.mark.parametrize(
    "alias", ["mask1.downsample8.1.bias", "mask4.downsample1.1.num_batches_tracked"]
)
def test_two_names_with_different_values_are_refused(filled, published, aliases, alias):
    state = {**published, alias: published[alias] + 1}
    with pytest.raises(
        WeightsError,
        match=rf"rmn\.pth does not fit ResMasking: .*{alias} and {aliases[alias]} are two",
    ):
        load_strictly(filled, state, Path("rmn.pth"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mask1.up_pool5.0.bias": None}, r"mask1\.up_pool5\.0\.bias"),
        ({"mask4.conv1.downsample.0.weight": None}, r"mask4\.conv1\.downsample\.0\.weight"),
        ({"mask4.downsample3.0.weight": torch.zeros(512)}, r"mask4\.downsample3\.0\.weight"),
        ({"layer1.0.downsample.0.weight": torch.zeros(64)}, r"layer1\.0\.downsample\.0\.weight"),
        ({"fc.1.weight": torch.zeros(8, 512)}, r"fc\.1\.weight.*8, 512"),
    ],
)
def test_other_entries_are_refused_by_name(filled, published, change, told):
    state = {name: value for name, value in {**published, **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=rf"rmn\.pth does not fit ResMasking: .*{told}"):
        load_strictly(filled, state, Path("rmn.pth"))


def other_channel_order(net, values, monkeypatch):
    return values.flip(1)


def sigmoid_masks(net, values, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "softmax", lambda maps, **_: maps.sigmoid())
    return values


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "name"),
    [
        (other_channel_order, "colour channels reversed"),
        (sigmoid_masks, "mask sigmoid instead of softmax"),
    ],
)
def test_slips_move_the_output_as_far_as_in_the_original(
    about, original, filled, values, change, name, monkeypatch
):
    changed = change(filled.float(), values("proc"), monkeypatch)
    moved = largest(logits_of(filled, changed).numpy() - original["proc_out"])
    log.info("%s: %.3g", name, moved)
    assert moved == pytest.approx(about["mutation_effects"][name]["proc"], rel=0.01)
