"""Choices by name, by a mapping of fields, and as objects."""

from __future__ import annotations

import pytest

from ferbench.config.choices import component_for, settings_for
from ferbench.datasets.demo import Demo
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed


def test_a_name_a_mapping_and_an_object_give_the_same():
    rule = Hysteresis(enter=0.7)
    assert component_for("event", rule) is rule
    assert component_for("event", {"enter": 0.7}) == rule
    assert component_for("event", "hysteresis") == Hysteresis()
    assert component_for("event", {"choice": "windowed", "run_s": 0.4}) == Windowed(run_s=0.4)


def test_fields_of_a_data_set_are_those_that_a_run_has():
    chosen = settings_for({"dataset": {"videos": "lab", "annotations": "a.csv"}})
    assert isinstance(chosen.settings.dataset, Study)
    assert chosen.choices["dataset"] == "folder"
    assert isinstance(settings_for({}).settings.dataset, Demo)


def test_a_value_that_is_needed_is_named():
    with pytest.raises(ConfigError, match="a value is needed here") as caught:
        settings_for({"dataset": {"annotations": "a.csv"}})
    assert caught.value.key == "dataset.videos"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"entr": 0.7}, "no such key"),
        ("hysteresys", r"did you mean hysteresis\?"),
        (0.7, "a choice's name, a mapping of fields, or a component"),
        ({"exit": 0.9, "enter": 0.5}, "at most enter"),
    ],
)
def test_what_cannot_be_chosen_is_named(choice, message):
    with pytest.raises(ConfigError, match=message) as caught:
        component_for("event", choice)
    assert caught.value.key.startswith("event")


def test_a_mapping_changes_nested_fields_one_by_one():
    study = {"videos": "lab", "format": {"columns": {"onset": "start"}}}
    columns = settings_for({"dataset": study}).settings.dataset.format.columns
    assert (columns.onset, columns.session) == ("start", "session")
