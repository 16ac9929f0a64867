"""The settings of a run that is over, from the configuration that it left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ferbench.config.settings import Settings, settings_from


def saved_settings(path: Path) -> Settings:
    """Build the settings of a run's ``config.yaml``.

    Raises:
        ConfigError: it does not describe a run of this version.
    """
    config: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    return settings_from(config)


def yaml_of(config: dict[str, Any]) -> str:
    """A plain configuration as the text of a ``config.yaml``."""
    return OmegaConf.to_yaml(OmegaConf.create(config))
