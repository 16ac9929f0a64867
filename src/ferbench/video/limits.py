"""What a video file may be, and how much memory it may ask for.

FFmpeg also opens lists of other files (concat, HLS, DASH, SDP, picture sequences) under any name,
and reads what stands in them: the neighbours of a file, or a server. A key knows the file itself
only. So the demuxers that read one file are listed, and nothing else is opened.
"""

from __future__ import annotations

from typing import Final

_VIDEO: Final = (
    "3g2 3gp apng asf asf_o av1 avi avs2 avs3 cavsvideo cdxl cine dhav dirac dnxhd dv evc "
    "film_cpk flic flv gdv gif gxf h261 h263 h264 hevc ivf ivr kux live_flv lvf m4v matroska "
    "mjpeg mjpeg_2000 mov mp4 mpeg mpegts mpegtsraw mpegvideo mpjpeg mtv mxf nsv nut nuv obu ogg "
    "pmp pva r3d rm roq smjpeg swf ty v210 v210x vc1 vc1test vivo vvc webm wtv yuv4mpegpipe"
)
_SOUND: Final = "aac ac3 aiff amr au caf flac m4a mp3 w64 wav"
"""Opened to say that they hold no picture."""

DEMUXERS: Final = tuple(f"{_VIDEO} {_SOUND}".split())
"""FFmpeg's names of what is opened: each reads the one file that it is given."""

FORMATS: Final = {".mjpeg": "mjpeg", ".mjpg": "mjpeg"}
"""The demuxer of files that FFmpeg, by their contents, takes for a sequence of pictures."""

MOST_PIXELS: Final = 2**26
"""Pixels of a frame: twice what the highest level of H.264 allows (6.2), 8192 x 8192."""

BATCH_BYTES: Final = 2**30
"""Bytes of the frames that are read at a time: 32 frames in 4K fit."""

FFMPEG_OPTIONS: Final = {
    "format_whitelist": ",".join(DEMUXERS),
    "protocol_whitelist": "file",
    "max_pixels": str(MOST_PIXELS),
}
"""For FFmpeg, whoever calls it; it checks them before it reads more or reserves memory."""


def frames_at_a_time(wanted: int, frame_bytes: int) -> int:
    """How many frames are read into memory at a time, at least 1.

    >>> frames_at_a_time(32, 3840 * 2160 * 3), frames_at_a_time(32, 7680 * 4320 * 3)
    (32, 10)
    """
    return max(1, min(wanted, BATCH_BYTES // max(1, frame_bytes)))
