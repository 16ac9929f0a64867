"""Nothing is left of a face in a picture but the few mean colours that are meant to be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ferbench.errors import ConfigError, DataError, VideoError
from ferbench.rendering.anonymize import METHODS, Anonymization, Anonymizer, hide
from helpers.face_tables import at_10_hz, faces_of

BOX = (100.0, 80.0, 180.0, 180.0)
ENLARGED = np.s_[40:220, 68:212]  # by 0.4 of 80 and of 100 pixels
NOISE = np.random.default_rng(5)


def noise(height: int = 360, width: int = 640) -> np.ndarray:
    return NOISE.integers(0, 256, (height, width, 3)).astype(np.uint8)


def anonymizer_of(method: str, faces, *, num_frames: int) -> Anonymizer:
    how = Anonymization(method=method)
    return how.of_video("v", faces, at_10_hz(num_frames), size_px=(640, 360))


def hidden(picture: np.ndarray, method: str, box=BOX, **changes) -> np.ndarray:
    copy = picture.copy()
    hide(copy, box, Anonymization(method=method, **changes))
    return copy


@pytest.mark.parametrize("method", METHODS)
def test_what_is_outside_the_enlarged_box_stays(method):
    picture = noise()
    result = hidden(picture, method)
    result[ENLARGED] = picture[ENLARGED]
    np.testing.assert_array_equal(result, picture)


def test_a_box_leaves_nothing():
    one, other = hidden(noise(), "box")[ENLARGED], hidden(noise(), "box")[ENLARGED]
    np.testing.assert_array_equal(one, other)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) == 1


def test_blocks_are_the_means_of_their_pixels():
    picture = noise()
    result = hidden(picture, "pixelate")[ENLARGED]
    before = picture[ENLARGED].astype(np.float64)
    # 180 / 6 = 30 px: 6 blocks down, and 4 of 36 px across 144.
    means = before.reshape(6, 30, 4, 36, 3).mean(axis=(1, 3))
    blocks = result.reshape(6, 30, 4, 36, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    np.testing.assert_allclose(blocks[:, 0, :, 0], means, atol=0.51)


@pytest.mark.parametrize("method", ["blur", "pixelate"])
def test_pictures_with_equal_means_become_equal(method):
    """So no detail below the blocks' size is left, whatever is done to the result."""
    picture = noise()
    shuffled = picture.copy()
    of_blocks = shuffled[ENLARGED].reshape(6, 30, 4, 36, 3).swapaxes(1, 2).reshape(24, -1, 3)
    for block in of_blocks:
        NOISE.shuffle(block)
    shuffled[ENLARGED] = of_blocks.reshape(6, 4, 30, 36, 3).swapaxes(1, 2).reshape(180, 144, 3)
    assert (shuffled != picture).any()
    np.testing.assert_array_equal(
        hidden(picture, method)[ENLARGED], hidden(shuffled, method)[ENLARGED]
    )


def test_a_blur_is_smooth_and_lies_between_the_means():
    picture = noise()
    result, blocks = hidden(picture, "blur")[ENLARGED], hidden(picture, "pixelate")[ENLARGED]
    assert np.abs(np.diff(result.astype(int), axis=0)).max() <= 255 / 30 + 1
    assert blocks.min() <= result.min() <= result.max() <= blocks.max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_the_strength_follows_the_size_of_the_face(method, blocks):
    for side in (10.0, 40.0, 200.0):
        result = hidden(noise(400, 400), method, (80, 80, 80 + side, 80 + side), blocks=blocks)
        region = result[np.s_[80 : int(80 + side)], np.s_[80 : int(80 + side)]]
        if method != "blur":
            assert len(np.unique(region.reshape(-1, 3), axis=0)) <= (blocks * 10 // 18 + 2) ** 2


@pytest.mark.parametrize("method", METHODS)
def test_a_face_partly_outside_keeps_no_more_than_a_whole_one(method):
    picture = noise()
    result = hidden(picture, method, (-60.0, -60.0, 40.0, 40.0))
    region = result[:80, :80]  # of 180 pixels of the enlarged box: 2 of its 6 blocks
    np.testing.assert_array_equal(result[80:], picture[80:])
    if method != "blur":
        assert len(np.unique(region.reshape(-1, 3), axis=0)) <= 4


@pytest.mark.parametrize("box", [(-90, 5, -50, 45), (640, 5, 700, 45), (5, 700, 9, 720)])
def test_a_face_outside_the_picture_changes_nothing(box):
    picture = noise()
    np.testing.assert_array_equal(hidden(picture, "pixelate", box, margin=0.0), picture)


@pytest.mark.parametrize("method", METHODS)
def test_overlapping_faces_are_both_hidden(method):
    """Each face's part has no more colours than both faces have blocks."""
    faces = faces_of([(0, 100, 100, 160, 160), (0, 140, 120, 240, 220)])
    picture = noise()
    before = picture.copy()
    anonymizer_of(method, faces, num_frames=1)(picture, 0)
    for x1, y1, x2, y2 in faces.box_xyxy.astype(int):
        part = picture[y1:y2, x1:x2]
        laplace = cv2.Laplacian(part, cv2.CV_64F).std()
        assert laplace < 0.1 * cv2.Laplacian(before[y1:y2, x1:x2], cv2.CV_64F).std()


def test_missed_frames_are_hidden_too():
    faces = faces_of([(1, 100, 80, 180, 180), (3, 100, 80, 180, 180)])
    anonymizer = anonymizer_of("box", faces, num_frames=30)
    for frame in range(30):
        picture = noise()
        anonymizer(picture, frame)
        is_hidden = len(np.unique(picture[80:180, 100:180].reshape(-1, 3), axis=0)) == 1
        assert is_hidden == (frame <= 13)  # held for a second


@pytest.mark.parametrize("frame", [-1, 5, 900])
def test_frames_that_no_table_knows_are_refused(frame):
    """A table that is shorter than its video must not show the rest of it."""
    anonymizer = anonymizer_of("box", faces_of([(1, 0, 0, 9, 9)]), num_frames=5)
    picture = noise()
    with pytest.raises(VideoError, match=f"nothing about frame {frame}, they have frames 0 to 4"):
        anonymizer(picture, frame)


def test_pictures_of_another_size_are_refused():
    anonymizer = anonymizer_of("box", faces_of([(1, 0, 0, 9, 9)]), num_frames=5)
    with pytest.raises(VideoError, match="320x180 pixels, the predictions are of 640x360"):
        anonymizer(noise(180, 320), 1)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((360, 640, 4), np.uint8), np.zeros((360, 640, 3)), np.zeros((3, 9, 9, 3)), 5],
)
def test_what_is_no_picture_is_refused(picture):
    anonymizer = anonymizer_of("box", faces_of([(1, 0, 0, 9, 9)]), num_frames=5)
    with pytest.raises(DataError, match="picture: expected RGB u8"):
        anonymizer(picture, 1)


@pytest.mark.parametrize(
    "wrong", [{"method": "mosaic"}, {"blocks": 0}, {"blocks": 9}, {"margin": -0.1}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Anonymization(**{"method": "blur", **wrong})
