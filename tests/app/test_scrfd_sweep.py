"""A detector whose name has a dot, in a sweep."""

from __future__ import annotations

import pytest


@pytest.mark.weights
def test_a_name_with_a_dot_can_be_chosen_and_swept(
    models, warm_home, clip, ferbench_run, monkeypatch
):
    monkeypatch.setenv("FERBENCH_MODELS", str(models))
    folder = [f"dataset.videos={clip}", "tracking=none", "report.timelines=0"]
    ended = ferbench_run("-m", *folder, "detector=scrfd_500m,scrfd_2.5g")
    assert ended.code == 0, ended.err
    assert "planned: 2 cells need 1 pass over 1 video" in ended.err
    assert ended.out.count("no pixels touched") == 2
    assert {"scrfd_500m", "scrfd_2.5g"} < set(ended.out.split())
