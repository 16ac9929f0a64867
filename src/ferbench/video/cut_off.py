"""Whether bytes of a file are missing, or were not read, that could hold what a header announces.

Headers of sound files announce more frames or seconds than there are: programs write them ahead, or
copy them from a longer file. So an announcement shows damage only where there is room for it.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_RIFF_HEADER: Final = 12
_AFTER_PACKETS: Final = (
    b"idx1",  # AVI: the index
    b"\x1c\x53\xbb\x6b",  # Matroska: cues,
    b"\x12\x54\xc3\x67",  # tags,
    b"\x19\x41\xa4\x69",  # attachments,
    b"\x10\x43\xa7\x70",  # chapters,
    b"\x11\x4d\x9b\x74",  # list of these
)
_NEAR: Final = 64
_ROOM: Final = 0.1
"""Share of what is announced that the unread bytes must have room for, at the file's own rate."""


def has_room(path: Path, *, read_to: int, missing: float, there: float) -> bool:
    """Whether what is announced but was not read could be, or have been, in a file.

    Args:
        path: the file.
        read_to: where the last packet that was read ends, bytes from the file's start.
        missing: how much was announced and did not come, in any unit of time.
        there: how much came, in the same unit.
    """
    size = path.stat().st_size
    if _full_size(path) > size or there <= 0:
        return True
    if _is_at_the_end(path, read_to):
        return False
    needed = missing / there * read_to
    return size - read_to >= _ROOM * needed


def _is_at_the_end(path: Path, read_to: int) -> bool:
    """Whether what stands behind the last packet comes after all packets in sound files."""
    with path.open("rb") as stream:
        stream.seek(read_to)
        behind = stream.read(_NEAR)
    return len(behind) < _NEAR or any(mark in behind for mark in _AFTER_PACKETS)


def _full_size(path: Path) -> int:
    """How long the outermost boxes of Matroska and AVI say that the file is; 0 = they do not."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            if start == b"RIFF":
                return _end_of_riffs(stream)
            return _end_of_segment(stream)
    except (OSError, struct.error):
        return 0


def _end_of_riffs(stream: BinaryIO) -> int:
    """The end of the last of the RIFF lists that follow each other (one per GB in large files)."""
    end = 0
    while True:
        stream.seek(end)
        header = stream.read(_RIFF_HEADER)
        if len(header) < _RIFF_HEADER or header[:4] != b"RIFF":
            return end
        (size,) = struct.unpack("<I", header[4:8])
        end += 8 + size + size % 2


def _end_of_segment(stream: BinaryIO) -> int:
    """The end of Matroska's segment; 0 where it has none, or was written without a size."""
    if _number(stream, keep_marker=True) != _EBML:
        return 0
    head = _number(stream)
    if head < 0:
        return 0
    stream.seek(head, 1)
    if _number(stream, keep_marker=True) != _SEGMENT:
        return 0
    at_size = stream.tell()
    size = _number(stream)
    digits = stream.tell() - at_size
    is_unknown = size == (1 << 7 * digits) - 1
    return 0 if is_unknown else stream.tell() + size


def _number(stream: BinaryIO, *, keep_marker: bool = False) -> int:
    """A number of variable length as EBML writes it; -1 at the end of the file or if it is none."""
    first = stream.read(1)
    if not first or not first[0]:
        return -1
    more = 8 - first[0].bit_length()
    value = first[0] if keep_marker else first[0] - (0x80 >> more)
    return int.from_bytes(bytes([value]) + stream.read(more), "big")
