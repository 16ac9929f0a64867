"""From a session's result to what statistics need of it."""

from __future__ import annotations

import math

from ferbench.pipeline.scored_sessions import both


def test_stretches_of_both():
    assert both([(0.0, math.inf)], [(1.0, 2.0), (3.0, 4.0)]) == ((1.0, 2.0), (3.0, 4.0))
    assert both([], [(1.0, 2.0)]) == ()
