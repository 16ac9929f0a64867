"""The small cut of the long run on two Ray nodes."""

from __future__ import annotations

import sys

import pytest
from soak.suites import ray_nodes


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform != "linux", reason="two nodes have two addresses of the loopback")
def test_a_node_that_is_killed_loses_nothing_and_doubles_nothing(samples, tmp_path):
    pytest.importorskip("ray")  # an extra
    told = []
    counted = ray_nodes.run(tmp_path, told.append, **ray_nodes.SMALL)
    assert counted == {"videos": 2, "cells": 4, "tables": 14, "tables_written_twice": 0}
    assert "ferbench pass" in told[0]
