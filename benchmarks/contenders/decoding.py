"""Decoding alone: our reader, and the least that gives RGB frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.material import Choices
from benchmarks.turns import Done


@dataclass(frozen=True, slots=True, kw_only=True)
class BarePyav:
    """``frame.to_ndarray(format="rgb24")`` for every frame; nothing is kept."""

    name: str
    clip: Path
    threads: int = 0

    def ready(self) -> Callable[[], Done]:
        """Nothing to load."""

        def work() -> Done:
            count = 0
            with av.open(str(self.clip)) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                stream.codec_context.thread_count = self.threads
                for frame in container.decode(stream):
                    frame.to_ndarray(format="rgb24")
                    count += 1
            return Done(units=count)

        return work


@dataclass(frozen=True, slots=True, kw_only=True)
class OurReader:
    """The same through ferbench's reader, which also collects batches and times."""

    name: str
    choices: Choices
    clip: Path
    batch_frames: int = 32
    threads: int = 0

    def ready(self) -> Callable[[], Done]:
        """Make the reader."""
        reader = self.choices.settings().recipe.reader

        def work() -> Done:
            with reader.open(
                self.clip,
                batch_frames=self.batch_frames,
                threads=self.threads,
                keep_damaged=False,
            ) as video:
                count = sum(len(batch) for batch in video)
                video.timeline(video_id="clip", sha256="0" * 64)
            return Done(units=count)

        return work
