"""Small clips: the frames of a stretch, their times, and the sound."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from ferbench.errors import VideoError
from ferbench.rendering.small_clip import HEIGHT_PX, SmallClips


def decoded(path):
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def test_frames_times_and_sound_are_those_of_the_stretch(samples, tmp_path):
    source = decoded(samples / "single_face.mp4")
    out = tmp_path / "clip.mp4"
    from_s, to_s = SmallClips(samples / "single_face.mp4").cut(0.61, 1.4, out)
    assert (from_s, to_s) == pytest.approx((18 / 30, 42 / 30), abs=1e-6)
    made = decoded(out)
    assert len(made) == 24
    for number, (time_s, picture) in enumerate(made):
        assert time_s == pytest.approx(number / 30, abs=1e-4)
        assert picture.shape == (HEIGHT_PX, 512, 3)
        expected = cv2.resize(source[18 + number][1], (512, 288), interpolation=cv2.INTER_AREA)
        assert np.abs(picture.astype(float) - expected).mean() < 4
    with av.open(str(out)) as container:
        (sound,) = container.streams.audio
        assert float(sound.duration * sound.time_base) == pytest.approx(to_s - from_s, abs=0.05)
        assert container.metadata.get("title") is None


def test_a_stretch_is_cut_to_what_there_is(samples, tmp_path):
    clips = SmallClips(samples / "single_face.mp4")
    assert clips.cut(-5, 0.1, tmp_path / "a.mp4")[0] == 0
    assert clips.cut(clips.end_s - 0.1, 1e6, tmp_path / "b.mp4")[1] == clips.end_s
    begin_s, end_s = clips.cut(1e6, 1e6 + 1, tmp_path / "c.mp4")
    assert len(decoded(tmp_path / "c.mp4")) == 1
    assert end_s == clips.end_s > begin_s


def test_pictures_can_be_changed_before(samples, tmp_path):
    def cover(rgb, index):
        rgb[:] = 255

    SmallClips(samples / "single_face.mp4", treat=cover).cut(0, 0.2, tmp_path / "a.mp4")
    assert min(picture.min() for _, picture in decoded(tmp_path / "a.mp4")) > 250


def test_what_is_no_video_is_told(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError):
        SmallClips(tmp_path / "no.mp4")
