"""What the cells of a sweep left in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferbench.workflows.run_outcome import Outcome, read_outcome
from ferbench.workflows.sweep_results import collect


def test_half_a_result_is_none(tmp_path, monkeypatch):
    """A worker that is killed while it writes leaves an unfinished cell, not a sweep that cannot be
    closed.
    """

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        Outcome(name="a", run_id="").write(tmp_path / "0")
    monkeypatch.undo()
    Outcome(name="b", run_id="", metrics={"event/count": 1.0}).write(tmp_path / "1")
    results = collect(tmp_path)
    assert (results.unfinished, [row.name for row in results.rows]) == (["0"], ["b"])


def test_an_outcome_is_read_as_it_was_written(tmp_path):
    outcome = Outcome(
        name="a b",
        run_id="0",
        failed_sessions=("x: no index",),
        metrics={"event/f1": 0.1 + 0.2},
        params={"event": "windowed"},
        notices=("odd",),
    )
    outcome.write(tmp_path)
    assert read_outcome(tmp_path) == outcome
    assert read_outcome(tmp_path / "nowhere") is None


def test_what_several_cells_share_is_told_once(tmp_path):
    shared = {"failed_sessions": ("x: no index",), "notices": ("odd",)}
    Outcome(name="a", run_id="r0", **shared).write(tmp_path / "0")
    Outcome(name="b", run_id="r1", **shared).write(tmp_path / "1")
    Outcome(name="c", run_id="", error="no weights").write(tmp_path / "10")
    results = collect(tmp_path)
    assert results.notices == ["odd"], "all finished cells tell it"
    assert results.problems == [
        "cell 10 (c): no weights",
        "session x: no index (in cells 0, 1)",
    ]
    assert results.unrecorded == [("c", "no weights")]
    assert results.num_failed == 3
