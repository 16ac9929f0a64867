"""A cut of the soak suite ``locked_store``: a run waits for another process."""

from __future__ import annotations

import pytest
from soak.suites import locked_store


@pytest.mark.slow
@pytest.mark.weights
def test_a_run_waits_for_a_lock(tmp_path):
    counted = locked_store.run(tmp_path, [].append, **locked_store.SMALL)
    assert counted["runs"] == 2
    assert counted["short_lock_run_s"] >= locked_store.SMALL["short_s"]
