"""Where a crop of a face lies and how large it is.

Said alike of weights and of preprocessings, to compare them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from ferbench.errors import ConfigError

CropKind = Literal["box", "square", "aligned", "unpublished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropGeometry:
    """How faces are cut out: what a model's weights were trained on, or what a preprocessing makes.

    Attributes:
        kind: ``box`` = the detector's box, width and height scaled separately; ``square`` = a
            square around it; ``aligned`` = turned and scaled by landmarks; ``unpublished`` = the
            authors do not tell.
        template: name of the places that the landmarks are brought to; "" unless aligned.
        margin: what is added on each side of the box, as a share of its side; None = not told, or
            not by a box.
        size_px: side of the crop, before the network's own resizing; None = not told.
        note: in words, for the reader.
    """

    kind: CropKind
    template: str = ""
    margin: float | None = None
    size_px: int | None = None
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check that the parts fit each other."""
        if self.kind not in get_args(CropKind):
            raise ConfigError(
                f"crop kind: expected one of {', '.join(get_args(CropKind))}, got {self.kind!r}"
            )
        if self.template and self.kind != "aligned":
            raise ConfigError(
                f"crop template: only of aligned crops, got {self.template!r} with kind {self.kind!r}"
            )
        if self.margin is not None and not math.isfinite(self.margin):
            raise ConfigError(f"crop margin: expected a finite number, got {self.margin!r}")
        if self.size_px is not None and self.size_px < 1:
            raise ConfigError(f"crop size_px: expected at least 1, got {self.size_px!r}")

    def differences(self, used: CropGeometry) -> tuple[str, ...]:
        """How ``used`` differs from this one; what is not told on either side is no difference.

        >>> CropGeometry(kind="box", size_px=224).differences(CropGeometry(kind="square", margin=0.2, size_px=224))
        ('square instead of box',)
        """
        if "unpublished" in (self.kind, used.kind):
            return ()
        if used.kind != self.kind:
            return (f"{used.kind} instead of {self.kind}",)
        found = []
        if self.template and used.template and used.template != self.template:
            found.append(f"template {used.template} instead of {self.template}")
        for name in ("margin", "size_px"):
            mine, other = getattr(self, name), getattr(used, name)
            if (
                mine is not None
                and other is not None
                and not math.isclose(mine, other, abs_tol=1e-9)
            ):
                found.append(f"{name} {other:g} instead of {mine:g}")
        return tuple(found)
