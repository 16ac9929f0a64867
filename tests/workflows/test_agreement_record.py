"""Recorded runs as models: their names, and what is recorded of many."""

from __future__ import annotations

import math

import numpy as np

from ferbench.results import RunRow
from ferbench.scoring.agreement.segments import Detections
from ferbench.workflows.agreement.comparison import compare_models
from ferbench.workflows.agreement.outputs import ModelOutputs
from ferbench.workflows.agreement.record import MAX_METRICS, metrics_of
from ferbench.workflows.agreement.recorded_runs import model_names


def run_row(run_id: str, **params: str) -> RunRow:
    return RunRow(run_id=run_id, name=f"run {run_id}", params=params, metrics={"event/count": 1.0})


def test_names_of_models():
    a, b = run_row("a" * 32, model="m1", event="w"), run_row("b" * 32, model="m2", event="w")
    assert model_names([a, b]) == {a.run_id: "m1", b.run_id: "m2"}
    assert model_names([a]) == {a.run_id: f"run {'a' * 32}"}
    twin = run_row("c" * 32, model="m1", event="w")
    assert model_names([a, b, twin]) == {
        a.run_id: "m1 aaaaaaaa",
        b.run_id: "m2",
        twin.run_id: "m1 cccccccc",
    }


def test_many_models_are_recorded_by_their_means_only():
    def made(number: int) -> dict[str, float]:
        flags = np.array([1, 0], np.int64)
        sheet = {
            ("s", ""): {f"enter=0.{k:02d}": Detections(flags=flags, count=1) for k in range(number)}
        }
        outputs = ModelOutputs(source="x", stem="x", sheet=sheet)
        return metrics_of(compare_models(outputs))

    assert made(3)["agree/overall/enter_0.00/enter_0.01"] == 1.0
    many = made(40)
    assert len(many) < 10 < MAX_METRICS
    assert many["agree/true_mean"] == 1.0
    assert not any(math.isnan(value) for value in many.values())
