"""Colours against ffmpeg's own conversion, zscale's, and the formulas of ITU-R BT.2100."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from test_video_orientation import READERS, shown

from ferbench.errors import VideoError
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.ffmpeg_picture import ffmpeg_picture, make, mean_difference

# Four flat patches, two of them close to skin.
PATCHES = {(12, 16): "C86432", (12, 48): "3264C8", (36, 16): "A07060", (36, 48): "E0B8A0"}
SOURCE = ";".join(
    [
        *(f"color=c=0x{c}:s=32x24:r=25:d=0.2[p{n}]" for n, c in enumerate(PATCHES.values())),
        "[p0][p1]hstack[t];[p2][p3]hstack[b];[t][b]vstack,format=gbrp",
    ]
)
H264 = ("-c:v", "libx264", "-crf", "1", "-preset", "ultrafast")


def patches(path: Path, *bitstream: str, matrix="bt709", full=False, pixels="yuv420p") -> Path:
    """A clip of the patches, whose colours are told by numbers of ITU-T H.273."""
    reach = "pc" if full else "tv"
    source = f"{SOURCE},scale=out_color_matrix={matrix}:out_range={reach},format={pixels}"
    told = ("-bsf:v", f"h264_metadata={':'.join(bitstream)}") if bitstream else ()
    return make(path, *H264, *told, source=source)


def centres(rgb: np.ndarray) -> np.ndarray:
    return np.array([rgb[y, x] for y, x in PATCHES], dtype=int)


WANTED = np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in PATCHES.values()])

ORDINARY = {
    "untold": {"matrix": "bt601"},
    "bt709": {"m": 1, "p": 1, "t": 1},
    "fcc": {"m": 4, "matrix": "fcc"},
    "bt470bg": {"m": 5, "p": 5, "t": 6, "matrix": "bt470bg"},
    "bt601": {"m": 6, "p": 6, "t": 6, "matrix": "smpte170m"},
    "smpte240m": {"m": 7, "p": 7, "t": 7, "matrix": "smpte240m"},
    "bt2020_matrix": {"m": 9, "matrix": "bt2020"},
    "full_range": {"m": 1, "r": 1, "full": True},
    "webcam": {"m": 6, "p": 1, "t": 13, "r": 1, "matrix": "smpte170m", "full": True},
    "reserved": {"m": 3, "p": 3, "t": 3, "matrix": "bt601"},
    "gamma22": {"m": 1, "p": 4, "t": 4},
    "gamma28": {"m": 1, "p": 5, "t": 5},
    "xvycc": {"m": 1, "p": 1, "t": 11},
    "444": {"m": 1, "pixels": "yuv444p"},
    "422": {"m": 1, "pixels": "yuv422p"},
    "10_bit": {"m": 1, "pixels": "yuv420p10le"},
    "full_range_pixels": {"matrix": "bt601", "full": True, "pixels": "yuvj420p"},
}
FIELDS = {
    "m": "matrix_coefficients",
    "p": "colour_primaries",
    "t": "transfer_characteristics",
    "r": "video_full_range_flag",
}


def described(path: Path, *, m=None, p=None, t=None, r=None, **how) -> Path:
    numbers = {"m": m, "p": p, "t": t, "r": r}
    told = [f"{FIELDS[key]}={value}" for key, value in numbers.items() if value is not None]
    return patches(path, *told, **how)


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
@pytest.mark.parametrize("name", ORDINARY)
def test_standard_dynamic_range_is_as_ffmpeg_shows_it(tmp_path, name, reader):
    path = described(tmp_path / "patches.mp4", **ORDINARY[name])
    rgb, video = shown(reader, path)
    assert np.abs(centres(rgb) - centres(ffmpeg_picture(path))).max() <= 3
    assert np.abs(centres(rgb) - WANTED).max() <= 4
    assert video.picture_notes == ()


@pytest.mark.parametrize(("primaries", "called"), [(9, "BT.2020"), (12, "Display P3")])
def test_wider_primaries_are_told(tmp_path, primaries, called):
    path = described(tmp_path / "wide.mp4", m=9, p=primaries, t=14, matrix="bt2020")
    rgb, video = shown(PyavReader(), path)
    assert np.abs(centres(rgb) - WANTED).max() <= 4
    (note,) = video.picture_notes
    assert f"its primaries ({called}) are not converted" in note
    if primaries == 9:
        agrees_or_says_so(path, rgb)


def opencv_or_none(path: Path) -> np.ndarray | None:
    """What this OpenCV makes of such a file; None = an error names the reader that works."""
    try:
        return shown(OpencvReader(), path)[0]
    except VideoError as error:
        if "With the reader pyav its " in str(error) and "take the reader pyav" in str(error):
            return None
        raise


def agrees_or_says_so(path: Path, expected: np.ndarray, *, within: float = 8) -> None:
    """OpenCV's picture is the same one, or there is an error."""
    rgb = opencv_or_none(path)
    assert rgb is None or mean_difference(rgb, expected) <= within


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
@pytest.mark.parametrize(
    ("number", "called"),
    [
        (8, "YCgCo"),
        (10, "BT.2020 constant luminance"),
        (11, "SMPTE ST 2085"),
        (12, "chromaticity-derived non-constant luminance"),
        (13, "chromaticity-derived constant luminance"),
        (14, "ICtCp"),
    ],
)
def test_a_matrix_that_cannot_be_converted_is_named(tmp_path, number, called, reader):
    path = described(tmp_path / "odd.mp4", m=number)
    with pytest.raises(VideoError) as raised:
        shown(reader, path)
    assert f"matrix {called} ({number} in ITU-T H.273)" in str(raised.value)
    assert "[Errno" not in str(raised.value)


@pytest.mark.parametrize(
    ("number", "called"),
    [(8, "linear light"), (9, "logarithmic, 100:1"), (10, "logarithmic, 316:1")],
)
def test_a_transfer_that_is_not_converted_is_told(tmp_path, number, called):
    path = described(tmp_path / "odd.mp4", m=1, p=1, t=number)
    rgb, video = shown(PyavReader(), path)
    assert np.abs(centres(rgb) - centres(ffmpeg_picture(path))).max() <= 3
    assert f"its transfer ({called}) is not converted" in video.picture_notes[0]
    agrees_or_says_so(path, rgb)


# High dynamic range
# -------------------------------------------------------------------------------------------------

# Light on the screen, cd/m2 for red, green and blue of BT.709: greys up to far beyond diffuse
# white, and colours that BT.709 has, the last four of them skin.
GREYS = np.repeat([[0.0], [1], [5], [10], [25], [50], [75], [100], [150], [203], [500]], 3, axis=1)
COLOURS = 203 * (np.vstack([WANTED, [[180, 120, 100], [90, 60, 50]]]) / 255) ** 2.4
SCREEN = np.vstack([GREYS, COLOURS])

# ITU-R BT.2087: linear BT.709 to linear BT.2020.
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
LUMA = np.array([0.2627, 0.6780, 0.0593])


def pq_signal(nits: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100, table 4: the inverse of the reference EOTF."""
    y = (nits / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def hlg_signal(nits: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100, table 5, on a display of 1000 cd/m2: inverse OOTF, then OETF."""
    luminance = np.maximum(nits @ LUMA, 1e-9)[:, None]
    scene = nits / 1000 * (luminance / 1000) ** ((1 - 1.2) / 1.2)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    logarithm = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), logarithm)


def on_a_standard_screen(nits: np.ndarray) -> np.ndarray:
    """BT.1886 with diffuse white at 203 cd/m2 (ITU-R BT.2408), clipped above."""
    return 255 * np.minimum(nits / 203, 1) ** (1 / 2.4)


def hdr_clip(path: Path, signal: np.ndarray, *, transfer: int, primaries: int = 9) -> Path:
    """A lossless 10-bit clip of colour steps, 16 pixels wide each, with BT.2020's matrix."""
    luma = signal @ LUMA
    blue, red = (signal[:, 2] - luma) / 1.8814, (signal[:, 0] - luma) / 1.4746
    planes = [64 + 876 * luma, 512 + 896 * blue, 512 + 896 * red]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16 * len(signal), 16, "yuv444p10le"
        frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt)
        for told in (stream.codec_context, frame):
            told.color_trc, told.color_primaries = transfer, primaries
            told.colorspace, told.color_range = 9, 1
        for plane, values in zip(frame.planes, planes, strict=True):
            rows = np.zeros((16, plane.line_size // 2), "<u2")
            rows[:, : stream.width] = np.repeat(np.round(values), 16)
            plane.update(rows.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


ZSCALE = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv444p"
)


@pytest.mark.parametrize(
    ("signal", "transfer", "primaries"),
    [(pq_signal, 16, 9), (hlg_signal, 18, 9), (hlg_signal, 18, 2)],
    ids=["pq", "hlg", "hlg_without_primaries"],
)
def test_high_dynamic_range_is_shown_as_the_recommendations_say(
    tmp_path, signal, transfer, primaries
):
    light = SCREEN @ TO_BT2020.T
    path = tmp_path / "steps.mkv"
    hdr_clip(path, signal(light), transfer=transfer, primaries=primaries)
    rgb, video = shown(PyavReader(), path)
    off = np.abs(rgb[8, 8::16] - on_a_standard_screen(SCREEN))
    assert off[: len(GREYS)].max() <= 2
    assert off[-4:].max() <= 3
    assert off.max() <= 6.5
    name = {16: "PQ", 18: "HLG"}[transfer]
    assert video.picture_notes == (f"its colours ({name}) were converted to BT.709",)
    if transfer == 16:
        theirs = ffmpeg_picture(path, filters=ZSCALE)[8, 8::16].astype(int)
        assert np.abs(rgb[8, 8::16] - theirs).max() <= 6
    elif primaries == 9:
        agrees_or_says_so(path, rgb, within=2)
