"""The sound of a rendered video: the source's own packets, or AAC of stretches of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import av
import av.error
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from ferbench.video.container import opened
from ferbench.video.time_zero import container_start

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

COPIED: Final = frozenset({"aac", "mp3", "opus", "flac"})
"""Codecs that an MP4 holds and browsers play; others become AAC."""
RATE_HZ: Final = 48_000
BITS_PER_S: Final = 128_000
_AAC_SAMPLES: Final = 1024


class Sound(Protocol):
    """What is heard in a file that is being written."""

    def add_to(self, container: OutputContainer) -> None:
        """Announce a stream of sound."""

    def write_until(self, end_s: float) -> None:
        """Write what is heard until a time, seconds of the file."""

    def finish(self) -> None:
        """Write the rest."""


def has_sound(container: InputContainer) -> AudioStream | None:
    """The stream of sound that players take; None = there is none that can be decoded."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return streams[0] if streams else None


def sound_of(
    path: Path, stack: ExitStack, *, stretches_s: Sequence[Stretch] | None
) -> Sound | None:
    """The sound of a video; None = it has none.

    Args:
        path: the video.
        stack: closes it.
        stretches_s: what is heard one after the other; None = the whole.
    """
    container = stack.enter_context(opened(path))
    stream = has_sound(container)
    if stream is None:
        return None
    if stretches_s is None and stream.codec_context.name in COPIED:
        return CopiedSound(container, stream)
    return EncodedSound(container, stream, stretches_s)


Stretch = tuple[float, float]
"""From and to, seconds from the container's start."""


class CopiedSound:
    """All packets as they are, with their times from the container's start."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._source, self._stream = container, stream
        self._start = container_start(container)
        self._packets = self._timed()
        self._waiting: tuple[float, Packet[Any]] | None = None

    def add_to(self, container: OutputContainer) -> None:
        """See ``Sound``."""
        self._target = container
        self._out = container.add_stream_from_template(self._stream)

    def write_until(self, end_s: float) -> None:
        """See ``Sound``."""
        while True:
            if self._waiting is None:
                self._waiting = next(self._packets, None)
            if self._waiting is None or self._waiting[0] > end_s:
                return
            packet = self._waiting[1]
            packet.stream = self._out
            self._target.mux(packet)
            self._waiting = None

    def finish(self) -> None:
        """See ``Sound``."""
        self.write_until(float("inf"))

    def _timed(self) -> Iterator[tuple[float, Packet[Any]]]:
        time_base = self._stream.time_base or Fraction(1, RATE_HZ)
        shift = round(self._start / time_base)
        for packet in _readable(self._source.demux(self._stream)):
            if packet.dts is None or packet.pts is None:
                continue
            packet.dts -= shift
            packet.pts -= shift
            yield float(packet.pts * time_base), packet


class EncodedSound:
    """AAC of stretches of a video's sound, gap by gap filled with silence: its samples count."""

    def __init__(
        self, container: InputContainer, stream: AudioStream, stretches_s: Sequence[Stretch] | None
    ) -> None:
        self._source, self._stream = container, stream
        self._start_s = float(container_start(container))
        self._layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        self._fifo = AudioFifo()
        self._written = 0
        self._samples = self._stretched(stretches_s or [(0.0, float("inf"))])
        self._held: AudioFrame | None = None
        self._made = 0

    def add_to(self, container: OutputContainer) -> None:
        """See ``Sound``."""
        self._target = container
        self._out: AudioStream = container.add_stream("aac", rate=RATE_HZ, layout=self._layout)
        self._out.codec_context.bit_rate = BITS_PER_S

    def write_until(self, end_s: float) -> None:
        """See ``Sound``."""
        while self._made < end_s * RATE_HZ:
            frame = next(self._samples, None)
            if frame is None:
                return
            self._take(frame)

    def finish(self) -> None:
        """See ``Sound``."""
        for frame in self._samples:
            self._take(frame)
        self._encode(self._fifo.read(0))
        for packet in self._out.encode(None):
            self._target.mux(packet)

    def _take(self, frame: AudioFrame) -> None:
        frame.pts = None
        self._made += frame.samples
        self._fifo.write(frame)
        while (whole := self._fifo.read(_AAC_SAMPLES)) is not None:
            self._encode(whole)

    def _encode(self, frame: AudioFrame | None) -> None:
        if frame is None:
            return
        frame.pts = self._written
        frame.time_base = Fraction(1, RATE_HZ)
        self._written += frame.samples
        for packet in self._out.encode(frame):
            self._target.mux(packet)

    def _stretched(self, stretches_s: Sequence[Stretch]) -> Iterator[AudioFrame]:
        """Samples of all stretches; each stretch has its own length, in whole samples."""
        total = 0.0
        made = 0
        for start_s, end_s in stretches_s:
            for frame in self._between(start_s, end_s):
                made += frame.samples
                yield frame
            if end_s == float("inf"):
                return
            total += end_s - start_s
            missing = round(total * RATE_HZ) - made
            if missing > 0:
                made += missing
                yield from self._silence(missing)

    def _between(self, start_s: float, end_s: float) -> Iterator[AudioFrame]:
        """Samples from one time to another, silence where the source has none before some."""
        at = round(start_s * RATE_HZ)
        stop = None if end_s == float("inf") else round(end_s * RATE_HZ)
        for first, samples in self._decoded(start_s):
            last = first + samples.shape[1]
            if stop is not None and first >= stop:
                return
            if last <= at:
                continue
            if first > at:
                yield from self._silence(first - at)
                at = first
            cut = samples[:, at - first : None if stop is None else stop - first]
            if cut.shape[1]:
                yield self._frame(cut)
                at += cut.shape[1]

    def _decoded(self, start_s: float) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
        """Blocks of samples f32 (C, N) with the number of their first, from the file's start."""
        time_base = self._stream.time_base or Fraction(1, RATE_HZ)
        self._source.seek(
            int(max(0.0, start_s + self._start_s - 0.5) / time_base), stream=self._stream
        )
        resampler = AudioResampler(format="fltp", layout=self._layout, rate=RATE_HZ)
        at: int | None = None
        for packet in _readable(self._source.demux(self._stream)):
            for decoded in _readable(packet.decode()):
                if decoded.pts is not None and decoded.time_base is not None:
                    told = round((float(decoded.pts * decoded.time_base) - self._start_s) * RATE_HZ)
                    if at is None or abs(told - at) > RATE_HZ // 20:
                        at = told
                for frame in resampler.resample(decoded):
                    samples = frame.to_ndarray()
                    yield at or 0, samples
                    at = (at or 0) + samples.shape[1]

    def _silence(self, count: int) -> Iterator[AudioFrame]:
        channels = 1 if self._layout == "mono" else 2
        for first in range(0, count, RATE_HZ):
            block = np.zeros((channels, min(RATE_HZ, count - first)), np.float32)
            yield self._frame(block)

    def _frame(self, samples: np.ndarray[Any, Any]) -> AudioFrame:
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self._layout
        )
        frame.sample_rate = RATE_HZ
        return frame


def _readable(items: Iterator[Any]) -> Iterator[Any]:
    """What comes until the file's end, or until it cannot be read any more."""
    try:
        yield from items
    except av.error.FFmpegError:
        return
