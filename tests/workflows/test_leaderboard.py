"""The leaderboard with a small real model on frames of real videos, and on made images."""

from __future__ import annotations

import csv
import json
import math
import shutil

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import root_mean_squared_error

import ferbench as fb
from ferbench.config.choices import component_for
from ferbench.config.groups import choices_of
from ferbench.errors import ConfigError, DatasetError
from ferbench.nets.hse import HseB0
from ferbench.pipeline import picture_pieces
from ferbench.preprocessing.align5 import Align5
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.weights import loading
from ferbench.weights.digests import sha256_of
from ferbench.workflows.standings.entries import way_of
from helpers import image_sets
from helpers.photographs import video_frames
from helpers.reference import CHECKOUT

CPU = ["runtime.device=cpu", "runtime.lanes=2"]


@pytest.fixture(scope="module")
def faces(samples, tmp_path_factory):
    """Frames of a man who smiles, a woman who is sad, then laughs, and one without a face."""
    root = tmp_path_factory.mktemp("faces")
    pictures = {
        "neutral": ("single_face.mp4", (0, 6, 12, 18)),
        "happy": ("single_face.mp4", (40, 48, 56, 64)),
        "sad": ("WolfgangLanger_Pexels.mp4", (0, 24, 48, 72, 96)),
        "joy": ("WolfgangLanger_Pexels.mp4", (300, 350, 400, 450)),
        "surprised": ("no_face.mp4", (0,)),
    }
    for label, (video, numbers) in pictures.items():
        frames = video_frames(samples / video, numbers).permute(0, 2, 3, 1).numpy()
        small = [cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA) for frame in frames]
        image_sets.class_folders(root, {label: small}, part="test")
    return root


@pytest.fixture
def measure(home):
    """``leaderboard`` with mini-XCEPTION on a CPU."""

    def call(place, **asked):
        asked = {"models": ["mini_xception"], "settings": CPU, **asked}
        return fb.leaderboard(place, **asked)

    return call


@pytest.fixture
def few_at_a_time(monkeypatch):
    """Small pieces, so that a few images have several."""
    monkeypatch.setattr(picture_pieces, "PIECE", 5)
    monkeypatch.setattr(picture_pieces, "AT_ONCE", 2)


def only(found):
    [standing] = found.board.standings
    return standing


def test_what_a_model_says_is_what_it_says_alone(measure, faces, models, few_at_a_time):
    found = measure(faces)
    standing = only(found)
    device = torch.device("cpu")
    detect = component_for("detector", None).load(device, models)
    model = component_for("model", "mini_xception")
    recognise = model.load(device, models)
    right, without = 0, 0
    for image in found.board.images.images:
        rgb = cv2.imread(str(found.board.images.folder / image.name))[..., ::-1].copy()
        frame = torch.from_numpy(rgb).permute(2, 0, 1)[None]
        said = detect(frame)
        if not len(said):
            without += 1
            continue
        sides = said.box_xyxy[:, 2:] - said.box_xyxy[:, :2]
        largest = said.rows(np.array([int(sides.prod(axis=1).argmax())]))
        crop = SquareMargin().crop(frame, largest, model_px=64)
        top = model.labels[int(recognise(crop.rgb)[0].argmax())]
        right += top == image.label
    assert without == standing.scores.no_face == 1
    assert standing.scores.images == 18
    assert standing.scores.accuracy.value == pytest.approx(right / 18)
    assert standing.scores.accuracy_found.value == pytest.approx(right / 17)
    assert standing.images_per_s > 0
    assert "no face was found in up to 1 of 18 images" in " ".join(found.notes)


def test_a_wrong_crop_is_clearly_worse_than_the_right_one(measure, faces):
    """The whole frame, stretched, instead of the face."""
    found = measure(faces, pictures="faces")
    accuracy = {each.way.name: each.scores.accuracy.value for each in found.board.standings}
    assert [each.way.name for each in found.board.standings] == ["own", "as_is"]
    assert accuracy["own"] > accuracy["as_is"] + 0.25
    assert found.board.best_two.p < 0.05
    assert found.board.best_two.only_first > found.board.best_two.only_second


def test_every_way_of_cutting_is_a_row(measure, faces):
    found = measure(faces, crops=["own", "box", "square_margin"])
    names = {each.way.name: each.differences for each in found.board.standings}
    # square_margin cuts as this model's own crop does, so it is no row of its own
    assert names == {"own": (), "box": ("box instead of square",)}


def test_what_is_stored_is_not_computed_again(measure, faces, monkeypatch, few_at_a_time):
    first = measure(faces)
    told = []

    def refuse(*_, **__):
        raise AssertionError("a network was loaded")

    monkeypatch.setattr(loading, "load", refuse)
    again = measure(faces, on_progress=told.append)
    assert told[-1].done_images == told[-1].total_images == 2 * 18
    assert only(again).was_stored
    assert not only(first).was_stored
    np.testing.assert_array_equal(only(again).answers.probability, only(first).answers.probability)
    image = next((faces / "test" / "sad").iterdir())
    before = image.read_bytes()
    try:
        shutil.copyfile(next((faces / "test" / "joy").iterdir()), image)
        with pytest.raises(AssertionError, match="a network was loaded"):
            measure(faces)
    finally:
        image.write_bytes(before)


def test_what_was_done_before_an_end_stays(measure, faces, few_at_a_time, monkeypatch):
    class EndError(Exception):
        pass

    def end_in_the_middle(progress):
        if progress.done_images > 24:
            raise EndError

    with pytest.raises(EndError):
        measure(faces, on_progress=end_in_the_middle)
    detected = []
    original = picture_pieces.Pieces._made

    def made(self, piece, work, on_images):
        detected.append(piece.first)
        return original(self, piece, work, on_images)

    monkeypatch.setattr(picture_pieces.Pieces, "_made", made)
    measure(faces)
    assert detected == [5, 10, 15]  # the faces and the first five answers were stored


def test_numbers_depend_on_neither_pieces_nor_lanes(measure, faces, monkeypatch):
    settings = ["runtime.device=cpu", "runtime.lanes=1", "runtime.measure=true"]
    whole = only(measure(faces, settings=settings))
    monkeypatch.setattr(picture_pieces, "PIECE", 4)
    monkeypatch.setattr(picture_pieces, "AT_ONCE", 3)
    pieces = only(measure(faces, settings=[*settings[:1], "runtime.lanes=2", settings[2]]))
    np.testing.assert_array_equal(whole.answers.probability, pieces.answers.probability)
    assert not pieces.was_stored


def test_a_broken_image_is_told_and_the_others_go_on(measure, faces, tmp_path):
    shutil.copytree(faces, tmp_path / "set")
    path = tmp_path / "set/test/sad/000.png"
    path.write_bytes(path.read_bytes()[:3000])
    found = measure(tmp_path / "set")
    assert list(found.board.broken) == ["test/sad/000.png"]
    assert only(found).scores.images == 17
    assert only(found).scores.broken == 1
    [warning] = found.warnings
    assert warning == (
        "1 image that cannot be used, for no model: test/sad/000.png: cannot be decoded: image "
        "file is truncated"
    )


def test_models_without_weights_are_listed_and_the_others_go_on(measure, faces):
    found = measure(faces, models=["apvit_rafdb", "mini_xception", "hse_enet_b0_7"])
    assert only(found).model == "mini_xception"
    reasons = {each.name: str(each.reason) for each in found.board.left_out}
    assert reasons.keys() == {"apvit_rafdb", "hse_enet_b0_7"}
    assert "in a browser" in reasons["apvit_rafdb"]
    assert "fetch_weights('NAME')" in reasons["hse_enet_b0_7"]
    none = measure(faces, models=["rmn"])
    assert repr(none) == "Leaderboard: set, test, 18 images; no model was measured".replace(
        "set", none.board.images.folder.name
    )
    assert len(none.to_frame()) == 0


def test_a_wrong_weight_file_leaves_out_its_model_only(measure, faces, models, tmp_path):
    shutil.copytree(models, tmp_path / "models")
    (tmp_path / "models" / "rmn").mkdir()
    (tmp_path / "models/rmn/Z_resmasking_dropout1_rot30_2019Nov30_13.32").write_text("no net")
    settings = [*CPU, f"paths.models={tmp_path / 'models'}"]
    found = measure(faces, models=["rmn", "mini_xception"], settings=settings)
    assert only(found).model == "mini_xception"
    [left_out] = found.board.left_out
    assert "is not the file that it should be" in left_out.reason


def test_published_accuracy_stands_beside_the_measured_one(measure, tmp_path):
    """Noise is no face, so the model cannot be as good as its authors say."""
    rng = np.random.default_rng(0)
    rows = [
        (n % 7, rng.integers(0, 256, (48, 48), np.uint8), use)
        for use in ("PrivateTest", "PublicTest")
        for n in range(35)
    ]
    image_sets.fer2013_table(tmp_path / "fer2013.csv", rows)
    found = measure(tmp_path, crops=["as_is"])
    standing = only(found)
    assert standing.published.value == 0.66
    assert standing.is_below("wrong")
    [warning] = found.warnings
    assert "is below the published 0.660 on FER-2013: crop mismatch?" in warning
    assert repr(found).startswith(
        "Leaderboard: FER-2013, test, 35 images; best mini_xception as_is"
    )
    # what is published is of the private test part
    public = measure(tmp_path, crops=["as_is"], split="validation")
    assert only(public).published is None
    assert public.warnings == ()


def test_the_box_of_a_table_chooses_and_cuts_the_face(measure, samples, tmp_path):
    """Two faces side by side; the box says which is meant, the larger one is the other."""
    frame = video_frames(samples / "single_face.mp4", (0,))[0].permute(1, 2, 0).numpy()
    small = cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA)
    two = np.zeros((360, 960, 3), np.uint8)
    two[:, :640] = frame
    two[:180, 640:] = small
    root = image_sets.affectnet_table(tmp_path, [("1/a.jpg", 1), ("1/b.jpg", 0)])
    for name in ("1/a.jpg", "1/b.jpg"):
        image_sets.save(root / "Manually_Annotated_Images" / name, two)
    detector = component_for("detector", None).load(torch.device("cpu"), loading_folder())
    found = detector(torch.from_numpy(two).permute(2, 0, 1)[None])
    order = np.argsort(found.box_xyxy[:, 2] - found.box_xyxy[:, 0])
    small_box, large_box = found.box_xyxy[order[0]], found.box_xyxy[order[-1]]
    table = root / "validation.csv"
    lines = table.read_text().splitlines()
    cells = []
    for line, box in zip(lines[1:], (small_box, large_box), strict=True):
        left, top, right, bottom = box.tolist()
        name, *_, rest = line.partition(",")
        tail = rest.split(",")[4:]
        cells.append(
            ",".join([name, str(left), str(top), str(right - left), str(bottom - top), *tail])
        )
    table.write_text("\n".join([lines[0], *cells]) + "\n")
    board = measure(root).board
    assert {each.way.name for each in board.standings} == {"as_is", "own"}
    for standing in board.standings:
        small_said, large_said = standing.answers.probability
        assert not np.allclose(small_said, large_said)


def loading_folder():
    from pathlib import Path

    from ferbench.places import default_root, models_dir

    return Path(models_dir(default_root()))


def test_rafdb_is_cut_out_of_its_whole_pictures_and_as_it_is(measure, faces, tmp_path):
    """The aligned picture says one thing, the face in the whole picture another."""
    root = image_sets.rafdb(tmp_path, [("test_0001", 4), ("test_0002", 7)], boxes=False)
    laughing = cv2.imread(str(faces / "test/joy/003.png"))[..., ::-1]
    for stem in ("test_0001", "test_0002"):
        image_sets.save(root / "Image" / "original" / f"{stem}.jpg", laughing)
    board = measure(root).board
    assert board.images.name == "RAF-DB"
    by_way = {each.way.name: each.answers for each in board.standings}
    own, as_is = by_way["own"], by_way["as_is"]
    np.testing.assert_array_equal(own.probability[0], own.probability[1])
    assert own.is_right.tolist() == [True, False]
    assert not np.array_equal(as_is.probability[0], as_is.probability[1])  # noise of two seeds
    # mini-XCEPTION's accuracy is published of another data set
    assert all(each.published is None for each in board.standings)


def test_valence_and_arousal_stand_beside_what_people_rated(measure, models, tmp_path):
    """With a network of chance weights, on AffectNet's table."""
    shutil.copytree(models, tmp_path / "models")
    config = tmp_path / "conf"
    torch.manual_seed(0)
    net = HseB0(num_classes=8, num_regressions=2).eval()
    path = tmp_path / "models" / "hse" / "made.pt"
    path.parent.mkdir()
    torch.save(net.state_dict(), path)
    text = (CHECKOUT / "conf" / "model" / "hse_enet_b0_8_va_mtl.yaml").read_text()
    for old, new in (
        ("hse/enet_b0_8_va_mtl.pt", "hse/made.pt"),
        ("sha256: unknown", f"sha256: {sha256_of(path)}"),
        (
            "ferbench.weights.pickled_model.hse_state_dict",
            "ferbench.weights.checkpoints.torch_state_dict",
        ),
        ("engine: auto", "engine: torch"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (config / "model").mkdir(parents=True)
    (config / "model" / "made.yaml").write_text(text)
    rows = [(f"{n}/a.jpg", n) for n in range(4)]
    root = image_sets.affectnet_table(tmp_path / "set", rows)
    table = root / "validation.csv"
    lines = table.read_text().splitlines()
    rated = [0.5, -0.25, 0.0, 1.0]
    lines[1:] = [line.replace("0.25,", f"{v},") for line, v in zip(lines[1:], rated, strict=True)]
    table.write_text("\n".join(lines) + "\n")
    found = measure(
        root,
        models=["made"],
        crops=["as_is"],
        settings=[*CPU, f"paths.models={tmp_path / 'models'}"],
        config_dirs=[config],
    )
    model = component_for("model", "made", config_dirs=[config])
    said = []
    for name, _ in rows:
        picture = Image.open(root / "Manually_Annotated_Images" / name).convert("RGB")
        crop = torch.from_numpy(np.array(picture.crop((10, 5, 50, 55)))).permute(2, 0, 1)[None]
        said.append(model.around(net, torch.device("cpu"))(crop)[0, 8:].tolist())
    valence, arousal = only(found).regressions
    assert (valence.name, valence.images, arousal.name) == ("valence", 4, "arousal")
    expected = root_mean_squared_error(rated, [each[0] for each in said])
    assert valence.rmse == pytest.approx(expected, abs=1e-5)
    expected = root_mean_squared_error([-0.5] * 4, [each[1] for each in said])
    assert arousal.rmse == pytest.approx(expected, abs=1e-5)
    assert any("valence CCC" in note for note in found.notes)
    names = [path.name for path in found.write(tmp_path / "out")]
    assert "regressions.csv" in names
    assert found.as_plain()["standings"][0]["regressions"]["valence"]["images"] == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pyfeat_v28", component_for("preprocessing", "square_sampled")),
        ("ddamfn_an8", Align5(template="five_poses", size_px=112)),
        ("apvit_rafdb", Align5(template="face_evolve", size_px=224)),
        ("poster_v2_an8", SquareMargin(margin=0.25)),
    ],
)
def test_the_own_crop_is_that_of_a_models_training(name, expected):
    usual = SquareMargin(margin=0.25)
    cutters = {each: component_for("preprocessing", each) for each in choices_of("preprocessing")}
    way = way_of("own", component_for("model", name), usual, cutters)
    assert way.preprocessing == expected
    assert bool(way.note) == (expected == usual)


def test_what_is_written(measure, faces, tmp_path):
    found = measure(faces, crops=["own", "box"])
    paths = found.write(tmp_path / "out")
    names = [path.relative_to(tmp_path / "out").as_posix() for path in paths]
    assert names[:5] == [
        "leaderboard.html",
        "leaderboard.json",
        "leaderboard.csv",
        "classes.csv",
        "calibration.csv",
    ]
    assert "confusion/mini_xception-own.png" in names
    assert "reliability/mini_xception-box.png" in names
    assert all(path.is_file() for path in paths)
    plain = json.loads(paths[1].read_text())
    assert [each["crop"] for each in plain["standings"]] == [
        each.way.name for each in found.board.standings
    ]
    with paths[2].open() as stream:
        rows = list(csv.DictReader(stream))
    frame = found.to_frame()
    assert float(rows[0]["accuracy"]) == frame["accuracy"][0]
    page = paths[0].read_text()
    assert "<img" not in page
    assert "No picture of a face is on this page" in page
    matrix = (tmp_path / "out/confusion/mini_xception-own.csv").read_text().splitlines()
    assert matrix[0] == "true,happiness,neutral,sadness,surprise,no face"
    total = sum(int(cell) for line in matrix[1:] for cell in line.split(",")[1:])
    assert total == 18


def test_faces_are_shown_only_where_they_are_asked_for(measure, faces, tmp_path):
    found = measure(faces, pictures="faces", faces=True)
    for standing in found.board.standings:
        scores, seen = standing.scores, standing.faces
        num_right = round(scores.accuracy.value * scores.images)
        assert len(seen.right) == min(8, num_right)
        assert len(seen.wrong) == min(8, scores.images - scores.no_face - num_right)
        assert all(face.said == face.true for face in seen.right)
        assert all(face.said != face.true for face in seen.wrong)
        sure = [face.confidence for face in seen.wrong]
        assert sure == sorted(sure, reverse=True)
        picture = cv2.imdecode(np.frombuffer(seen.right[0].png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape[:2] == (64, 64)
    page = found.write(tmp_path / "out")[0].read_text()
    num_shown = sum(len(each.faces.wrong) + len(each.faces.right) for each in found.board.standings)
    assert page.count("<img") == num_shown
    assert "This page holds images of people" in page


def test_undefined_numbers_are_null(measure, tmp_path):
    """Pictures without any face."""
    pictures = [image_sets.picture(n, width=80, height=40) for n in range(3)]
    image_sets.class_folders(tmp_path, {"happy": pictures, "sad": pictures})
    found = measure(tmp_path)
    row = found.as_plain()["standings"][0]
    assert row["accuracy"] == 0.0
    assert row["accuracy_if_found"] is None
    assert row["log_loss"] is None
    assert math.isnan(found.to_frame()["ece"][0])
    found.write(tmp_path / "out")


def test_bad_questions_are_refused(measure, faces):
    for asked, said in (
        ({"models": ["nothing"]}, "there is no 'nothing'"),
        ({"models": "mini_xception"}, "models: expected a list"),
        ({"crops": ["as_is"]}, r"crops: the data set has whole pictures.*pictures='faces'"),
        ({"crops": ["nothing"]}, "there is no 'nothing'"),
        ({"no_face": "right"}, "no_face: expected one of wrong, left_out"),
        ({"other_classes": "right"}, "other_classes: expected one of"),
        ({"pictures": "half"}, "pictures: expected one of"),
        ({"most": 0}, "most: expected at least 1"),
    ):
        with pytest.raises(ConfigError, match=said):
            measure(faces, **asked)
    with pytest.raises(DatasetError, match="there is no such folder"):
        measure(faces / "nowhere")
