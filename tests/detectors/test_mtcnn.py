"""MTCNN against facenet-pytorch's own answers: networks, images, batches, frames without a face."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from ferbench.detectors import area
from ferbench.detectors.mtcnn_boxes import suppress_contained
from ferbench.errors import ConfigError, DataError, WeightsError
from ferbench.fingerprint import fingerprint
from ferbench.nets.mtcnn import ONet, PNet, RNet
from ferbench.weights.checkpoints import load_strictly, torch_state_dict
from helpers.photographs import IMAGES, assert_same, decoded, of_frame, video_frames
from helpers.published import GOLDEN, fetched, mtcnn, procedural_image
from helpers.reference import report_difference, shared_path

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def detect(models):
    detector = mtcnn()
    fetched(detector, models)
    return detector.load(CPU, models)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("kind", "name", "side"), [(PNet, "pnet", 48), (RNet, "rnet", 24), (ONet, "onet", 48)]
)
def test_networks_equal_the_originals(kind, name, side, models):
    detector = mtcnn()
    path = fetched(detector, models)[("pnet", "rnet", "onet").index(name)]
    net = kind().eval()
    load_strictly(net, torch_state_dict(path), path)
    images = torch.from_numpy(np.stack([procedural_image(k, side) for k in range(3)])).permute(
        0, 3, 1, 2
    )
    golden = np.load(GOLDEN)
    with torch.inference_mode():
        outputs = net((images - 127.5) * 0.0078125)
    for i, output in enumerate(outputs):
        difference = float(np.abs(output.numpy() - golden[f"mtcnn/{name}/out{i}"]).max())
        report_difference(f"MTCNN {name}, output {i}, float32", difference)
        assert difference < 1e-5


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGES)
def test_images_equal_facenet_pytorch(name, detect):
    golden = np.load(shared_path("oracles/mtcnn_facenet/golden.npz"))
    faces = detect(decoded(name))
    pairs = {
        "boxes": (faces.box_xyxy, 1),
        "probs": (faces.score, 1e-3),
        "points": (faces.landmarks_xy, 1),
    }
    assert len(faces) == len(golden[f"boxes/{name}"])
    for key, (ours, tolerance) in pairs.items():
        difference = float(np.abs(ours - golden[f"{key}/{name}"]).max())
        report_difference(f"MTCNN, {key} on photographs", difference)
        assert difference < tolerance


@pytest.mark.weights
def test_landmarks_are_named_as_seen_in_the_image(detect):
    x, y = np.moveaxis(detect(decoded("obama2")).landmarks_xy[0], -1, 0)
    assert x[0] < x[2] < x[1]
    assert x[3] < x[4]
    assert max(y[0], y[1]) < y[2] < min(y[3], y[4])


@pytest.mark.weights
def test_batches_do_not_change_faces(detect, samples):
    frames = video_frames(samples / "noface_face.mov", (0, 60, 110, 120, 130)).contiguous()
    together = detect(frames)
    assert {0, 4} & set(together.frame.tolist()) == {4}, "the first frame has no face, the last has"
    for n in range(len(frames)):
        alone = detect(frames[n : n + 1])
        assert_same(of_frame(together, n), alone)
    backwards = detect(frames.flip(0))
    assert_same(backwards, _reversed(together, len(frames)))


def _reversed(faces, n):
    order = np.argsort(n - 1 - faces.frame, kind="stable")
    return dataclasses.replace(
        faces,
        frame=(n - 1 - faces.frame)[order],
        box_xyxy=faces.box_xyxy[order],
        score=faces.score[order],
        landmarks_xy=faces.landmarks_xy[order],
    )


@pytest.mark.weights
def test_several_faces_come_largest_first(detect):
    faces = detect(decoded("t1").repeat(2, 1, 1, 1))
    size = np.prod(faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2], axis=1)
    for n in range(2):
        own = size[faces.frame == n]
        assert len(own) == 8
        assert (np.diff(own) < 0).all()


@pytest.mark.weights
@pytest.mark.parametrize(
    "shape", [(0, 3, 90, 90), (2, 3, 90, 120), (1, 3, 19, 300), (1, 3, 20, 20), (1, 3, 1, 1)]
)
def test_no_face_no_row(shape, detect):
    assert len(detect(torch.full(shape, 128, dtype=torch.uint8))) == 0


@pytest.mark.weights
def test_larger_least_face_drops_small_faces(models):
    detector = mtcnn(min_face_px=120)
    fetched(detector, models)
    assert 0 < len(detector.load(CPU, models)(decoded("t1"))) < 8


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
        detect(frames)


def test_weights_of_another_network_are_refused(tmp_path, models):
    paths = fetched(mtcnn(), models)
    with pytest.raises(WeightsError, match=r"does not fit PNet.*dense4"):
        load_strictly(PNet(), torch_state_dict(paths[1]), paths[1])
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(WeightsError, match="cannot be read"):
        torch_state_dict(tmp_path / "text.pt")
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="expected a state_dict"):
        torch_state_dict(tmp_path / "list.pt")


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_face_px": 0},
        {"factor": 1.0},
        {"factor": 0.0},
        {"thresholds": (0.6, 0.7)},
        {"thresholds": (1, 0, 0)},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        mtcnn(**wrong)


def test_key_follows_what_changes_results():
    same = dataclasses.replace(mtcnn().pnet, file="elsewhere.pt")
    assert (
        fingerprint(mtcnn()) == fingerprint(mtcnn(pnet=same)) != fingerprint(mtcnn(min_face_px=21))
    )


@pytest.mark.parametrize("size", [(24, 24), (7, 50), (90, 13), (61, 83)])
def test_area_of_frames_equals_torch(size):
    frames = torch.randint(
        0, 256, (2, 3, 61, 83), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    ours = area.resize(area.summed_area(frames), *size)
    torch.testing.assert_close(
        ours, F.interpolate(frames.float(), size=size, mode="area"), rtol=0, atol=1e-4
    )


def test_area_of_crops_equals_torch():
    frames = torch.randint(
        0, 256, (3, 3, 61, 83), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )
    corners = torch.tensor([[0, 0, 83, 61], [5, 7, 6, 8], [10, 3, 40, 33], [82, 0, 83, 61]])
    frame = torch.tensor([2, 0, 1, 1])
    ours = area.crops(area.summed_area(frames), frame, corners, 24)
    for crop, n, (left, top, right, bottom) in zip(ours, frame, corners.tolist(), strict=True):
        region = frames[n : n + 1, :, top:bottom, left:right].float()
        torch.testing.assert_close(
            crop[None], F.interpolate(region, size=(24, 24), mode="area"), rtol=0, atol=1e-4
        )


def _slow_suppression(box, score, overlap):
    left, kept = list(np.argsort(-score)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        rest = []
        for other in left:
            low, high = (
                np.maximum(box[best, :2], box[other, :2]),
                np.minimum(box[best, 2:], box[other, 2:]),
            )
            shared = np.prod(np.clip(high - low + 1, 0, None))
            smaller = min(np.prod(box[i, 2:] - box[i, :2] + 1) for i in (best, other))
            if shared / smaller <= overlap:
                rest.append(other)
        left = rest
    return kept


def test_last_suppression_equals_a_slow_one():
    rng = np.random.default_rng(3)
    frame = np.sort(rng.integers(0, 5, 60)) * 2
    start = rng.uniform(0, 50, (60, 2))
    box = np.concatenate((start, start + rng.uniform(5, 40, (60, 2))), axis=1).astype(np.float32)
    score = rng.permutation(60).astype(np.float32)
    expected = []
    for n in np.unique(frame):
        rows = np.flatnonzero(frame == n)
        expected += rows[_slow_suppression(box[rows].astype(np.float64), score[rows], 0.7)].tolist()
    kept = suppress_contained(frame, box, score, 0.7).tolist()
    assert kept == expected
    assert 5 < len(kept) < 60
