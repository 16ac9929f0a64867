"""A cut of the soak suite ``postgres``: sweeps on a server that is killed."""

from __future__ import annotations

import pytest
from soak.servers import postgres_programs
from soak.suites import postgres


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(postgres_programs() is None, reason="PostgreSQL is not here")
def test_a_server_that_is_killed_loses_no_cell(tmp_path):
    told = []
    counted = postgres.run(tmp_path, told.append, **postgres.SMALL)
    assert counted["cells"] == 8
    assert counted["sweeps"] == 4
    assert counted["experiments"] == 2
    assert counted["delivered_by_sync"] == counted["records_that_waited_at_the_end"] > 0
