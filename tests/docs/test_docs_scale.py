"""The tables of docs/scale.md are those of what was measured."""

from __future__ import annotations

import json

import pytest
from benchmarks import capacity
from benchmarks.run import RESULTS

DOCUMENT = capacity.DOCUMENT.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_results():
    renewed = capacity.with_tables(DOCUMENT, capacity.all_tables(RESULTS))
    assert renewed == DOCUMENT, "run: python -m benchmarks.capacity --write"


def test_the_arithmetic_by_hand():
    """An hour is 25 x 3600 frames; a thousand on eight machines are 125 for each."""
    turns = json.loads((RESULTS / "pass_retinaface_cpu.json").read_text())["contenders"]["ours"]
    minutes = turns["median_cpu_s"] / turns["units"] * 25 * 3600 / 60
    (line,) = [each for each in DOCUMENT.splitlines() if "mini-XCEPTION, 640x360 |" in each][:1]
    assert float(line.split("|")[2]) == pytest.approx(minutes, rel=0.05)
    (line,) = [each for each in DOCUMENT.splitlines() if each.startswith("| 1,000 h | 15 h")]
    hours = float(line.split("|")[3].removesuffix("h "))
    assert hours == pytest.approx(125 * minutes / 60 / 16, rel=0.05)


def test_a_document_without_a_place_for_a_table_is_told():
    with pytest.raises(KeyError, match="costs"):
        capacity.with_tables("no table", {"costs": "a table"})
