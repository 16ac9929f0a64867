"""``ferbench agreement`` on files: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from rich.console import Console

from ferbench.app.cli import agreement_show
from ferbench.scoring.agreement.frames import NO_LABEL
from ferbench.sentences import LIBRARY_WORDS
from ferbench.workflows.agree import agree
from ferbench.workflows.agreement.comparison import compare_models
from ferbench.workflows.agreement.outputs import CLASSES, ModelOutputs
from helpers.reference import shared_path

BATCH = "thesis/batch"


def test_text_and_csv_on_the_screen(ferbench):
    path = shared_path(f"{BATCH}/Results.csv")
    ended = ferbench("agreement", path)
    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["APViT", "POSTER_V2-AN7", "0.717", "0.639", "0.833", "60", "5"] in rows
    assert ["all", "models", "18", "15", "5.722", "5.497", *"4112300110101003"] in rows
    assert (
        "note: session 30991/2 has no segments of APViT, POSTER_V2-AN7, POSTER_V2-RAF" in ended.err
    )
    table = list(csv.DictReader(ferbench("agreement", path, "--csv").out.splitlines()))
    assert {row["part"] for row in table} == {"segments", "events per session"}
    none = ferbench("agreement", path, "--max-events", 0)
    assert none.code == 0
    assert "undefined (-, nothing to divide by): 15" in none.out
    empty = list(
        csv.DictReader(ferbench("agreement", path, "--max-events", 0, "--csv").out.splitlines())
    )
    assert {row["value"] for row in empty if row["part"] == "segments"} == {""}


def test_json_has_the_numbers_of_the_library(ferbench):
    path = shared_path(f"{BATCH}/frames")
    models = ("POSTER_V2-RAF", "APViT")
    ended = ferbench("agreement", path, "--models", ", ".join(models), "--fps", 25, "--json")
    assert ended.code == 0, ended.err
    agreement = agree(path, models=models, fps=25)
    assert json.loads(ended.out) == agreement.as_plain()


def test_pictures_are_dark_and_vector_where_asked_for(ferbench, tmp_path):
    given = [shared_path(f"{BATCH}/frames"), "--fps", 25, "--out", tmp_path / "out"]
    assert ferbench("agreement", *given, "--vector", "--theme", "dark").code == 0
    pngs = {path.stem for path in (tmp_path / "out").glob("*.png")}
    assert {path.stem for path in (tmp_path / "out").glob("*.svg")} == pngs
    refused = ferbench("agreement", *given, "--theme", "grey")
    assert "--theme: expected light or dark, got 'grey'" in refused.err


def test_notes_name_options(ferbench):
    path = shared_path(f"{BATCH}/frames")
    note = "no segments: they need the frame rate; give --fps, or the videos' folder with --video"
    assert f"note: {note}" in ferbench("agreement", path, "--csv").err
    assert note in json.loads(ferbench("agreement", path, "--json").out)["notes"]


def test_what_is_written_is_told(ferbench, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("P07,1,APViT,Section,0\n,,,Timestamp,00:00:05:01\n,,,Grade,T\n")
    ended = ferbench("agreement", sheet, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "note: no sheet_sorted.csv: line 1: cannot sort participant 'P07'" in ended.err
    assert f"wrote agreement.csv to {tmp_path / 'out'}" in ended.err


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("Results.csv", ["--fps", 25], " --fps is for a folder of the thesis' frame CSVs"),
        ("Results.csv", ["--segment", 5], " --segment is for recorded runs; leave it out"),
        ("Results.csv", ["--models", "APViT,RMN"], " --models: expected each once of APViT"),
        ("frames", ["--max-events", 3], "needs the frame rate, by --fps or --video"),
        ("Results.csv", ["--out", "file.txt"], "file.txt is a file; expected the name of a folder"),
    ],
)
def test_options_that_do_not_fit(source, arguments, message, ferbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    ended = ferbench("agreement", shared_path(f"{BATCH}/{source}"), *arguments)
    assert ended.code == 1
    assert message in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_a_file_that_is_not_there(ferbench, tmp_path):
    ended = ferbench("agreement", tmp_path / "Results.csv")
    assert ended.code == 1
    assert "there is no file or folder" in ended.err


def test_every_expression_is_shown_on_a_narrow_screen(monkeypatch):
    labels = {
        "v": {
            name: np.array([0, 5, NO_LABEL], np.int64)
            for name in ("POSTER_V2-AN7", "POSTER_V2-RAF", "APViT", "poster_v2_an8")
        }
    }
    found = compare_models(ModelOutputs(source="x", stem="x", labels=labels))
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(agreement_show, "output_console", lambda: console)
    agreement_show.show(found, LIBRARY_WORDS)
    shown = console.file.getvalue()
    assert "no room" not in shown
    rows = [line.split() for line in shown.partition("frames of each expression")[2].splitlines()]
    assert ["surprise", "1", "1", "1", "1"] in rows
    assert ["all", "2", "2", "2", "2"] in rows
    assert [row[0] for row in rows[2:]] == [*CLASSES[:7], "all"]
