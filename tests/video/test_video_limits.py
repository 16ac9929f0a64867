"""A video file is one file, and asks for no more memory than frames of a camera need."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys

import av
import numpy as np
import pytest

from ferbench.errors import VideoError
from ferbench.video import limits
from ferbench.video.container import opened, video_stream
from ferbench.video.limits import BATCH_BYTES, DEMUXERS, MOST_PIXELS, frames_at_a_time
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.clips import picture, write_clip

READERS = (PyavReader(), OpencvReader())
NEIGHBOUR = "neighbour.mp4"
PLAYLISTS = {
    "ffconcat": f"ffconcat version 1.0\nfile {NEIGHBOUR}\n",
    "ffconcat-duration": f"ffconcat version 1.0\n\nfile '{NEIGHBOUR}'\nduration 1.5\n",
    "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{NEIGHBOUR}\n#EXT-X-ENDLIST\n",
    "hls-master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{NEIGHBOUR}\n",
    "m3u": f"#EXTM3U\n#EXTINF:2,a\n{NEIGHBOUR}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1"><BaseURL>'
    f"{NEIGHBOUR}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "asx": f'<ASX version="3.0"><Entry><Ref href="{NEIGHBOUR}"/></Entry></ASX>',
    "rtsp-redirect": f"[Reference]\nRef1=file:{NEIGHBOUR}\n",
    "avisynth": f'DirectShowSource("{NEIGHBOUR}")\n',
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nhi\n",
    "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{NEIGHBOUR}"/></svg>',
    "xspf": f"<playlist><trackList><track><location>{NEIGHBOUR}</location></track></trackList>"
    "</playlist>",
}
ENDINGS = ("mp4", "mkv", "m3u8", "ffconcat", "sdp", "mpd")


def frames_of(reader, path):
    with reader.open(path, batch_frames=32, threads=1, keep_damaged=True) as video:
        return sum(len(batch) for batch in video)


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("neighbour") / NEIGHBOUR, 5)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: type(reader).__name__)
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_no_list_of_files_is_followed(kind, reader, neighbour, tmp_path):
    shutil.copyfile(neighbour, tmp_path / NEIGHBOUR)
    for ending in ENDINGS:
        path = tmp_path / f"list.{ending}"
        path.write_text(PLAYLISTS[kind])
        with pytest.raises(VideoError, match=r"FFmpeg (takes this for|cannot read this)"):
            frames_of(reader, path)


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
def test_no_neighbour_is_opened(neighbour, tmp_path):
    """What the system saw, of all lists and endings at once."""
    shutil.copyfile(neighbour, tmp_path / NEIGHBOUR)
    for kind, text in PLAYLISTS.items():
        for ending in ENDINGS:
            (tmp_path / f"{kind}.{ending}").write_text(text)
    program = """
import sys
from pathlib import Path
from ferbench.errors import VideoError
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
for path in sorted(Path(sys.argv[1]).iterdir()):
    for reader in (PyavReader(), OpencvReader()):
        if path.name != "neighbour.mp4":
            try:
                with reader.open(path, batch_frames=8, threads=1, keep_damaged=True) as video:
                    list(video)
            except VideoError as error:
                print(error)
"""
    seen = tmp_path.parent / f"{tmp_path.name}.strace"
    called = [sys.executable, "-c", program, tmp_path]
    ended = subprocess.run(
        ["strace", "-f", "-e", "trace=open,openat,socket", "-o", seen, *called],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.count("ferbench") == 0
    assert len(ended.stdout.splitlines()) == 2 * len(PLAYLISTS) * len(ENDINGS)
    traced = seen.read_text()
    assert "hls.mp4" in traced, "the trace works"
    assert NEIGHBOUR not in traced
    assert not re.search(r"socket\(AF_INET", traced)


@pytest.mark.parametrize("name", ["frame%03d.png", "frame001.png", "frame001.jpg"])
def test_pictures_are_no_video(name, tmp_path):
    for number in (1, 2, 3):
        image = av.VideoFrame.from_ndarray(picture(number), format="rgb24").to_image()
        image.save(tmp_path / f"frame{number:03d}.png")
        image.save(tmp_path / f"frame{number:03d}.jpg")
    if "%" in name:
        shutil.copyfile(tmp_path / "frame001.png", tmp_path / name)
    for reader in READERS:
        with pytest.raises(VideoError, match="takes this for a list of other files, a picture"):
            frames_of(reader, tmp_path / name)


def test_every_listed_demuxer_is_one_of_ffmpeg():
    """A slip in a name would refuse a kind of file for good."""
    known = {
        name
        for entry in av.formats_available
        if av.format.ContainerFormat(entry).is_input
        for name in entry.split(",")
    }
    assert set(DEMUXERS) - known == set()
    unsafe = "concat hls dash sdp rtp rtsp image2 imf lavfi webm_dash_manifest vobsub ffmetadata"
    assert set(DEMUXERS).isdisjoint(unsafe.split())


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.flv"])
def test_usual_containers_open_as_before(name, tmp_path):
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    path = write_clip(tmp_path / name, 9, codec=codec)
    with av.open(str(path)) as container:
        expected = sum(1 for _ in container.decode(video=0))
    assert frames_of(PyavReader(), path) == expected == 9


# Sizes
# -------------------------------------------------------------------------------------------------


def y4m(path, width, height):
    path.write_bytes(
        f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420\nFRAME\n".encode() + b"x" * 99
    )


def avi(path, width, height):
    write_clip(path, 3, codec="rawvideo")
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 12
    assert struct.unpack_from("<ii", data, at) == (64, 48)
    struct.pack_into("<ii", data, at, width, height)
    path.write_bytes(data)


def ivf(path, width, height):
    """VP8, whose frames tell their size."""
    write_clip(path, 3, codec="libvpx")
    data = bytearray(path.read_bytes())
    at = data.index(b"\x9d\x01\x2a") + 3
    assert struct.unpack_from("<HH", data, at) == (64, 48)
    struct.pack_into("<HH", data, at, width, height)
    struct.pack_into("<HH", data, 12, width, height)
    path.write_bytes(data)


def gif(path, width, height):
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    path.write_bytes(head + image + b";")


PEAK = """
import resource, sys
from pathlib import Path
from ferbench.errors import VideoError
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in map(Path, sys.argv[1:]):
    for reader in (PyavReader(), OpencvReader()):
        try:
            with reader.open(path, batch_frames=32, threads=1, keep_damaged=True) as video:
                list(video)
        except VideoError as error:
            print(path.name, error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
"""Reads files with both readers, and tells how many MiB more that took at its peak."""


def test_no_header_makes_a_reader_reserve_memory(tmp_path):
    """Sizes around the limit and up to what the fields hold; FFmpeg itself refuses some."""
    paths = []
    for kind in (y4m, avi, ivf, gif):
        for size in ((8193, 8192), (16000, 16000), (16383, 16383), (16383, 4200), (30000, 30000)):
            paths.append(tmp_path / f"{size[0]}x{size[1]}.{kind.__name__}")
            kind(paths[-1], *size)
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, *paths], check=True, capture_output=True, text=True
    )
    *told, grown_mib = ended.stdout.splitlines()
    assert [line.split()[0] for line in told] == [p.name for p in paths for _ in READERS]
    reasons = r"(the file announces frames of|no frame can be decoded:|FFmpeg cannot read this)"
    assert all(re.search(reasons, line) for line in told)
    assert int(grown_mib) < 8192 * 8192 / 2**20, "less than one plane of one frame"


@pytest.mark.parametrize("kind", [y4m, ivf])
@pytest.mark.parametrize("size", [(8193, 8192), (16000, 16000)])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: type(reader).__name__)
def test_a_header_with_absurd_sizes_is_told(reader, size, kind, tmp_path):
    path = tmp_path / f"large.{kind.__name__}"
    kind(path, *size)
    with pytest.raises(VideoError, match=f"frames of {size[0]} x {size[1]} pixels, expected at"):
        frames_of(reader, path)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Two real frames of 8448 x 8192 pixels in some kB."""
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=2, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8448, 8192, "yuv420p"
        frame = av.VideoFrame(8448, 8192, "yuv420p")
        for plane in frame.planes:
            plane.update(np.full(plane.buffer_size, 128, np.uint8))
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_that_are_too_large_take_no_memory(large):
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, large], check=True, capture_output=True, text=True
    )
    *told, grown_mib = ended.stdout.splitlines()
    assert len(told) == 2
    assert all("frames of 8448 x 8192 pixels" in line for line in told)
    assert int(grown_mib) < 8448 * 8192 / 2**20, "less than one plane of one frame"


def test_a_header_that_is_too_small_for_its_stream_takes_no_memory(large, tmp_path):
    """The decoder learns the true size; it is refused there."""
    data = bytearray(large.read_bytes())
    at = data.index(b"avc1", data.index(b"stsd")) + 4 + 24
    struct.pack_into(">HH", data, at, 64, 48)
    path = tmp_path / "small.mp4"
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"8448 x 8192 pixels|no frame can be decoded"):
        frames_of(PyavReader(), path)


def test_the_limit_lets_cameras_pass():
    for size in ((3840, 2160), (7680, 4320), (8192, 4320), (11520, 5760)):
        assert size[0] * size[1] <= MOST_PIXELS
    for side_px in (1, 64, 1080, 4000, 8192):
        frame_bytes = side_px * side_px * 3
        frames = frames_at_a_time(32, frame_bytes)
        assert 1 <= frames <= 32
        assert frames == 1 or frames * frame_bytes <= BATCH_BYTES


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: type(reader).__name__)
@pytest.mark.parametrize(("fit", "expected"), [(0, 1), (1, 1), (4, 4), (7, 7), (11, 11), (99, 12)])
def test_reads_are_bounded_and_keep_their_borders(fit, expected, reader, tmp_path, monkeypatch):
    path = write_clip(tmp_path / "a.mp4", 40)
    with reader.open(path, batch_frames=12, threads=1, keep_damaged=False) as video:
        whole = [batch.rgb.clone() for batch in video]
    monkeypatch.setattr(limits, "BATCH_BYTES", fit * 64 * 48 * 3)
    with reader.open(path, batch_frames=12, threads=1, keep_damaged=False) as video:
        pieces = [(batch.rgb.clone(), batch.index) for batch in video]
    assert max(len(index) for _, index in pieces) == expected
    starts = {int(index[0]) for _, index in pieces}
    assert {0, 12, 24, 36} <= starts, "a read ends wherever one of 12 frames would"
    frames = np.concatenate([rgb.numpy() for rgb, _ in pieces])
    assert np.array_equal(frames, np.concatenate([rgb.numpy() for rgb in whole]))


def test_the_first_frame_alone_decides_nothing(neighbour):
    """The stream that is read is the one whose size was checked."""
    with opened(neighbour) as container:
        stream = video_stream(container, neighbour)
        assert (stream.width, stream.height) == (64, 48)
        assert stream.codec_context.options == {"max_pixels": str(MOST_PIXELS)}
