"""How a decoder's process ended before its work was done."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ferbench.errors import VideoError
from ferbench.wording import plural

Kind = Literal["crashed", "hung", "killed", "cut off"]

_FROM_OUTSIDE: Final = {signal.SIGTERM, signal.SIGINT} | {
    getattr(signal, name) for name in ("SIGKILL", "SIGHUP") if hasattr(signal, name)
}
"""Signals that somebody else sends; a fault of the process itself has others."""


def is_from_outside(exit_code: int | None) -> bool:
    """Whether a process with this exit code was ended by the system, or by somebody."""
    return exit_code is not None and -exit_code in _FROM_OUTSIDE


def how_it_ended(exit_code: int | None) -> str:
    """What an exit code of a process tells.

    >>> how_it_ended(-11), how_it_ended(-9), how_it_ended(3)
    ('SIGSEGV', 'SIGKILL', 'exit code 3')
    """
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderDeath:
    """How a decoder ended.

    Attributes:
        kind: it crashed by itself, hung and was ended by us, was killed from outside, or waited for
            a file that does not come, as of a lost mount, and was ended by us.
        how: such as ``SIGSEGV``; of one that was ended by us for how long nothing came.
        stage: what it was at.
        num_frames: frames that it had decoded.
    """

    kind: Kind
    how: str
    stage: str
    num_frames: int

    def __str__(self) -> str:
        """``crashed (SIGSEGV) while decoding, after 120 frames``."""
        where = f"while {self.stage}"
        if self.num_frames:
            where += f", after {plural(self.num_frames, 'frame')}"
        if self.kind == "killed":
            return f"was killed from outside ({self.how}) {where}, mostly for want of memory"
        if self.kind == "cut off":
            return f"waited for its file {where}: {self.how}, and the file cannot be read"
        if self.kind == "hung":
            return f"hung {where}: {self.how}"
        return f"crashed ({self.how}) {where}"


class DecoderDiedError(VideoError):
    """A video's decoder ended before its work was done.

    Attributes:
        death: how; None = the error came from another process.
    """

    death: DecoderDeath | None = None

    @classmethod
    def of(cls, path: Path, death: DecoderDeath) -> DecoderDiedError:
        """The error of a video."""
        error = cls(f"{path}: its decoder {death}")
        error.death = death
        return error
