"""APViT against the original network: outputs, what happens inside, kept tokens, names."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import WeightsError
from ferbench.nets.apvit import APViT
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

ORACLE = "apvit_raf"
STAGES = ("vit.strongest", *(f"vit.blocks.{n}.strongest" for n in (4, 5, 6, 7)))


@pytest.fixture(scope="module")
def about():
    return manifest(ORACLE)


@pytest.fixture(scope="module")
def original():
    return golden(ORACLE)


@pytest.fixture(scope="module")
def filled(about):
    """One network for all tests; each sets the precision that it needs (f32 values survive f64)."""
    return fill_net(APViT(num_classes=7), about)


@pytest.fixture(scope="module")
def values(original):
    """A function from kind to inputs, f32 (3, 3, 112, 112), rounded as the goldens' inputs were."""
    mean, std = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])

    def of(kind):
        levels = images("proc", 112) if kind == "proc" else original["face_resized112_rgb"]
        return (
            torch.from_numpy((levels.astype(np.float32) - mean) / std)
            .permute(0, 3, 1, 2)
            .contiguous()
        )

    return of


def logits_of(net, values):
    with torch.inference_mode():
        return net(values)


def largest(difference) -> float:
    return float(np.abs(difference).max())


def check_kept(original, kind, modules):
    for index, name in enumerate(STAGES):
        np.testing.assert_array_equal(
            modules[name].numpy(), original[f"{kind}_keep/{index}"], err_msg=name
        )


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_inputs_are_the_original_s(original, values, kind):
    np.testing.assert_array_equal(probe(values(kind)), original[f"{kind}_input_probe"])


def test_f64_outputs_and_insides(about, original, filled, values):
    shapes = about["intermediate_shapes"]
    ours = run_with_hooks(filled.double(), values("proc").double(), (*shapes, *STAGES))
    check_kept(original, "proc", ours.modules)
    for name, shape in shapes.items():
        inside, expected = ours.modules[name], original[f"proc_stats/{name}"]
        assert list(inside.shape) == shape, name
        atol = 1e-4 * expected[:, 1].min()  # the original ran in f32
        np.testing.assert_allclose(stats(inside), expected, rtol=0, atol=atol, err_msg=name)
        np.testing.assert_allclose(
            probe(inside), original[f"proc_probe/{name}"], rtol=0, atol=atol, err_msg=name
        )
    difference = largest(ours.out.numpy() - original["proc_out_f64"])
    report_difference("APViT, proc, float64", difference)
    assert difference < 1e-9


def test_f64_outputs_on_faces(original, filled, values):
    ours = run_with_hooks(filled.double(), values("face").double(), STAGES)
    check_kept(original, "face", ours.modules)
    difference = largest(ours.out.numpy() - original["face_out_f64"])
    report_difference("APViT, face, float64", difference)
    assert difference < 1e-9


@pytest.mark.parametrize(("kind", "batch"), [("proc", 3), ("face", 1)])
def test_f32_outputs(original, filled, values, kind, batch):
    filled.float()
    ours = [run_with_hooks(filled, part, STAGES) for part in values(kind).split(batch)]
    check_kept(
        original, kind, {name: torch.cat([one.modules[name] for one in ours]) for name in STAGES}
    )
    difference = largest(torch.cat([one.out for one in ours]).numpy() - original[f"{kind}_out"])
    report_difference(f"APViT, {kind}, float32", difference)
    assert difference < 3e-5


def test_a_batch_as_large_as_the_token_count_loses_tokens_too():
    with torch.device("meta"):
        blocks = APViT().vit.blocks
        for block, before, after in zip(
            blocks[4:], (161, 145, 130, 117), (145, 130, 117, 105), strict=True
        ):
            assert block(torch.zeros(before, before, 768)).shape == (before, after, 768)


def test_other_classes():
    with torch.device("meta"):
        assert APViT(num_classes=8)(torch.zeros(2, 3, 112, 112)).shape == (2, 8)


def test_names_and_shapes_are_the_published_ones(about, filled):
    assert {name: tuple(value.shape) for name, value in filled.state_dict().items()} == entries(
        about
    )
    assert sum(value.numel() for value in filled.parameters()) == about["parameters"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vit.cls_token": None}, r"vit\.cls_token"),
        (
            {"extractor.body.3.0.res_layer.0.weight": torch.zeros(256)},
            r"extractor\.body\.3\.0\.res_layer\.0\.weight",
        ),
        ({"head.fc.weight": torch.zeros(8, 768)}, r"head\.fc\.weight.*8, 768"),
    ],
)
def test_other_entries_are_refused_by_name(filled, change, told):
    state = {
        name: value
        for name, value in {**filled.state_dict(), **change}.items()
        if value is not None
    }
    with pytest.raises(WeightsError, match=rf"raf\.pth does not fit APViT: .*{told}"):
        load_strictly(filled, state, Path("raf.pth"))


def layer_norm_eps(net, monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.LayerNorm):
            monkeypatch.setattr(module, "eps", 1e-5)


def approximate_gelu(net, monkeypatch):
    monkeypatch.setattr(F, "gelu", functools.partial(F.gelu, approximate="tanh"))


def no_pooling_in_block_5(net, monkeypatch):
    for block, count in zip(net.vit.blocks[5:], (145, 130, 117), strict=True):
        monkeypatch.setattr(block.strongest, "count", count)


def signed_weight_of_cells(net, monkeypatch):
    monkeypatch.setattr(torch.linalg, "vector_norm", lambda maps, **_: maps.sum(dim=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "name"),
    [
        (layer_norm_eps, "LayerNorm eps swapped 1e-5<->1e-6"),
        (approximate_gelu, "GELU tanh instead of erf"),
        (no_pooling_in_block_5, "no pooling in block 5"),
        (signed_weight_of_cells, "CNN weight SUM instead of SUM_ABS_1"),
    ],
)
def test_slips_move_the_output_as_far_as_in_the_original(
    about, original, filled, values, change, name, monkeypatch
):
    change(filled.double(), monkeypatch)
    moved = largest(logits_of(filled, values("proc").double()).numpy() - original["proc_out_f64"])
    log.info("%s: %.3g", name, moved)
    assert moved == pytest.approx(
        about["mutation_effects"][name]["proc"], rel=0.02, abs=1e-5
    )  # theirs in f32
    assert moved > 1e-6
