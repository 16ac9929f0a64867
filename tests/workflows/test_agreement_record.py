"""Recorded runs as models: their names, and what is recorded of many."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ferbench.errors import TrackingError
from ferbench.results import RunRow
from ferbench.scoring.agreement.segments import Detections
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.store import ERROR_TAG
from ferbench.types import Channels, Expressions, Regression
from ferbench.workflows.agreement.comparison import compare_models
from ferbench.workflows.agreement.outputs import ModelOutputs
from ferbench.workflows.agreement.record import MAX_METRICS, metrics_of
from ferbench.workflows.agreement.recorded_runs import _Sessions, _without_classes, model_names
from ferbench.workflows.tracked_run import ended_whatever_happens


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


def test_a_model_without_classes_has_no_frames_to_compare():
    valence = Regression(name="valence", low=-1, high=1)
    rows = np.arange(3)
    said = Expressions.of_outputs(
        frame=rows,
        face=rows,
        outputs=np.zeros((3, 1), np.float32),
        channels=Channels(regressions=(valence,)),
    )

    run = SimpleNamespace(
        name="units",
        has_tables=True,
        onsets_s={"anna": (1.0,)},
        parts=lambda _session: [SimpleNamespace(expressions=said)],
        duration_s=lambda _session: 10.0,
    )
    sessions = _Sessions()
    sessions.add(run, "anna", cut_s=5.0, frame_model="units")
    assert sessions.labels == {}
    assert sessions.sheet["anna", ""]["units"].count == 1
    assert _without_classes(sessions) == [
        "units: the model tells no classes, so its frames have no expressions to compare"
    ]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "full"])
def test_a_record_that_breaks_off_is_ended_with_its_reason(kept, tmp_path, caplog):
    class Store(FilesStore):
        """One that may have no room any more when the record breaks off."""

        def log_numbers(self, run_id, **numbers):
            if not kept:
                raise TrackingError("no room")
            super().log_numbers(run_id, **numbers)

    store = Store(folder=tmp_path)
    run = store.start(store.prepare("x"), "agreement", kind="agreement")
    with pytest.raises(KeyboardInterrupt), ended_whatever_happens(store, run):
        raise KeyboardInterrupt
    [row] = store.search(list(store.experiments()))
    if kept:
        assert (row.state, row.tags[ERROR_TAG]) == ("failed", "interrupted")
    else:
        assert "no room" in caplog.text, "the interrupt is raised all the same"
