"""What the loader of a sweep keeps: the same configuration, the caller's own, read once."""

from __future__ import annotations

import copy
import pickle

import pytest
from hydra import version
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode
from omegaconf import OmegaConf

from ferbench.config.loader import SOURCE, VERSION_BASE, CheckedLoader, load

OVERRIDES = ["event=windowed", "event.enter=0.25"]


@pytest.fixture
def loader():
    if version.getbase() is None:
        version.setbase(VERSION_BASE)
    return CheckedLoader(create_config_search_path(SOURCE))


def composed(loader, overrides=OVERRIDES):
    return loader.load_configuration("config", list(overrides), RunMode.RUN, from_shell=False)


def test_a_cell_is_composed_once_and_is_the_same(loader, monkeypatch):
    first = composed(loader)
    assert first == load(OVERRIDES)
    monkeypatch.setattr(loader, "repository", None)  # composing again would need it
    again = composed(loader)
    assert again == first
    for node in ("event", "hydra", "hydra.runtime"):
        one, other = (OmegaConf.select(config, node) for config in (first, again))
        assert OmegaConf.is_struct(one) == OmegaConf.is_struct(other)
        assert OmegaConf.is_readonly(one) == OmegaConf.is_readonly(other)
        assert OmegaConf.get_type(one) is OmegaConf.get_type(other)


def test_what_comes_is_the_callers_own(loader):
    first = composed(loader)
    first.event.enter = 0.75
    first.hydra.job.num = 3
    assert composed(loader).event.enter == 0.25
    assert OmegaConf.is_missing(composed(loader).hydra.job, "num")


def test_other_overrides_are_another_configuration(loader):
    assert composed(loader).event.enter == 0.25
    assert composed(loader, ["event=windowed", "event.enter=0.5"]).event.enter == 0.5


def test_each_file_is_read_once(loader, monkeypatch):
    kinds = {type(source) for source in loader.repository.get_sources() if source.scheme() == "pkg"}
    read = []
    for kind in kinds:
        original = kind.load_config

        def counted(self, config_path, original=original):
            read.append(config_path)
            return original(self, config_path=config_path)

        monkeypatch.setattr(kind, "load_config", counted)
    composed(loader)
    assert "event/windowed" in {path.removesuffix(".yaml") for path in read}
    before = len(read)
    composed(loader, ["event=windowed", "event.enter=0.5"])
    assert len(read) == before
    composed(loader, ["event=hysteresis"])
    assert {path.removesuffix(".yaml") for path in read[before:]} == {"event/hysteresis"}


def test_a_copy_for_another_process_is_light_and_loads(loader):
    light = len(pickle.dumps(loader))
    for enter in range(20):
        composed(loader, ["event=windowed", f"event.enter=0.{enter + 10}"])
    assert len(pickle.dumps(loader)) < light + 200_000
    assert not copy.deepcopy(loader)._composed
    assert composed(pickle.loads(pickle.dumps(loader))) == composed(loader)
