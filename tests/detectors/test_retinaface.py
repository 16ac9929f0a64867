"""RetinaFace against biubug6's, batch-face's and ternaus' own answers.

Engines, sizes, batches, wrong files.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import zipfile

import cv2
import numpy as np
import pytest
import torch

from ferbench.detectors import anchors, retinaface
from ferbench.detectors.network_input import Canvas, Pixels, fit
from ferbench.detectors.suppression import greedy_nms
from ferbench.errors import ConfigError, DataError, WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.nets.retinaface import RetinaFace
from ferbench.weights.checkpoints import torch_state_dict
from ferbench.weights.digests import sha256_of
from helpers.photographs import (
    IMAGES,
    assert_same,
    configured,
    decoded,
    of_frame,
    placed,
    video_frames,
)
from helpers.procedural import fill_net, manifest
from helpers.reference import report_difference, shared_path

CPU = torch.device("cpu")
MNET = "retinaface_mnet025_sglee487"
ENGINES = ("onnxruntime", "torch")
FULL = {"resolution": "full", "long_side_px": None}
LETTERBOX = {"resolution": "letterbox", "long_side_px": 640}
PROGRAMS = {
    "upstream_thr002": {**FULL, "min_score": 0.02},
    "upstream_vis06": {**FULL, "min_score": 0.6},
    "batch_face_1.4.0_list": FULL,
    "batch_face_1.4.0_single": FULL,
    "batch_face_1.5.4_single": FULL,
    "batch_face_1.5.4_list": LETTERBOX,
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retinaface")
    placed(MNET, "mobilenet0.25_Final.pth", folder)
    return folder


@pytest.fixture(scope="module")
def detect(weights):
    loaded = {}

    def get(**changes):
        key = tuple(sorted(changes.items(), key=str))
        if key not in loaded:
            loaded[key] = configured(MNET, **changes).load(CPU, weights)
        return loaded[key]

    return get


def of_file(path, choice=MNET, **changes):
    """A detector with another file in the place of its own."""
    spec = configured(choice, **changes)
    item = dataclasses.replace(
        spec.weights, file=path.name, sha256=sha256_of(path), size_bytes=None
    )
    return dataclasses.replace(spec, weights=item)


def assert_equal(faces, golden, what, *, box=0.01, score=1e-5):
    """The same faces in the same order as rows of x1, y1, x2, y2, score, five points."""
    assert len(faces) == len(golden)
    for name, ours, theirs, largest in (
        ("boxes, px", faces.box_xyxy, golden[:, :4], box),
        ("scores", faces.score, golden[:, 4], score),
        ("landmarks, px", faces.landmarks_xy.reshape(-1, 10), golden[:, 5:], box),
    ):
        difference = float(np.abs(ours - theirs).max())
        report_difference(f"RetinaFace {what}, {name}", difference)
        assert difference < largest


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("engine", ENGINES)
def test_photographs_equal_the_originals(engine, program, name, detect):
    golden = np.load(shared_path("oracles/retinaface_mobilenet025/golden.npz"))
    faces = detect(engine=engine, **PROGRAMS[program])(decoded(name))
    assert_equal(
        faces, golden[f"{program}/{name}"], f"mobilenet0.25, {program.rpartition('_')[0]}, {engine}"
    )


@pytest.mark.weights
@pytest.mark.parametrize(
    ("program", "changes"), [("batch_face_1.4.0", FULL), ("batch_face_1.5.4", LETTERBOX)]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_second_of_two_frames_equals_the_original(engine, program, changes, detect):
    golden = np.load(shared_path("oracles/retinaface_mobilenet025/golden.npz"))
    image = decoded("t1")
    faces = detect(engine=engine, **changes)(torch.cat([image, image.flip(-1)]))
    assert_equal(
        of_frame(faces, 1),
        golden[f"{program}_list2_flip/t1"],
        f"mobilenet0.25, {program}, {engine}",
    )


@pytest.mark.weights
@pytest.mark.parametrize("name", [name for name in IMAGES if name != "biden"])
@pytest.mark.parametrize("engine", ENGINES)
def test_photographs_equal_ternaus(engine, name, weights, monkeypatch):
    """All of retinaface-pytorch but its weights and normalisation.

    The golden has mobilenet0.25 with its colours.
    """
    program = dataclasses.replace(
        retinaface._PROGRAMS["ternaus"], pixels=retinaface._PROGRAMS["biubug6"].pixels
    )
    monkeypatch.setitem(retinaface._PROGRAMS, "ternaus", program)
    ternaus = {"follows": "ternaus", "resolution": "fit", "long_side_px": 960, "min_score": 0.7}
    faces = configured(MNET, engine=engine, **ternaus).load(CPU, weights)(decoded(name))
    golden = np.load(shared_path("oracles/ternaus_pipeline/golden.npz"))[f"det/{name}"]
    assert_equal(faces, golden, f"ternaus' processing, {engine}", box=0.0101, score=1e-6)
    np.testing.assert_array_equal(
        faces.box_xyxy, np.round(faces.box_xyxy.astype(float), 2).astype(np.float32)
    )


@pytest.mark.weights
@pytest.mark.parametrize(
    "changes", [{}, FULL, LETTERBOX, {"resolution": "fit", "long_side_px": 320}]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_batches_and_memory_layout_do_not_change_faces(engine, changes, detect, samples):
    find = detect(engine=engine, **changes)
    frames = video_frames(samples / "noface_face.mov", (0, 60, 110, 120, 130))
    together, backwards = find(frames), find(frames.flip(0))
    assert {0, 4} & set(together.frame.tolist()) == {4}, "the first frame has no face, the last has"
    for n in range(len(frames)):
        assert_same(of_frame(together, n), find(frames[n : n + 1]))
        assert_same(of_frame(backwards, 4 - n), of_frame(together, n))
    assert_same(together, find(frames.contiguous()))


@pytest.mark.weights
def test_split_of_a_batch_does_not_matter(weights, monkeypatch):
    """As on a GPU, where several frames go through the network together."""
    frames = decoded("t1").repeat(5, 1, 1, 1)
    frames[1], frames[3] = frames[1].flip(-1), 0
    spec = configured(MNET, engine="torch")
    alone = spec.load(CPU, weights)(frames)
    assert np.bincount(alone.frame, minlength=5).tolist() == [6, 6, 6, 0, 6]
    for frames_at_once in (2, 5):
        find = spec.load(CPU, weights)
        find.engine.most_pixels = frames_at_once * 640 * 443 + 1
        assert_same(find(frames), alone, box=1e-2, score=1e-5)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["t1", "13"])
@pytest.mark.parametrize("changes", [{}, FULL, {"resolution": "shrink", "long_side_px": 333}])
def test_engines_find_the_same(changes, name, detect):
    one, two = (detect(engine=engine, **changes)(decoded(name)) for engine in ENGINES)
    assert len(one) >= 2
    assert_same(one, two, box=1e-2, score=1e-5)
    difference = max(
        np.abs(one.box_xyxy - two.box_xyxy).max(), np.abs(one.landmarks_xy - two.landmarks_xy).max()
    )
    report_difference("RetinaFace mobilenet0.25, torch against onnxruntime, px", difference)


@pytest.mark.weights
def test_smaller_frames_give_nearly_the_same_faces(detect):
    """Where a frame is made smaller, boxes come back in its own pixels."""
    image = decoded("t1")
    shrunk, full = detect()(image), detect(**FULL)(image)
    assert len(shrunk) == len(full) == 6
    nearest = np.abs(shrunk.box_xyxy[:, None] - full.box_xyxy[None]).max(axis=-1).argmin(axis=1)
    assert sorted(nearest) == list(range(6))
    assert np.abs(shrunk.box_xyxy - full.box_xyxy[nearest]).max() < 16
    small = torch.from_numpy(cv2.resize(image[0].permute(1, 2, 0).numpy(), (320, 222))).permute(
        2, 0, 1
    )[None]
    assert_same(detect()(small), detect(**FULL)(small))


@pytest.mark.weights
def test_landmarks_are_named_as_seen_in_the_image(detect):
    x, y = np.moveaxis(detect()(decoded("obama2")).landmarks_xy[0], -1, 0)
    assert x[0] < x[2] < x[1]
    assert x[3] < x[4]
    assert max(y[0], y[1]) < y[2] < min(y[3], y[4])


@pytest.mark.weights
def test_limits(detect):
    image = decoded("t1")
    best = detect()(image).score
    assert (np.diff(best) <= 0).all()
    assert len(detect(min_score=float(best[2]))(image)) == 2  # the score itself is not enough
    assert len(detect(overlap=1.0)(image)) > 6
    assert (np.diff(detect(overlap=1.0)(image).score) <= 0).all()


@pytest.mark.weights
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "changes", [{}, FULL, LETTERBOX, {"resolution": "fit", "long_side_px": 64}]
)
@pytest.mark.parametrize(
    "shape",
    [(0, 3, 90, 90), (2, 3, 90, 120), (1, 3, 3, 1000), (1, 3, 1000, 3), (1, 3, 1, 1), (1, 3, 0, 5)],
)
def test_no_face_no_row(shape, changes, engine, detect):
    assert len(detect(engine=engine, **changes)(torch.full(shape, 128, dtype=torch.uint8))) == 0


@pytest.mark.weights
@pytest.mark.parametrize(
    "frames",
    [
        torch.zeros(1, 3, 64, 64),
        torch.zeros(1, 64, 64, 3, dtype=torch.uint8),
        torch.zeros(3, 64, 64).byte(),
    ],
)
def test_wrong_frames_are_refused(frames, detect):
    with pytest.raises(DataError, match="expected frames u8"):
        detect()(frames)


@pytest.mark.weights
def test_nothing_is_printed(weights, capfd):
    for engine in ENGINES:
        configured(MNET, engine=engine).load(CPU, weights)(decoded("obama"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.gpu
@pytest.mark.weights
@pytest.mark.parametrize("changes", [{}, FULL, LETTERBOX])
def test_on_a_gpu(changes, weights, detect):
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    image = decoded("t1")
    frames = torch.cat([image, image.flip(-1), torch.zeros_like(image)])
    find = configured(MNET, **changes).load(torch.device("cuda"), weights)
    assert_same(find(frames.cuda()), detect(engine="torch", **changes)(frames), box=0.5, score=1e-3)


# ResNet-50: weights that are not here, so a filled network goes through the detector
# ---------------------------------


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """A state_dict of ResNet-50 as the authors' training script saves it, after training on several
    devices.
    """
    net = fill_net(RetinaFace("resnet50"), manifest("retinaface_resnet50"))
    path = tmp_path_factory.mktemp("resnet") / "Resnet50_Final.pth"
    torch.save({f"module.{name}": value for name, value in net.state_dict().items()}, path)
    return path


@pytest.mark.parametrize(
    ("choice", "range_255"), [("retinaface_resnet50", 64), ("retinaface_resnet50_ternaus", 1)]
)
def test_engines_find_the_same_with_resnet50(choice, range_255, resnet, tmp_path):
    """Random weights take many anchors for faces: a hard case for order and suppression."""
    state = torch_state_dict(resnet)
    state["body.conv1.weight"] /= range_255  # of the colours that the program hands over
    torch.save(state, tmp_path / "scaled.pth")
    generator = torch.Generator().manual_seed(5)
    frames = torch.randint(0, 256, (2, 3, 60, 76), dtype=torch.uint8, generator=generator)
    changes = {"resolution": "fit", "long_side_px": 64, "min_score": 0.7}
    spec = of_file(tmp_path / "scaled.pth", choice, **changes)
    one, two = (dataclasses.replace(spec, engine=e).load(CPU, tmp_path)(frames) for e in ENGINES)
    assert len(one) > 10
    assert set(one.frame) == {0, 1}
    last_digit = 0.0101 if spec.follows == "ternaus" else 0.0
    assert_same(one, two, box=max(2e-3, last_digit), score=max(1e-5, last_digit))
    difference = np.abs(one.box_xyxy - two.box_xyxy).max()
    report_difference(
        f"RetinaFace resnet50, {spec.follows}, torch against onnxruntime, px", difference
    )


def test_archive_with_one_file_is_read(resnet, tmp_path):
    path = tmp_path / "retinaface_resnet50.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(resnet, "retinaface_resnet50_2020-07-20.pth")
    one, two = retinaface.state_dict(path), torch_state_dict(resnet)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not any(name.startswith("module.") for name in one)


def page(path):
    path.write_text("<!DOCTYPE html><html><body>404: not found</body></html>")


def page_in_an_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("retinaface.pth", "<html>")


def damaged_archive(path, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(
            "retinaface.pth", np.random.default_rng(8).integers(0, 4, 5000, np.uint8).tobytes()
        )
    content = bytearray(path.read_bytes())
    content[100:200] = bytes(range(100))
    path.write_bytes(content)


def damaged_deflated_archive(path):
    damaged_archive(path, zipfile.ZIP_DEFLATED)


def climbing_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../climbed.pth", b"x")


@pytest.mark.parametrize(
    "make", [page, page_in_an_archive, damaged_archive, damaged_deflated_archive, climbing_archive]
)
def test_other_files_are_refused(make, tmp_path):
    path = tmp_path / "inner" / "deep" / "wrong.pth"
    path.parent.mkdir(parents=True)
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WeightsError, match=r"wrong\.pth"):
        of_file(path).load(CPU, path.parent)
    assert [p for p in sorted(tmp_path.rglob("*")) if p.name != "weights.lock"] == before


def test_weights_of_another_body_are_refused(resnet):
    with pytest.raises(
        WeightsError, match=r"Resnet50_Final\.pth does not fit RetinaFace: .*body\.stage1"
    ):
        of_file(resnet).load(CPU, resnet.parent)


def test_weights_with_other_anchors_are_refused(resnet, monkeypatch):
    """They fit in names and shapes; the real one is known by its hash."""
    assert (
        "ed6fa7d45a5179f03cb5ce82c73b0c6711372968e53782e88395acee88d319e1"
        in retinaface._OTHER_ANCHORS
    )
    monkeypatch.setattr(retinaface, "_OTHER_ANCHORS", {sha256_of(resnet)})
    with pytest.raises(WeightsError, match="its boxes would be wrong"):
        of_file(resnet).load(CPU, resnet.parent)


# The parts
# ------------------------------------------------------------------------------------------


def slow_anchors(height, width):
    rows = []
    for step, sides in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        for y, x in itertools.product(
            range(math.ceil(height / step)), range(math.ceil(width / step))
        ):
            rows += [
                ((x + 0.5) * step / width, (y + 0.5) * step / height, s / width, s / height)
                for s in sides
            ]
    return np.array(rows, np.float32)


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (1, 1), (33, 250), (443, 640)])
def test_anchors_equal_slow_ones(size):
    np.testing.assert_array_equal(anchors.anchors(*size), slow_anchors(*size))


def test_anchors_equal_the_original():
    golden = np.load(shared_path("oracles/retinaface_mobilenet025/golden.npz"))
    ours = anchors.anchors(886, 1280)
    assert len(ours) == golden["priors_886x1280_count"]
    np.testing.assert_array_equal(
        ours[golden["priors_886x1280_index"]], golden["priors_886x1280_rows"]
    )


def test_boxes_and_landmarks_by_hand():
    anchor = np.float32([[0.5, 0.25, 0.2, 0.4]])
    box = anchors.boxes(np.float32([[1.0, -1.0, 0.0, math.log(2) / 0.2]]), anchor)
    np.testing.assert_allclose(box, [[0.42, -0.19, 0.62, 0.61]], rtol=1e-6)
    points = anchors.landmarks(np.arange(10, dtype=np.float32)[None], anchor)
    np.testing.assert_allclose(points[0, 3], [0.5 + 6 * 0.02, 0.25 + 7 * 0.04], rtol=1e-6)


@pytest.mark.parametrize("min_score", [0.0, 1e-9, 1e-6, 2e-6, 0.02, 0.5, 0.9, 0.999999, 1 - 2**-24])
def test_no_face_is_lost_before_probabilities_are_computed(min_score):
    """Logits about the limit: those that the program's own comparison lets pass all go on."""
    rng = np.random.default_rng(9)
    limit = math.log(max(min_score, 1e-30) / (1 - min_score))
    offset = rng.normal(0, 30, 200_000)
    above = limit + rng.normal(0, 1, 200_000) * 10.0 ** rng.uniform(-8, 1, 200_000)
    logits = np.stack((offset, offset + above), axis=1).astype(np.float32)
    original = torch.softmax(torch.from_numpy(logits), dim=-1)[:, 1].numpy()
    passes = original > min_score
    goes_on = logits[:, 1] - logits[:, 0] > anchors.least_logit(min_score)
    assert passes.sum() > 1000
    assert goes_on[passes].all()
    np.testing.assert_array_equal(anchors.probabilities(logits[goes_on]), original[goes_on])
    assert original[goes_on].min() > min_score - 2e-6, "what lies clearly below stays behind"


@pytest.mark.parametrize(
    ("size", "resolution", "side", "expected"),
    [
        ((1080, 1920), "full", None, (1080, 1920, (1080, 1920), (1, 1))),
        ((1080, 1920), "shrink", 640, (360, 640, (360, 640), (3, 3))),
        ((144, 256), "shrink", 640, (144, 256, (144, 256), (1, 1))),
        ((640, 640), "shrink", 640, (640, 640, (640, 640), (1, 1))),
        ((1000, 333), "shrink", 500, (500, 166, (500, 166), (333 / 166, 2))),
        ((886, 1280), "fit", 960, (664, 960, (664, 960), (886 / 664, 886 / 664))),
        ((144, 256), "fit", 512, (288, 512, (288, 512), (0.5, 0.5))),
        ((886, 1280), "letterbox", 640, (443, 640, (640, 640), (2, 2))),
        ((719, 1280), "letterbox", 640, (359, 640, (640, 640), (2, 2))),
        ((2, 2000), "letterbox", 640, (1, 640, (640, 640), (3.125, 3.125))),
        ((2, 2000), "fit", 640, (1, 640, (1, 640), (2, 2))),
    ],
)
def test_sizes(size, resolution, side, expected):
    found = fit(*size, resolution, side)
    assert (found.height_px, found.width_px, found.canvas_px) == expected[:3]
    assert found.scale_xy == pytest.approx(expected[3])


@pytest.mark.parametrize("size", [(48, 64), (31, 77), (96, 128)])
@pytest.mark.parametrize(("resolution", "side"), [("full", None), ("fit", 64), ("letterbox", 80)])
@pytest.mark.parametrize("program", ["biubug6", "ternaus"])
def test_frames_are_seen_as_opencv_would_give_them(program, resolution, side, size):
    """Both ways that frames come to a network, against the steps of the originals."""
    rng = np.random.default_rng(6)
    image = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    sizes = fit(*size, resolution, side)
    canvas = np.zeros((*sizes.canvas_px, 3), np.uint8)
    canvas[: sizes.height_px, : sizes.width_px] = cv2.resize(
        image, (sizes.width_px, sizes.height_px)
    )
    if program == "biubug6":
        expected = np.float32(canvas[..., ::-1]) - (104, 117, 123)
    else:
        expected = (canvas / 255.0 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    pixels: Pixels = retinaface._PROGRAMS[program].pixels
    frame = torch.from_numpy(image).permute(2, 0, 1)
    canvas = Canvas(pixels, sizes)
    canvas.paint(255 - image)
    painted = canvas.paint(image)  # nothing stays of the frame before
    by_torch = pixels.of_frames(frame[None], sizes).numpy()
    for seen in (by_torch, painted):
        assert seen.dtype == np.float32
        np.testing.assert_allclose(seen[0].transpose(1, 2, 0), expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(by_torch, painted)


def slow_nms(box, score, overlap, extra_px):
    left, kept = sorted(range(len(box)), key=lambda row: -score[row]), []
    while left:
        best, *left = left
        kept.append(best)
        rest = []
        for other in left:
            low, high = (
                np.maximum(box[best, :2], box[other, :2]),
                np.minimum(box[best, 2:], box[other, 2:]),
            )
            shared = np.prod(np.clip(high - low + extra_px, 0, None))
            areas = sum(np.prod(box[row, 2:] - box[row, :2] + extra_px) for row in (best, other))
            if shared / (areas - shared) <= overlap:
                rest.append(other)
        left = rest
    return kept


@pytest.mark.parametrize("extra_px", [0, 1])
@pytest.mark.parametrize("overlap", [0.2, 0.4, 0.7])
def test_suppression_equals_a_slow_one(overlap, extra_px):
    rng = np.random.default_rng(7)
    start = rng.uniform(0, 60, (150, 2))
    box = np.concatenate((start, start + rng.uniform(2, 40, (150, 2))), axis=1)
    score = rng.integers(0, 40, 150) / 40  # with equal ones
    kept = greedy_nms(box, score, overlap=overlap, extra_px=extra_px)
    assert kept.tolist() == slow_nms(box, score, overlap, extra_px)
    assert 3 < len(kept) < 150


def test_suppression_of_few_boxes():
    box = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [5, 5, 5, 5]], np.float32)
    assert greedy_nms(box[:0], box[:0, 0], overlap=0.4, extra_px=1).tolist() == []
    assert greedy_nms(box, np.array([1, 2, 3], np.float32), overlap=0.4, extra_px=1).tolist() == [
        2,
        1,
    ]
    assert greedy_nms(box, np.array([1, 2, 3], np.float32), overlap=1.0, extra_px=0).tolist() == [
        2,
        1,
        0,
    ]
    # Half of the larger: 50 of 100 whole pixels is exactly the limit, and stays.
    half = np.array([[0, 0, 9, 9], [0, 0, 9, 4]], np.float32)
    assert greedy_nms(half, np.array([2, 1], np.float32), overlap=0.5, extra_px=1).tolist() == [
        0,
        1,
    ]
    assert greedy_nms(half, np.array([2, 1], np.float32), overlap=0.49, extra_px=1).tolist() == [0]


def test_faces_that_begin_outside_are_dropped_as_by_ternaus():
    spec = configured("retinaface_resnet50_ternaus")
    loaded = retinaface._Loaded(spec, retinaface._PROGRAMS["ternaus"], lambda *_: iter(()))
    start = np.array([[98.9, 5], [99.0, 5], [5, 49.0], [-30, -30]], np.float32)
    faces = retinaface.Faces(
        frame=np.zeros(4, np.int64),
        box_xyxy=np.concatenate((start, start + 20), axis=1),
        score=np.full(4, 0.987654, np.float32),
        landmarks_xy=np.full((4, 5, 2), 1 / 3, np.float32),
    )
    kept = loaded._published(faces, fit(50, 100, "full", None), 50, 100)
    assert kept.box_xyxy[:, 0].tolist() == pytest.approx([98.9, -30])
    assert kept.score.tolist() == pytest.approx([0.99, 0.99])
    assert kept.landmarks_xy.ravel()[0] == pytest.approx(0.33)


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": "resnet18"},
        {"follows": "insightface"},
        {"resolution": "half"},
        {"engine": "cuda"},
        {"long_side_px": None},
        {"long_side_px": 0},
        {"long_side_px": 640, "resolution": "full"},
        {"min_score": 1.0},
        {"min_score": -0.1},
        {"overlap": 1.1},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        configured(MNET, **wrong)


def test_onnxruntime_is_refused_on_another_device(resnet):
    with pytest.raises(ConfigError, match=r"engine.*the device is cuda"):
        of_file(resnet, engine="onnxruntime").load(torch.device("cuda"), resnet.parent)


def test_key_follows_what_changes_results():
    spec = configured(MNET)
    assert fingerprint(spec) == fingerprint(
        dataclasses.replace(spec, weights=dataclasses.replace(spec.weights, file="x"))
    )
    for change in (
        {"long_side_px": 320},
        {"min_score": 0.4},
        {"overlap": 0.3},
        {"engine": "torch"},
        FULL,
    ):
        assert fingerprint(spec) != fingerprint(configured(MNET, **change))


def test_yaml_of_the_thesis_is_batch_face_1_4_0():
    spec = configured("retinaface_mnet025_thesis")
    given = (spec.body, spec.follows, spec.resolution, spec.min_score, spec.overlap, spec.engine)
    assert given == ("mobilenet0.25", "biubug6", "full", 0.5, 0.4, "torch")
