"""How weight files stand, as text."""

from __future__ import annotations

from pathlib import Path

from ferbench.weights.importing import Imported
from ferbench.workflows.weights import list_weights, verify_weights
from ferbench.workflows.weights_text import (
    choice_facts,
    imported_lines,
    verified_lines,
    weights_table,
)


def test_missing_files_are_told_with_how_to_get_them(tmp_path):
    weights = list_weights("mtcnn", folder=tmp_path)
    [row] = weights_table(weights).rows
    assert row[:2] == ("detector/mtcnn", "missing")
    [choice] = weights.choices
    facts = choice_facts(choice)
    names = [name for name, _ in facts]
    assert names[:3] == ["file", "sha256", "source"]
    assert names[-1] == "use"
    assert facts[0][1].startswith("mtcnn/pnet.pt: missing, size ")
    line = verified_lines(verify_weights(folder=tmp_path))[0]
    assert ": not here (ferbench.fetch_weights('" in line


def test_an_import_is_told_with_what_it_saw_besides():
    imported = Imported(
        copied=(),
        here=(),
        missing=(),
        unknown=tuple("abcdefghijklm"),
        differing=("x",),
        unreadable=("y",),
    )
    assert imported_lines(imported, Path("models")) == [
        "cannot be used: y",
        "another file: x",
        "not known (no yaml names their sha256): a, b, c, d, e, f, g, h, i, j and 3 more",
        "0 copied into models, 0 still missing",
    ]
