"""The weight files that ``conf/`` names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from ferbench.config.arguments import with_quotes
from ferbench.config.binding import bind
from ferbench.config.groups import choices_of, yaml_text
from ferbench.config.loader import load
from ferbench.config.messages import hydra_errors
from ferbench.config.secret_values import hide_passwords
from ferbench.weights import PublishedFile


def published_files(group: str) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that the choices of a group name, by choice; choices without files are left out."""
    by_choice: dict[str, tuple[PublishedFile, ...]] = {}
    for choice in choices_of(group):
        node: Any = OmegaConf.to_container(OmegaConf.create(yaml_text(group, choice)))
        files = _files_of(node, where=f"{group}/{choice}")
        if files:
            by_choice[choice] = files
    return by_choice


def chosen_files(
    groups: Sequence[str], overrides: Sequence[str] = ()
) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that the default configuration names, by ``group/choice``.

    Args:
        groups: whose files.
        overrides: changes of the configuration, as a run's arguments.

    Raises:
        ConfigError: an argument that cannot be read, or names no such key or choice.
    """
    overrides = with_quotes(hide_passwords(overrides))
    by_choice: dict[str, tuple[PublishedFile, ...]] = {}
    with hydra_errors(overrides):
        config = load(overrides)
        for group in groups:
            name = f"{group}/{config.hydra.runtime.choices[group]}"
            node: Any = OmegaConf.to_container(config[group], resolve=True)
            by_choice[name] = _files_of(node, where=name)
    return {name: files for name, files in by_choice.items() if files}


def _files_of(node: Any, *, where: str) -> tuple[PublishedFile, ...]:
    return tuple(bind(PublishedFile, item, where=where) for item in _with_hash(node))


def _with_hash(node: Any) -> list[dict[str, Any]]:
    """All nested mappings that have a sha256."""
    if isinstance(node, dict) and "sha256" in node:
        return [node]
    if isinstance(node, dict):
        children = list(node.values())
    elif isinstance(node, list):
        children = node
    else:
        return []
    return [item for child in children for item in _with_hash(child)]
