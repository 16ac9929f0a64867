"""The library's predictions are those of the command."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import ferbench as fb


@pytest.mark.slow
def test_the_command_writes_what_the_function_returns(clip, ferbench, home, tmp_path):
    ended = ferbench("predict", clip, "--out", tmp_path / "predictions")
    assert ended.code == 0, ended.err
    (table,) = (tmp_path / "predictions").glob("*.csv")
    written = table.read_text(encoding="utf-8")
    returned = io.StringIO()
    analysis = fb.predict(clip)
    analysis.to_frame().to_csv(returned, index=False)
    pd.testing.assert_frame_equal(
        pd.read_csv(io.StringIO(written)),
        pd.read_csv(io.StringIO(returned.getvalue())),
        check_exact=False,
        rtol=1e-6,
    )


@pytest.mark.slow
def test_its_parts_are_arrays_of_the_documented_kinds(clip, home):
    analysis = fb.predict(clip)
    assert len(analysis.timeline.edges_s) == 36 + 1
    assert analysis.faces.box_xyxy.dtype == analysis.expressions.logits.dtype == "float32"
    assert len(analysis.expressions.logits) == len(analysis.expressions.face)
    assert analysis.expressions.logits.shape[1] == len(analysis.expressions.labels) == 7
