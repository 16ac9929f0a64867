"""Where a crop of a face lies and how large it is.

Said alike of weights and of preprocessings, to compare them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from ferbench.checks import check_choice, check_finite, check_optional_size
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
        check_choice("kind", self.kind, get_args(CropKind))
        if self.template and self.kind != "aligned":
            raise ConfigError(
                key="template", expected=f"none with the kind {self.kind}", got=self.template
            )
        if self.margin is not None:
            check_finite("margin", self.margin)
        check_optional_size("size_px", self.size_px)

    def differences(self, used: CropGeometry) -> tuple[str, ...]:
        """How ``used`` differs from this one; what is not told on either side is no difference.

        >>> trained = CropGeometry(kind="box", size_px=224)
        >>> trained.differences(CropGeometry(kind="square", margin=0.2, size_px=224))
        ('square instead of box',)
        """
        if "unpublished" in (self.kind, used.kind):
            return ()
        if used.kind != self.kind:
            return (f"{used.kind} instead of {self.kind}",)
        every = (
            _template_difference(self.template, used.template),
            _difference("margin", self.margin, used.margin),
            _difference("size_px", self.size_px, used.size_px),
        )
        return tuple(difference for difference in every if difference)


def _template_difference(trained: str, used: str) -> str:
    if not trained or not used or trained == used:
        return ""
    return f"template {used} instead of {trained}"


def _difference(name: str, trained: float | None, used: float | None) -> str:
    if trained is None or used is None or math.isclose(trained, used, abs_tol=1e-9):
        return ""
    return f"{name} {used:g} instead of {trained:g}"
