"""Plain numbers of many values: quantiles, histograms, and how many are undefined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.types import F64, I64

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
QUANTILE_NAMES = ("min", "q1", "median", "q3", "max")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Values of one quantity.

    Attributes:
        defined: f64 (N,), finite.
        undefined: how many more there were.
    """

    defined: F64
    undefined: int

    @classmethod
    def of(cls, values: NDArray[Any]) -> Values:
        """Values of which some may be NaN or infinite."""
        numbers = np.asarray(values, np.float64).reshape(-1)
        finite = np.isfinite(numbers)
        return cls(defined=numbers[finite], undefined=int((~finite).sum()))

    @classmethod
    def joined(cls, arrays: list[NDArray[Any]]) -> Values:
        """Of several arrays; none = no values."""
        return cls.of(np.concatenate(arrays) if arrays else np.empty(0))

    def quantiles(self) -> tuple[float, ...]:
        """Smallest, quartiles, largest; NaN without values."""
        if not len(self.defined):
            return (float("nan"),) * len(QUANTILES)
        return tuple(float(value) for value in np.quantile(self.defined, QUANTILES))

    def counts(self, edges: F64) -> I64:
        """How many lie in each bin, i64 (B,); the last bin has both its ends."""
        return np.histogram(self.defined, bins=edges)[0].astype(np.int64)


def even_edges(of: list[Values], *, least: float, most: float, bins: int) -> F64:
    """Edges of bins of one width, f64 (bins + 1,), from ``least`` to ``most`` or to the values.

    Values beyond them move the ends outwards.
    """
    lows = [least, *(float(values.defined.min()) for values in of if len(values.defined))]
    highs = [most, *(float(values.defined.max()) for values in of if len(values.defined))]
    return np.linspace(min(lows), max(highs), bins + 1)
