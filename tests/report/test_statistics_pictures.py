"""Pictures of statistics."""

from __future__ import annotations

import math

import numpy as np

from ferbench.report import curve_pictures, distribution_pictures
from ferbench.report.figures import PLAIN


def test_a_picture_s_staircase_is_that_of_its_average_precision(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.step", lambda _, x, y, where, **__: drawn.append((x, y, where))
    )
    level = np.array([0.9, 0.8, 0.7, 0.6])
    curve_pictures.precision_recall(
        tmp_path / "pr.png",
        level=level,
        recall=np.array([0.5, 0.5, 1.0, 0.5]),
        precision=np.array([1.0, 0.5, 0.6, 0.3]),
        band=(np.array([0.0, 1.0]), np.zeros(2), np.ones(2), np.zeros(2)),
        confidence=0.9,
        chance=(np.array([0.1]), np.array([0.2])),
        points=(),
        title="",
        style=PLAIN,
    )
    ((x, y, where),) = drawn
    assert where == "pre", "area = sum of (R_k - R_(k-1)) P_k"
    assert (x.tolist(), y.tolist()) == ([0.5, 1.0], [1.0, 0.6])
    assert (tmp_path / "pr_band.csv").read_text().splitlines()[
        0
    ] == "recall,precision_low,precision_high,undefined"
    assert (tmp_path / "pr_chance.csv").read_text().splitlines()[1] == "0.1,0.2"


def test_draws_as_good_as_the_run_stand_beside_its_line():
    draws = np.array([0.0] * 5 + [0.2] * 3 + [0.4] * 2 + [0.6])
    edges = distribution_pictures._bins_beside(draws, 0.4)
    counts, _ = np.histogram(draws, bins=edges)
    right = counts[np.searchsorted(edges, 0.4, side="right") - 1 :].sum()
    assert counts.sum() == len(draws)
    assert right == 3, "those of 0.4 and 0.6"
    for value, every in (
        (0.5, [0.5]),
        (0.5, [0.2, 0.2]),
        (math.nan, [0.1, 0.3]),
        (0.9, [0.1, 0.3]),
    ):
        counts, _ = np.histogram(
            every, bins=distribution_pictures._bins_beside(np.array(every), value)
        )
        assert counts.sum() == len(every)
