"""Event rules that look at nothing: what any detector has to beat.

They go through the same scores, chance levels and sweeps as the others. A signal is needed only for
the length of its video.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.checks import check_seconds, check_seconds_above_0
from ferbench.errors import ConfigError
from ferbench.types import F64, Event, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """An event every so many seconds, as an alarm clock would have it.

    Attributes:
        every_s: from one event's onset to the next, seconds; the first is after half of it.
        lasts_s: of each event, seconds.
    """

    version: ClassVar[str] = "1"
    every_s: float = 30.0
    lasts_s: float = 1.0

    def __post_init__(self) -> None:
        """Check the seconds."""
        check_seconds_above_0("every_s", self.every_s)
        check_seconds("lasts_s", self.lasts_s)

    @property
    def goes_by(self) -> str:
        """What it goes by instead of expressions."""
        return "periodic"

    @property
    def level(self) -> float:
        """No value makes an event."""
        return math.nan

    @property
    def least_s(self) -> float:
        """Seconds of video that an event needs at least."""
        return self.every_s / 2

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session."""
        first_s, end_s = _ends_s(signal)
        onsets_s = np.arange(first_s + self.every_s / 2, end_s, self.every_s)
        return _events(onsets_s, end_s, self.lasts_s, "periodic", session_id, start_s)

    def threshold_sweep(self, signal: Signal, *, start_s: float) -> None:
        """There are no levels."""
        del signal, start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Random:
    """Events at random times, independent of each other and of everything (a Poisson process).

    Attributes:
        per_min: how many on average.
        lasts_s: of each event, seconds.
        seed: of the random numbers; each video of each session has numbers of its own.
    """

    version: ClassVar[str] = "1"
    per_min: float = 2.0
    lasts_s: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (math.isfinite(self.per_min) and self.per_min > 0):
            raise ConfigError(key="per_min", expected="a finite number above 0", got=self.per_min)
        check_seconds("lasts_s", self.lasts_s)
        if self.seed < 0:
            raise ConfigError(key="seed", expected="0 or more", got=self.seed)

    @property
    def goes_by(self) -> str:
        """What it goes by instead of expressions."""
        return "random"

    @property
    def level(self) -> float:
        """No value makes an event."""
        return math.nan

    @property
    def least_s(self) -> float:
        """Seconds of video that an event needs at least."""
        return 0.0

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session."""
        which = hashlib.sha256(f"{session_id}\0{start_s!r}".encode("utf-8", "surrogateescape"))
        rng = np.random.default_rng([self.seed, *which.digest()[:8]])
        first_s, end_s = _ends_s(signal)
        number = rng.poisson(self.per_min * (end_s - first_s) / 60)
        onsets_s = np.sort(rng.uniform(first_s, end_s, number))
        return _events(onsets_s, end_s, self.lasts_s, "random", session_id, start_s)

    def threshold_sweep(self, signal: Signal, *, start_s: float) -> None:
        """There are no levels."""
        del signal, start_s


def _ends_s(signal: Signal) -> tuple[float, float]:
    edges_s = signal.timeline.edges_s
    return float(edges_s[0]), float(edges_s[-1])


def _events(
    onsets_s: F64, end_s: float, lasts_s: float, label: str, session_id: str, start_s: float
) -> tuple[Event, ...]:
    """Events that trigger at their onset and end with the video at the latest."""
    return tuple(
        Event(
            session_id=session_id,
            onset_s=start_s + onset_s,
            offset_s=start_s + min(onset_s + lasts_s, end_s),
            trigger_s=start_s + onset_s,
            label=label,
            peak=math.nan,
        )
        for onset_s in onsets_s.tolist()
    )
