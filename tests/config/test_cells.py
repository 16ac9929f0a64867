"""Lists of cells: each row is what somebody would type, and names stay the text that they are."""

from __future__ import annotations

import csv

import openpyxl
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ferbench.config.cells import cells_of
from ferbench.errors import FerbenchError

EXPECTED = [
    {"detector": "mtcnn", "event.enter": 0.4, "dataset.only_sessions": ["1_1", "007"]},
    {"detector": "scrfd_500m", "dataset.camera": "1e3", "dataset.videos": "~/Study (2024), a"},
]
CSV = """detector,event.enter,dataset.only_sessions,dataset.camera,dataset.videos
mtcnn,0.4,"[1_1,007]",,
scrfd_500m,,,1e3,"~/Study (2024), a"
"""
YAML = """# what a study needs
- {detector: mtcnn, event.enter: 0.4, "dataset.only_sessions": [1_1, 007]}
- detector: scrfd_500m
  dataset.camera: 1e3
  dataset.videos: ~/Study (2024), a
"""


def values(lines: list[str]) -> dict:
    """What Hydra's grammar makes of overrides: none of them is a sweep."""
    parsed = OverridesParser.create().parse_overrides(lines)
    assert not any(override.is_sweep_override() for override in parsed)
    return {override.key_or_group: override.value() for override in parsed}


def workbook(path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["detector", "event.enter", "dataset.only_sessions", "dataset.camera", "dataset.videos"],
        ["mtcnn", 0.4, "[1_1,007]", None, None],
        ["scrfd_500m", None, None, "1e3", "~/Study (2024), a"],
    ):
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize("name", ["cells.csv", "semicolons.csv", "cells.yaml", "cells.xlsx"])
def test_rows_are_overrides(name, tmp_path):
    path = tmp_path / name
    if name == "cells.xlsx":
        workbook(path)
    elif name == "semicolons.csv":
        with path.open("w", newline="") as stream:
            csv.writer(stream, delimiter=";").writerows(csv.reader(CSV.splitlines()))
    else:
        path.write_text(CSV if name == "cells.csv" else YAML)
    assert [values(cell) for cell in cells_of(path)] == EXPECTED


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('event.enter\n0.4\n"0,5"\n', "line 3: event.enter: expected one value, got '0,5'"),
        ("event.enter;detector\n0,4;mtcnn\n", "line 2: event.enter: expected one value, got '0,4'"),
        ("event.enter,detector\n0.4,mtcnn,box\n", "line 2: expected 2 values, got 3"),
        ("hydra.launcher.n_jobs\n4\n", "got 'hydra.launcher.n_jobs'"),
        ("what is it\n4\n", "got 'what is it'"),
        ("event.enter\n", "there is no cell in it"),
        ("", "there is no cell in it"),
        ("signal.labels\n[happiness\n", "line 2: signal.labels: expected one value"),
        ("selector\nlargest\n", "selector is set for all cells, and cells.csv has it as well"),
    ],
)
def test_what_is_no_cell_is_told_with_its_line(content, told, tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text(content)
    with pytest.raises(FerbenchError) as raised:
        cells_of(path, shared=["selector=track"])
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("detector: mtcnn\n", "expected a list with the settings of each cell"),
        ("- {detector: mtcnn\n", "is no yaml"),
        ("- {event.enter: '0.4,0.5'}\n", "cell 0: event.enter: expected one value"),
    ],
)
def test_what_is_no_list_is_told(content, told, tmp_path):
    path = tmp_path / "cells.yaml"
    path.write_text(content)
    with pytest.raises(FerbenchError, match=r"cells\.yaml") as raised:
        cells_of(path)
    assert told in str(raised.value)


def test_a_list_that_is_not_there(tmp_path):
    for name in ("cells.csv", "cells.yaml"):
        with pytest.raises(FerbenchError, match=name):
            cells_of(tmp_path / name)
