"""What a run computes (Recipe) and how this machine computes it (Runtime)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferbench.checks import check_at_least_1, check_level
from ferbench.errors import ConfigError, errors_within
from ferbench.protocols import (
    Detector,
    EventRule,
    Model,
    Preprocessing,
    Reader,
    Selector,
    SignalRule,
    TrivialBaseline,
)
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.selectors.classify import Classify
from ferbench.sentences import Setting, Text
from ferbench.video.decoder_memory import LEAST_GIB, MEMORY_GIB
from ferbench.video.isolated import Isolated
from ferbench.video.sampling import check_target_fps

if TYPE_CHECKING:
    import torch


def usable_cores() -> int:
    """Cores that this process may use; ``OMP_NUM_THREADS`` is its share where several run."""
    share = os.environ.get("OMP_NUM_THREADS", "")
    if share.isdecimal() and int(share):
        return int(share)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One choice for every plug: together they determine every number of a run."""

    reader: Reader
    detector: Detector
    classify: Classify
    preprocessing: Preprocessing
    model: Model
    selector: Selector
    signal: SignalRule
    event: EventRule
    scoring: Criterion
    statistics: StatisticsRules

    def __post_init__(self) -> None:
        """Check that the parts fit each other, before any pixel is touched."""
        check_level("event.enter", self.event.level, self.signal_span)

    @property
    def signal_span(self) -> tuple[float, float]:
        """Smallest and largest value that a signal can have.

        Raises:
            ConfigError: the model lacks what the signal needs.
        """
        with errors_within("signal"):
            return self.signal.span_of(self.model.channels)

    @property
    def baseline(self) -> str:
        """What it goes by where it knows nothing of expressions; "" = it is no such recipe."""
        for part in (self.event, self.signal):
            if isinstance(part, TrivialBaseline):
                return part.goes_by
        return ""

    @property
    def crop_differences(self) -> tuple[str, ...]:
        """How crops differ from those that the weights were trained on, as far as is known."""
        return self.model.trained_crop.differences(
            self.preprocessing.geometry(model_px=self.model.input_px)
        )


def same_pixels(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes have the same tables of any video."""
    parts = ("reader", "detector", "classify", "preprocessing", "model")
    if one.signal.needs_pictures != other.signal.needs_pictures:
        return False
    return all(
        type(getattr(one, part)) is type(getattr(other, part))
        and getattr(one, part) == getattr(other, part)
        for part in parts
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How to compute; the kind of device, ``tf32`` and the two dials are part of a key.

    Attributes:
        device: ``auto`` takes cuda, then mps, then cpu.
        batch_size: frames per detector call and crops per model call; on a CPU each frame and crop
            is alone in a network.
        threads: decoder threads; 0 = as many as the decoder likes, and one where a few lanes need
            the cores for small pictures.
        lanes: threads that detect and classify on a CPU; 0 = one for each core that this process
            may use. Other devices have one.
        workers: processes among which the videos of a planned sweep are dealt out; 0 = one for each
            NVIDIA GPU, none on other devices. On a CPU they share its cores.
        target_fps: frames per second that are looked at, the first of every ``1 / target_fps``
            seconds; None = all. A dial: part of the key.
        detect_every: faces are detected in every so many frames, and between them their boxes and
            landmarks change evenly (``ferbench.pipeline.stride``); every frame is classified. A
            dial: part of the key.
        on_damaged: what to do with a damaged video: ``error`` gives no results, ``keep`` uses what
            could be decoded.
        on_drift: what to do with an annotated video whose counted times leave the container's clock
            by more than half a matching window: ``error`` gives no results, ``keep`` uses them.
        tf32: allow reduced-precision matrix products on NVIDIA GPUs.
        measure: read no cache and time the whole way; only then is ``speed/e2e_fps`` logged.
        decoder_patience_s: seconds without a packet and without a frame after which a video's
            decoder has hung, and is ended. Time in which nobody asks for frames does not count.
        decoder_memory_gib: memory that opening and decoding a video may take, beside its frames.
        chunk_s: seconds of computing after which what is finished of a video is stored, so that a
            rerun goes on from there; None = it begins every video anew.
        retry_suspects: open videos again that ended their decoder before.
        fetch_weights: bring missing weight files from where their yaml says.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    batch_size: int = 16
    threads: int = 0
    lanes: int = 0
    workers: int = 0
    target_fps: float | None = None
    detect_every: int = 1
    on_damaged: Literal["error", "keep"] = "error"
    on_drift: Literal["error", "keep"] = "error"
    tf32: bool = False
    measure: bool = False
    decoder_patience_s: float = 120.0
    decoder_memory_gib: float = MEMORY_GIB
    chunk_s: float | None = 60.0
    retry_suspects: bool = False
    fetch_weights: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.batch_size < 1:
            raise ConfigError(key="batch_size", expected="at least 1", got=self.batch_size)
        check_at_least_1("detect_every", self.detect_every)
        check_target_fps(self.target_fps)
        for key in ("decoder_patience_s", "chunk_s"):
            got = getattr(self, key)
            if got is not None and not got > 0:
                raise ConfigError(key=key, expected="more than 0 seconds", got=got)
        if not self.decoder_memory_gib >= LEAST_GIB:
            expected, got = f"at least {LEAST_GIB:g} GiB", self.decoder_memory_gib
            raise ConfigError(key="decoder_memory_gib", expected=expected, got=got)
        for key in ("threads", "lanes", "workers"):
            if getattr(self, key) < 0:
                raise ConfigError(key=key, expected="0 (automatic) or more", got=getattr(self, key))

    @property
    def semantic(self) -> dict[str, object]:
        """The values that can change results, by name."""
        names = ("on_damaged", "tf32", "target_fps", "detect_every")
        return {name: getattr(self, name) for name in names}

    def isolated(self, reader: Reader) -> Isolated:
        """A reader in a process of its own, with the patience and the memory that it has."""
        return Isolated(
            reader=reader,
            patience_s=self.decoder_patience_s,
            memory_gib=self.decoder_memory_gib,
        )

    def num_lanes(self, device: torch.device) -> int:
        """Threads that detect and classify on a device."""
        if device.type != "cpu":
            return 1
        return self.lanes or usable_cores()

    def num_workers(self, device: torch.device) -> int:
        """Processes among which videos are dealt out; 1 = this process does it."""
        if self.workers or device.type != "cuda":
            return self.workers or 1
        import torch

        return torch.cuda.device_count()

    def torch_device(self) -> torch.device:
        """The device that ``device`` means on this machine.

        Raises:
            ConfigError: the asked device is not there.
        """
        import torch

        usable = ["cpu"]
        if torch.backends.mps.is_available():
            usable.insert(0, "mps")
        if torch.cuda.is_available():
            usable.insert(0, "cuda")
        if self.device == "auto":
            return torch.device(usable[0])
        if self.device not in usable:
            raise ConfigError(
                Text(
                    Setting("runtime.device", self.device),
                    f" is not usable here; usable: {', '.join(usable)}, or auto",
                )
            )
        return torch.device(self.device)
