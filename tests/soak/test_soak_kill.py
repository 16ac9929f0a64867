"""A small cut of the long run that kills sweeps."""

from __future__ import annotations

import pytest
from soak.suites import kill


@pytest.mark.slow
@pytest.mark.weights
def test_killed_sweeps_go_on_as_if_nobody_had_disturbed_them(samples, tmp_path):
    told: list[str] = []
    counted = kill.run(tmp_path, told.append, **kill.SMALL)
    assert counted["kills"] == kill.SMALL["kills"], told
    assert counted["stage tables of each"] == 3 * kill.SMALL["clips"]
