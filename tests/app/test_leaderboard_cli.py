"""``ferbench leaderboard`` as a command."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from rich.console import Console

from ferbench.app.tables import FittedTable
from ferbench.scoring.answers import answers
from ferbench.scoring.classification import classification_scores
from ferbench.tracking.query import open_store
from ferbench.types.labelled_images import LabelledImage, LabelledImages
from ferbench.weights.accuracy import PublishedAccuracy
from ferbench.workflows.standings.board import Board, Standing
from ferbench.workflows.standings.entries import Way
from ferbench.workflows.standings.result import Leaderboard
from helpers import image_sets


@pytest.fixture
def table(tmp_path):
    """FER-2013's table with noise."""
    rng = np.random.default_rng(0)
    rows = [(n % 7, rng.integers(0, 256, (48, 48), np.uint8), "PrivateTest") for n in range(21)]
    return image_sets.fer2013_table(tmp_path / "fer2013.csv", rows)


ASKED = ("--model", "mini_xception", "--crop", "as_is", "--device", "cpu", "--lanes", "2")


def test_what_the_command_shows(ferbench, table):
    ended = ferbench("leaderboard", table, *ASKED)
    assert ended.code == 0
    assert ended.out.startswith("FER-2013, test: 21 images of 7 classes\n")
    assert "published" in ended.out
    assert "0.660 !" in ended.out
    assert "warning: mini_xception as_is: 0." in ended.err
    assert "crop mismatch?" in ended.err


def test_long_names_fit_a_narrow_screen(tmp_path):
    """The longest names, with everything that a first look needs."""
    truth = ["anger", "fear"] * 20
    labels = ("anger", "fear")
    standings = []
    for model, crop in (("poster_v2_rafdb_thesis", "as_is"), ("hse_enet_b0_8_afew", "own")):
        logits = np.random.default_rng(len(model)).normal(size=(40, 2)).astype(np.float32)
        found = answers(truth, labels, logits, [])
        standings.append(
            Standing(
                model=model,
                way=Way(name=crop, preprocessing=None),
                differences=(),
                answers=found,
                scores=classification_scores(found),
                published=PublishedAccuracy(value=0.9221, data_set="RAF-DB", classes=None),
                images_per_s=812.3,
                lanes=2,
                was_stored=True,
            )
        )
    images = LabelledImages(
        folder=tmp_path,
        name="RAF-DB",
        layout="made",
        split="test",
        splits=("test",),
        images=tuple(
            LabelledImage(name=str(n), label=label, cut="a.png") for n, label in enumerate(truth)
        ),
        left_out={},
    )
    board = Board(
        images=images,
        standings=tuple(standings),
        left_out=(),
        other_classes="left_out",
        no_face="wrong",
        broken={},
        device="cpu",
    )
    screen = Console(width=80, file=io.StringIO())
    screen.print(FittedTable(Leaderboard(board=board).text_table(), elsewhere="--csv has all"))
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["model", "crop", "acc", "95", "%", "publ", "F1", "ECE", "img/s"]
    assert lines[2].startswith("poster_v2_rafdb_thesis  as_is  0.")


def test_csv_and_json_say_the_same(ferbench, table):
    plain = json.loads(ferbench("leaderboard", table, *ASKED, "--json").out)
    [row] = csv.DictReader(io.StringIO(ferbench("leaderboard", table, *ASKED, "--csv").out))
    [standing] = plain["standings"]
    assert float(row["accuracy"]) == standing["accuracy"]
    assert row["below_published"] == "True"
    assert standing["below_published"] is True
    assert plain["data_set"]["name"] == "FER-2013"


def test_files_are_written_and_told(ferbench, table, tmp_path):
    ended = ferbench("leaderboard", table, *ASKED, "--out", tmp_path / "out", "--vector")
    assert ended.code == 0
    assert (tmp_path / "out/leaderboard.html").is_file()
    assert (tmp_path / "out/confusion/mini_xception-as_is.svg").is_file()
    assert f"wrote {tmp_path / 'out/leaderboard.html'} and 7 files beside it" in ended.err
    (tmp_path / "file").write_text("")
    ended = ferbench("leaderboard", table, *ASKED, "--out", tmp_path / "file")
    assert ended.code == 1
    assert "--out" in ended.err
    ended = ferbench("leaderboard", table, *ASKED, "--faces")
    assert "--faces: they are shown on the page, so expected --out DIR, too" in ended.err


def test_a_leaderboard_is_recorded_where_that_is_asked_for(ferbench, table, warm_root, home):
    warm_root.furnish(home, tables=False)
    plain = json.loads(ferbench("leaderboard", table, *ASKED, "--json").out)
    ended = ferbench("leaderboard", table, *ASKED, "--record")
    assert ended.code == 0
    assert "recorded on run " in ended.err
    store = open_store(None, root=home)
    [experiment] = [key for key, name in store.experiments().items() if name == "leaderboard"]
    [run] = store.search([experiment])
    assert run.kind == "leaderboard"
    accuracy = run.metrics["leaderboard/mini_xception/as_is/accuracy"]
    assert accuracy == pytest.approx(plain["standings"][0]["accuracy"], abs=1e-6)
    assert run.metrics["leaderboard/mini_xception/as_is/published"] == 0.66
    names = ("leaderboard/leaderboard.html", "leaderboard/confusion/mini_xception-as_is.png")
    assert all(store.file(run.run_id, name).is_file() for name in names)


def test_no_model_is_told_and_ends_with_1(ferbench, table):
    ended = ferbench("leaderboard", table, "--model", "hse_enet_b0_7", "--device", "cpu")
    assert ended.code == 1
    assert "not measured: hse_enet_b0_7: weights are not here" in ended.err
    assert "ferbench models fetch NAME" in ended.err


def test_errors_name_options(ferbench, tmp_path):
    pictures = {name: [image_sets.picture(0)] for name in ("happy", "bored")}
    image_sets.class_folders(tmp_path / "set", pictures)
    ended = ferbench("leaderboard", tmp_path / "set", *ASKED)
    assert ended.code == 1
    assert "say what it means with --class 'bored=EXPRESSION|none'" in ended.err
    ended = ferbench("leaderboard", tmp_path / "set", *ASKED, "--class", "bored=none")
    assert ended.code == 1  # one class is too few
    assert "it knows fewer than two of happiness" in ended.err
    ended = ferbench("leaderboard", tmp_path / "set", "--class", "bored=sad", "--split", "test")
    assert "--split: expected one that is there" in ended.err
