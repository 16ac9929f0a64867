"""mini-XCEPTION against the original in Keras, and its weight file."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
import torch

from ferbench.errors import WeightsError
from ferbench.nets.mini_xception import MiniXception
from ferbench.weights.checkpoints import load_strictly, mini_xception_hdf5
from helpers.published import GOLDEN, fetched, mini_xception
from helpers.reference import report_difference, shared_path


@pytest.fixture(scope="module")
def weights(models):
    return fetched(mini_xception(), models)[0]


@pytest.fixture(scope="module")
def net(weights):
    net = MiniXception(num_classes=7).eval()
    load_strictly(net, mini_xception_hdf5(weights), weights)
    return net


def logits_of(net, grey):
    with torch.inference_mode():
        return net(torch.from_numpy(grey)[:, None] / 255 * 2 - 1)


def compare(net, golden, kind):
    logits = logits_of(net, golden[f"{kind}_gray64"])
    for name, ours in (("logits", logits), ("out", logits.softmax(dim=1))):
        difference = float(np.abs(ours.numpy() - golden[f"{kind}_{name}"]).max())
        report_difference(f"mini-XCEPTION, {kind} {name}, float32", difference)
        assert difference < 1e-5


@pytest.mark.weights
def test_network_equals_keras_on_procedural_images(net):
    golden = np.load(GOLDEN)
    compare(net, {name.removeprefix("mini_xception/"): golden[name] for name in golden}, "proc")


@pytest.mark.weights
def test_network_equals_keras_on_faces(net):
    compare(net, np.load(shared_path("oracles/mini_xception/golden.npz")), "face")


@pytest.mark.weights
def test_batch_does_not_change_logits(net):
    grey = np.load(GOLDEN)["mini_xception/proc_gray64"]
    together = logits_of(net, grey[[0, 1, 2, 1, 0]])
    alone = torch.cat([logits_of(net, grey[[n]]) for n in (0, 1, 2, 1, 0)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_size_and_classes():
    net = MiniXception(num_classes=7).eval()
    values = [v for name, v in net.state_dict().items() if not name.endswith("num_batches_tracked")]
    assert sum(v.numel() for v in values) == 58_423
    assert MiniXception(num_classes=3).eval()(torch.zeros(2, 1, 64, 64)).shape == (2, 3)


@pytest.mark.weights
def test_missing_and_extra_datasets_are_named(weights, tmp_path):
    path = tmp_path / "changed.hdf5"
    shutil.copyfile(weights, path)
    with h5py.File(path, "a") as file:
        group = file["model_weights"]
        group.move("conv2d_7/conv2d_7_1/bias:0", "conv2d_7/conv2d_7_1/biases:0")
    with pytest.raises(
        WeightsError, match=r"missing datasets: conv2d_7/\S*/bias:0; extra datasets: \S*/biases:0$"
    ):
        mini_xception_hdf5(path)


@pytest.mark.weights
def test_wrong_shape_is_refused(weights, tmp_path):
    path = tmp_path / "changed.hdf5"
    shutil.copyfile(weights, path)
    with h5py.File(path, "a") as file:
        del file["model_weights/conv2d_7/conv2d_7_1/bias:0"]
        file["model_weights/conv2d_7/conv2d_7_1/bias:0"] = np.zeros(8, np.float32)
    with pytest.raises(WeightsError, match=r"does not fit MiniXception.*head\.bias"):
        load_strictly(MiniXception(), mini_xception_hdf5(path), path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.hdf5").write_text("no weights")
    with pytest.raises(WeightsError, match=r"text\.hdf5 cannot be read as an HDF5 file"):
        mini_xception_hdf5(tmp_path / "text.hdf5")
    with pytest.raises(WeightsError, match="cannot be read"):
        mini_xception_hdf5(tmp_path / "absent.hdf5")
