"""Runs made again: zero drift where nothing changed, and what changed is named."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import ferbench as fb
from ferbench.config.choices import settings_for
from ferbench.config.yaml_files import text_of_yaml
from ferbench.errors import ConfigError, DatasetError, TrackingError
from ferbench.formats.predictions import read_predictions, write_predictions
from ferbench.weights.digests import sha256_of
from ferbench.workflows.evaluate import evaluate_settings, load_dataset
from ferbench.workflows.recording import COMMIT_TAG, DIRTY_TAG
from ferbench.workflows.reproduction import surroundings
from ferbench.workflows.tracked_run import TrackedRun

pytestmark = pytest.mark.weights

MARKS = "session,onset_s,offset_s,kind\nanna,0.6,1.2,smile\nben,0.6,1.2,smile\n"
XCEPTION = "mini_xception/emotion_model.hdf5"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A run of two sessions, and the files that it rests on."""

    run_id: str
    videos: Path
    marks: Path
    models: Path
    record: Path

    @property
    def artifacts(self) -> Path:
        return self.record / "artifacts"

    def again(self, **options: object) -> fb.Reproduction:
        return fb.reproduce(self.run_id, **{"cached": True, **options})


@pytest.fixture(scope="module")
def original(tmp_path_factory, warm_root, models) -> Path:
    """A folder with the run in plain files, its stored tables, and all that it rests on."""
    base = tmp_path_factory.mktemp("original")
    home, videos, weights = base / "home", base / "videos", base / "weights"
    warm_root.furnish(home, store=False)
    videos.mkdir()
    for name in ("anna", "ben"):
        shutil.copyfile(warm_root.clip, videos / f"{name}.mp4")
    (base / "marks.csv").write_text(MARKS)
    for name in ("retinaface/mobilenet0.25_Final.pth", XCEPTION):
        (weights / name).parent.mkdir(parents=True)
        shutil.copyfile(models / name, weights / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERBENCH_HOME", str(home))
        patch.setenv("FERBENCH_MODELS", str(weights))
        _run(videos, base / "marks.csv")
    return base


def _run(videos: Path, marks: Path) -> None:
    """A run as a cell of a sweep is made: with statistics, without pictures."""
    choices = {
        "dataset": {"videos": str(videos), "annotations": str(marks)},
        "signal": {"labels": ["happiness"]},
        "statistics": {"surrogates": 20, "draws": 20},
        "tracking": "files",
    }
    without_pictures = ["report.timelines=0", "report.pages=0"]
    chosen = settings_for(choices, settings=without_pictures)
    with TrackedRun.open(chosen.settings, chosen.choices, name="smiles") as run:
        loaded = load_dataset(chosen.settings.dataset)
        done = evaluate_settings(chosen.settings, chosen.choices, loaded, pictures=False)
        run.finish(done, config_yaml=text_of_yaml(chosen.config), output=None)


@pytest.fixture
def made(original, tmp_path, monkeypatch) -> Made:
    """A copy of the run and of all that it rests on, for the test alone."""
    base = tmp_path / "copy"
    shutil.copytree(original, base)
    for name in (base / "home" / ".ferbench" / "folders").glob("folder-*"):
        name.write_text(name.read_text().replace(str(original), str(base)))
    monkeypatch.setenv("FERBENCH_HOME", str(base / "home"))
    monkeypatch.setenv("FERBENCH_MODELS", str(base / "weights"))
    (record,) = (base / "home" / "mlruns" / "files").glob("*/*")
    return Made(
        run_id=record.name,
        videos=base / "videos",
        marks=base / "marks.csv",
        models=base / "weights",
        record=record,
    )


def kinds(found: fb.Reproduction) -> dict[str, list[str]]:
    """Names of what changed for certain, by kind; the checkout's own state is left out."""
    names: dict[str, list[str]] = {}
    for change in found.reasons:
        if change.kind != "ferbench":
            names.setdefault(change.kind, []).append(change.name)
    return names


@pytest.mark.slow
def test_nothing_drifts_where_nothing_changed_and_all_is_computed_anew(made):
    before = sorted(path.stat().st_mtime_ns for path in made.record.rglob("*"))
    found = fb.reproduce(made.run_id[:6])
    assert found.is_same
    assert found.frames == 36, "both sessions show one video, which was decoded"
    assert not kinds(found)
    assert str(found.verdict).startswith(
        f"no drift: {len(found.metrics)} metrics and {len(found.tables)} tables are equal"
    )
    names = {table.name for table in found.tables}
    assert {"events.csv", "sessions.csv", "counts.csv", "matches.csv"} <= names
    assert {"predictions of anna.mp4", "predictions of ben.mp4"} <= names
    assert any(name.startswith("statistics/") for name in names)
    recorded = json.loads((made.record / "run.json").read_text())["metrics"]
    compared = {each.name: each.recorded for each in found.metrics}
    left_out = {"speed/", "work/"}
    expected = {k: v for k, v in recorded.items() if not k.startswith(tuple(left_out))}
    assert compared == expected
    after = sorted(path.stat().st_mtime_ns for path in made.record.rglob("*"))
    assert after == before, "the record stays as it is"
    frame = found.to_frame()
    assert len(frame) == len(found.metrics) + len(found.tables)
    assert not frame["drifts"].any()


@pytest.mark.slow
def test_swapped_weights_are_named_and_run_only_when_asked(made):
    file = made.models / XCEPTION
    was = sha256_of(file)
    _retrained(file)
    found = made.again()
    assert not found.ran
    assert kinds(found) == {"weights": [XCEPTION]}
    (change,) = (each for each in found.changes if each.kind == "weights")
    assert (change.recorded, change.now) == (was, sha256_of(file))
    assert XCEPTION in found.verdict
    assert "with_changes=True" in str(found.verdict)

    found = made.again(with_changes=True)
    assert found.ran
    assert found.drifts
    assert f"weights {XCEPTION}" in found.verdict
    drifting = {table.name for table in found.tables if table.drifts}
    assert {"predictions of anna.mp4", "predictions of ben.mp4"} <= drifting
    boxes = [table for table in found.tables if table.name == "predictions of anna.mp4"]
    assert boxes[0].largest_in.startswith("logit."), "the detector's weights are the same"
    assert boxes[0].first == "frame 0, 0.000 s"


def _retrained(file: Path) -> None:
    """Change the weights of the last layer a little."""
    import h5py

    with h5py.File(file, "r+") as weights:
        changed = []

        def change(name: str, node: object) -> None:
            if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and not changed:
                node[...] = node[...] * 1.05
                changed.append(name)

        weights["model_weights"].visititems(change)
        assert changed


def test_changed_annotations_are_named_and_explain_the_drift(made):
    made.marks.write_text(MARKS.replace("0.6,1.2", "100,101"))
    found = made.again()
    assert not found.ran
    assert kinds(found) == {"annotations": ["marks.csv"]}
    found = made.again(with_changes=True)
    by_name = {each.name: each for each in found.metrics}
    tp, recall = by_name["event/tp"], by_name["event/recall"]
    assert tp.recorded == 2, "a smile in each session"
    assert np.isnan(recall.now) or recall.now == 0
    assert tp.difference == tp.now - 2
    assert "annotations marks.csv" in found.verdict
    predictions = [table for table in found.tables if table.name.startswith("predictions")]
    assert not any(table.drifts for table in predictions)


def test_annotations_written_otherwise_change_no_number(made):
    made.marks.write_text(MARKS.replace("0.6,1.2", "0.60,1.20"))
    found = made.again(with_changes=True)
    assert found.is_same
    assert "are equal, although this changed: annotations marks.csv" in found.verdict


def test_moved_videos_are_found_by_their_digests(made, tmp_path):
    archive = tmp_path / "archive"
    (archive / "2024").mkdir(parents=True)
    made.videos.rename(archive / "2024" / "study")
    (archive / "2024" / "study" / "anna.mp4").rename(archive / "renamed.mp4")
    with pytest.raises(DatasetError, match="no such folder"):
        made.again()
    found = made.again(videos=archive)
    assert found.is_same
    assert not kinds(found)
    with pytest.raises(DatasetError, match="no such folder or file"):
        made.again(videos=tmp_path / "nowhere")


def test_a_changed_and_a_missing_video_are_named(made, small_clip):
    shutil.copyfile(small_clip, made.videos / "anna.mp4")
    (made.videos / "ben.mp4").unlink()
    found = made.again()
    assert not found.ran
    assert kinds(found) == {"video": ["anna.mp4", "ben.mp4"]}
    sentences = [each.sentence for each in found.changes if each.kind == "video"]
    assert "video anna.mp4 changed: sha256 " in sentences[0]
    assert "video ben.mp4 is not there: sha256 " in sentences[1]


def test_what_the_machine_has_otherwise_is_listed_and_stops_nothing(made):
    path = made.artifacts / "environment.json"
    environment = json.loads(path.read_text())
    environment |= {"torch": "0.0.1", "libavcodec": "1.2.3", "processors": "1024"}
    del environment["processor"]
    path.write_text(json.dumps(environment))
    _edit_record(made, lambda about: about["tags"].update({"ferbench.device": "cuda"}))
    found = made.again(settings=["runtime.threads=2"])
    assert found.is_same
    assert kinds(found) == {
        "setting": ["runtime.threads"],
        "machine": ["processors"],
        "library": ["torch"],
        "decoder": ["libavcodec"],
        "device": ["of networks"],
    }
    assert [change.name for change in found.not_recorded if change.kind == "machine"] == [
        "processor"
    ]
    assert "although this changed: setting runtime.threads" in found.verdict


def _edit_record(made, change) -> None:
    about = json.loads((made.record / "run.json").read_text())
    change(about)
    (made.record / "run.json").write_text(json.dumps(about))


@pytest.fixture
def of_the_same_code(made, monkeypatch) -> None:
    """Run and checkout say of the same code that it has no changes."""
    monkeypatch.setattr(surroundings, "revision", lambda: ("", False))
    for tag in (COMMIT_TAG, DIRTY_TAG):
        _edit_record(made, lambda about, tag=tag: about["tags"].pop(tag, None))


def test_a_drift_without_a_reason_is_told_as_that(made, of_the_same_code):
    """A score of the record is another one, as if the machine had computed it so."""
    path = next((made.artifacts / "predictions").rglob("*.parquet"))
    table = pq.read_table(path)
    score = table["score"].to_numpy().copy()
    row = 7
    score[row] += np.float32(0.25)
    changed = table.set_column(table.column_names.index("score"), "score", [score])
    write_predictions(
        path.parent, path.stem, changed.replace_schema_metadata(table.schema.metadata)
    )
    _edit_record(made, lambda about: about["metrics"].update({"event/f1": 0.25}))
    found = made.again()
    drifting = [each for each in (*found.metrics, *found.tables) if each.drifts]
    assert {each.name for each in drifting} >= {"event/f1", "predictions of anna.mp4"}
    (seen,) = (each for each in found.tables if each.name == "predictions of anna.mp4")
    timeline, faces, _ = read_predictions(path)
    frame = int(faces.frame[row])
    assert (seen.num_different, seen.largest_in) == (1, "score")
    assert seen.largest == pytest.approx(0.25, abs=1e-6)
    assert seen.first == f"frame {frame}, {timeline.edges_s[frame]:.3f} s"
    (f1,) = (each for each in found.metrics if each.name == "event/f1")
    assert f1.relative == pytest.approx((f1.now - 0.25) / 0.25)
    assert "no reason is known" in found.verdict


def test_a_configuration_that_was_edited_is_not_the_run(made, of_the_same_code):
    config = made.artifacts / "config.yaml"
    text = config.read_text()
    assert "enter: 0.5" in text
    config.write_text(text.replace("enter: 0.5", "enter: 0.45"))
    found = made.again()
    assert not found.ran
    assert kinds(found) == {"configuration": ["event.enter"]}
    other_class = text.replace("selectors.simple.Largest", "selectors.simple.Central")
    assert other_class != text
    config.write_text(other_class)
    found = made.again()
    assert kinds(found)["configuration"] == ["(components or their versions)"]
    assert not found.ran


@pytest.mark.parametrize("target", ["os.system", "ferbench.app.hydra.launch.os.system"])
def test_a_record_runs_no_code_of_its_own(made, target):
    config = made.artifacts / "config.yaml"
    lines = config.read_text().replace("ferbench.video.pyav.PyavReader", target)
    config.write_text(f"allow_targets: [os]\n{lines.replace('allow_targets: []', '')}")
    refused = r"reader\._target_.*(lies outside ferbench|cannot import)"
    with pytest.raises(ConfigError, match=refused):
        made.again()


def test_what_a_record_lacks_is_told(made):
    shutil.rmtree(made.artifacts / "predictions")
    (made.artifacts / "environment.json").unlink()
    found = made.again()
    assert found.is_same
    assert found.not_compared == ("predictions of anna.mp4, ben.mp4: the run recorded none",)
    assert "torch" in [change.name for change in found.not_recorded]
    (made.artifacts / "config.yaml").unlink()
    with pytest.raises(TrackingError, match=r"has no config\.yaml"):
        made.again()
    with pytest.raises(TrackingError, match="no run 'nobody'"):
        fb.reproduce("nobody")


def test_folders_of_another_machine_are_asked_for(made):
    shutil.rmtree(made.record.parents[3] / ".ferbench" / "folders")
    with pytest.raises(ConfigError, match=r"another machine or root: dataset\.videos") as raised:
        made.again()
    assert "settings='dataset.videos=...'" in str(raised.value)
    places = [f"dataset.videos={made.videos}", f"dataset.annotations={made.marks}"]
    found = made.again(settings=places, cached=False)
    assert found.is_same


def test_the_command_tells_it_in_words_that_fit_the_screen(ferbench, made, monkeypatch):
    done = ferbench("reproduce", made.run_id[:8], "--cached")
    assert done.code == 0, done.err
    title, *_, verdict = done.out.splitlines()
    assert title.startswith(f"run {made.run_id[:8]} smiles, made again: 0 frames decoded")
    assert verdict.startswith("no drift: ")

    made.marks.write_text(MARKS.replace("0.6,1.2", "0.1,0.2"))
    done = ferbench("reproduce", "smiles", "--cached")
    assert done.code == 1
    assert "  annotations marks.csv changed: sha256 " in done.out
    assert done.out.splitlines()[-1].endswith("to run all the same: --with-changes")
    plain = ferbench("reproduce", "smiles", "--cached", "--with-changes", "--json")
    assert plain.code == 1
    told = json.loads(plain.out)
    assert told["ran"]
    assert told["drifts"]
    assert {"annotations"} <= {change["kind"] for change in told["changes"]}

    assert ferbench("reproduce", "nobody").code == 1
    done = ferbench("reproduce", "smiles", "--set", "signal=x")
    assert (done.code, done.err) == (
        1,
        "ConfigError: --set: expected texts such as dataset.annotations=a.csv, got 'signal=x'\n",
    )
