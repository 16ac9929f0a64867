"""One pass over a video: decode it once, and make everything that is asked for on the way.

Another process decodes (``ferbench.video.isolated``). On a CPU each read of frames goes to one of
several lanes, where it is searched, cut and classified by one thread; another device has one lane.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.pipeline.batches import Batches
from ferbench.pipeline.grey import GreyRows, grey_part
from ferbench.pipeline.lanes import Lanes, use_one_thread, without_thread_pools
from ferbench.pipeline.pass_part import PassPart
from ferbench.pipeline.recipe import Runtime
from ferbench.pipeline.stride import filled_in, frames_of_read, looked_at
from ferbench.pipeline.wanted import WantedCrops, WantedExpressions, WantedFaces
from ferbench.pipeline.watching import Watch, seen_in
from ferbench.protocols import Reader
from ferbench.results import StageTiming, Work
from ferbench.types import (
    F32,
    LANE_STAGES,
    Crops,
    Expressions,
    Faces,
    FrameBatch,
    PassProfile,
    Pictures,
    Timeline,
)
from ferbench.video.isolated import DecodedVideo

if TYPE_CHECKING:
    import torch

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
"""Stages whose seconds are those of the video, whichever table asked for them."""


@dataclass(slots=True, kw_only=True)
class OnePass:
    """A pass over a video with one reader, for any number of detectors and models.

    Attributes:
        reader: what decodes.
        runtime: how this machine computes.
        device: where the networks run.
        wanted: what is made besides the timeline.
        with_pictures: whether it is also made what whole pictures are like.
        work: counted up.
        on_frames: told how many frames were done.
        watch: sees the frames with what was found by the first detector and model.
        profile: where the time went, once the pass is over.
    """

    reader: Reader
    runtime: Runtime
    device: torch.device
    wanted: tuple[WantedFaces, ...]
    work: Work
    on_frames: Callable[[int], None]
    with_pictures: bool = False
    watch: Watch | None = None
    profile: PassProfile | None = None
    _parts: list[PassPart] = field(default_factory=list)
    _busy_s: dict[str, float] = field(default_factory=dict)
    _grey: GreyRows = field(default_factory=GreyRows)
    _frame_batches: Batches = field(init=False)
    _face_batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the asked batch size."""
        size = self.runtime.batch_size
        self._frame_batches = Batches(size=size)
        self._face_batches = Batches(size=1 if self.device.type == "cpu" else size)

    def run(self, path: Path, *, video_id: str, sha256: str) -> Timeline:
        """Decode the video to its end, or as far as it goes; the timeline says where it stopped.

        Raises:
            VideoError: nothing of it can be decoded.
        """
        on_cpu = self.device.type == "cpu"
        with (
            without_thread_pools() if on_cpu else nullcontext(),
            self.runtime.isolated(self.reader).open(
                path,
                batch_frames=self._frames_of_read(),
                threads=self.runtime.threads,
                lanes=self._lanes_beside(),
                keep_damaged=True,
                target_fps=self.runtime.target_fps,
            ) as video,
        ):
            self._decode(video, path.name)
            return video.timeline(video_id=video_id, sha256=sha256)

    def _lanes_beside(self) -> int | None:
        """Threads that need the cores while the decoder works; None = they do not matter."""
        is_beside = self.device.type == "cpu" and not self.runtime.threads
        return self.runtime.num_lanes(self.device) if is_beside else None

    def _frames_of_read(self) -> int:
        if self.runtime.detect_every > 1:
            return frames_of_read(self.runtime.detect_every)
        return CPU_FRAMES if self.device.type == "cpu" else DEVICE_FRAMES

    def _decode(self, video: DecodedVideo, name: str) -> None:
        """Have the lanes work on all frames of a video."""
        lanes: _Lanes = Lanes(
            count=self.runtime.num_lanes(self.device),
            work=self._work_on,
            prepare=use_one_thread if self.device.type == "cpu" else None,
        )
        start = time.perf_counter()
        with closing(lanes.results(iter(video))) as parts:
            for part in parts:
                self._take(part)
        self._busy_s["timeline"] = video.decode_s
        self.profile = self._profile(name, video, lanes.count, time.perf_counter() - start)

    def _profile(self, name: str, video: DecodedVideo, lanes: int, wall_s: float) -> PassProfile:
        in_lanes = {each: sum(part.stages_s[each] for part in self._parts) for each in LANE_STAGES}
        return PassProfile(
            video=name,
            frames=sum(part.num_frames for part in self._parts),
            wall_s=wall_s,
            lanes=lanes,
            busy_s={"decode": video.decode_s, **in_lanes},
            reader_wait_s=video.wait_s,
            lane_wait_s=max(0.0, lanes * wall_s - sum(in_lanes.values())),
        )

    def faces(self, key: str) -> Faces:
        """All faces of the frames that came."""
        return Faces.concat([part.faces[key].shifted(part.first) for part in self._parts])

    def expressions(self, wanted: WantedExpressions, faces: Faces) -> Expressions:
        """Expressions of the faces that were classified."""
        rows, num_faces = [np.empty(0, np.int64)], 0
        for part in self._parts:
            rows.append(part.rows[wanted.key] + num_faces)
            num_faces += len(part.faces[wanted.faces_key])
        row = np.concatenate(rows)
        channels = wanted.model.channels
        outputs = [np.empty((0, len(channels)), np.float32)]
        outputs += [part.outputs[wanted.key] for part in self._parts]
        return Expressions.of_outputs(
            frame=faces.frame[row], face=row, outputs=np.concatenate(outputs), channels=channels
        )

    def pictures(self) -> Pictures:
        """What the whole pictures of the frames that came are like."""
        return self._grey.pictures()

    def timing(self, stage: str, key: str, timeline: Timeline) -> StageTiming:
        """Where the time of a stage went; ``key`` is that of its table."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        is_expressions = stage == "expressions"
        units = timeline.video.num_frames
        if is_expressions:
            units = sum(len(part.rows[key]) for part in self._parts)
        return StageTiming(
            busy_s=self._busy_s.get(stage if stage in _WITHOUT_NETWORK else key, 0.0),
            units=units,
            video_s=timeline.duration_s,
            device="cpu" if stage in _WITHOUT_NETWORK else str(self.device),
            load=round(load, 2),
            cached=False,
        )

    def _take(self, part: PassPart) -> None:
        """Keep what came out of a read; reads come in their order."""
        if self.watch is not None and part.batch is not None:
            self._show(part, part.batch, self.watch)
        if part.grey is not None:
            self._grey.add(part.grey)
        self._parts.append(part)
        for key, seconds in part.busy_s.items():
            self._busy_s[key] = self._busy_s.get(key, 0.0) + seconds
        self.work.frames_decoded += part.num_frames
        self.work.frames_detected += part.num_detected
        self.work.faces_classified += sum(len(rows) for rows in part.rows.values())
        self.on_frames(part.num_frames)

    def _show(self, part: PassPart, batch: FrameBatch, watch: Watch) -> None:
        part.batch = None  # its memory is used again
        for faces in self.wanted[:1]:
            for wanted in [one for crops in faces.crops for one in crops.expressions][:1]:
                rows, outputs = part.rows[wanted.key], part.outputs[wanted.key]
                watch(seen_in(batch, part.faces[faces.key], rows, outputs, wanted.model.channels))

    # In a lane
    # ----------------------------------------------------------------------------------------------

    def _work_on(self, batch: FrameBatch) -> PassPart:
        """Search, cut and classify the frames of a read."""
        part = PassPart(first=int(batch.index[0]), num_frames=len(batch))
        part.batch = batch if self.watch is not None else None
        if self.with_pictures:
            start = time.perf_counter()
            part.grey = grey_part(batch.rgb)
            part.busy_s["pictures"] = time.perf_counter() - start
        frames = batch.rgb.to(self.device)
        for wanted in self.wanted:
            start = time.perf_counter()
            faces = self._found(wanted, frames, part)
            part.faces[wanted.key] = faces
            part.busy_s[wanted.key] = self._since(start)
            part.stages_s["detect"] += part.busy_s[wanted.key]
            for crops in wanted.crops:
                self._classify(crops, frames, faces, part)
        return part

    def _found(self, wanted: WantedFaces, frames: torch.Tensor, part: PassPart) -> Faces:
        """The faces of a read, detected now or before."""
        if wanted.stored is not None:
            stored, until = wanted.stored, part.first + part.num_frames
            low, high = np.searchsorted(stored.frame, [part.first, until])
            return stored.rows(np.arange(low, high)).shifted(-part.first)
        import torch

        assert wanted.detect is not None
        looked, every = frames, self.runtime.detect_every
        if every > 1:
            numbers = looked_at(len(frames), every)
            looked = frames[torch.from_numpy(numbers)]
        part.num_detected += len(looked)
        found = [faces.shifted(at) for at, faces in self._frame_batches.map(wanted.detect, looked)]
        faces = Faces.concat(found)
        return faces if every == 1 else filled_in(faces, numbers)

    def _classify(
        self, wanted: WantedCrops, frames: torch.Tensor, faces: Faces, part: PassPart
    ) -> None:
        """Cut faces out, and have all models look at them."""
        start = time.perf_counter()
        height_px, width_px = frames.shape[2:]
        rows = wanted.admission.admit(faces, width_px=width_px, height_px=height_px)
        crops = wanted.preprocessing.crop(frames, faces.rows(rows), model_px=wanted.model_px)
        cut_s = self._since(start)
        part.stages_s["crop"] += cut_s
        for expressions in wanted.expressions:
            start = time.perf_counter()
            part.rows[expressions.key] = rows
            part.outputs[expressions.key] = self._outputs(expressions, crops, len(rows))
            classify_s = self._since(start)
            part.busy_s[expressions.key] = cut_s + classify_s
            part.stages_s["classify"] += classify_s

    def _outputs(self, wanted: WantedExpressions, crops: Crops, num_rows: int) -> F32:
        """What the model says, f32 (rows, K + R), NaN where no crop could be made."""
        outputs = np.full((num_rows, len(wanted.model.channels)), np.nan, np.float32)
        for at, values in self._face_batches.map(wanted.recognise, crops.rgb):
            outputs[crops.row[at : at + len(values)]] = values.cpu().numpy()
        return outputs

    def _since(self, start: float) -> float:
        """Seconds since ``start``, what the device was told meanwhile included."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()
        elif self.device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter() - start
