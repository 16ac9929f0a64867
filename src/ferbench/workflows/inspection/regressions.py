"""What models tell besides classes: how the values of each regression are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.types import Regression
from ferbench.workflows.inspection.groups import Group
from ferbench.workflows.inspection.numbers import Values, even_edges

BINS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regressed:
    """One regression of one model, over all classified faces.

    Attributes:
        classifier: the model's name among those that are compared.
        regression: what it is.
        values: in its own units.
    """

    classifier: str
    regression: Regression
    values: Values

    @property
    def beyond(self) -> int:
        """Values outside the range that the model's authors tell."""
        low, high = self.regression.low, self.regression.high
        outside = (self.values.defined < low) | (self.values.defined > high)
        return int(outside.sum())

    @property
    def edges(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Edges of the bins of its histogram: its range, or as far as values go."""
        least, most = 0.0, 1.0
        if self.regression.is_bounded:
            least, most = self.regression.low, self.regression.high
        return even_edges([self.values], least=least, most=most, bins=BINS)


def all_regressions(groups: Sequence[Group]) -> tuple[Regressed, ...]:
    """Regressions of all models that have some, in the order of their outputs."""
    found = []
    for group in groups:
        tables = [tables.expressions for _, tables in group.tables()]
        for regression in tables[0].regressions if tables else ():
            values = Values.joined([table.regressed_of(regression.name) for table in tables])
            found.append(Regressed(classifier=group.name, regression=regression, values=values))
    return tuple(found)


def with_classes(groups: Sequence[Group], notes: list[str]) -> list[Group]:
    """The models that tell classes; of the others a note says what is left out."""
    kept = []
    for group in groups:
        first = next(iter(group.tables()), None)
        if first is None or first[1].expressions.labels:
            kept.append(group)
        else:
            notes.append(
                f"{group.name} tells no classes: it has no confidence, no labels, no calibration "
                "and no sheet of crops"
            )
    return kept
