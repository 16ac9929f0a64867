"""Aligned crops: the fit against slow references, the warp against OpenCV, missing landmarks, and
real faces.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.preprocessing import warp_each
from ferbench.preprocessing.align5 import Align5
from ferbench.preprocessing.similarity import nearest_template_to_frame, template_to_frame
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.preprocessing.templates import TEMPLATES
from ferbench.preprocessing.warp import warp, warp_antialiased
from ferbench.types import Faces
from ferbench.video.pyav import PyavReader
from helpers.published import fetched, mtcnn, plain

ARCFACE = TEMPLATES["arcface"].poses_in(112, 0.0)[0]


def faces_of(landmarks, *, frame=None, box=(10, 10, 60, 70)) -> Faces:
    """Rows with these landmarks (M, 5, 2), all in frame 0 unless said otherwise."""
    landmarks = np.asarray(landmarks, np.float32).reshape(-1, 5, 2)
    m = len(landmarks)
    return Faces(
        frame=np.zeros(m, np.int64) if frame is None else np.asarray(frame, np.int64),
        box_xyxy=np.tile(np.array(box, np.float32), (m, 1)),
        score=np.ones(m, np.float32),
        landmarks_xy=landmarks,
    )


def moved(points, *, degrees=0.0, scale=1.0, shift=(0.0, 0.0)) -> np.ndarray:
    """Points turned, scaled and shifted."""
    turn = np.radians(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points) @ matrix.T + shift


def umeyama(source, target) -> np.ndarray:
    """Slow reference: Umeyama's algorithm with a singular value decomposition, 2 x 3 from source to
    target.
    """
    a, b = source - source.mean(0), target - target.mean(0)
    u, d, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = (u * sign) @ vt
    scale = (d * sign).sum() / a.var(0).sum()
    return np.column_stack((scale * turn, target.mean(0) - scale * turn @ source.mean(0)))


def least_squares(source, target) -> np.ndarray:
    """Slow reference: the four numbers of a similarity from ten linear equations, 2 x 3 from source
    to target.
    """
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [(x, -y, 1, 0), (y, x, 0, 1)]
        values += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


def inverse(matrix) -> np.ndarray:
    return cv2.invertAffineTransform(np.asarray(matrix, np.float64))


# -------------------------------------------------------------------------------------------------
# the fit


@given(st.integers(0, 10_000), st.floats(-180, 180), st.floats(0.2, 8), st.floats(0, 5))
def test_fit_equals_slow_references(seed, degrees, scale, noise):
    rng = np.random.default_rng(seed)
    marks = moved(
        ARCFACE + rng.normal(0, noise, (5, 2)),
        degrees=degrees,
        scale=scale,
        shift=rng.uniform(-50, 900, 2),
    )
    for where, expected in (
        ("crop", inverse(umeyama(marks, ARCFACE))),
        ("crop", inverse(least_squares(marks, ARCFACE))),
        ("frame", least_squares(ARCFACE, marks)),
    ):
        matrix, usable = template_to_frame(marks[None], ARCFACE, error_in=where, longest_px=1000)
        assert usable.tolist() == [True]
        np.testing.assert_allclose(matrix[0], expected, rtol=1e-7, atol=1e-6)


def test_exact_similarity_is_found_both_ways_as_opencv_does():
    marks = moved(ARCFACE, degrees=33, scale=2.5, shift=(300, 40))
    expected, _ = cv2.estimateAffinePartial2D(ARCFACE, marks)
    for where in ("crop", "frame"):
        matrix, _ = template_to_frame(marks[None], ARCFACE, error_in=where, longest_px=1000)
        np.testing.assert_allclose(matrix[0], expected, rtol=1e-5, atol=1e-3)


def test_many_faces_at_once_equal_each_alone():
    rng = np.random.default_rng(3)
    marks = np.stack([moved(ARCFACE, degrees=d, scale=s) for d, s in rng.uniform(0.5, 4, (20, 2))])
    marks += rng.normal(0, 2, marks.shape)
    marks[7, 2, 0] = np.nan
    together, usable = template_to_frame(marks, ARCFACE, error_in="crop", longest_px=1000)
    assert np.flatnonzero(~usable).tolist() == [7]
    for row in range(20):
        alone, _ = template_to_frame(
            marks[row : row + 1], ARCFACE, error_in="crop", longest_px=1000
        )
        np.testing.assert_array_equal(together[row], alone[0])


BAD = {
    "one NaN": np.where(np.arange(10).reshape(5, 2) == 3, np.nan, ARCFACE),
    "all NaN": np.full((5, 2), np.nan),
    "infinite": np.where(np.arange(10).reshape(5, 2) == 3, np.inf, ARCFACE),
    "one place": np.full((5, 2), 50.3),
    "within a pixel": moved(ARCFACE, scale=0.02, shift=(50, 50)),
    "one line": np.column_stack((np.arange(5) * 12.0, np.arange(5) * 7.0 + 3)),
    "upright line": np.column_stack((np.full(5, 40.0), ARCFACE[:, 1])),
    "mirrored": ARCFACE[[1, 0, 2, 4, 3]],
    "mouth over eyes, mirrored": ARCFACE * (1, -1) + (0, 120),
    "nothing like a face": ARCFACE[[0, 4, 2, 1, 3]] * (1, 0.6),
    "huge": moved(ARCFACE, scale=1e6),
}


@pytest.mark.parametrize("what", BAD)
def test_landmarks_that_cannot_be_used(what):
    _, usable = template_to_frame(BAD[what][None], ARCFACE, error_in="frame", longest_px=1920)
    assert usable.tolist() == [False]


def test_turned_heads_can_be_used():
    """Width of the face squeezed to a tenth, upside down, lying on the side."""
    for marks in (
        ARCFACE * (0.1, 1) + (50, 0),
        moved(ARCFACE, degrees=180, shift=(300, 300)),
        moved(ARCFACE, degrees=-90, shift=(300, 300)),
    ):
        assert template_to_frame(marks[None], ARCFACE, error_in="crop", longest_px=640)[
            1
        ].tolist() == [True]


def test_templates():
    assert np.abs(TEMPLATES["face_evolve"].poses_in(112, 0)[0] - ARCFACE).max() < 1e-4
    np.testing.assert_allclose(TEMPLATES["arcface"].poses_in(224, 0)[0], ARCFACE * 2)
    np.testing.assert_allclose(TEMPLATES["arcface"].poses_in(112, 0.5)[0], (ARCFACE + 56) / 2)
    yawed = (ARCFACE * (0.6, 1) + (20, 0))[None]  # a turned head: the fits differ
    crop, frame = (
        template_to_frame(yawed, ARCFACE, error_in=w, longest_px=640)[0][0]
        for w in ("crop", "frame")
    )
    assert np.hypot(*frame[:, 0]) < 0.97 * np.hypot(*crop[:, 0])  # face.evoLVe's crop is tighter


POSES = TEMPLATES["five_poses"].poses_in(112, 0.0)


def nearest_pose(marks) -> tuple[int, np.ndarray]:
    """Slow reference of DDAMFN's program: the pose with the least sum of distances, and its crop's
    matrix 2 x 3 to the frame.
    """
    apart = []
    for pose in POSES:
        to_crop = umeyama(marks, pose)
        landed = marks @ to_crop[:, :2].T + to_crop[:, 2]
        apart.append(np.hypot(*(landed - pose).T).sum())
    best = int(np.argmin(apart))
    return best, inverse(umeyama(marks, POSES[best]))


def test_a_face_is_brought_to_the_pose_that_it_fits_best():
    rng = np.random.default_rng(11)
    marks, shares = [], rng.uniform(0, 1, 60)
    for n, share in enumerate(shares):
        between = POSES[n % 4] * (1 - share) + POSES[n % 4 + 1] * share
        marks.append(
            moved(
                between + rng.normal(0, 2, (5, 2)),
                degrees=rng.uniform(-60, 60),
                scale=rng.uniform(0.5, 4),
                shift=rng.uniform(0, 500, 2),
            )
        )
    marks = np.stack(marks)
    marks[9, 1, 1] = np.nan
    ours, usable = nearest_template_to_frame(marks, POSES, error_in="crop", longest_px=1000)
    assert np.flatnonzero(~usable).tolist() == [9]
    chosen = []
    for row in np.flatnonzero(usable):
        pose, expected = nearest_pose(marks[row])
        chosen.append(pose)
        np.testing.assert_allclose(ours[row], expected, rtol=1e-7, atol=1e-6)
    assert set(chosen) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("marks", "expected"),  # by DDAMFN's own function, on scikit-image 0.26
    [
        (
            [[60, 70], [110, 66], [84, 98], [66, 126], [107, 123]],
            [[0.876603, -0.040194, -15.120132], [0.040194, 0.876603, -22.78504]],
        ),
        (
            [[150, 80], [165, 82], [110, 120], [140, 170], [158, 172]],
            [[0.472508, 0.039394, -18.796258], [-0.039394, 0.472508, 17.586142]],
        ),
        (
            [[40, 60], [82, 52], [95, 84], [55, 128], [90, 120]],
            [[0.638841, -0.102221, 19.359982], [0.102221, 0.638841, 7.310326]],
        ),
    ],
)
def test_five_poses_are_the_original_s(marks, expected):
    marks = np.float64(marks)
    ours, usable = nearest_template_to_frame(marks[None], POSES, error_in="crop", longest_px=640)
    assert usable.tolist() == [True]
    np.testing.assert_allclose(inverse(ours[0]), expected, rtol=0, atol=1e-5)  # in f32 there


@pytest.mark.parametrize("what", BAD)
def test_no_pose_makes_useless_landmarks_usable(what):
    _, usable = nearest_template_to_frame(BAD[what][None], POSES, error_in="crop", longest_px=1920)
    assert usable.tolist() == [False]


# --------------------------------------------------------------------------------------------------
# the warp


@pytest.fixture(scope="module")
def real(samples) -> torch.Tensor:
    """Three frames of a man in front of a window, u8 (3, 3, 360, 640), channels last in memory."""
    with PyavReader().open(
        samples / "single_face.mp4", batch_frames=72, threads=0, keep_damaged=False
    ) as video:
        return next(iter(video)).rgb[::30]


@pytest.fixture(scope="module")
def noise() -> torch.Tensor:
    return torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (2, 3, 90, 130)).astype(np.uint8)
    )


BORDERS = {"black": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE}


def opencv(frame, to_frame, size, pad) -> np.ndarray:
    """The same crop by OpenCV, u8 (3, size, size)."""
    image = np.ascontiguousarray(frame.permute(1, 2, 0).numpy())
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        image, to_frame, (size, size), flags=flags, borderMode=BORDERS[pad]
    ).transpose(2, 0, 1)


def crops_at(height, width, count=12, seed=4) -> np.ndarray:
    """Matrices of crops at all angles and sizes, some reaching beyond the frame."""
    rng = np.random.default_rng(seed)
    degrees, scale = rng.uniform(-180, 180, count), rng.uniform(0.2, 2, count)
    place = rng.uniform((0, 0), (width, height), (count, 2))
    marks = [
        moved(ARCFACE - 56, degrees=degrees[i], scale=scale[i], shift=place[i])
        for i in range(count)
    ]
    return template_to_frame(np.stack(marks), ARCFACE, error_in="crop", longest_px=4000)[0]


@pytest.mark.parametrize("pad", ["black", "edge"])
@pytest.mark.parametrize("which", ["real", "noise"])
def test_warp_equals_opencv(request, which, pad):
    frames = request.getfixturevalue(which)
    matrices = crops_at(*frames.shape[2:])
    index = np.arange(len(matrices)) % len(frames)
    ours = warp(frames, index, matrices, 112, pad).int().numpy()
    theirs = np.stack(
        [opencv(frames[n], m, 112, pad) for n, m in zip(index, matrices, strict=True)]
    ).astype(int)
    assert theirs.std() > 20
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 0.03


def test_warp_by_the_identity_copies(noise):
    same = np.array([[[1.0, 0, 20], [0, 1, 7]]])
    assert torch.equal(warp(noise, np.array([1]), same, 64, "black")[0], noise[1, :, 7:71, 20:84])
    assert torch.equal(
        warp_antialiased(noise, np.array([1]), same, 64, "black")[0], noise[1, :, 7:71, 20:84]
    )


def test_memory_layout_and_blocks_change_nothing(noise, monkeypatch):
    matrices = crops_at(90, 130)
    index = np.arange(len(matrices)) % 2
    last = noise.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    for way in (warp, warp_antialiased):
        together = way(noise, index, matrices, 40, "edge")
        assert torch.equal(way(last, index, matrices, 40, "edge"), together)
        with monkeypatch.context() as patch:
            patch.setattr(warp_each, "_PIXELS_AT_ONCE", 130)
            assert torch.equal(way(noise, index, matrices, 40, "edge"), together)


def covered(frame, to_frame, size, parts=12) -> np.ndarray:
    """Slow reference: the triangle of two crop pixels' width, by parts x parts exact bilinear
    samples per pixel.
    """
    steps = (np.arange(-parts, parts) + 0.5) / parts
    triangle = 1 - np.abs(steps)
    out = np.zeros((3, size, size))
    total = np.zeros((size, size))
    image = frame.numpy().astype(float)
    for dy, wy in zip(steps, triangle, strict=True):
        for dx, wx in zip(steps, triangle, strict=True):
            x, y = np.meshgrid(np.arange(size) + dx, np.arange(size) + dy)
            inside = (np.abs(x - (size - 1) / 2) < size / 2) & (
                np.abs(y - (size - 1) / 2) < size / 2
            )
            u, v = np.einsum("ij,jab->iab", to_frame, np.stack((x, y, np.ones_like(x))))
            u, v = u.clip(0, image.shape[2] - 1.001), v.clip(0, image.shape[1] - 1.001)
            i, j = u.astype(int), v.astype(int)
            p, q = u - i, v - j
            value = (image[:, j, i] * (1 - p) + image[:, j, i + 1] * p) * (1 - q)
            value += (image[:, j + 1, i] * (1 - p) + image[:, j + 1, i + 1] * p) * q
            out += wx * wy * inside * value
            total += wx * wy * inside
    return out / total


@pytest.mark.parametrize("scale", [2.5, 4.2])
def test_antialiasing_averages_what_a_pixel_covers(real, scale):
    to_frame = np.column_stack((moved(np.eye(2), degrees=-20, scale=scale).T, (250.0, 40.0)))
    crop = warp_antialiased(real, np.array([1]), to_frame[None], 40, "edge")[0].numpy()
    expected = covered(real[1], to_frame, 40)
    assert np.abs(crop - expected).max() < 6
    assert np.abs(crop - expected).mean() < 0.5
    plain_error = np.abs(
        warp(real, np.array([1]), to_frame[None], 40, "edge")[0].numpy() - expected
    )
    assert plain_error.mean() > 3 * np.abs(crop - expected).mean()


def test_antialiasing_does_nothing_where_a_face_grows(real):
    matrices = crops_at(360, 640) / np.array([4.0, 4.0, 1.0])
    index = np.zeros(len(matrices), np.int64)
    assert (np.hypot(matrices[:, 0, 0], matrices[:, 1, 0]) < 1).any()
    grown = matrices[np.hypot(matrices[:, 0, 0], matrices[:, 1, 0]) < 1]
    assert torch.equal(
        warp_antialiased(real, index[: len(grown)], grown, 64, "black"),
        warp(real, index[: len(grown)], grown, 64, "black"),
    )


def test_very_large_face_is_sampled_within_bounds(real):
    huge = np.array([[[500.0, 0, 0], [0, 500.0, 0]]])
    assert warp_antialiased(real, np.array([0]), huge, 112, "edge").shape == (1, 3, 112, 112)


# --------------------------------------------------------------------------------------------- the
# component


def test_landmarks_on_the_template_give_the_frame_itself(noise):
    marks = ARCFACE / 2  # a crop of 56 pixels
    crops = Align5().crop(noise, faces_of([marks, marks], frame=[0, 1]), model_px=56)
    assert crops.row.tolist() == [0, 1]
    assert torch.equal(crops.rgb, noise[:, :, :56, :56])


@pytest.mark.parametrize("sampling", ["bilinear", "antialias"])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_frame_and_landmarks_changes_nothing(noise, turns, sampling):
    part = Align5(sampling=sampling)
    height, width = noise.shape[2:]
    marks = moved(ARCFACE, degrees=10, scale=0.6, shift=(40, 5))
    expected = part.crop(noise, faces_of(marks), model_px=48).rgb
    turned = marks
    for _ in range(turns):  # torch.rot90 turns counter-clockwise: (x, y) -> (y, width - 1 - x)
        turned = np.column_stack((turned[:, 1], width - 1 - turned[:, 0]))
        height, width = width, height
    crop = part.crop(torch.rot90(noise, turns, (2, 3)), faces_of(turned), model_px=48).rgb
    assert (crop.int() - expected.int()).abs().max() <= 1


def test_scaling_frame_and_landmarks_changes_little(real):
    marks = moved(ARCFACE, degrees=-8, scale=1.5, shift=(250, 60))
    expected = Align5(sampling="antialias").crop(real, faces_of(marks), model_px=64).rgb
    half = torch.nn.functional.avg_pool2d(real.float(), 2).round().to(torch.uint8)
    crop = Align5(sampling="antialias").crop(half, faces_of((marks - 0.5) / 2), model_px=64).rgb
    assert (crop.float() - expected.float()).abs().mean() < 2


def test_missing_landmarks_give_no_row_or_the_box(noise):
    good = moved(ARCFACE, scale=0.7, shift=(5, 5))
    faces = faces_of(
        [np.full((5, 2), np.nan), good, ARCFACE[[1, 0, 2, 4, 3]], good], frame=[0, 0, 1, 1]
    )
    aligned = Align5().crop(noise, faces, model_px=32)
    assert aligned.row.tolist() == [1, 3]
    filled = Align5(missing="box", margin=0.1).crop(noise, faces, model_px=32)
    assert filled.row.tolist() == [0, 1, 2, 3]
    squares = SquareMargin(margin=0.1, pad="black").crop(noise, faces, model_px=32)
    assert torch.equal(filled.rgb[[0, 2]], squares.rgb[[0, 2]])
    assert torch.equal(filled.rgb[[1, 3]], Align5(margin=0.1).crop(noise, faces, model_px=32).rgb)


def test_box_that_is_empty_too_has_no_row(noise):
    faces = faces_of(np.full((2, 5, 2), np.nan), box=(10, 10, 10, 40))
    assert Align5(missing="box").crop(noise, faces, model_px=32).row.tolist() == []


def test_crop_beside_the_frame_has_no_row(noise):
    """The last one lies diagonally beside the corner.

    Its upright bounding box overlaps the frame, it does not.
    """
    small = moved(ARCFACE - 56, scale=0.5)
    places = [(60, 40), (-80, 40), (60, 200), (-20, 40)]
    diagonal = moved(ARCFACE - 56, degrees=45, scale=0.5, shift=(-25, -25))
    faces = faces_of([*(small + place for place in places), diagonal])
    assert Align5().crop(noise, faces, model_px=32).row.tolist() == [0, 3]
    assert (
        moved(
            np.array([[-56, -56], [56, -56], [56, 56], [-56, 56]]),
            degrees=45,
            scale=0.5,
            shift=(-25, -25),
        ).max()
        > 10
    )


@pytest.mark.parametrize("missing", ["no_face", "box"])
@pytest.mark.parametrize("sampling", ["bilinear", "antialias"])
def test_no_faces(noise, missing, sampling):
    crops = Align5(missing=missing, sampling=sampling).crop(noise, Faces.empty(), model_px=24)
    assert crops.rgb.shape == (0, 3, 24, 24)
    assert crops.rgb.dtype == torch.uint8


def test_own_size_wins_and_margin_shows_more(real):
    marks = moved(ARCFACE, scale=0.8, shift=(270, 60))
    small = Align5(size_px=32).crop(real, faces_of(marks), model_px=224)
    assert small.rgb.shape == (1, 3, 32, 32)
    wide = Align5(margin=0.5, size_px=224).crop(real, faces_of(marks), model_px=64).rgb
    narrow = Align5(size_px=112).crop(real, faces_of(marks), model_px=64).rgb
    assert torch.equal(wide[:, :, 56:168, 56:168], narrow)


@pytest.mark.parametrize(
    "wrong",
    [
        {"template": "dlib"},
        {"margin": -0.5},
        {"margin": float("nan")},
        {"missing": "none"},
        {"pad": "white"},
        {"sampling": "cubic"},
        {"size_px": 0},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Align5(**wrong)


def test_yaml_names_all_fields_with_their_defaults():
    node = plain("preprocessing/align5")
    assert node.pop("_target_") == f"{Align5.__module__}.{Align5.__name__}"
    assert Align5(**node) == Align5()
    assert set(node) == set(Align5.__slots__)


@pytest.mark.weights
def test_eyes_of_a_real_face_land_on_the_template(real, models):
    detector = mtcnn()
    fetched(detector, models)
    detect = detector.load(torch.device("cpu"), models)
    found = detect(real)
    assert len(found) == 3
    for name in TEMPLATES:
        crops = Align5(template=name).crop(real, found, model_px=112)
        assert crops.row.tolist() == [0, 1, 2]
        landmarks_xy, template = found.landmarks_xy.astype(float), TEMPLATES[name]
        fits = []
        for pose in template.poses_in(112, 0.0):
            matrix, _ = template_to_frame(
                landmarks_xy, pose, error_in=template.error_in, longest_px=640
            )
            fits.append((pose, matrix))
        chosen, _ = nearest_template_to_frame(
            landmarks_xy, template.poses_in(112, 0.0), error_in=template.error_in, longest_px=640
        )
        [(target, matrix)] = [fit for fit in fits if np.array_equal(fit[1], chosen)]
        for landmarks, m in zip(found.landmarks_xy, matrix, strict=True):
            there = np.column_stack((landmarks, np.ones(5))) @ inverse(m).T
            off = np.linalg.norm(there - target, axis=1)
            assert off.max() < (6 if len(fits) == 1 else 12)  # people differ from the template
            assert np.abs((there - target).mean(axis=0)).max() < 1e-6  # but not on the average
            assert np.abs((there - target)[:2].mean(axis=0)).max() < 3
    # found again in a wider aligned crop, the eyes are level and where the template has them
    wide = Align5(margin=0.5).crop(real, found, model_px=224).rgb
    again = detect(wide)
    assert len(again) == 3
    residual = again.landmarks_xy - TEMPLATES["arcface"].poses_in(224, 0.5)[0]
    assert np.abs(residual.mean(axis=1)).max() < 2
    assert np.abs(again.landmarks_xy[:, 0, 1] - again.landmarks_xy[:, 1, 1]).max() < 3
