"""Runs compared with a first one: the same numbers as text, frame and plain values."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from ferbench.results import RunRow
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.scoring.uncertainty.paired import Difference
from ferbench.workflows.paired_comparison import PairedComparison


def run(name: str) -> RunRow:
    return RunRow(run_id=f"{name}0123456789", name=name, params={}, metrics={})


def difference(value: float) -> Difference:
    interval = Interval(
        low=value - 0.1, high=value + 0.1, level=0.95, method="expanded", clusters=4, undefined=0.0
    )
    return Difference(
        value=value,
        interval=interval,
        p=0.125,
        exact=True,
        swaps=16,
        undefined=0.0,
        p_holm=0.25,
        p_max=0.2,
        least_detectable=0.3 if value > 0 else math.nan,
    )


@pytest.fixture
def comparison() -> PairedComparison:
    """Two runs against a first one; recall has no value in the first and the second."""
    undefined = difference(math.nan)
    return PairedComparison(
        first=run("a"),
        others=(run("b"), run("c")),
        values={MAIN: (0.5, 0.75, 0.25), "recall": (math.nan, math.nan, 1.0)},
        rules=StatisticsRules(),
        seed=3,
        differences={
            MAIN: (difference(0.25), difference(-0.25)),
            "recall": (undefined, undefined),
        },
        participants=4,
        notes=("few",),
    )


def test_a_frame_has_a_row_per_run_and_metric(comparison):
    frame = comparison.to_frame().set_index(["run_id", "metric"])
    assert len(frame) == 4
    row = frame.loc["b0123456789", MAIN]
    assert (row["first"], row["other"], row["difference"]) == (0.5, 0.75, 0.25)
    assert (row["low"], row["high"]) == (0.15, 0.35)
    assert repr(comparison) == "PairedComparison: 2 runs against a, 4 participants"


def test_undefined_numbers_are_dashes_in_text_and_none_in_plain_values(comparison):
    one = dataclasses.replace(comparison, others=comparison.others[:1]).text_table()
    assert one.title == "b (b0123456) against a (a0123456)"
    assert one.rows[0] == (MAIN, "0.500", "0.750", "+0.250", "0.150 to 0.350", "0.1250")
    assert one.rows[1][1:5] == ("-", "-", "-", "- to -")
    plain = comparison.as_plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["values"] == {MAIN: 0.5, "recall": None}
    assert plain["others"][0]["recall"]["difference"] is None


def test_of_several_runs_each_is_a_row_with_corrected_p(comparison):
    table = comparison.text_table()
    assert table.title == "F1 of 2 runs against a (a0123456), F1 0.500"
    first, second = table.rows
    assert first[:4] == ("b0123456", "b", "0.750", "+0.250")
    assert first[4:] == ("0.150 to 0.350", "0.2500", "0.2000", "0.1250")
    assert second[3] == "-0.250"
    assert table.importance.index("p (Holm)") < table.importance.index("p")


def test_the_basis_names_swaps_draws_and_notes(comparison):
    basis, least, note = comparison.basis()
    assert basis.startswith("4 participants; p by all 16 swaps of the two runs within participants")
    assert basis.endswith("method expanded; seed 3")
    assert note == "few"
    assert least == (
        "4 participants like these would show a difference in F1 of 0.300 in 80% of studies "
        "(p <= 0.05 divided by 2 comparisons); a smaller one may be there unseen"
    )


def test_where_something_is_found_nothing_is_said_of_what_could_be(comparison):
    found = dataclasses.replace(difference(0.25), p=0.01, p_holm=0.02)
    one = dataclasses.replace(
        comparison, others=comparison.others[:1], differences={MAIN: (found,)}
    )
    assert len(one.basis()) == 2
    of_many = dataclasses.replace(found, p=0.03, p_holm=0.06)
    assert "would show" in dataclasses.replace(one, differences={MAIN: (of_many,)}).basis()[1]
