"""Concordance of regressions against its definition by expectations, numpy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from ferbench.scoring.regression import regression_scores


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_their_definitions(seed):
    rng = np.random.default_rng(seed)
    rated = rng.uniform(-1, 1, 300)
    said = 0.6 * rated + rng.normal(0.1, 0.3, 300)
    rated[:10] = np.nan
    said[5:30] = np.nan
    found = regression_scores("valence", rated, said)
    x, y = rated[30:], said[30:]
    assert (found.images, found.no_face) == (270, 20)
    # Lin 1989: one minus the expected squared distance over that of independence
    distance = ((x - y) ** 2).mean()
    independent = np.subtract.outer(x, y) ** 2
    assert found.ccc == pytest.approx(1 - distance / independent.mean(), abs=1e-12)
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert found.rmse == pytest.approx(root_mean_squared_error(x, y), abs=1e-12)


def test_what_cannot_be_said_is_undefined():
    nothing = regression_scores("valence", np.full(3, np.nan), np.zeros(3))
    assert (nothing.images, nothing.no_face) == (0, 0)
    assert math.isnan(nothing.ccc)
    constant = regression_scores("valence", np.ones(3), np.ones(3))
    assert math.isnan(constant.ccc)
    assert constant.rmse == 0
    assert regression_scores("valence", np.arange(3.0), np.ones(3)).ccc == 0
    same = regression_scores("valence", np.arange(3.0), np.arange(3.0))
    assert same.ccc == pytest.approx(1)
