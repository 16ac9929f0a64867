"""What the translation of a network does besides: normalisation, and nothing to the process."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from ferbench.nets.onnx_export import LEVELS, FromLevels, exported
from ferbench.weights import onnx_graph

USERS = ("LOGNAME", "USER", "LNAME", "USERNAME")


class Flat(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.flatten(1)


def test_all_levels_are_normalised_as_torch_does_it_to_the_bit():
    net = FromLevels(Flat(), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    session = onnx_graph.session(exported(net, 16), Path("flat"))
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(1, 3, 1, 1)
    [ours] = session.run(None, {LEVELS: levels.numpy()})
    assert torch.equal(torch.from_numpy(ours), net(levels))


@pytest.mark.parametrize("name", ["", "ann"])
def test_environment_and_loggers_stay_as_they_were(name, monkeypatch):
    for variable in USERS:
        monkeypatch.delenv(variable, raising=False)
    if name:
        monkeypatch.setenv("USER", name)
    before = dict(os.environ), logging.getLogger("torch.onnx").level
    exported(FromLevels(Flat(), mean=(0.5,), std=(0.5,)), 4)
    assert (dict(os.environ), logging.getLogger("torch.onnx").level) == before
