"""Reading torch files: wrappers, prefixes, and files that would run something."""

from __future__ import annotations

import os
import pickle
import subprocess

import numpy as np
import pytest
import torch

from ferbench.errors import WeightsError
from ferbench.weights.checkpoints import NUMPY_NAMES, load_strictly, poster_v2_pth, torch_state_dict

STATE = {"head.weight": torch.arange(6.0).view(2, 3), "head.bias": torch.ones(2)}
PARALLEL = {f"module.{name}": value for name, value in STATE.items()}


def saved(folder, content, **options):
    path = folder / "file.pth"
    torch.save(content, path, **options)
    return path


def same(state):
    torch.testing.assert_close(state, STATE, rtol=0, atol=0)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("state", [STATE, PARALLEL])
def test_wrapper_and_prefix_are_taken_off(state, zipped, tmp_path):
    options = {"_use_new_zipfile_serialization": zipped}
    same(torch_state_dict(saved(tmp_path, state, **options)))
    same(torch_state_dict(saved(tmp_path, {"net": state, "epoch": 3}, **options), key="net"))
    same(poster_v2_pth(saved(tmp_path, {"state_dict": state, "epoch": 3}, **options)))


def test_a_prefix_that_only_some_names_have_stays(tmp_path):
    mixed = {"module.weight": torch.zeros(1), "bias": torch.zeros(1)}
    assert torch_state_dict(saved(tmp_path, mixed)).keys() == mixed.keys()


def test_numpy_beside_the_state_is_read_over(tmp_path):
    beside = {
        "losses": np.zeros((2, 3)),
        "best": np.float32(0.7),
        "names": np.array(["a", "b"]),
        "raw": b"\x00\xff",
    }
    path = saved(tmp_path, {"net": STATE, **beside})
    with pytest.raises(
        WeightsError, match=r"besides tensors it needs numpy\S+; such a file can run programs"
    ):
        torch_state_dict(path, key="net")
    same(torch_state_dict(path, key="net", inert=NUMPY_NAMES))


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_numpy_objects_of_both_generations_are_read_over(module, tmp_path):
    path = saved(
        tmp_path, {"state_dict": STATE, "losses": np.zeros(3)}, _use_new_zipfile_serialization=False
    )
    content = path.read_bytes()
    assert content.count(b"cnumpy._core.multiarray\n") == 1
    path.write_bytes(content.replace(b"cnumpy._core.multiarray\n", f"c{module}\n".encode()))
    same(poster_v2_pth(path))


class Runs:
    """Makes a pickle that calls something when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def _as_zip(content, path):
    torch.save(content, path)


def _as_old_file(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def _as_bare_pickle(content, path):
    path.write_bytes(pickle.dumps({**content, "state_dict": {}}, protocol=2))


@pytest.mark.parametrize("save", [_as_zip, _as_old_file, _as_bare_pickle])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("function", "told"),
    [(os.system, r"(posix|nt)\.system"), (subprocess.call, r"\w+\.call"), (exec, "exec")],
)
def test_nothing_in_a_file_runs(function, told, inside, save, tmp_path, capfd):
    trace = tmp_path / "ran"
    argument = f"open({str(trace)!r}, 'w')" if function is exec else f"echo > {trace}"
    if function is subprocess.call:
        argument = ["touch", str(trace)]
    bomb = Runs(function, argument)
    content = (
        {"state_dict": {**STATE, "bomb": bomb}}
        if inside
        else {"state_dict": STATE, "recorder": bomb}
    )
    save(content, tmp_path / "bad.pth")
    with pytest.raises(WeightsError) as caught:
        poster_v2_pth(tmp_path / "bad.pth")
    assert not trace.exists()
    if save is not _as_bare_pickle or not inside:
        caught.match(
            rf"bad\.pth cannot be read .* besides tensors it needs {told}; "
            "such a file can run programs"
        )
    assert "weights_only" not in str(caught.value)


def test_the_payload_would_run_without_care(tmp_path):
    """The test above can fail: an ordinary loader runs the payload."""
    _as_zip(
        {"state_dict": STATE, "recorder": Runs(os.system, f"echo > {tmp_path / 'ran'}")},
        tmp_path / "bad.pth",
    )
    torch.load(tmp_path / "bad.pth", weights_only=False)
    assert (tmp_path / "ran").exists()


def test_allowed_names_are_allowed_for_one_file_only(tmp_path):
    before = torch.serialization.get_safe_globals()
    same(poster_v2_pth(saved(tmp_path, {"state_dict": STATE, "losses": np.zeros(3)})))
    assert set(torch.serialization.get_safe_globals()) == set(before)
    with pytest.raises(WeightsError, match="numpy"):
        torch_state_dict(tmp_path / "file.pth", key="state_dict")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            STATE,
            r"expected a dictionary with a network's 'state_dict', "
            r"got 'head\.weight', 'head\.bias'$",
        ),
        (
            {"state": {}, "param_groups": []},
            r"got 'state', 'param_groups'; this is an optimizer's state: take the",
        ),
        ({}, "got nothing$"),
        ([torch.zeros(1)], "got a list$"),
        ({"state_dict": [3]}, r"expected a state_dict \(names with tensors\), got a list$"),
        (
            {"state_dict": {**STATE, "epoch": 3}},
            r"expected a state_dict .*, got 'epoch' with a int$",
        ),
    ],
)
def test_a_file_without_state_dict_is_refused(content, told, tmp_path):
    with pytest.raises(WeightsError, match=told):
        poster_v2_pth(saved(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><html>too many downloads</html>", "not written by torch.save"),
        (b"", "it ends too early"),
        (None, "No such file"),
    ],
)
def test_other_files_are_refused(content, told, tmp_path):
    path = tmp_path / "file.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        WeightsError, match=rf"file\.pth cannot be read as a torch file of plain tensors: .*{told}"
    ):
        torch_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_cut_file_is_refused(zipped, tmp_path):
    path = saved(tmp_path, {"state_dict": PARALLEL}, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"file\.pth"):
            poster_v2_pth(path)


class Net(torch.nn.Module):
    UNUSED = frozenset({"old.weight"})

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 2)


def test_unused_entries_are_left_out_and_nothing_else(tmp_path):
    net = Net()
    load_strictly(net, {**STATE, "old.weight": torch.zeros(9)}, tmp_path / "file.pth")
    same(net.state_dict())
    load_strictly(net, STATE, tmp_path / "file.pth")
    with pytest.raises(WeightsError, match=r"does not fit Net: 1 unexpected: old\.bias\."):
        load_strictly(net, {**STATE, "old.bias": torch.zeros(9)}, tmp_path / "file.pth")


def test_many_names_are_counted_and_the_first_told(tmp_path):
    extra = {f"extra{k}": torch.zeros(1) for k in range(700)}
    with pytest.raises(WeightsError) as caught:
        load_strictly(Net(), extra, tmp_path / "file.pth")
    assert (
        "2 missing: head.weight, head.bias; "
        "700 unexpected: extra0, extra1, extra2, extra3, extra4, ..."
    ) in str(caught.value)
