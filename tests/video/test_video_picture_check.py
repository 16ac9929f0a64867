"""OpenCV's pictures are compared with PyAV's: interlaced material, stale and foreign pictures."""

from __future__ import annotations

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from test_video_orientation import shown

from ferbench.errors import VideoError
from ferbench.video import opencv as opencv_module
from ferbench.video.opencv import OpencvReader
from ferbench.video.picture_check import picture_check
from ferbench.video.pyav import PyavReader
from helpers.clips import write_clip
from helpers.ffmpeg_picture import ffmpeg_picture, make, mean_difference

INTERLACED = {
    "h264.mp4": ("-c:v", "libx264", "-flags", "+ildct+ilme"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-b:v", "4M"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-b:v", "4M"),
    "dv.avi": ("-s", "720x576", "-pix_fmt", "yuv420p", "-c:v", "dvvideo"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-flags", "+ildct+ilme", "-b:v", "4M"),
    "prores.mov": ("-c:v", "prores_ks", "-flags", "+ildct"),
}
# A small thing moves before a still picture: what is left over looks nearly right.
STILL = "color=c=0x806050:s=96x64:r=25:d=0.24,drawbox=x=8:y=8:w=40:h=40:c=0xD0A090:t=fill"
SOURCES = {
    "moving": "testsrc2=s=96x64:r=25:d=0.24,tinterlace=interleave_top,fieldorder=tff",
    "still": f"{STILL}[b];color=c=white:s=8x6:r=25:d=0.24[w];[b][w]overlay=n*4:56,setfield=tff",
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_material_is_right_or_refused(tmp_path, name, source):
    path = make(tmp_path / name, *INTERLACED[name], source=SOURCES[source])
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    rgb, _ = shown(PyavReader(), path)
    as_shown = "scale=w=round(iw*max(sar\\,1)):h=ih:interl=1,format=rgb24"
    theirs = ffmpeg_picture(path, filters=as_shown)
    assert mean_difference(rgb, theirs) < 3
    for _ in range(3):  # memory that an earlier pass left has the right picture in it
        opencv_rgb, error = opencv_picture(path)
        if opencv_rgb is None:
            assert "interlaced, which OpenCV cannot convert" in error
            assert "take the reader pyav" in error
        else:
            assert mean_difference(opencv_rgb, rgb) < 1


def opencv_picture(path: Path) -> tuple[np.ndarray | None, str]:
    """OpenCV's first picture, or None and the error."""
    try:
        return shown(OpencvReader(), path)[0], ""
    except VideoError as error:
        return None, str(error)


class Pretender:
    """A ``cv2.VideoCapture`` whose pictures are changed on the way."""

    def __init__(self, capture, change):
        self._capture = capture
        self._change = change
        self._count = 0

    def __getattr__(self, name):
        return getattr(self._capture, name)

    def read(self):
        there, bgr = self._capture.read()
        if there:
            bgr = self._change(self._count, bgr)
        self._count += 1
        return there, bgr


@pytest.fixture
def pretend(monkeypatch):
    """Have OpenCV hand out what a function makes of frame number and picture."""
    real = cv2.VideoCapture

    def install(change) -> None:
        def capture(*arguments):
            return Pretender(real(*arguments), change)

        monkeypatch.setattr(opencv_module.cv2, "VideoCapture", capture)

    return install


def read_all(path: Path) -> torch.Tensor:
    with OpencvReader().open(path, batch_frames=16, threads=1, keep_damaged=False) as video:
        return torch.cat([batch.rgb for batch in video])


def smooth_clip(path: Path, *options: str, seconds: float = 4) -> Path:
    source = f"testsrc2=s=96x64:r=25:d={seconds}"
    return make(path, "-c:v", "libx264", "-g", "5", "-bf", "2", *options, source=source)


def left_over_from(number: int):
    """Pictures stay as they were from some frame on, as with a conversion that fails there."""
    kept = {}

    def change(count, bgr):
        kept.setdefault(min(count, number), bgr)
        return kept[min(count, number)]

    return change


NOISE = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
FAULTS = {
    "memory": lambda _count, _bgr: NOISE,
    "memory_from_the_third_on": lambda count, bgr: NOISE if count >= 2 else bgr,
    "memory_from_frame_30_on": lambda count, bgr: NOISE if count >= 30 else bgr,
    "left_over_from_the_first": left_over_from(0),
    "left_over_from_frame_40": left_over_from(40),
    "red_for_blue": lambda _count, bgr: np.ascontiguousarray(bgr[..., ::-1]),
    "darker": lambda _count, bgr: (bgr * 0.8).astype(np.uint8),
    "upside_down": lambda _count, bgr: np.ascontiguousarray(bgr[::-1]),
    "shifted_by_16": lambda _count, bgr: np.roll(bgr, 16, axis=1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_pictures_that_are_not_the_files_are_refused(tmp_path, pretend, fault):
    path = smooth_clip(tmp_path / "clip.mp4")
    pretend(FAULTS[fault])
    with pytest.raises(VideoError, match=r"clip\.mp4: the picture .* take the reader pyav"):
        read_all(path)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", ()),
        ("late.ts", ("-output_ts_offset", "7")),
        ("open_gop.mkv", ("-x264-params", "open-gop=1")),
        ("tag.avi", ()),
        ("still.mp4", ("-vf", "select=eq(n\\,0),loop=99:1:0,setpts=N/25/TB")),
        ("ten.mp4", ("-pix_fmt", "yuv420p10le")),
        ("intra.mp4", ("-x264-params", "keyint=1")),
    ],
)
def test_sound_pictures_are_not_refused(tmp_path, name, options):
    path = smooth_clip(tmp_path / name, *options)
    ours = read_all(path)
    with PyavReader().open(path, batch_frames=16, threads=1, keep_damaged=False) as video:
        theirs = torch.cat([batch.rgb for batch in video])
    assert len(ours) == len(theirs) == 100
    assert (ours.int() - theirs.int()).abs().float().mean() < 4


def test_frames_that_opencv_leaves_out_are_no_fault(tmp_path):
    path = smooth_clip(tmp_path / "clip.mp4", seconds=0.4)
    with picture_check(path) as check:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        check.compare(0, frames[2], at_ms=0)
        check.compare(1, frames[3], at_ms=0)
        with pytest.raises(VideoError, match="frame 2"):
            check.compare(2, frames[1], at_ms=0)


def test_how_few_frames_are_compared(tmp_path):
    """A hundred thousand frames cost seventeen comparisons beside the first ones."""
    with picture_check(write_clip(tmp_path / "clip.mp4", 3)) as check:
        wanted = []
        for number in range(3, 100_000):
            if check.wants(number):
                wanted.append(number)
                check._next = 2 * number
    assert len(wanted) <= 17


@pytest.mark.parametrize(
    ("name", "codec", "called"),
    [
        ("av1.mp4", ("libaom-av1", "-cpu-used", "8"), "av1"),
        ("av1.mkv", ("libaom-av1", "-cpu-used", "8"), "av1"),
    ],
)
def test_a_decoder_that_opencv_has_not_is_named(tmp_path, name, codec, called):
    path = make(tmp_path / name, "-c:v", *codec, source="testsrc2=s=64x48:r=25:d=0.12")
    assert shown(PyavReader(), path)[0].shape == (48, 64, 3)
    rgb, error = opencv_picture(path)
    if rgb is None:
        assert f"whose codec is {called}" in error
        assert "take the reader pyav" in error
        assert "replace the file" not in error.lower()


def test_no_frame_from_opencv_though_the_file_is_sound(tmp_path, monkeypatch):
    """As with a missing decoder, whatever this OpenCV has."""
    path = smooth_clip(tmp_path / "clip.mp4", seconds=0.2)
    real = cv2.VideoCapture

    class Blind(Pretender):
        def read(self):
            return False, None

    monkeypatch.setattr(
        opencv_module.cv2, "VideoCapture", lambda *arguments: Blind(real(*arguments), None)
    )
    with pytest.raises(VideoError, match=r"whose codec is h264.*take the reader pyav"):
        read_all(path)


def test_nothing_is_said_on_the_terminal(tmp_path, capfd):
    path = make(tmp_path / "a.mpg", *INTERLACED["mpeg2.mpg"], source=SOURCES["moving"])
    with pytest.raises(VideoError):
        read_all(path)
    assert os.environ["OPENCV_FFMPEG_LOGLEVEL"] == "-8"
    assert capfd.readouterr() == ("", "")
