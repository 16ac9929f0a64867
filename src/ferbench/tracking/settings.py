"""Where runs are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowTracking:
    """Record runs in MLflow.

    Attributes:
        uri: tracking address; None = the sqlite store below ``paths.root``.
        experiment: name of the MLflow experiment; None = that of the chosen ``experiment`` file, else ``ferbench``.
        predictions: prediction tables as artifacts: ``once`` per stage key of a sweep, in ``each`` cell, or ``none``.
    """

    uri: str | None = None
    experiment: str | None = None
    predictions: Literal["once", "each", "none"] = "once"

    def experiment_name(self, chosen: str | None) -> str:
        """The MLflow experiment's name, where ``chosen`` is the chosen experiment file (None or "None" = none)."""
        return self.experiment or (chosen if chosen and chosen != "None" else "ferbench")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTracking:
    """Record nothing."""
