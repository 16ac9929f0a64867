"""Damaged videos, read as ``ferbench init`` and a run read them."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

import av
import numpy as np

from ferbench.datasets.containers import video_format
from ferbench.datasets.video_header import read_header
from ferbench.errors import FerbenchError
from ferbench.protocols import OpenVideo, Reader
from ferbench.video.isolated import Isolated
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from soak.fuzzing.mutations import Draw, mutated

PATIENCE_S: Final = 20.0
_SIZE: Final = (64, 36)
_FRAMES: Final = 20
_RESIZED: Final = 0.15
_SIZES: Final = ((8192, 8192), (8191, 8191), (16384, 4096), (7680, 4320), (65535, 65535), (0, 36))
_READERS: Final = (PyavReader(), OpencvReader())


@dataclass(frozen=True, kw_only=True)
class _Kind:
    name: str
    codec: str
    pix: str = "yuv420p"
    rotation_deg: int = 0
    has_sound: bool = False
    muxer: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()


_H264: Final = (("preset", "ultrafast"), ("g", "8"))
_VPX: Final = (("deadline", "realtime"), ("cpu-used", "8"))
KINDS: Final = (
    _Kind(name="h264.mp4", codec="libx264", options=_H264),
    _Kind(name="sound.mp4", codec="libx264", options=_H264, has_sound=True),
    _Kind(
        name="pieces.mp4",
        codec="libx264",
        options=_H264,
        muxer=(("movflags", "frag_keyframe+empty_moov"),),
    ),
    _Kind(name="h265.mp4", codec="libx265", options=(("preset", "ultrafast"),)),
    _Kind(name="vp9.mkv", codec="libvpx-vp9", options=_VPX),
    _Kind(name="sound.mkv", codec="libx264", options=_H264, has_sound=True),
    _Kind(name="vp8.webm", codec="libvpx", options=_VPX),
    _Kind(name="mpeg4.avi", codec="mpeg4"),
    _Kind(name="mjpeg.avi", codec="mjpeg", pix="yuvj420p"),
    _Kind(name="raw.avi", codec="rawvideo"),
    _Kind(name="h264.ts", codec="libx264", options=_H264),
    _Kind(name="mpeg2.mpg", codec="mpeg2video"),
    _Kind(name="turned.mov", codec="libx264", options=_H264, rotation_deg=90),
    _Kind(name="mjpeg.mov", codec="mjpeg", pix="yuvj420p"),
    _Kind(name="prores.mov", codec="prores_ks", pix="yuv422p10le"),
    _Kind(name="flv1.flv", codec="flv"),
    _Kind(name="wmv2.wmv", codec="wmv2"),
    _Kind(name="ffv1.mkv", codec="ffv1"),
    _Kind(name="sound.wav", codec=""),
)


@cache
def seeds(folder: Path) -> dict[str, bytes]:
    """A small sound file of each kind, made in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = folder / kind.name
        if not path.exists():
            _write(path, kind)
    return {kind.name: (folder / kind.name).read_bytes() for kind in KINDS}


def _write(path: Path, kind: _Kind) -> None:
    made = path.with_name(f"made.{path.name}")
    with av.open(str(made), "w", options=dict(kind.muxer)) as container:
        adders = []  # all streams are there before the first packet is
        if kind.codec:
            adders.append(_pictures(container, kind))
        if kind.has_sound or not kind.codec:
            adders.append(_sound(container, "aac" if kind.codec else "pcm_s16le"))
        for add in adders:
            add()
    made.replace(path)


def _pictures(container: Any, kind: _Kind) -> Callable[[], None]:
    stream = container.add_stream(kind.codec, rate=25, options=dict(kind.options))
    stream.width, stream.height, stream.pix_fmt = *_SIZE, kind.pix
    if kind.rotation_deg:
        stream.set_display_rotation(kind.rotation_deg)

    def add() -> None:
        for number in range(_FRAMES):
            noise = np.random.default_rng(number).integers(0, 255, (9, 16, 3)).astype(np.uint8)
            pixels = np.ascontiguousarray(noise.repeat(4, axis=0).repeat(4, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())

    return add


def _sound(container: Any, codec: str) -> Callable[[], None]:
    stream = container.add_stream(codec, rate=8000)
    stream.layout = "mono"
    kind, dtype = ("s16", np.int16) if codec == "pcm_s16le" else ("fltp", np.float32)

    def add() -> None:
        for number in range(8):
            silence = np.zeros((1, 1000), dtype)
            frame = av.AudioFrame.from_ndarray(silence, format=kind, layout="mono")
            frame.sample_rate, frame.pts = 8000, number * 1000
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    return add


def case(number: int, folder: Path) -> tuple[str, list[str]]:
    """A damaged video: its kind, and what became of it with each way of reading it."""
    draw = Draw(f"video {number}")
    kind = KINDS[number % len(KINDS)].name
    path = folder / f"{number:05d}.{kind}"
    data = seeds(folder / "seeds")[kind]
    if draw.random() < _RESIZED:
        data = _with_another_size(data, draw)
    path.write_bytes(mutated(data, draw))
    header = read_header(path)
    found = video_format(path)
    outcomes = [_of_header(header.ended, found)]
    outcomes += [f"{_name(reader)}: {outcome(reader, path, number)}" for reader in _READERS]
    path.unlink()
    return kind, outcomes


def _with_another_size(data: bytes, draw: Draw) -> bytes:
    """The same file, which tells another size of its pictures wherever it tells one."""
    size = draw.choice(_SIZES)
    for kind in (">HH", "<HH", ">II", "<II"):
        data = data.replace(struct.pack(kind, *_SIZE), struct.pack(kind, *size))
    return data


def _of_header(ended: str, found: str | None) -> str:
    if ended:
        return f"header: {ended}"
    return "header: " + ("no video" if found is None else "known" if found else "not readable")


def _name(reader: Reader) -> str:
    return type(reader).__name__.removesuffix("Reader").lower()


def outcome(reader: Reader, path: Path, number: int) -> str:
    """What a reader makes of a file: all of it, some of it, or the kind of its error."""
    isolated = Isolated(reader=reader, patience_s=PATIENCE_S)
    try:
        with isolated.open(
            path,
            batch_frames=32,
            keep_damaged=bool(number % 2),
            threads=(0, 1, 4)[number % 3],
            lanes=(None, 2)[number % 2],
        ) as video:
            count = sum(len(batch) for batch in video)
            timeline = video.timeline(video_id="fuzz", sha256="")
    except FerbenchError as error:
        return type(error).__name__
    if count != timeline.video.num_frames:
        raise AssertionError(f"{count} frames came, its timeline has {timeline.video.num_frames}")
    return "damaged" if timeline.damage else "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashingReader:
    """Reads a memory that is not there, in C, where a file's name says so."""

    version: ClassVar[str] = "1"

    @contextmanager
    def open(self, path: Path, **asked: Any) -> Iterator[OpenVideo]:
        """As ``PyavReader`` does, but for that file."""
        if path.name.startswith("crash"):
            ctypes.string_at(0)
        with PyavReader().open(path, **asked) as video:
            yield video


def planted_crash(number: int, folder: Path) -> tuple[str, list[str]]:
    """What becomes of three videos, the second of which crashes its decoder."""
    data = seeds(folder / "seeds")["h264.mp4"]
    found = []
    for name in ("one.mp4", "crash.mp4", "two.mp4"):
        path = folder / name
        path.write_bytes(data)
        found.append(outcome(CrashingReader(), path, number))
    return "h264.mp4", found
