"""Something that is otherwise than it was in a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "configuration",
    "weights",
    "video",
    "annotations",
    "manifest",
    "setting",
    "ferbench",
    "library",
    "decoder",
    "device",
    "machine",
]
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHOWN_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that may make other results.

    Attributes:
        kind: what it is.
        name: which one.
        recorded: what it was in the run; "" = that is not recorded, so nobody knows.
        now: what it is; "" = it is not there.
        stops: it decides results, so that without it the run is another one.
    """

    kind: Kind
    name: str
    recorded: str
    now: str
    stops: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the run recorded what it was."""
        return bool(self.recorded)

    @property
    def subject(self) -> str:
        """``weights net.pth``."""
        return f"{self.kind} {self.name}"

    @property
    def sentence(self) -> str:
        """``weights net.pth changed: sha256 0123456789ab in the run, now 9876543210ba``."""
        if not self.recorded:
            return f"{self.subject}: not recorded, now {_shown(self.now)}"
        if not self.now:
            return f"{self.subject} is not there: {_shown(self.recorded)} in the run"
        return f"{self.subject} changed: {_shown(self.recorded)} in the run, now {_shown(self.now)}"


def _shown(text: str) -> str:
    """A text; of a digest its first digits."""
    return f"sha256 {text[:_SHOWN_DIGITS]}" if _DIGEST.fullmatch(text) else text
