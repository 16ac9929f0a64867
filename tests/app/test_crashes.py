"""A video that crashes its decoder, through runs, sweeps and commands: told, recorded, left out."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
import yaml

from ferbench.datasets import video_header
from ferbench.datasets.video_header import Header, read_header
from helpers.clips import shrink, write_clip
from helpers.dying_reader import crash

SOUND = ("anna", "ben")


@pytest.fixture
def study(tmp_path, samples, models, home) -> list[str]:
    """Settings of a run over three sessions, one of whose videos crashes its decoder."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name, width in (("anna", 256), ("bad", 224), ("ben", 192)):
        clip = folder / f"{name}.mp4"
        shrink(samples / "single_face.mp4", clip, frames=30, width=width, height=144)
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.1\nbad,0.1\nben,0.2\n")
    write_reader(tmp_path, folder / "bad.mp4")
    return [
        "--config-dir", f"{tmp_path}/conf", "allow_targets=[helpers]", "reader=dying",
        f"dataset.videos={folder}", f"dataset.annotations={tmp_path}/smiles.csv",
        f"paths.models={models}", "signal.labels=[happiness]", "report.timelines=0",
    ]  # fmt: skip


def write_reader(folder: Path, video: Path, **how: object) -> None:
    choice = {
        "_target_": "helpers.dying_reader.DyingReader",
        "num_bytes": video.stat().st_size,
        "at": 20,
        "how": "SIGSEGV",
        "never_in": os.getpid(),
        **how,
    }
    (folder / "conf" / "reader").mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "reader" / "dying.yaml").write_text(yaml.safe_dump(choice))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tables(folder: Path, names=SOUND) -> dict[str, list[dict[str, str]]]:
    """What a run wrote of sessions, those that count only."""
    return {
        table: [
            row for row in rows(folder / "artifacts" / f"{table}.csv") if row["session"] in names
        ]
        for table in ("events", "matches", "sessions")
    }


def test_a_run_names_it_records_it_and_goes_on(study, tmp_path, ferbench_run):
    out = [tmp_path / f"out{number}" for number in range(3)]
    ended = ferbench_run(*study, "tracking=files", f"hydra.run.dir={out[0]}")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    told = "failed: bad (bad.mp4): its decoder crashed (SIGSEGV) while decoding, after "
    assert told in flat(ended.err)
    assert "runtime.retry_suspects=true" in flat(ended.err)
    [failure] = rows(out[0] / "artifacts" / "failures.csv")
    assert (failure["session"], failure["file"]) == ("bad", "bad.mp4")
    assert failure["reason"].startswith("bad.mp4: its decoder crashed (SIGSEGV)")
    result = json.loads((out[0] / "result.json").read_text())
    [told] = result["failed_sessions"]
    assert told.startswith("bad (bad.mp4): its decoder crashed (SIGSEGV)")

    again = ferbench_run(*study, "tracking=none", f"hydra.run.dir={out[1]}")
    assert again.code == 1
    assert "failed: bad (bad.mp4): left out, as on 2" in flat(again.err)

    (tmp_path / "videos" / "bad.mp4").unlink()
    alone = ferbench_run(
        *study,
        "reader=pyav",
        "tracking=none",
        f"hydra.run.dir={out[2]}",
        f"paths.cache={tmp_path}/other",
    )
    assert alone.code == 0, alone.err
    assert tables(out[0]) == tables(out[1]) == tables(out[2])
    assert len(tables(out[0])["sessions"]) == 2


def flat(text: str) -> str:
    """A text without the breaks of its lines."""
    return " ".join(text.split())


@pytest.mark.parametrize("launcher", ["planned", "basic"])
def test_cells_of_a_sweep_meet_it_once(launcher, study, home, tmp_path, ferbench_run):
    write_reader(tmp_path, tmp_path / "videos" / "bad.mp4", how="SIGSEGV")
    ended = ferbench_run(
        "-m", *study, "tracking=none", f"hydra/launcher={launcher}", "event.enter=0.3,0.5"
    )
    assert ended.code == 1
    [sweep] = (home / "mlruns" / "hydra" / "sweeps").glob("*/*")
    reasons = []
    for cell in (sweep / "0", sweep / "1"):
        [failure] = rows(cell / "artifacts" / "failures.csv")
        reasons.append(failure["reason"])
        assert {row["session"] for row in rows(cell / "artifacts" / "sessions.csv")} == set(SOUND)
    assert all("its decoder crashed (SIGSEGV)" in reason for reason in reasons)
    assert len(list((home / ".ferbench" / "cache" / "suspects").iterdir())) == 1


def test_a_survey_names_a_file_that_ends_what_reads_its_header(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", 10)
    assert read_header(clip).length_s == pytest.approx(10 / 30, abs=0.02)
    monkeypatch.setattr(video_header, "_header", crash)
    assert read_header(clip) == Header(ended="its decoder crashed (SIGSEGV) while opening it")
    monkeypatch.undo()
    assert read_header(clip).rate_hz == pytest.approx(30)
