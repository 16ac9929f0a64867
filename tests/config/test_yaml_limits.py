"""Yaml that unfolds, nests or refers to itself: refused, and nothing is made of it."""

from __future__ import annotations

import string

import pytest

from ferbench.config.cells import cells_of
from ferbench.config.recorded import recorded_cache, recorded_components
from ferbench.config.saved import saved_settings
from ferbench.config.yaml_limits import MOST_BYTES, MOST_DEPTH, MOST_VALUES, check_yaml
from ferbench.errors import ConfigError

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip(string.ascii_lowercase, string.ascii_lowercase[1:10], strict=False)
)
HOSTILE = {
    "laughs": LAUGHS,
    "itself": "a: &a [*a]\n",
    "itself as a whole": "&a [*a]\n",
    "brackets": "[" * 20_000,
    "open mappings": "{a: " * 20_000,
    "dashes": "- " * 20_000,
    "many": "a: [" + "1, " * MOST_VALUES + "]",
    "large": "x" * (MOST_BYTES + 1),
    "a program": "!!python/object/apply:os.system [id]",
    "no text": b"\xff\xff",
    "no yaml": "a: b: c",
    "twice": "a: 1\na: 2\n",
    "a list": "- 1",
    "a word": "x",
    "cycle": "a: ${b}\nb: ${a}\n",
    "digits": "a: " + "9" * 5000,
    "others": "event: 1\nsignal: [1]\nselector: x\npaths: 1\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_refused(name, tmp_path):
    path = tmp_path / "config.yaml"
    content = HOSTILE[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError):
        saved_settings(path)
    with pytest.raises((ConfigError, KeyError)):
        recorded_components(path, ("event",))
    with pytest.raises((ConfigError, KeyError)):
        recorded_cache(path)
    with pytest.raises(ConfigError):
        cells_of(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, f"more than {MOST_VALUES} values"),
        ("a: &a {b: *a}", r"the alias \*a stands in what it stands for"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), f"deeper than {MOST_DEPTH} levels"),
        ("x" * (MOST_BYTES + 1), f"at most {MOST_BYTES}"),
    ],
)
def test_the_reason_is_told(text, told):
    with pytest.raises(ValueError, match=told):
        check_yaml(text)


def test_plain_aliases_are_read():
    check_yaml("a: &a [1, 2]\nb: *a\nc: [*a, *a]\n")
    check_yaml("[" * MOST_DEPTH + "]" * MOST_DEPTH)
