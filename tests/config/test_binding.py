"""Configuration errors name the bad key and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from ferbench.config.binding import bind, build
from ferbench.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    number: float
    count: int = 1
    flag: bool = False
    mode: Literal["fast", "slow"] = "fast"
    size: int | None = None
    pair: tuple[float, float] = (0.0, 1.0)
    names: tuple[str, ...] = ()
    folder: Path = Path()
    inner: Inner = field(default_factory=lambda: Inner(name="x"))
    regions: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def test_values_are_converted_to_what_the_annotations_say():
    made = bind(
        Target,
        {
            "number": 1,
            "size": None,
            "pair": [1, 2],
            "names": ["a"],
            "folder": "x",
            "inner": {"name": "y"},
        },
        where="t",
    )
    assert made == Target(
        number=1.0, pair=(1.0, 2.0), names=("a",), folder=Path("x"), inner=Inner(name="y")
    )
    assert isinstance(made.number, float)


def test_keys_of_a_mapping_are_text():
    """A camera that a yaml calls 1 is the camera that the data set calls "1"."""
    made = bind(Target, {"number": 1, "regions": {1: (0, 1), "side": (0.5, 1)}}, where="t")
    assert made.regions == {"1": (0, 1), "side": (0.5, 1)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"number": 1, "cuont": 2},
            r"t\.cuont: there is no such key \(did you mean count\?\); allowed: number, count",
        ),
        ({}, "t: missing number"),
        ({"number": "much"}, r"t\.number: expected a number, got 'much'"),
        ({"number": True}, r"t\.number: expected a number, got True"),
        ({"number": 1, "count": 1.5}, r"t\.count: expected a whole number, got 1\.5"),
        ({"number": 1, "count": True}, r"t\.count: expected a whole number, got True"),
        ({"number": 1, "flag": "maybe"}, r"t\.flag: expected true or false, got 'maybe'"),
        ({"number": 1, "mode": "quick"}, r"t\.mode: expected one of fast, slow, got 'quick'"),
        ({"number": 1, "size": "big"}, r"t\.size: expected a whole number, or null, got 'big'"),
        ({"number": 1, "pair": [1]}, r"t\.pair: expected a list of 2 values, got 1"),
        ({"number": 1, "names": "a"}, r"t\.names: expected a list, got 'a'"),
        ({"number": 1, "names": [[]]}, r"t\.names\[0\]: expected text"),
        ({"number": 1, "regions": {None: [1, 2]}}, r"t\.regions: expected text, got None"),
        ({"number": 1, "regions": [1]}, r"t\.regions: expected names with values"),
        (
            {"number": 1, "inner": {"nmae": "x"}},
            r"t\.inner\.nmae: there is no such key \(did you mean name\?\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(fields, message):
    with pytest.raises(ConfigError, match=message):
        bind(Target, fields, where="t")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "expected the dotted path"),
        ("ferbench.selectors.classify.Nothing", "cannot import"),
        ("ferbench.nowhere.X", "cannot import"),
        (
            "os.system",
            r"lies outside ferbench; name its package to run it: allow_targets='\[os\]'",
        ),
        ("ferbench.weights.checking.check", "is not a dataclass"),
    ],
)
def test_targets_that_cannot_be_used(target, message):
    with pytest.raises(ConfigError, match=message):
        build({"_target_": target}, where="t")


def test_a_package_can_be_allowed():
    made = build(
        {"_target_": f"{__name__}.Inner", "name": "z"},
        where="t",
        allow_targets=(__name__.split(".")[0],),
    )
    assert made == Inner(name="z")
