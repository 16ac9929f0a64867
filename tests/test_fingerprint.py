"""Keys: equal specs have equal keys, different ones different keys; what is no JSON is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.fingerprint import canonical_json, fingerprint

numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.text(max_size=5) | numbers
specs = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    suppress_health_check=[HealthCheck.too_slow]
)  # the first texts are slow on a busy machine
@given(specs, specs)
def test_equal_specs_and_only_they_have_equal_keys(a, b):
    assert (a == b) == (fingerprint(a) == fingerprint(b))


@given(st.dictionaries(st.text(max_size=3), specs, max_size=5))
def test_order_of_a_mapping_does_not_matter(spec):
    assert fingerprint(dict(reversed(spec.items()))) == fingerprint(spec)


@pytest.mark.parametrize(
    ("a", "b"), [(1, 1.0), (0.0, -0.0), (2**60, float(2**60)), ((1, 2), [1.0, 2])]
)
def test_same_number_same_key(a, b):
    assert fingerprint(a) == fingerprint(b)


@pytest.mark.parametrize(
    ("a", "b"), [(1, True), (0, False), (1, "1"), (None, "None"), (0.1, 0.1 + 2**-55), ([], {})]
)
def test_different_things_have_different_keys(a, b):
    assert fingerprint(a) != fingerprint(b)


@pytest.mark.parametrize(
    "spec", [float("nan"), float("inf"), {1: 2}, {1, 2}, b"x", Path("a"), len, object(), [print]]
)
def test_what_is_no_json_is_refused(spec):
    with pytest.raises(ConfigError, match="cannot make a key"):
        fingerprint(spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component outside ferbench."""

    version: ClassVar[str] = "1"
    gain: float = 1.0
    where: str = field(default="here", compare=False)


def test_only_fields_that_change_results_are_in_the_key():
    assert fingerprint(Part(where="there")) == fingerprint(Part())
    assert fingerprint(Part(gain=2.0)) != fingerprint(Part())
    assert fingerprint(Part(gain=1)) == fingerprint(Part())


def test_version_is_in_the_key(monkeypatch):
    before = fingerprint(Part())
    monkeypatch.setattr(Part, "version", "2")
    assert fingerprint(Part()) != before


def test_source_of_components_outside_ferbench_is_in_the_key():
    assert '"source"' in canonical_json(Part())
    from ferbench.selectors.classify import Classify

    assert '"source"' not in canonical_json(Classify())
    assert '"type":"ferbench.selectors.classify.Classify"' in canonical_json(Classify())


def test_keys_are_the_same_in_another_process():
    code = (
        "from ferbench.fingerprint import fingerprint; "
        "print(fingerprint({'b': [1, 2.5], 'a': None}))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == fingerprint({"a": None, "b": [1.0, 2.5]})
