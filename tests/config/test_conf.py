"""Every yaml of conf/ fits its target: a new choice is tested by being there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ferbench.conf
import pytest
from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.groups import choices_of
from ferbench.config.published import published_files
from ferbench.config.settings import PLUGS, SECTIONS, settings_from
from ferbench.fingerprint import fingerprint

CONF = Path(ferbench.conf.__file__).parent
CHOICES = [
    (group, choice) for group in (*PLUGS, "dataset", "tracking") for choice in choices_of(group)
]
NAMES = {
    "detector",
    "model",
    "preprocessing",
    "reader",
    "selector",
    "event",
    "signal",
    "scoring",
    "statistics",
    "classify",
}


def node(group, choice):
    return OmegaConf.to_container(OmegaConf.load(CONF / group / f"{choice}.yaml"))


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_choice_builds_and_writes_out_every_field(group, choice):
    content = node(group, choice)
    content |= {key: "somewhere" for key, value in content.items() if value == "???"}
    component = build(content, where=group)
    fields = {f.name for f in dataclasses.fields(component)}
    assert set(content) - {"_target_"} == fields
    if group in NAMES:
        assert isinstance(type(component).version, str)
        assert component == build(content, where=group)
        assert len(fingerprint(component)) == 64
        hash(component)


@pytest.mark.parametrize("group", ["detector", "model"])
def test_every_published_file_says_where_it_comes_from(group):
    for files in published_files(group).values():
        for item in files:
            assert item.licence
            assert item.paper
            assert str(item.source)


def test_defaults_list_is_the_list_of_groups():
    folders = {p.name for p in CONF.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == {*SECTIONS, "hydra", "experiment"} - {"allow_targets"}


@pytest.mark.parametrize("experiment", choices_of("experiment"))
def test_experiments_compose(experiment):
    settings_from(composed({"experiment": experiment}))


def test_no_yaml_uses_a_key_that_yaml_reads_as_a_boolean():
    for path in CONF.rglob("*.yaml"):
        content = OmegaConf.to_container(OmegaConf.load(path))
        stack = [content]
        while stack:
            item = stack.pop()
            if isinstance(item, dict):
                assert all(isinstance(key, str) for key in item), path
                stack.extend(item.values())


def test_composed_names_the_choices_there_are():
    from ferbench.errors import ConfigError

    with pytest.raises(ConfigError, match=r"detector: there is no 'nothing'; there are: .*mtcnn"):
        composed({"detector": "nothing"})
