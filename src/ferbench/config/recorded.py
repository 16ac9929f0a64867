"""Components of a recorded run, from the configuration that it left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ferbench.config.binding import build


def recorded_components(config_yaml: Path, groups: Sequence[str]) -> dict[str, Any]:
    """Components as a run had them, by group; the other groups need not be readable any more.

    Args:
        config_yaml: the run's ``config.yaml``.
        groups: such as ``event``.

    Raises:
        OSError: the file cannot be read.
        KeyError: it has no such group.
        ConfigError: a group does not describe a component of this version.
    """
    config: Any = OmegaConf.to_container(OmegaConf.load(config_yaml))
    allow_targets = tuple(config.get("allow_targets") or ())
    return {
        group: build(config[group], where=group, allow_targets=allow_targets) for group in groups
    }
