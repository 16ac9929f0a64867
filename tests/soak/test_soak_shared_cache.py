"""A small cut of the soak run of a shared cache."""

from __future__ import annotations

import pytest
from soak.suites import shared_cache

from helpers.reference import shared_path


@pytest.mark.slow
@pytest.mark.weights
def test_killed_processes_of_several_machines_fill_one_cache_once(tmp_path):
    shared_path("samples")
    counted = shared_cache.run(tmp_path, print, **shared_cache.SMALL)
    assert counted["tables equal to those of a run alone"] == 8
