"""Accuracies that the models' yamls tell."""

from __future__ import annotations

import pytest

from ferbench.config.published import published_files
from ferbench.weights.accuracy import published_accuracies

KNOWN = {
    "apvit_rafdb": [(0.9198, "RAF-DB", None)],
    "hse_enet_b0_7": [(0.6574, "AffectNet", 7)],
    "hse_enet_b0_8_afew": [(0.6095, "AffectNet", 8), (0.6463, "AffectNet", 7)],
    "hse_enet_b2_8": [(0.6303, "AffectNet", 8), (0.6629, "AffectNet", 7)],
    "mini_xception": [(0.66, "FER-2013", None)],
    "poster_v2_an8": [(0.6377, "AffectNet", 8)],
    "poster_v2_rafdb": [(0.9221, "RAF-DB", None)],
    "pyfeat_v27": [(0.612, "AffectNet", 7), (0.876, "RAF-DB", None)],
    "pyfeat_v28": [(0.628, "AffectNet", 7), (0.869, "RAF-DB", None)],
    "rmn": [(0.7414, "FER-2013", None)],
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_model_tells_its_accuracy(name):
    [item] = published_files("model")[name]
    told = [
        (each.value, each.data_set, each.classes) for each in published_accuracies(item.accuracy)
    ]
    assert told == KNOWN[name]


def test_every_model_that_names_a_data_set_can_be_read():
    for name, files in published_files("model").items():
        for item in files:
            if " % on " in item.accuracy:
                assert published_accuracies(item.accuracy), name


@pytest.mark.parametrize(
    "text", ["", "WIDER FACE val 93.80 / 92.02 / 77.13, VGA (README)", "66 % of something"]
)
def test_other_sentences_have_none(text):
    assert published_accuracies(text) == ()
