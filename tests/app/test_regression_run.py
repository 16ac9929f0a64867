"""A model that tells valence and arousal, from its weight file to events, scores, pages, tables."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from ferbench.formats.predictions import read_predictions
from helpers.emotiefflib_goldens import multitask_net

pytestmark = [pytest.mark.weights, pytest.mark.slow]
MODEL = "model=hse_enet_b0_8_va_mtl"
SHORT = "event.min_duration_s=0"
FILE = "hse/enet_b0_8_va_mtl.pt"


@pytest.fixture(scope="module")
def weights(models, tmp_path_factory) -> Path:
    """A models folder with a network that is filled from a recipe."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(models / "retinaface", folder / "retinaface")
    (folder / FILE).parent.mkdir()
    torch.save(multitask_net(), folder / FILE)
    return folder


@pytest.fixture
def study(tmp_path, clip, home, weights, monkeypatch) -> list[str]:
    """Overrides of a run of two sessions with annotations; its root is ``home``."""
    monkeypatch.setenv("FERBENCH_MODELS", str(weights))
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("anna", "ben"):
        shutil.copyfile(clip, folder / f"{name}.mp4")
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s,offset_s,kind\nanna,0.6,1.2,smile\nben,0.6,1.2,smile\n")
    return [f"dataset.videos={folder}", f"dataset.annotations={marks}", MODEL, "tracking=files"]


def data_of(page: Path) -> dict:
    """What a session's page holds as data."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found, "the page has its data in it"
    return json.loads(found[1])


def test_from_weights_to_pages(study, home, ferbench_run, tmp_path):
    falls = ["signal.labels=[valence]", "signal.direction=falling", "signal.baseline=video"]
    ended = ferbench_run(*study, *falls, "event.enter=0.005", "event.exit=0.001", SHORT)
    assert ended.code == 0, ended.err
    assert "precision" in ended.out
    records = [path.parent for path in (home / "mlruns").rglob("sessions.csv")]
    run = min(records, key=lambda path: len(path.parts))
    tables = sorted(run.rglob("*.parquet"))
    assert tables
    _, _, said = read_predictions(tables[0])
    assert said.channels.names[-2:] == ("valence", "arousal")
    assert [(each.low, each.high) for each in said.regressions] == [(-1, 1)] * 2
    assert pq.read_table(tables[0])["value.valence"].null_count < 36
    with (run / "events.csv").open(newline="") as stream:
        events = list(csv.DictReader(stream))
    assert events
    assert {event["label"] for event in events} == {"falling valence"}
    data = data_of(run / "sessions" / "anna.html")
    assert [signal["name"] for signal in data["signals"]] == ["falling valence"]
    assert [label["name"] for label in data["labels"]] == ["valence", "arousal"]
    assert data["axis"] == "falling valence"
    assert len(data["levels"]) > 2
    assert (run / "timelines" / "anna.png").stat().st_size > 1000

    again = ferbench_run(*study, "signal.labels=[arousal]", "event.enter=-0.9", "event.exit=-0.95")
    assert again.code == 0, again.err
    assert "computed now: 0 frames decoded" in again.out, "the same tables serve every signal"

    missing = ferbench_run(*study, "signal.labels=[AU12]")
    assert missing.code == 1
    assert "signal.labels: the model has no AU12; it has anger, contempt" in missing.err
    assert "valence (-1 to 1), arousal (-1 to 1)" in missing.err
    beyond = ferbench_run(*study, "signal.labels=[arousal]", "event.enter=1.5")
    assert "event.enter: expected more than -1 and at most 1" in beyond.err


def test_predict_events_and_inspect(study, home, ferbench, ferbench_run, tmp_path, clip, weights):
    out = tmp_path / "out"
    ended = ferbench("predict", clip, "--model", "hse_enet_b0_8_va_mtl", "--out", out)
    assert ended.code == 0, ended.err
    assert "mean valence " in ended.out
    [table] = out.glob("*.csv")
    header = table.read_text().splitlines()[0].replace('"', "").split(",")
    assert header[-2:] == ["value.valence", "value.arousal"]
    _, _, said = read_predictions(table)
    level = float(np.median(said.regressed_of("arousal")))
    found = ferbench("events", table, "--label", "arousal", "--enter", level, "--exit", level)
    assert found.code == 0, found.err
    assert "arousal" in found.out
    mixed = ferbench("events", table, "--label", "arousal,surprise")
    assert mixed.code == 1
    assert "one threshold holds for all labels" in mixed.err
    none = ferbench("events", table, "--label", "AU12")
    assert "the model has no AU12; it has anger" in none.err

    assert ferbench_run(*study, "signal.labels=[arousal]", "event.exit=0.1").code == 0
    ended = ferbench("inspect", "--out", tmp_path / "seen")
    assert ended.code == 0, ended.err
    with (tmp_path / "seen" / "regressions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == ["valence", "arousal"]
    assert int(rows[0]["faces"]) > 0
