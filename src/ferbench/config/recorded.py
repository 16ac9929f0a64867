"""Components of a recorded run, from the configuration that it left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.config.yaml_files import config_of, plain_config, text_of_yaml
from ferbench.folder_names import FolderNames, shown_value


def recorded_components(
    config_yaml: Path, groups: Sequence[str], *, allow_targets: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Components as a run had them, by group; the other groups need not be readable any more.

    Args:
        config_yaml: the run's ``config.yaml``.
        groups: such as ``event``.
        allow_targets: packages outside ferbench that components may come from; what the file itself
            says of them does not count.

    Raises:
        OSError: the file cannot be read.
        KeyError: it has no such group.
        ConfigError: a group does not describe a component of this version.
    """
    config = shown_value(plain_config(config_yaml), config_yaml)
    return {
        group: build(config[group], where=group, allow_targets=allow_targets) for group in groups
    }


def recorded_cache(config_yaml: Path) -> Path:
    """The folder in which a run kept its stored tables.

    Raises:
        OSError: the file cannot be read.
        KeyError: it does not say.
    """
    paths = plain_config(config_yaml, resolve=True)["paths"]
    folder = paths["cache"] if isinstance(paths, dict) else None
    if not isinstance(folder, str):
        raise KeyError("paths.cache")
    return Path(shown_value(folder, config_yaml))


def with_folder_names(config_yaml: str, folders: FolderNames) -> str:
    """The text of a ``config.yaml`` for records: names in place of its absolute folders.

    Args:
        config_yaml: the text.
        folders: what they are called.
    """
    plain: Any = OmegaConf.to_container(config_of(config_yaml))
    return text_of_yaml(folders.hidden_value(plain))
