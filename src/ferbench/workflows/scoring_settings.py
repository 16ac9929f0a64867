"""A criterion and the rules of statistics from yaml names and single values, without a run."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferbench.config.arguments import has_several_values
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.errors import ConfigError
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import Stamp
from ferbench.scoring.statistics_rules import StatisticsRules

GROUPS: Final = ("scoring", "statistics")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSettings:
    """How events are scored.

    Attributes:
        criterion: which events match.
        rules: how statistics are made.
        window_unused: whether a window other than the yaml's was asked for that does not change
            which events match.
    """

    criterion: Criterion
    rules: StatisticsRules
    window_unused: bool


def scoring_settings(
    choice: str,
    settings: Sequence[tuple[str, str]],
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
) -> ScoringSettings:
    """Build both from the configuration.

    Args:
        choice: of ``conf/scoring``.
        settings: values by name: of the criterion's fields and those of ``conf/statistics``, with
            the group in front (``scoring.least_iou``) or without.
        pre_s: the window before an onset: the criterion's, where it has one.
        post_s: and after it.
        stamp: an event's time.

    Raises:
        ConfigError: no such choice, name or value.
    """
    plain = composed({"scoring": choice})
    overrides = []
    for name, value in settings:
        key = _full_name(name, plain)
        if has_several_values(f"{key}={value}"):
            raise ConfigError(
                key=key, expected="one value", got=value, hint="a list has brackets, as [1,2]"
            )
        overrides.append(f"{key}={value}")
    config = composed({"scoring": choice}, overrides)
    fields, rules = dict(config["scoring"]), dict(config["statistics"])
    if "stamp" in fields:
        fields["stamp"] = stamp
    window = {"pre_s": pre_s, "post_s": post_s}
    has_window = "pre_s" in fields
    unused = not has_window and window != {name: rules[name] for name in window}
    if has_window:
        fields |= window
    else:
        rules |= window
    return ScoringSettings(
        criterion=build(fields, where="scoring"),
        rules=build(rules, where="statistics"),
        window_unused=unused,
    )


def _full_name(name: str, config: Mapping[str, Any]) -> str:
    """A setting's name with its group.

    Raises:
        ConfigError: neither group has it, or both have.
    """
    if name.split(".")[0] in GROUPS:
        return name
    full_names = [f"{group}.{name}" for group in GROUPS if name in config[group]]
    if len(full_names) == 1:
        return full_names[0]
    message = _unknown(name, config)
    if full_names:
        message = f"may be {' and '.join(full_names)}; give the whole name"
    raise ConfigError(message, key=f"scoring.{name}")


def _unknown(name: str, config: Mapping[str, Any]) -> str:
    allowed = [*config["scoring"], *config["statistics"]]
    names = [key for key in dict.fromkeys(allowed) if key != "_target_"]
    near = difflib.get_close_matches(name, names, n=1)
    meant = ""
    if near:
        meant = f" (did you mean {near[0]}?)"
    return f"there is no such setting{meant}; allowed: {', '.join(names)}"
