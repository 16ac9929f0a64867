"""One pass over a video: decode it once, and make everything that is asked for on the way.

Another process decodes (``ferbench.video.isolated``). On a CPU each read of frames goes to one of
several lanes, where it is searched, cut and classified by one thread; another device has one lane.

What an earlier pass left (``ferbench.pipeline.chunks``) is not made again. The video is decoded
from its start all the same, though what is done is not drawn: frames and times are then those of an
undisturbed pass, whatever the file is like, which no seeking promises.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.interrupts import InHand
from ferbench.pipeline.chunks import Chunks
from ferbench.pipeline.lane_work import LaneWork
from ferbench.pipeline.lanes import Lanes, use_one_thread, without_thread_pools
from ferbench.pipeline.made_tables import MadeTables
from ferbench.pipeline.pass_part import PassPart
from ferbench.pipeline.recipe import Runtime
from ferbench.pipeline.stride import frames_of_read
from ferbench.pipeline.wanted import WantedFaces, WantedPictures
from ferbench.pipeline.watching import Watch, seen_in
from ferbench.protocols import Reader
from ferbench.results import StageTiming, Work
from ferbench.types import (
    LANE_STAGES,
    Expressions,
    Faces,
    FrameBatch,
    PassProfile,
    Pictures,
    Timeline,
)
from ferbench.video.isolated import DecodedVideo
from ferbench.wording import plural

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

CPU_FRAMES: Final = 8
"""Frames of a read that goes to a lane. On a CPU every frame and every face is alone in a network
(detectors do it themselves), so it changes no result; small reads keep all lanes busy to the end of
a video.
"""

DEVICE_FRAMES: Final = 32
"""Frames whose faces are classified together on another device. Constant, because batches never
cross a read: the results of a re-batched run stay the same.
"""


_Lanes = Lanes[FrameBatch, PassPart]
_WITHOUT_NETWORK: Final = ("timeline", "pictures")
"""Stages that are computed on the CPU, whatever the device."""


def frames_of_reads(runtime: Runtime, device: torch.device) -> int:
    """Frames of each read of a pass but for its last one."""
    if runtime.detect_every > 1:
        return frames_of_read(runtime.detect_every)
    return CPU_FRAMES if device.type == "cpu" else DEVICE_FRAMES


@dataclass(slots=True, kw_only=True)
class OnePass:
    """A pass over a video with one reader, for any number of detectors and models.

    Attributes:
        reader: what decodes.
        runtime: how this machine computes.
        device: where the networks run.
        wanted: what is made besides the timeline.
        work: counted up.
        on_frames: told how many frames were done.
        pictures: whole pictures; None = nobody asks for them.
        chunks: where finished rows are stored on the way, and taken from; None = nowhere.
        in_hand: told that there is something to finish, and asked whether to end.
        watch: sees the frames with what was found by the first detector and model.
        profile: where the time went, once the pass is over.
    """

    reader: Reader
    runtime: Runtime
    device: torch.device
    wanted: tuple[WantedFaces, ...]
    work: Work
    on_frames: Callable[[int], None]
    pictures: WantedPictures | None = None
    chunks: Chunks | None = None
    in_hand: InHand = field(default_factory=InHand)
    watch: Watch | None = None
    profile: PassProfile | None = None
    _made: MadeTables = field(init=False)
    _num_frames: int = 0
    _decode_s: float = 0.0
    _in_lanes_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LANE_STAGES, 0.0))

    def __post_init__(self) -> None:
        """Go on from what an earlier pass left."""
        self._made = MadeTables(self.wanted, self.pictures, self.chunks)

    def run(self, path: Path, *, video_id: str, sha256: str) -> Timeline:
        """Decode the video to its end, or as far as it goes; the timeline says where it stopped.

        Raises:
            VideoError: nothing of it can be decoded.
            KeyboardInterrupt: the work was asked to end; what is finished is in the chunks.
        """
        on_cpu = self.device.type == "cpu"
        with (
            without_thread_pools() if on_cpu else nullcontext(),
            self.runtime.isolated(self.reader).open(
                path,
                batch_frames=frames_of_reads(self.runtime, self.device),
                threads=self.runtime.threads,
                lanes=self._lanes_beside(),
                keep_damaged=True,
                target_fps=self.runtime.target_fps,
                first_frame=self._made.begin,
            ) as video,
        ):
            self._go_on(path.name)
            try:
                self._decode(video, path.name)
            except BaseException:
                self._rescue()
                raise
            return video.timeline(video_id=video_id, sha256=sha256)

    def fits(self, timeline: Timeline) -> bool:
        """Whether the video is as long as that which the pass went on from."""
        return self._made.last_known <= timeline.video.num_frames

    @property
    def num_continued(self) -> int:
        """Frames that were done before."""
        return self._made.first

    def forget_chunks(self) -> None:
        """Delete what was stored on the way."""
        self._made.forget_chunks()

    def _lanes_beside(self) -> int | None:
        """Threads that need the cores while the decoder works; None = they do not matter."""
        is_beside = self.device.type == "cpu" and not self.runtime.threads
        return self.runtime.num_lanes(self.device) if is_beside else None

    def _go_on(self, name: str) -> None:
        """Tell of what an earlier pass left."""
        if self.num_continued:
            frames = plural(self.num_continued, "frame")
            log.info("%s: goes on after %s that were done before", name, frames)
            self.on_frames(self.num_continued)

    def _decode(self, video: DecodedVideo, name: str) -> None:
        """Have the lanes work on all frames of a video."""
        work = LaneWork(
            runtime=self.runtime,
            device=self.device,
            wanted=self.wanted,
            pictures=self.pictures,
            is_watched=self.watch is not None,
        )
        lanes: _Lanes = Lanes(
            count=self.runtime.num_lanes(self.device),
            work=work,
            prepare=use_one_thread if self.device.type == "cpu" else None,
        )
        start = time.perf_counter()
        reads = _Reads(video, self.in_hand)
        with closing(lanes.results(iter(reads))) as parts:
            for part in parts:
                self._take(part)
        if reads.is_cut_short:
            raise KeyboardInterrupt
        self._made.finish()
        self._decode_s = video.decode_s
        self.profile = self._profile(name, video, lanes.count, time.perf_counter() - start)

    def _rescue(self) -> None:
        """Store what is finished of a pass that breaks off, whatever the reason."""
        try:
            self._made.store()
        except Exception as error:  # noqa: BLE001  # the first one is told
            log.debug("nothing could be rescued: %s: %s", type(error).__name__, error)

    def _profile(self, name: str, video: DecodedVideo, lanes: int, wall_s: float) -> PassProfile:
        return PassProfile(
            video=name,
            frames=self._num_frames,
            wall_s=wall_s,
            lanes=lanes,
            busy_s={"decode": video.decode_s, **self._in_lanes_s},
            reader_wait_s=video.wait_s,
            lane_wait_s=max(0.0, lanes * wall_s - sum(self._in_lanes_s.values())),
        )

    def rows(self, key: str) -> Faces | Expressions | Pictures:
        """The whole table of a key that was made."""
        return self._made.rows(key)

    def timing(self, stage: str, key: str, timeline: Timeline, *, num_rows: int) -> StageTiming:
        """Where the time of a stage went; ``key`` is that of its table."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        return StageTiming(
            busy_s=self._decode_s if stage == "timeline" else self._made.busy_s(key),
            units=num_rows if stage == "expressions" else timeline.video.num_frames,
            video_s=timeline.duration_s,
            device="cpu" if stage in _WITHOUT_NETWORK else str(self.device),
            load=round(load, 2),
            cached=False,
        )

    def _take(self, part: PassPart) -> None:
        """Keep what came out of a read; reads come in their order."""
        if self.chunks is not None:
            self.in_hand.begin()
        if self.watch is not None and part.batch is not None:
            self._show(part, part.batch, self.watch)
        self._made.take(part)
        for stage, seconds in part.stages_s.items():
            self._in_lanes_s[stage] += seconds
        num_new = part.until - max(part.first, self._made.first)
        self._num_frames += num_new
        self.work.frames_decoded += num_new
        self.work.frames_detected += part.num_detected
        self.work.faces_classified += sum(len(rows) for rows in part.rows.values())
        self.on_frames(num_new)
        self._made.store_if_due()

    def _show(self, part: PassPart, batch: FrameBatch, watch: Watch) -> None:
        part.batch = None  # its memory is used again
        for faces in self.wanted[:1]:
            for wanted in [one for crops in faces.crops for one in crops.expressions][:1]:
                if wanted.key in part.rows:
                    rows, outputs = part.rows[wanted.key], part.outputs[wanted.key]
                    channels = wanted.model.channels
                    watch(seen_in(batch, part.faces[faces.key], rows, outputs, channels))


@dataclass(slots=True, eq=False)
class _Reads:
    """The reads of a video, as long as nobody asks for an end.

    Attributes:
        is_cut_short: they ended before the video did.
    """

    _video: DecodedVideo
    _in_hand: InHand
    is_cut_short: bool = False

    def __iter__(self) -> Iterator[FrameBatch]:
        batches = iter(self._video)
        while not self._in_hand.should_end:
            batch = next(batches, None)
            if batch is None:
                return
            yield batch
            del batch  # its memory is used again
        self.is_cut_short = True
