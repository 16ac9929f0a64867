"""How close a model's regressions come to what people rated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionScores:
    """One regression on the images that are rated and have a face.

    Attributes:
        name: such as ``valence``.
        images: that are compared.
        no_face: rated images in which no face was found.
        ccc: concordance correlation coefficient (Lin 1989), population variances; NaN where both
            are constant.
        pearson: correlation; NaN where one is constant.
        rmse: root of the mean squared difference, in the units of the ratings.
    """

    name: str
    images: int
    no_face: int
    ccc: float
    pearson: float
    rmse: float


def regression_scores(name: str, rated: F64, said: F64) -> RegressionScores:
    """Compare what people rated with what a model says.

    Args:
        name: of the regression.
        rated: f64 (N,), NaN = not rated.
        said: f64 (N,), NaN = no face.
    """
    is_rated = ~np.isnan(rated)
    used = is_rated & ~np.isnan(said)
    no_face = int((is_rated & ~used).sum())
    x, y = rated[used], said[used]
    if not len(x):
        nan = math.nan
        return RegressionScores(
            name=name, images=0, no_face=no_face, ccc=nan, pearson=nan, rmse=nan
        )
    covariance = float(((x - x.mean()) * (y - y.mean())).mean())
    spread = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    product = float(x.std() * y.std())
    return RegressionScores(
        name=name,
        images=len(x),
        no_face=no_face,
        ccc=2 * covariance / spread if spread else math.nan,
        pearson=covariance / product if product else math.nan,
        rmse=float(np.sqrt(((x - y) ** 2).mean())),
    )
