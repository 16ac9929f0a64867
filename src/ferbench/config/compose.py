"""Configurations composed beside a run, from the same yaml files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omegaconf import OmegaConf, open_dict

from ferbench.config.arguments import with_quotes
from ferbench.config.groups import choices_of
from ferbench.config.loader import load
from ferbench.config.messages import hydra_errors
from ferbench.config.secret_values import hide_passwords
from ferbench.errors import ConfigError
from ferbench.wording import did_you_mean

PLAINEST: Final = {"dataset": "demo", "tracking": "none"}
"""Choices that need no value of the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A composed configuration.

    Attributes:
        config: plain values, resolved.
        choices: the choice of every group.
    """

    config: dict[str, Any]
    choices: dict[str, str]


def compose(
    choices: Mapping[str, str],
    settings: Sequence[str] = (),
    *,
    config_dirs: Sequence[Path] = (),
    as_configured: Collection[str] = (),
) -> Composition:
    """The configuration with these choices of groups; the data set and tracking are the plainest.

    Args:
        choices: by group.
        settings: further settings as a run takes them, such as ``statistics.seed=1``.
        config_dirs: folders with further choices.
        as_configured: groups that are as a run has them rather than the plainest; values that
            the user must give are ``???`` then.

    Raises:
        ConfigError: there is no such choice or key; names those there are.
    """
    _check_choices(choices, config_dirs)
    plainest = {group: name for group, name in PLAINEST.items() if group not in as_configured}
    overrides = [f"{group}={choice}" for group, choice in {**plainest, **choices}.items()]
    overrides += with_quotes(hide_passwords(settings))
    with hydra_errors(overrides, config_dirs=config_dirs):
        config = load(overrides, config_dirs=config_dirs)
        choices_made = config.hydra.runtime.choices
        with open_dict(config):
            del config["hydra"]
        plain: Any = OmegaConf.to_container(config, resolve=True)
    return Composition(
        config={str(key): value for key, value in plain.items()},
        choices={str(group): str(choice) for group, choice in choices_made.items()},
    )


def composed(
    choices: Mapping[str, str],
    settings: Sequence[str] = (),
    *,
    config_dirs: Sequence[Path] = (),
) -> dict[str, Any]:
    """Only the plain values of ``compose``."""
    return compose(choices, settings, config_dirs=config_dirs).config


def _check_choices(choices: Mapping[str, str], config_dirs: Sequence[Path]) -> None:
    for group, choice in choices.items():
        existing = choices_of(group, config_dirs=config_dirs)
        if choice not in existing:
            names = ", ".join(existing) or "none"
            hint = did_you_mean(choice, existing)
            raise ConfigError(f"there is no {choice!r}{hint}; there are: {names}", key=group)
