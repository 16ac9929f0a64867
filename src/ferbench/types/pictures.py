"""What whole pictures are like, whoever is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.types.shapes import check


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """Two numbers of each frame's grey picture, T frames; grey levels go from 0 to 255.

    Attributes:
        luma: f64 (T,), mean grey level.
        change: f64 (T,), mean absolute difference of grey levels to the frame before, whatever time
            is between them; NaN in the first frame.
    """

    luma: NDArray[np.float64]
    change: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes."""
        check(self, "luma", (None,), "float64")
        check(self, "change", (len(self.luma),), "float64")
