"""What a component of each group must be."""

from __future__ import annotations

from typing import Final

from ferbench.errors import ConfigError
from ferbench.pipeline.recipe import Runtime
from ferbench.protocols import (
    Dataset,
    Detector,
    EventRule,
    Model,
    Preprocessing,
    Reader,
    Selector,
    SignalRule,
)
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.selectors.classify import Classify
from ferbench.tracking.settings import Tracking

KINDS: Final[dict[str, tuple[type, str]]] = {
    "dataset": (Dataset, "a data set"),
    "reader": (Reader, "a video reader"),
    "detector": (Detector, "a face detector"),
    "classify": (Classify, "a choice of the faces that are classified"),
    "preprocessing": (Preprocessing, "a preprocessing"),
    "model": (Model, "an expression model"),
    "selector": (Selector, "a selector"),
    "signal": (SignalRule, "a signal"),
    "event": (EventRule, "an event rule"),
    "scoring": (Criterion, "a criterion"),
    "statistics": (StatisticsRules, "rules of statistics"),
    "tracking": (Tracking, "a tracking"),
    "runtime": (Runtime, "a runtime"),
}
"""By group: the protocol or class, and its name in messages."""


def check_kind(group: str, component: object) -> None:
    """Check that a component does what its group's components do.

    Raises:
        ConfigError: it does not.
    """
    kind, name = KINDS[group]
    if not isinstance(component, kind):
        raise ConfigError(key=group, expected=name, got=component)
