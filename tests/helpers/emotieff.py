"""EmotiEffLib's MobileFaceNet as its authors pickled it: of classes in a module of theirs."""

from __future__ import annotations

import sys
import types
from collections import OrderedDict

import pytest
from torch import nn

from ferbench.nets import mbf


def name_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our classes go by names of ``mobilefacenet`` while a test writes or reads a pickle."""
    module = types.ModuleType("mobilefacenet")
    for kind in (mbf._Layers, mbf._MobileFaceNet):
        monkeypatch.setattr(kind, "__module__", module.__name__)
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def whole_mbf(num_outputs: int) -> nn.Module:
    """The model that the authors' notebooks print: features, then a layer named fc."""
    return nn.Sequential(OrderedDict(features=mbf._MobileFaceNet(), fc=nn.Linear(512, num_outputs)))
