"""Weights in the safetensors format, and what py-feat's file tells of its network."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from ferbench.errors import WeightsError
from ferbench.weights.safetensors_file import pyfeat_multitask, tensors_and_metadata
from helpers.procedural import manifest

CONFIG = manifest("pyfeat_multitask")["config"]
STATE = {"b": torch.arange(3.0), "a": torch.ones(2, 2, dtype=torch.int64)}


def saved(path, **metadata):
    save_file(STATE, path, metadata=metadata)
    return path


def test_tensors_and_texts_come_back(tmp_path):
    state, metadata = tensors_and_metadata(saved(tmp_path / "net.safetensors", made="here"))
    assert metadata == {"made": "here"}
    assert state.keys() == STATE.keys()
    for name, value in STATE.items():
        torch.testing.assert_close(state[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("content", [b"", b"\x80\x02}.", b"\xff" * 100, b"<html>" * 10])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.safetensors is no whole safetensors file: "):
        tensors_and_metadata(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(WeightsError, match="is no whole safetensors file"):
        tensors_and_metadata(tmp_path / "nothing.safetensors")


def test_the_published_configuration_is_taken(tmp_path):
    path = saved(tmp_path / "net.safetensors", config=json.dumps(CONFIG))
    assert pyfeat_multitask(path).keys() == STATE.keys()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_au": 24}, "expected a network with n_au 20, as py-feat 2.1 has it, .* says 24"),
        ({"knn_k": 3}, "knn_k 4, .* says 3"),
        ({"drop_mefl": False}, "drop_mefl True, .* says False"),
        ({"emotion_use_au_prob": True}, "emotion_use_au_prob False"),
        ({"backbone": "resnet50"}, "backbone 'convnextv2_tiny.* says 'resnet50'"),
    ],
)
def test_another_network_is_told_by_what_differs(changes, told, tmp_path):
    """Some of it shows in no tensor's shape."""
    path = saved(tmp_path / "net.safetensors", config=json.dumps(CONFIG | changes))
    with pytest.raises(WeightsError, match=told):
        pyfeat_multitask(path)


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"made": "here"}, r"expected py-feat's configuration .* got made"),
        ({"config": "no JSON"}, r"expected py-feat's configuration .* got config"),
        ({"config": "[1]"}, "names with values, got a list"),
        ({"config": "{}"}, "n_au 20"),
    ],
)
def test_a_file_without_configuration_is_refused(metadata, told, tmp_path):
    with pytest.raises(WeightsError, match=told):
        pyfeat_multitask(saved(tmp_path / "net.safetensors", **metadata))
