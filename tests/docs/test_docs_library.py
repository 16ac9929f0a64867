"""The Python of docs/library.md and of the README, run as it stands there.

``FERBENCH_RENEW_DOCS=1`` writes what the blocks print into the documents instead.
"""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from helpers import notebook
from helpers.reference import CHECKOUT

DOCUMENTS = ("docs/library.md", "README.md")


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_block_prints_what_stands_below_it(name, samples, home, tmp_path, monkeypatch):
    (tmp_path / "notebook" / "recordings").mkdir(parents=True)
    for clip in ("single_face.mp4", "face_noface.mov"):
        shutil.copyfile(samples / clip, tmp_path / "notebook" / "recordings" / clip)
    monkeypatch.chdir(tmp_path / "notebook")
    cells = list(notebook.cells(CHECKOUT / name))
    assert cells
    names: dict[str, object] = {}
    outputs = {cell.line: notebook.run(cell, names) for cell in cells}
    if os.environ.get("FERBENCH_RENEW_DOCS"):
        renewed = notebook.rendered(CHECKOUT / name, outputs)
        (CHECKOUT / name).write_text(renewed, encoding="utf-8")
        return
    for cell in cells:
        printed = outputs[cell.line]
        where = f"{name}, line {cell.line}"
        assert notebook.without_numbers(printed) == notebook.without_numbers(cell.shown), where
        np.testing.assert_allclose(
            notebook.numbers(printed), notebook.numbers(cell.shown), rtol=2e-3, atol=2e-3
        )
