"""What the loader of a sweep keeps: the same configuration, the caller's own, read once."""

from __future__ import annotations

import copy
import pickle

import pytest
from hydra import version
from hydra._internal.utils import create_config_search_path
from hydra.errors import ConfigCompositionException
from hydra.types import RunMode
from omegaconf import OmegaConf

from ferbench.config.loader import SOURCE, VERSION_BASE, CheckedLoader, load
from ferbench.config.yaml_files import text_of_yaml
from ferbench.errors import ConfigError

OVERRIDES = ["event=windowed", "event.enter=0.25"]


@pytest.fixture
def loader():
    if version.getbase() is None:
        version.setbase(VERSION_BASE)
    return CheckedLoader(create_config_search_path(SOURCE))


def plain(config):
    """As it is written: ``${now:...}`` has another value each time that it is looked at."""
    return OmegaConf.to_container(config, resolve=False)


def composed(loader, overrides=OVERRIDES):
    return loader.load_configuration("config", list(overrides), RunMode.RUN, from_shell=False)


def test_a_cell_is_composed_once_and_is_the_same(loader, monkeypatch):
    first = composed(loader)
    assert plain(first) == plain(load(OVERRIDES))
    monkeypatch.setattr(loader, "repository", None)  # composing again would need it
    again = composed(loader)
    assert plain(again) == plain(first)
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
    again = composed(pickle.loads(pickle.dumps(loader)))
    assert plain(again) == plain(composed(loader))


ORDERS = [
    ["event=windowed", "event.enter=0.25"],
    ["event.enter=0.25", "event=windowed", "detector=scrfd_500m"],
    ["model.input_px=48", "+runtime.threads=2", "selector=largest"],
    ["event={enter: 0.3}", "event.enter=0.4"],
    ["event.enter=0.4", "event={enter: 0.3}"],
    ["event.enter=0.4", "event.enter=0.3"],
    ["report.timelines=0", "runtime.measure=true", "hydra.job.num=3"],
    ["hydra.job.config.override_dirname.exclude_keys=[event]", "event=windowed", "event.enter=1"],
]


@pytest.mark.parametrize("overrides", ORDERS, ids=" ".join)
def test_numbers_that_are_set_last_give_what_hydra_gives(loader, overrides, monkeypatch):
    others = [line for line in overrides if not line.endswith("=0.25")]
    loaded(loader, others)  # what both have in common is there
    got = loaded(loader, overrides)
    monkeypatch.setattr("ferbench.config.loader._numbers", lambda _: [])
    expected = loaded(CheckedLoader(create_config_search_path(SOURCE)), overrides)
    assert got == expected


def loaded(loader, overrides):
    """What is composed as text, or why it is not."""
    try:
        return OmegaConf.to_yaml(loader.load_configuration("config", overrides, RunMode.RUN))
    except ConfigCompositionException as error:
        return str(error)


def test_a_number_that_a_setting_cannot_have_is_told_as_before(loader):
    with pytest.raises(ConfigCompositionException, match=r"event\.entre"):
        loader.load_configuration("config", ["event.entre=0.3"], RunMode.RUN)


def test_no_number_lets_a_file_name_code(loader):
    """Whatever is not a number is checked where it stands."""
    with pytest.raises(ConfigError, match="lies outside ferbench"):
        loader.load_configuration(
            "config", ["event._target_=os.system", "event.enter=0.3"], RunMode.RUN
        )


def test_yaml_text_is_what_omegaconf_writes(loader):
    config = OmegaConf.to_container(composed(loader), resolve=False)
    del config["hydra"]
    odd = {
        **{"number": "1.5", "switch": "on", "minutes": "1:30", "hex": "0x1f", "no": None},
        **{"long": "ü" * 100 + " word" * 60, "small": 1e-9, "nan": float("nan"), "empty": ""},
        **{"marks": "a: b # c", "lines": "one\ntwo", "null": "null", "quotes": "'q'", "list": [1]},
    }
    for plain in (config, odd):
        assert text_of_yaml(plain) == OmegaConf.to_yaml(OmegaConf.create(plain))
