"""Coefficients of agreement between two annotators, as functions of a two-by-two table.

And Krippendorff's alpha for any number of annotators.

A table holds seconds (of time in which both watched) or counts (of segments). All functions are
vectorised over the shape of its entries, NaN where there is nothing to divide by. Which one to
read: kappa falls towards 0 where one class is rare although annotators rarely differ (Feinstein &
Cicchetti 1990), PABAK and AC1 do not; none is right for every purpose, so prevalence and the two
specific agreements stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.agreement.segments import PairCounts
from ferbench.scoring.ratios import ratios
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContingencyTable:
    """What two annotators say, all f64 of one shape (of sessions or draws).

    Attributes:
        both: both say yes.
        first_only: only the first does.
        second_only: only the second does.
        neither: none does.
    """

    both: F64
    first_only: F64
    second_only: F64
    neither: F64

    @classmethod
    def of(cls, counts: Iterable[PairCounts]) -> ContingencyTable:
        """One entry per PairCounts."""
        rows = [(c.both, c.first_only, c.second_only, c.neither) for c in counts]
        return cls.rows(np.array(rows))

    @classmethod
    def rows(cls, rows: F64) -> ContingencyTable:
        """From f64 (N, 4), columns in the order of the attributes."""
        columns = np.asarray(rows, np.float64).reshape(-1, 4)
        return cls(
            both=columns[:, 0],
            first_only=columns[:, 1],
            second_only=columns[:, 2],
            neither=columns[:, 3],
        )

    def weighted(self, weights: F64) -> ContingencyTable:
        """Sums over the entries (N,), each taken as often as ``weights`` f64 (..., N) says.

        Entries (...).
        """
        return ContingencyTable(
            both=weights @ self.both,
            first_only=weights @ self.first_only,
            second_only=weights @ self.second_only,
            neither=weights @ self.neither,
        )

    @property
    def total(self) -> F64:
        """Sum of the four."""
        return self.both + self.first_only + self.second_only + self.neither


def observed_agreement(table: ContingencyTable) -> F64:
    """Share on which both say the same (po); on segments, the thesis' overall agreement."""
    return ratios(table.both + table.neither, table.total)


def kappa(table: ContingencyTable) -> F64:
    """Cohen's kappa (1960): (po - pe) / (1 - pe).

    pe = chance agreement of each annotator's own shares. NaN where both say the same one thing all
    the time (pe = 1).
    """
    total = table.total
    first = table.both + table.first_only
    second = table.both + table.second_only
    # (po - pe) / (1 - pe) with numerator and denominator times total**2, without cancellation near
    # pe = 1.
    beyond_chance = 2 * (table.both * table.neither - table.first_only * table.second_only)
    possible = first * (total - second) + second * (total - first)
    return ratios(beyond_chance, possible)


def pabak(table: ContingencyTable) -> F64:
    """Prevalence-adjusted bias-adjusted kappa, 2 po - 1 (Byrt, Bishop & Carlin 1993)."""
    return 2 * observed_agreement(table) - 1


def ac1(table: ContingencyTable) -> F64:
    """Gwet's AC1 (2008): (po - pe) / (1 - pe) with pe = 2 q (1 - q), q = mean share of yes."""
    share = prevalence(table)
    by_chance = 2 * share * (1 - share)
    return (observed_agreement(table) - by_chance) / (1 - by_chance)


def positive_agreement(table: ContingencyTable) -> F64:
    """Share of what either says yes to on which both do: 2 both / (2 both + only one).

    An F1 without a reference (Cicchetti & Feinstein 1990). Kappa comes near it where neither is
    large (Hripcsak & Rothschild 2005).
    """
    return ratios(2 * table.both, 2 * table.both + table.first_only + table.second_only)


def negative_agreement(table: ContingencyTable) -> F64:
    """Likewise of what either says no to: 2 neither / (2 neither + only one)."""
    return ratios(2 * table.neither, 2 * table.neither + table.first_only + table.second_only)


def prevalence(table: ContingencyTable) -> F64:
    """Mean of both annotators' shares of yes."""
    return ratios(table.both + (table.first_only + table.second_only) / 2, table.total)


def overlap_ratio(table: ContingencyTable) -> F64:
    """What both say yes to divided by what any does (intersection over union)."""
    return ratios(table.both, table.both + table.first_only + table.second_only)


Coefficient = Callable[[ContingencyTable], F64]
COEFFICIENTS: Final[dict[str, Coefficient]] = {
    "agreement": observed_agreement,
    "kappa": kappa,
    "pabak": pabak,
    "ac1": ac1,
    "positive_agreement": positive_agreement,
    "negative_agreement": negative_agreement,
    "prevalence": prevalence,
    "overlap_ratio": overlap_ratio,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coincidences:
    """Krippendorff's coincidences of two classes, all f64 of one shape.

    Units of which fewer than two annotators say anything are not in it.

    Attributes:
        yes_yes: coincidences of yes with yes.
        unequal: of yes with no, counted in both orders.
        no_no: of no with no.
    """

    yes_yes: F64
    unequal: F64
    no_no: F64

    @classmethod
    def of(cls, yes: F64, annotators: F64, units: F64) -> Coincidences:
        """Coincidences of one session.

        Args:
            yes: f64 (N,), how many say yes in each stretch.
            annotators: f64 (N,), how many say anything.
            units: f64 (N,), how many units the stretch has.
        """
        several = annotators >= 2
        yes, annotators, units = yes[several], annotators[several], units[several]
        no = annotators - yes
        share = units / (annotators - 1)
        return cls(
            yes_yes=np.asarray((yes * (yes - 1) * share).sum()),
            unequal=np.asarray((2 * yes * no * share).sum()),
            no_no=np.asarray((no * (no - 1) * share).sum()),
        )

    @classmethod
    def stacked(cls, sessions: Iterable[Coincidences]) -> Coincidences:
        """One entry per session."""
        rows = [(each.yes_yes, each.unequal, each.no_no) for each in sessions]
        columns = np.array(rows, np.float64).reshape(-1, 3)
        return cls(yes_yes=columns[:, 0], unequal=columns[:, 1], no_no=columns[:, 2])

    def weighted(self, weights: F64) -> Coincidences:
        """Sums over the entries, as ``ContingencyTable.weighted``."""
        return Coincidences(
            yes_yes=weights @ self.yes_yes,
            unequal=weights @ self.unequal,
            no_no=weights @ self.no_no,
        )


def alpha(coincidences: Coincidences) -> F64:
    """Krippendorff's alpha, nominal.

    1 - (n - 1) unequal / (2 n_yes n_no) (Krippendorff 2004, chapter 11).

    NaN where all say the same one thing all the time, or fewer than two say anything.
    """
    yes = coincidences.yes_yes + coincidences.unequal / 2
    no = coincidences.no_no + coincidences.unequal / 2
    return 1 - ratios((yes + no - 1) * coincidences.unequal, 2 * yes * no)
