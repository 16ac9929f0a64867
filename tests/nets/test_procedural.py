"""The recipes of ``procedural.py`` against the values that the manifests give for checking."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from helpers.procedural import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    MADE_HERE,
    NETWORKS,
    entries,
    fill,
    golden,
    images,
    manifest,
    normalised,
    probe,
    stats,
)


@pytest.mark.parametrize("oracle", NETWORKS + MADE_HERE)
def test_fill_gives_the_manifest_s_values(oracle):
    about = manifest(oracle)
    names = set(about["fill_check"])
    few = {"tensors": [entry for entry in about["tensors"] if entry["name"] in names]}
    state = fill(few)
    assert state.keys() == names
    for name, first in about["fill_check"].items():
        assert state[name].flatten()[:4].tolist() == first
        assert tuple(state[name].shape) == entries(about)[name]


@pytest.mark.parametrize("side", [112, 160, 224])
def test_procedural_images_have_the_manifest_s_digest(side):
    oracle = {112: "apvit_raf", 160: "retinaface_resnet50", 224: "posterv2_7cls"}[side]
    check = manifest(oracle)["procedural_image_check"]
    image = images("proc", side)[check["k"]]
    assert image[0, :3].tolist() == check["first_pixels_rgb"]
    assert hashlib.sha256(image.tobytes()).hexdigest() == check["sha256"]


@pytest.mark.parametrize("kind", ["proc", "face"])
def test_inputs_are_the_original_s(kind):
    expected = golden("posterv2_7cls")
    values = normalised(images(kind, 224), mean=IMAGENET_MEAN, std=IMAGENET_STD)
    np.testing.assert_allclose(probe(values), expected[f"{kind}_input_probe"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(stats(values), expected[f"{kind}_input_stats"], rtol=0, atol=1e-6)
