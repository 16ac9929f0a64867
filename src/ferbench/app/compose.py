"""Configurations for commands that are no runs: the same yaml files, without override syntax for the user."""

from __future__ import annotations

from importlib import resources
from typing import Any

from hydra import compose, initialize_config_module
from hydra.errors import MissingConfigException
from omegaconf import OmegaConf

from ferbench.app import main as _resolvers  # noqa: F401 - registers the resolvers that conf/ uses
from ferbench.errors import ConfigError
from ferbench.weights import PublishedFile


def composed(choices: dict[str, str]) -> dict[str, Any]:
    """The configuration with these choices of groups, resolved; data set and tracking are the plainest there are.

    Raises:
        ConfigError: there is no such choice; names those there are.
    """
    for group, choice in choices.items():
        there = choices_of(group)
        if choice not in there:
            raise ConfigError(f"no {group} {choice!r}; there are: {', '.join(there)}")
    overrides = ["dataset=demo", "tracking=none", *(f"{group}={choice}" for group, choice in choices.items())]
    try:
        with initialize_config_module("ferbench.conf", version_base="1.3"):
            config = compose("config", overrides=overrides)
    except MissingConfigException as error:
        raise ConfigError(str(error)) from error
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in plain.items()}


def choices_of(group: str) -> list[str]:
    """Choices of a group: the yaml files of its folder."""
    folder = resources.files("ferbench.conf").joinpath(group)
    if not folder.is_dir():
        return []
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def keys_of(group: str, choice: str) -> list[str]:
    """Keys that the file of a choice sets at its top level."""
    text = resources.files("ferbench.conf").joinpath(group, f"{choice}.yaml").read_text(encoding="utf-8")
    return [str(key) for key in OmegaConf.create(text)]


def published_files(group: str) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that the choices of a group name, by choice."""
    from ferbench.app.binding import bind

    folder = resources.files("ferbench.conf").joinpath(group)
    found: dict[str, tuple[PublishedFile, ...]] = {}
    for choice in choices_of(group):
        node: Any = OmegaConf.to_container(
            OmegaConf.create(folder.joinpath(f"{choice}.yaml").read_text(encoding="utf-8"))
        )
        files = [bind(PublishedFile, item, where=f"{group}/{choice}") for item in _with_hash(node)]
        if files:
            found[choice] = tuple(files)
    return found


def _with_hash(node: Any) -> list[dict[str, Any]]:
    """All nested mappings that have a sha256."""
    if isinstance(node, dict):
        if "sha256" in node:
            return [node]
        return [item for value in node.values() for item in _with_hash(value)]
    if isinstance(node, list):
        return [item for value in node for item in _with_hash(value)]
    return []
