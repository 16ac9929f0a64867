"""Files with some bits, numbers or pieces changed, the same ones for the same number."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable
from typing import Final

_EDGE_BYTES: Final = 1024
"""Headers and indexes lie within so much of a file's beginning or end."""

_SIZES: Final = (0, 1, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_LONG_SIZES: Final = (2**31, 2**32, 2**40, 2**62, 2**63 - 1, 2**64 - 1)
_NUMBERS: Final = (
    "1e999",
    "-1",
    "nan",
    "9" * 30,
    "0x7f",
    "1_0",
    "٣",
    "",
    "-0",
    "1:99:99",
    "1e-400",
)
_SIGNS: Final = "\0\r\n;,\t<>&[]{}*:'\"-/%$=#@\u202e\ufeff\udc80"
_MOST_REPEATS: Final = 600

Draw = random.Random


def mutated(data: bytes, draw: Draw) -> bytes:
    """A file with one to four changes to its bytes."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        if changed:
            draw.choice(_OF_BYTES)(changed, draw)
    return bytes(changed)


def mutated_text(data: bytes, draw: Draw) -> bytes:
    """A text with one to four changes to its numbers, signs and lines."""
    text = data.decode("utf-8")
    for _ in range(draw.choice((1, 1, 2, 4))):
        text = draw.choice(_OF_TEXTS)(text, draw)
    return text.encode("utf-8", "surrogateescape")


def mutated_member(data: bytes, draw: Draw, change: Callable[[bytes, Draw], bytes]) -> bytes:
    """A zip archive, sound in itself, one of whose members is changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    chosen = draw.choice(sorted(members))
    members[chosen] = change(members[chosen], draw)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return written.getvalue()


def _place(changed: bytearray, draw: Draw) -> int:
    """Where to change something: in every second case where headers and indexes lie."""
    size = len(changed)
    match draw.randrange(4):
        case 0:
            return draw.randrange(min(size, _EDGE_BYTES))
        case 1:
            return size - 1 - draw.randrange(min(size, _EDGE_BYTES))
    return draw.randrange(size)


def _flip(changed: bytearray, draw: Draw) -> None:
    for _ in range(draw.choice((1, 1, 8, 64))):
        changed[_place(changed, draw)] ^= 1 << draw.randrange(8)


def _cut(changed: bytearray, draw: Draw) -> None:
    del changed[_place(changed, draw) :]


def _zeros(changed: bytearray, draw: Draw) -> None:
    at = _place(changed, draw)
    changed[at:at] = bytes(draw.choice((1, 4, 100, 4096)))


def _swap(changed: bytearray, draw: Draw) -> None:
    size = draw.choice((4, 16, 188, 512))
    first, second = sorted((_place(changed, draw), _place(changed, draw)))
    one, other = changed[first : first + size], changed[second : second + size]
    changed[second : second + size] = one
    changed[first : first + size] = other


def _number(changed: bytearray, draw: Draw) -> None:
    """A length, a size or a count that is absurd."""
    sizes, kind = draw.choice(((_SIZES, "I"), (_SIZES, "I"), (_LONG_SIZES, "Q")))
    written = struct.pack(draw.choice("<>") + kind, draw.choice(sizes))
    if kind == "I" and draw.random() < 0.2:
        written = written[:2]
    at = _place(changed, draw)
    changed[at : at + len(written)] = written


def _after_name(changed: bytearray, draw: Draw) -> None:
    """The same beside four letters, which are the names of boxes and chunks."""
    at = _place(changed, draw)
    for start in range(at, len(changed) - 12):
        if bytes(changed[start : start + 4]).isalpha():
            beside = draw.choice((start - 4, start + 4, start + 8, start + 12))
            kind = draw.choice((">I", "<I"))
            changed[max(0, beside) : beside + 4] = struct.pack(kind, draw.choice(_SIZES))
            return


def _noise(changed: bytearray, draw: Draw) -> None:
    at, size = _place(changed, draw), draw.choice((1, 4, 64, 1000))
    changed[at : at + size] = draw.randbytes(size)


def _delete(changed: bytearray, draw: Draw) -> None:
    at = _place(changed, draw)
    del changed[at : at + draw.choice((1, 4, 64, 1000))]


def _repeat(changed: bytearray, draw: Draw) -> None:
    at = _place(changed, draw)
    piece = changed[at : at + draw.choice((4, 32, 188))]
    changed[at:at] = piece * draw.choice((1, 10, _MOST_REPEATS))


_OF_BYTES: Final = (
    *(_flip, _cut, _zeros, _swap, _number, _number, _after_name, _after_name),
    *(_noise, _delete, _repeat),
)


def _another_number(text: str, draw: Draw) -> str:
    digits = [at for at, letter in enumerate(text) if letter.isdigit()]
    if not digits:
        return text
    first = last = draw.choice(digits)
    while last < len(text) and text[last].isdigit():
        last += 1
    return text[:first] + draw.choice(_NUMBERS) + text[last:]


def _sign(text: str, draw: Draw) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + draw.choice(_SIGNS) * draw.choice((1, 1, 2, 2000)) + text[at:]


def _lines(text: str, draw: Draw) -> str:
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    match draw.randrange(3):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * draw.choice((1, 10, _MOST_REPEATS))
        case 2:
            lines[at] = lines[at] * draw.choice((2, _MOST_REPEATS))
    return "\n".join(lines)


def _gone(text: str, draw: Draw) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + text[at + draw.choice((1, 2, 10, len(text))) :]


_OF_TEXTS: Final = (_another_number, _another_number, _sign, _sign, _lines, _gone)
