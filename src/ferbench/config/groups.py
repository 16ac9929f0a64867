"""The groups of ``conf/`` and their choices: a folder is a group, a yaml file in it a choice.

A user's own folders (``--config-dir``) add choices to the groups; of two files with one name ours
counts, as in a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from omegaconf import OmegaConf

from ferbench.config.yaml_limits import yaml_text_of

_YAML = ".yaml"


def choices_of(group: str, *, config_dirs: Sequence[Path] = ()) -> list[str]:
    """Names of a group's choices, sorted; [] = there is no such group."""
    names = {
        entry.name.removesuffix(_YAML)
        for folder in _folders(group, config_dirs)
        for entry in folder.iterdir()
        if entry.name.endswith(_YAML)
    }
    return sorted(names)


def default_choices() -> dict[str, str]:
    """The choice of each group where none is made, in the order of ``conf/config.yaml``.

    "" = none (``experiment``).
    """
    text = resources.files("ferbench.conf").joinpath("config.yaml").read_text(encoding="utf-8")
    defaults = OmegaConf.to_container(OmegaConf.create(text).defaults)
    assert isinstance(defaults, list)
    chosen = [item for item in defaults if isinstance(item, dict)]
    return {str(group): str(name or "") for item in chosen for group, name in item.items()}


def yaml_text(group: str, choice: str, *, config_dirs: Sequence[Path] = ()) -> str:
    """The file of a choice.

    Raises:
        FileNotFoundError: there is no such choice.
        ConfigError: a user's own cannot be read.
    """
    for folder in _folders(group, config_dirs):
        file = folder.joinpath(f"{choice}{_YAML}")
        if file.is_file():
            if isinstance(file, Path) and folder in [each / group for each in config_dirs]:
                return yaml_text_of(file)
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(f"{group}/{choice}{_YAML}")


def keys_of(group: str, choice: str, *, config_dirs: Sequence[Path] = ()) -> list[str]:
    """Keys that the file of a choice sets at its top level."""
    node = OmegaConf.create(yaml_text(group, choice, config_dirs=config_dirs))
    return [str(key) for key in node]


def _folders(group: str, config_dirs: Sequence[Path]) -> Iterator[Traversable]:
    """The folders that a group has, ours first."""
    shipped = resources.files("ferbench.conf").joinpath(group)
    for folder in (shipped, *(directory / group for directory in config_dirs)):
        if folder.is_dir():
            yield folder
