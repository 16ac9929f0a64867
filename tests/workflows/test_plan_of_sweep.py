"""What a sweep's cells miss: counted by hand, before anything is decoded."""

from __future__ import annotations

import pytest

from ferbench.config.choices import settings_for
from ferbench.config.settings import Settings
from ferbench.workflows.planned_sweep import make_tables, plan_sweep


@pytest.fixture
def cell(home, recordings):
    """A function from settings of a run over two videos to what it is made of."""
    folder = recordings("anna.mp4", "same content.mp4")
    with (folder / "same content.mp4").open("ab") as other:
        other.write(b"not the same any more")

    def make(*settings: str, **fields: object) -> Settings:
        study = {"choice": "folder", "videos": str(folder), **fields}
        return settings_for({"dataset": study}, settings=settings).settings

    return make


@pytest.mark.weights
def test_tables_are_counted_once_whoever_wants_them(cell):
    cells = [
        cell(f"event.enter={enter}", f"preprocessing={crop}")
        for enter in (0.4, 0.5)
        for crop in ("box", "square_margin")
    ]
    plan = plan_sweep(cells)
    # Of each video: times, faces, and expressions of two kinds of crops.
    assert (plan.num_missing, plan.num_stored) == (8, 0)
    assert str(plan) == "4 cells need 2 passes over 2 videos; 0 tables are there already"
    [outcome] = make_tables(plan)
    assert (outcome.passes, outcome.frames_decoded, outcome.failures) == (2, 2 * 36, {})
    again = plan_sweep([*cells, cell("preprocessing=truncated_box")])
    assert (again.num_missing, again.num_stored) == (2, 8)
    assert str(plan_sweep(cells)) == "4 cells need no pass; 8 tables are there already"


@pytest.mark.weights
def test_cells_that_compute_otherwise_have_passes_of_their_own(cell):
    readers = [cell(f"reader={reader}") for reader in ("pyav", "opencv")]
    assert plan_sweep(readers).num_passes == 4
    assert plan_sweep(readers).num_videos == 2
    assert plan_sweep([cell(), cell("runtime.on_damaged=keep")]).num_passes == 2
    dials = [cell(), cell("runtime.detect_every=2")]
    assert (plan_sweep(dials).num_passes, plan_sweep(dials).num_missing) == (4, 10)


@pytest.mark.weights
def test_what_cannot_be_used_is_left_to_its_cells(cell):
    gone = cell(only_sessions=["nobody"])
    measuring = cell("runtime.measure=true")
    plan = plan_sweep([gone, cell(), measuring])
    assert str(plan) == (
        "3 cells need 2 passes over 2 videos, 1 of them measure by themselves; "
        "0 tables are there already"
    )
