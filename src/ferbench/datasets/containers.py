"""Which files FFmpeg reads as videos: by the ending of their names, and by how they begin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ferbench.video.limits import FFMPEG_OPTIONS

HEAD_BYTES: Final = 4096
"""What is read of a file to see how it begins."""

SUFFIXES: Final = (
    *(".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"),
    *(".mts", ".m2ts", ".m2t", ".ts", ".3gp", ".3g2", ".wmv", ".asf", ".flv", ".f4v", ".ogv"),
    *(".mxf", ".dv", ".vob"),
)
"""What a video file's name ends in."""

# fmt: off
OTHER_SUFFIXES: Final = frozenset({
    ".264", ".265", ".360", ".amv", ".av1", ".avc", ".dav", ".dif", ".divx", ".dvr-ms", ".evo",
    ".gxf", ".h264", ".h265", ".hevc", ".insv", ".ismv", ".ivf", ".lrv", ".m1v", ".m2p", ".m2v",
    ".m4s", ".mj2", ".mjpeg", ".mjpg", ".mk3d", ".mod", ".mp2v", ".mp4v", ".mpe", ".mpv", ".nsv",
    ".nut", ".obu", ".ogm", ".ogx", ".qt", ".r3d", ".rm", ".rmvb", ".tod", ".tp", ".trp", ".vc1",
    ".wtv", ".xvid", ".y4m",
})
"""Endings of other files that FFmpeg reads as videos, too rare to be taken unasked."""
# fmt: on

AMBIGUOUS: Final = frozenset({".ts", ".mod"})
"""Endings of videos that texts have as well."""

_IMAGES: Final = re.compile(
    rb"heic|heix|heim|heis|hevc|hevx|mif1|msf1|avif|avis|crx |jxl |jp2 |jpx "
)
"""Brands of pictures that are kept in a video's container."""
_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp")
_BEGINNINGS: Final = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel",  # ASF, WMV
    b"OggS",
    b"\x06\x0e+4\x02\x05\x01\x01\r\x01\x02",  # MXF
    b"\x1f\x07\x00",  # DV
    b".RMF",
    b"nut/multimedia container\0",
    b"DKIF",  # IVF
    b"YUV4MPEG2 ",
    b"\xb7\xd8\x00 7I\xda\x11",  # WTV
    b"NSVf",
    b"NSVs",
    b"\0\0\x01\xba",  # MPEG program stream, DVD
    b"\0\0\x01\xb3",  # MPEG-1 and 2
    b"\0\0\0\x01",  # H.264, H.265
)
_TS_PACKETS: Final = ((0, 188), (4, 192))
"""Where a transport stream's packets begin, and how long they are; cameras put a time before each.
"""


def head_of(path: Path) -> bytes:
    """How a file begins. Raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def is_text(head: bytes) -> bool:
    """Whether a file that begins so is a text."""
    try:
        text = head[: HEAD_BYTES - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and "\0" not in text


def begins_as_video(head: bytes) -> bool:
    """Whether a file that begins so may be a video, or a sound file in a video's container."""
    if head[4:8] in _ATOMS:
        return not (head[4:8] == b"ftyp" and _IMAGES.fullmatch(head[8:12]))
    if head.startswith((b"RIFF", b"RIFX")):
        return head[8:12] in (b"AVI ", b"AVIX")
    return head.startswith(_BEGINNINGS) or any(
        len(head) > first + 3 * length
        and all(head[first + number * length] == 0x47 for number in range(4))
        for first, length in _TS_PACKETS
    )


def video_format(path: Path) -> str | None:
    """FFmpeg's name of the format of a file with a moving picture.

    "" = FFmpeg cannot read it; None = there is no moving picture in it. Only headers are read.
    """
    from ferbench.video.decoder_death import DecoderDiedError
    from ferbench.video.decoder_memory import DecoderMemoryError
    from ferbench.video.isolated import asked

    try:
        return asked(_video_format, path)
    except (DecoderDiedError, DecoderMemoryError):
        return ""


def _video_format(path: Path) -> str | None:
    import av.error

    options = {**FFMPEG_OPTIONS, "probesize": "1000000", "analyzeduration": "0"}
    try:
        with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
            attached = av.stream.Disposition.attached_pic
            moving = [
                stream for stream in container.streams.video if not stream.disposition & attached
            ]
            return container.format.name.split(",")[0] if moving else None
    except (av.error.FFmpegError, OSError, ValueError):
        return ""
