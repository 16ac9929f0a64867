"""Yaml of a user's own folder of choices: checked before Hydra reads it."""

from __future__ import annotations

import time

import pytest

from ferbench.config.compose import composed
from ferbench.config.groups import keys_of
from ferbench.errors import ConfigError

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
REFUSED = {
    "aliases": (ALIASES, "more than 200000 values"),
    "depth": ("a: " + "[" * 2000 + "]" * 2000, "nested deeper than 30 levels"),
    "itself": ("a: &a [*a]", "stands in what it stands for"),
    "twice": ("enter: 0.5\nenter: 0.6\n", "found duplicate key enter"),
    "bytes": (b"enter: 0.5 # \xff\n", "cannot be read as a yaml: 'utf-8' codec"),
    "sign": ("enter: \0\n", "characters are not allowed"),
    "no yaml": ("enter: [0.5\n", "cannot be read as a yaml"),
}


def written(folder, content):
    place = folder / "event"
    place.mkdir()
    data = content if isinstance(content, bytes) else content.encode()
    (place / "mine.yaml").write_bytes(data)
    return place / "mine.yaml"


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_named(kind, tmp_path):
    content, told = REFUSED[kind]
    path = written(tmp_path, content)
    start = time.monotonic()
    with pytest.raises(ConfigError) as raised:
        composed({"event": "mine"}, config_dirs=[tmp_path])
    assert str(path) in str(raised.value)
    assert told in str(raised.value)
    assert time.monotonic() - start < 30


def test_keys_are_not_read_of_it_either(tmp_path):
    written(tmp_path, ALIASES)
    with pytest.raises(ConfigError, match="more than 200000 values"):
        keys_of("event", "mine", config_dirs=[tmp_path])


def test_a_choice_whose_name_is_no_name_of_a_file_is_told(tmp_path):
    written(tmp_path, f"defaults:\n  - {'x' * 300}\n")
    with pytest.raises(ConfigError, match="the name of a choice is too long"):
        composed({"event": "mine"}, config_dirs=[tmp_path])


def test_sound_ones_are_read(tmp_path):
    written(tmp_path, "defaults:\n  - hysteresis\n  - _self_\nenter: 0.6\n")
    assert composed({"event": "mine"}, config_dirs=[tmp_path])["event"]["enter"] == 0.6
    assert keys_of("event", "mine", config_dirs=[tmp_path]) == ["defaults", "enter"]
