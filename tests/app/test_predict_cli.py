"""``ferbench predict``: tables of videos, what is left alone, and the thesis' form."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from ferbench.app import console
from ferbench.formats.predictions import read_predictions
from ferbench.thesis.frame_csv import read_thesis_csv, read_thesis_faces, write_thesis_csv
from ferbench.workflows.predict_videos import names_of
from helpers.clips import shrink
from helpers.reference import CHECKOUT


@pytest.mark.weights
def test_predict_a_folder_with_blanks_and_commas(ferbench, videos, warm_home, tmp_path):
    out = tmp_path / "my tables, here"
    ended = ferbench("predict", videos, "--out", out, "--verbose")
    assert ended.code == 0, ended.err
    assert "a smile, slow.mp4: 36 frames (1.20 s), a face in 36; " in ended.out
    assert "happiness" in ended.out
    assert "faces: stored, 36 in" in ended.out
    assert "256x144, 30.000 Hz, rotated by 0 degrees" in ended.out
    assert sorted(p.name for p in out.iterdir()) == ["a smile, slow.csv", "a smile, slow.parquet"]
    one, two = (read_predictions(out / f"a smile, slow.{suffix}") for suffix in ("parquet", "csv"))
    assert one[0].video.num_frames == 36
    np.testing.assert_array_equal(one[0].edges_s, two[0].edges_s)
    np.testing.assert_array_equal(one[1].box_xyxy, two[1].box_xyxy)
    np.testing.assert_array_equal(one[2].logits, two[2].logits)


@pytest.mark.weights
def test_predict_goes_on_after_a_bad_video(ferbench, videos, warm_home, tmp_path):
    (videos / "aa broken.mp4").write_text("no video\n")
    ended = ferbench("predict", videos, "--out", tmp_path / "out", "--preprocessing", "box")
    assert ended.code == 1
    assert "failed: aa broken.mp4: " in ended.err
    assert "a smile, slow.mp4: 36 frames" in ended.out
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {"a smile, slow"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.mp4"], "no such folder or file: gone.mp4"),
        ([".", "--model", "resnet"], "--model: there is no 'resnet'; there are: apvit_rafdb, "),
        (
            [".", "--detector", "haar"],
            "--detector: there is no 'haar'; there are: insightface_scrfd, mtcnn, ",
        ),
        (
            [".", "--experiment", "thesys"],
            "--experiment: there is no 'thesys' (did you mean thesis?); there are: demo, thesis, "
            "thesis_corrected",
        ),
        ([".", "--device", "tpu"], "--device: expected one of auto, cpu, cuda, mps, got 'tpu'"),
    ],
)
def test_predict_names_what_is_wrong(ferbench, arguments, message):
    ended = ferbench("predict", *arguments)
    assert ended.code == 1
    assert message in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.weights
def test_missing_weights_are_told_once_for_all_videos(
    ferbench, videos, models, tmp_path, monkeypatch
):
    shutil.copytree(models / "retinaface", tmp_path / "weights" / "retinaface")
    monkeypatch.setenv("FERBENCH_MODELS", str(tmp_path / "weights"))
    shutil.copyfile(videos / "a smile, slow.mp4", videos / "b.mp4")
    ended = ferbench("predict", videos, "--model", "apvit_rafdb", "--out", tmp_path / "out")
    assert ended.code == 1
    assert "failed:" not in ended.err
    assert ended.err.count("APViT_RAF-3eeecf7d.pth is not in") == 1


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def other_clip(samples, tmp_path) -> Path:
    """Another video than the clip, of the same name, in a folder of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    path = folder / "a smile, slow.mp4"
    shrink(samples / "single_face.mp4", path, frames=5, width=128, height=72)
    return path


@pytest.mark.weights
def test_a_table_of_another_video_is_left_alone(ferbench, videos, other_clip, warm_home, tmp_path):
    out = tmp_path / "out"
    assert ferbench("predict", videos, "--out", out).code == 0
    before = contents(out)
    assert ferbench("predict", videos, "--out", out).code == 0, "the same video's table is replaced"
    assert contents(out) == before
    ended = ferbench("predict", other_clip, "--out", out)
    assert ended.code == 1
    assert "a smile, slow.parquet is there and is not of this video" in ended.err
    assert "--overwrite" in ended.err
    assert contents(out) == before
    ended = ferbench("predict", other_clip, "--out", out, "--overwrite")
    assert ended.code == 0, ended.err
    assert read_predictions(out / "a smile, slow.parquet")[0].video.num_frames == 5
    assert set(contents(out)) == set(before)


@pytest.mark.weights
def test_a_csv_of_unknown_origin_is_left_alone(ferbench, videos, warm_home, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a smile, slow.csv").write_text("my notes\n")
    ended = ferbench("predict", videos, "--out", out)
    assert ended.code == 1
    assert "a smile, slow.csv is there and is not of this video" in ended.err
    assert (out / "a smile, slow.csv").read_text() == "my notes\n"
    assert len(list(out.iterdir())) == 1


@pytest.mark.weights
def test_folders_below_are_taken_with_an_option_and_else_told(
    ferbench, videos, warm_home, tmp_path
):
    (videos / "week 2").mkdir()
    shutil.copyfile(videos / "a smile, slow.mp4", videos / "week 2" / "a smile, slow.mp4")
    shutil.copyfile(videos / "a smile, slow.mp4", videos / "week 2" / "b.mp4")
    top = ferbench("predict", videos, "--out", tmp_path / "top")
    assert top.code == 0, top.err
    assert "note: 2 videos in the folders below" in top.err
    assert "--recursive" in top.err
    assert len(list((tmp_path / "top").iterdir())) == 2
    every = ferbench("predict", videos, "--recursive", "--out", tmp_path / "all")
    assert every.code == 0, every.err
    assert "note:" not in every.err
    ids = {
        read_predictions(path)[0].video.video_id for path in (tmp_path / "all").glob("*.parquet")
    }
    assert ids == {"a smile, slow", "week 2/a smile, slow", "b"}
    found = ferbench("events", tmp_path / "all", "--label", "happiness", "--json")
    assert found.code == 0, found.err
    assert set(json.loads(found.out)) == ids


def test_a_folder_with_videos_only_below_it(ferbench, tmp_path):
    (tmp_path / "study" / "week 1").mkdir(parents=True)
    (tmp_path / "study" / "week 1" / "a.mp4").touch()
    ended = ferbench("predict", tmp_path / "study")
    assert ended.code == 1
    assert "there are 1 in the folders below it" in ended.err
    assert "--recursive takes the folders below" in ended.err
    assert "dataset." not in ended.err


def test_names_are_as_short_as_they_can_be():
    root = Path("r")
    paths = [root / name for name in ("a.mp4", "b.mp4", "b.mov", "x/c.mp4", "y/c.mp4", "x/d.mp4")]
    names = names_of(paths, root)
    assert [names[path] for path in paths] == ["a", "b.mp4", "b.mov", "x/c", "y/c", "d"]
    assert names_of([Path("s/a.mp4")], Path("s/a.mp4")) == {Path("s/a.mp4"): "a"}


@pytest.mark.weights
def test_a_damaged_video_is_told_with_the_option_of_this_command(
    ferbench, videos, warm_home, tmp_path
):
    whole = (videos / "a smile, slow.mp4").read_bytes()
    cut = videos / "cut.mp4"
    cut.write_bytes(_faststart(videos / "a smile, slow.mp4", tmp_path)[: int(len(whole) * 0.6)])
    ended = ferbench("predict", cut, "--out", tmp_path / "out")
    assert ended.code == 1
    assert "damaged" in ended.err
    assert "--keep-damaged" in ended.err
    assert "runtime." not in ended.err
    kept = ferbench("predict", cut, "--out", tmp_path / "out", "--keep-damaged")
    assert kept.code == 0, kept.err
    assert "damaged: " in kept.out


def _faststart(path, tmp_path):
    """The bytes of a copy whose index comes first, so that a cut copy can still be opened."""
    import av

    target = tmp_path / "faststart.mp4"
    with (
        av.open(str(path)) as reader,
        av.open(str(target), "w", options={"movflags": "faststart"}) as writer,
    ):
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for packet in reader.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                writer.mux(packet)
    return target.read_bytes()


def test_progress_counts_what_is_decoded(
    ferbench, videos, other_clip, warm_home, tmp_path, monkeypatch
):
    totals = []

    @contextmanager
    def frames_bar():
        yield lambda done, total, label: totals.append((done, total, label))

    monkeypatch.setattr(console, "frames_bar", frames_bar)
    shutil.copyfile(other_clip, videos / "b.mp4")
    assert ferbench("predict", videos, "--out", tmp_path / "out").code == 0
    assert ferbench("predict", videos, "--out", tmp_path / "out").code == 0
    stored, done = "1 of 2 videos", "2 of 2 videos"
    assert totals == [(0, 5, stored), (5, 5, stored), (5, 5, done), (0, 0, done)]


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_says_how_far_it_came(videos, samples, warm_home, tmp_path):
    shutil.copyfile(samples / "WolfgangLanger_Pexels.mp4", videos / "b long.mp4")
    out = tmp_path / "out"
    program = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ferbench.app.main",
            "predict",
            str(videos),
            "--out",
            str(out),
            "--device",
            "cpu",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 120
        while not (out / "a smile, slow.csv").exists():
            assert program.poll() is None, program.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        time.sleep(1.0)
        os.killpg(program.pid, signal.SIGINT)
        _, err = program.communicate(timeout=60)
    finally:
        program.kill()
    # the same to a shell: Python ends itself by the signal where that came inside exec(), as at
    # some imports
    assert program.returncode in (130, -signal.SIGINT), err
    assert "interrupted; 1 of 2 tables written" in err
    assert "Traceback" not in err
    assert sorted(path.name for path in out.iterdir()) == [
        "a smile, slow.csv",
        "a smile, slow.parquet",
    ]


# the thesis' form
# -------------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_the_thesis_form(ferbench, videos, warm_home, tmp_path):
    out = tmp_path / "out"
    ended = ferbench("predict", videos, "--out", out, "--format", "thesis")
    assert ended.code == 0, ended.err
    path, beside = sorted(out.iterdir())
    assert path.name == "a smile, slow.mp4.mini_xception.retinaface.csv"
    assert beside.name == "a smile, slow.mp4.retinaface.csv"
    predictions = read_thesis_csv(path)
    assert len(predictions) == 36
    np.testing.assert_allclose(predictions.scores.sum(axis=1), 1, atol=1e-5)
    assert ferbench("predict", videos, "--out", tmp_path / "ours").code == 0
    _, faces, expressions = read_predictions(tmp_path / "ours" / "a smile, slow.parquet")
    first = {frame: row for row, frame in reversed(list(enumerate(faces.frame)))}
    np.testing.assert_array_equal(
        read_thesis_faces(beside).box_xyxy, faces.box_xyxy[[first[f] for f in range(36)]]
    )
    probs = expressions.probs()
    happy = expressions.labels.index("happiness")
    for frame, label in enumerate(predictions.labels):
        row = first[frame]  # the clip has one face per frame
        assert label == expressions.labels[int(probs[row].argmax())].capitalize()
        assert predictions.scores[frame, 3] == np.float32(probs[row, happy])
    assert "Happiness" in predictions.labels

    again = ferbench("predict", videos, "--out", out, "--format", "thesis")
    assert again.code == 0, "the same content is no conflict"
    found = json.loads(ferbench("events", out, "--fps", 30, "--label", "Happiness", "--json").out)
    like_thesis = ("--rule", "windowed", "--label", "happiness", "--kind", "top", "--json")
    ours = ferbench("events", tmp_path / "ours", *like_thesis)
    assert list(found) == ["a smile, slow"]
    for event in found["a smile, slow"]["events"]:
        event["label"] = event["label"].lower()
    assert found == json.loads(ours.out), "the same events from either form"


@pytest.mark.weights
def test_an_experiment_s_choices(ferbench, videos, warm_home, tmp_path):
    """Crops, limits and face as in the experiment; what is given beside it wins."""
    choices = ("--experiment", "thesis", "--model", "mini_xception", "--detector", "mtcnn")
    ended = ferbench("predict", videos, "--out", tmp_path / "a", "--format", "thesis", *choices)
    assert ended.code == 0, ended.err
    made = read_thesis_csv(tmp_path / "a" / "a smile, slow.mp4.mini_xception.mtcnn.csv")
    faces = read_thesis_faces(tmp_path / "a" / "a smile, slow.mp4.mtcnn.csv")
    assert [label is not None for label in made.labels] == (faces.score > 0.95).tolist()
    ended = ferbench("predict", videos, "--out", tmp_path / "b", *choices)
    assert ended.code == 0, ended.err
    _, ours, expressions = read_predictions(tmp_path / "b" / "a smile, slow.parquet")
    assert (ours.score[expressions.face] > 0.95).all()
    row = expressions.rows_of(np.array([int(np.flatnonzero(ours.frame == 5)[0])]))
    happy = expressions.probs()[row[0], expressions.labels.index("happiness")]
    assert made.scores[5, 3] == np.float32(happy)


@pytest.mark.weights
def test_a_thesis_file_with_other_content_is_left_alone(ferbench, videos, warm_home, tmp_path):
    out = tmp_path / "out"
    assert ferbench("predict", videos, "--out", out, "--format", "thesis").code == 0
    path, beside = sorted(out.iterdir())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    ended = ferbench("predict", videos, "--out", out, "--format", "thesis")
    assert ended.code == 1
    assert "is there with other content" in ended.err
    assert path.read_bytes() == whole[: len(whole) // 2]
    assert ferbench("predict", videos, "--out", out, "--format", "thesis", "--overwrite").code == 0
    assert path.read_bytes() == whole
    assert sorted(out.iterdir()) == [path, beside]
    write_thesis_csv(tmp_path / "again.csv", read_thesis_csv(path))
    assert (tmp_path / "again.csv").read_bytes() == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "xlsx"], "--format: expected tables or thesis, got 'xlsx'"),
        (["--selector", "central"], "--selector chooses the face for --format thesis"),
        (["--format", "thesis", "--selector", "tallest"], "--selector: there is no 'tallest'"),
    ],
)
def test_options_of_the_thesis_form(arguments, message, ferbench, videos):
    ended = ferbench("predict", videos, *arguments)
    assert ended.code == 1
    assert message in ended.err


def test_a_study_names_the_tables(ferbench, videos, other_clip, warm_home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (clip,) = videos.glob("*.mp4")
    study = tmp_path / "study"
    study.mkdir()
    for name in ("P1 first.mp4", "P1 second.mp4"):
        shutil.copyfile(clip, study / name)
    shutil.copyfile(other_clip, study / "P2 only.mp4")
    (study / "list.csv").write_text(
        "session,participant,part,path\n"
        "talk,P1,1,P1 first.mp4\ntalk,P1,2,P1 second.mp4\ntalk,P2,,P2 only.mp4\n"
    )
    node = OmegaConf.load(CHECKOUT / "conf" / "dataset" / "manifest.yaml")
    node.manifest, node.session_name = str(study / "list.csv"), "{participant}_{session}"
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    OmegaConf.save(node, tmp_path / "conf" / "dataset" / "mine.yaml")
    given = ("--dataset", "mine", "--config-dir", "conf")
    ended = ferbench("predict", *given, "--out", "tables")
    assert ended.code == 0, ended.err
    names = {path.stem for path in (tmp_path / "tables").glob("*.csv")}
    assert names == {"P1_talk_part1", "P1_talk_part2", "P2_talk"}
    rows = "session,participant,onset_s,annotator\ntalk,P1,1,Jo\ntalk,P2,soon,Kim\n"
    (study / "marks.csv").write_text(rows)  # by several people: not read
    node.annotations = str(study / "marks.csv")
    OmegaConf.save(node, tmp_path / "conf" / "dataset" / "mine.yaml")
    assert ferbench("predict", *given, "--out", "tables").code == 0
    node.only_participants = ["P2"]
    OmegaConf.save(node, tmp_path / "conf" / "dataset" / "mine.yaml")
    some = ferbench("predict", *given, "--out", "some")
    assert (some.code, len(list((tmp_path / "some").glob("*.csv")))) == (0, 1)
    node.only_participants = []
    (study / "list.csv").write_text(
        "session,participant,camera,path\ntalk,P1,a,P1 first.mp4\ntalk,P1,b,P1 second.mp4\n"
    )
    OmegaConf.save(node, tmp_path / "conf" / "dataset" / "mine.yaml")
    assert "--camera" in ferbench("predict", *given, "--out", "one").err
    one = ferbench("predict", *given, "--out", "one", "--camera", "B")
    assert (one.code, [path.stem for path in (tmp_path / "one").glob("*.csv")]) == (0, ["P1_talk"])
    assert "there is no 'c'" in ferbench("predict", *given, "--camera", "c").err
    both = ferbench("predict", videos, *given)
    assert "--dataset; got both" in both.err
    assert "--camera: chooses among" in ferbench("predict", videos, "--camera", "a").err
    assert "--dataset; got neither" in ferbench("predict").err
