"""Whole pickled models: the weights come out exactly, and nothing of a file runs."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import sys
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from ferbench.errors import WeightsError
from ferbench.weights.pickled_model import hse_state_dict, pickled_state_dict
from helpers.hostile_pickles import ABSENT, REFUSED, RUNNING, made, named, text, write
from helpers.reference import shared_path

SAMPLE = "oracles/hse_enet_b0_8/pickled_model_sample.pt"


def same(state, expected):
    assert list(state) == list(expected)
    for name, value in expected.items():
        assert type(state[name]) is torch.Tensor
        assert state[name].dtype == value.dtype, name
        assert torch.equal(state[name], value), name
        assert not state[name].requires_grad


def test_sample_of_another_timm_is_exact():
    with np.load(shared_path("oracles/hse_enet_b0_8/pickled_model_sample_expected.npz")) as arrays:
        same(
            pickled_state_dict(shared_path(SAMPLE)),
            {name: torch.from_numpy(arrays[name]) for name in arrays},
        )


def odd_model() -> nn.Module:
    """Shared, transposed and missing tensors, unsaved buffers, several types of numbers."""
    torch.manual_seed(0)
    shared = nn.Linear(3, 3)
    model = nn.Sequential(
        shared, nn.BatchNorm1d(3), nn.Sequential(nn.ReLU(), shared, nn.Identity()), nn.Linear(3, 2)
    )
    model.append(nn.BatchNorm1d(3, affine=False, track_running_stats=False))
    model.append(nn.Linear(3, 2, bias=False).half().requires_grad_(False))
    model[3].weight = nn.Parameter(torch.randn(3, 2).T)
    model[3].register_buffer("mask", torch.tensor([True, False]))
    model[3].register_buffer("passing", torch.ones(2), persistent=False)
    return model


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_state_is_that_of_the_model(tmp_path, mode):
    model = odd_model().train(mode == "train")
    torch.save(model, tmp_path / "model.pt")
    state = pickled_state_dict(tmp_path / "model.pt")
    assert "3.passing" not in state
    same(state, model.state_dict())


def test_name_of_the_file_does_not_matter(tmp_path):
    torch.save(nn.Linear(1, 1), tmp_path / "model.safetensors")
    assert pickled_state_dict(tmp_path / "model.safetensors").keys() == {"weight", "bias"}


@pytest.mark.parametrize("head", [nn.Linear(4, 3), nn.Sequential(nn.Linear(4, 3))])
def test_both_heads_of_hse_get_one_name(tmp_path, head):
    model = nn.Module()
    model.add_module("conv_stem", nn.Conv2d(3, 4, 1, bias=False))
    model.add_module("classifier", head)
    model.__class__ = (
        nn.Identity
    )  # a class that the reader knows by name; only children and tensors matter
    torch.save(model, tmp_path / "model.pt")
    state = hse_state_dict(tmp_path / "model.pt")
    assert list(state) == ["conv_stem.weight", "classifier.0.weight", "classifier.0.bias"]
    assert torch.equal(
        state["classifier.0.bias"],
        head.state_dict()[next(n for n in head.state_dict() if "bias" in n)],
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("attack", RUNNING)
def test_nothing_of_a_file_runs(here, attack):
    body, protocol, message = RUNNING[attack]
    pickled = write(here / "bad.pt", body, protocol=protocol)
    before = set(torch.serialization.get_safe_globals())
    with pytest.raises(WeightsError, match=message) as refusal:
        pickled_state_dict(here / "bad.pt")
    assert "bad.pt is refused, because it asks for" in str(refusal.value)
    assert not (here / "CANARY").exists()
    assert set(torch.serialization.get_safe_globals()) == before
    with contextlib.suppress(TypeError):  # what the call returns is no tensor; it has run by then
        pickle.loads(pickled)
    assert (here / "CANARY").exists(), "the file runs nothing even where nobody stops it"


@pytest.mark.parametrize("attack", REFUSED)
def test_what_a_model_does_not_have_is_refused(here, attack):
    body, message = REFUSED[attack]
    write(here / "bad.pt", body)
    defaults = torch._utils._rebuild_tensor_v2.__defaults__
    with pytest.raises(WeightsError, match=message):
        pickled_state_dict(here / "bad.pt")
    assert torch._utils._rebuild_tensor_v2.__defaults__ == defaults


def test_classes_of_the_file_are_not_imported(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # importing it would fail
    write(
        here / "model.pt",
        made(named(ABSENT, "Net")) + b"}" + text("hook") + named(ABSENT, "function") + b"sb",
    )
    assert pickled_state_dict(here / "model.pt") == {}
    assert ABSENT not in sys.modules


def test_second_pickle_of_the_archive_is_refused(here):
    write(here / "two.pt", b"N")
    with zipfile.ZipFile(here / "two.pt", "a") as archive:
        archive.writestr("other/data.pkl", b"N.")
    with pytest.raises(WeightsError, match=r"not of a model: data\.pkl 2 times"):
        pickled_state_dict(here / "two.pt")


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
def test_other_files_are_refused(here):
    torch.save(nn.Linear(1, 1).state_dict(), here / "state.pt")
    torch.save(nn.Linear(1, 1), here / "old.pt", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.trace(nn.Linear(1, 1), torch.ones(1, 1)), here / "script.pt")
    (here / "text.pt").write_text("no weights")
    (here / "empty.pt").touch()
    (here / "plain.pt").write_bytes(pickle.dumps({"a": 1}))
    with zipfile.ZipFile(here / "wheel.pt", "w") as archive:
        archive.writestr("readme", "no model")
    for file, message in {
        "state.pt": "expected a model that was saved whole, got a OrderedDict",
        "old.pt": r"it is no zip archive.*files of torch before 1\.6 and plain pickles",
        "script.pt": "not of a model",
        "text.pt": "it is no zip archive",
        "empty.pt": "it is no zip archive",
        "plain.pt": "it is no zip archive",
        "wheel.pt": "not of a model: data.pkl 0 times",
        "absent.pt": "No such file",
    }.items():
        with pytest.raises(WeightsError, match=message):
            pickled_state_dict(here / file)


def test_truncated_files_are_refused(here):
    torch.save(odd_model(), here / "whole.pt")
    whole = (here / "whole.pt").read_bytes()
    for part in range(1, 16):
        (here / "part.pt").write_bytes(whole[: len(whole) * part // 16])
        with pytest.raises(WeightsError, match="no zip archive, or its end is missing"):
            pickled_state_dict(here / "part.pt")


def rewritten(path, target, change) -> None:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for member in source.namelist():
            data = change(member.split("/", 1)[1], source.read(member))
            if data is not None:
                archive.writestr(member, data)


def test_model_of_a_gpu_is_read_without_one(here):
    torch.save(odd_model(), here / "cpu.pt")
    moved = []

    def change(member, data):
        if member == "data.pkl":
            moved.append(data.count(text("cpu")))
            return data.replace(text("cpu"), text("cuda:0"))
        return data

    rewritten(here / "cpu.pt", here / "gpu.pt", change)
    assert moved == [1]  # later mentions refer to it
    same(pickled_state_dict(here / "gpu.pt"), odd_model().state_dict())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda member, data: data[:-4] if member == "data/0" else data, "record size"),
        (lambda member, data: None if member == "data/0" else data, "failed locating file data/0"),
        (
            lambda member, data: data[: len(data) // 2] if member == "data.pkl" else data,
            "cannot be read as a model",
        ),
        (lambda member, data: b"" if member == "data.pkl" else data, "cannot be read as a model"),
    ],
)
def test_damaged_members_are_refused(here, change, message):
    torch.save(odd_model(), here / "whole.pt")
    rewritten(here / "whole.pt", here / "copy.pt", lambda _member, data: data)
    same(pickled_state_dict(here / "copy.pt"), odd_model().state_dict())
    rewritten(here / "whole.pt", here / "bad.pt", change)
    with pytest.raises(WeightsError, match=message):
        pickled_state_dict(here / "bad.pt")


def test_changed_bytes_give_tensors_or_an_error(here):
    torch.save(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), here / "whole.pt")
    rng = random.Random(0)
    ends = []
    for _ in range(300):

        def change(member, data):
            if member != "data.pkl":
                return data
            changed = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                changed[rng.randrange(len(data))] = rng.randrange(256)
            return bytes(changed)

        rewritten(here / "whole.pt", here / "bad.pt", change)
        try:
            state = pickled_state_dict(here / "bad.pt")
        except WeightsError:
            ends.append("refused")
        else:
            assert all(isinstance(value, torch.Tensor) for value in state.values())
            ends.append("read")
    assert {"refused", "read"} == set(ends)


def test_restricted_reader_of_torch_refuses_the_sample():
    """Without stand-ins the sample cannot be read: that is what they are for."""
    with pytest.raises(
        pickle.UnpicklingError, match=r"GLOBAL timm\.models\.efficientnet\.EfficientNet"
    ):
        torch.load(io.BytesIO(shared_path(SAMPLE).read_bytes()), weights_only=True)
