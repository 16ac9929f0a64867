"""Choices as a program makes them: a yaml's name, a mapping of changes, or a component object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.config.binding import build, unknown_key
from ferbench.config.compose import compose
from ferbench.config.settings import Settings, settings_from
from ferbench.errors import Action, ConfigError, Text

Choice = str | Mapping[str, Any] | object | None
"""A yaml's name; fields to change; a component; None = as the configuration has it.

A mapping changes the default choice, or the one that its key ``choice`` names:
``{"choice": "windowed", "enter": 0.4}``.
"""
NAME: Final = "choice"
MISSING: Final = "???"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What choices come to.

    Attributes:
        settings: the objects of a run.
        choices: name of the choice of every group; a component counts under its class's name.
        config: plain values, as they were composed and changed.
    """

    settings: Settings
    choices: dict[str, str]
    config: dict[str, Any]


def settings_for(
    choices: Mapping[str, Choice],
    *,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
) -> Chosen:
    """Build a whole run from choices.

    Args:
        choices: by group; groups that are not there are as the configuration has them.
        settings: single values as a run takes them, such as ``event.enter=0.6``.
        config_dirs: folders with further choices.

    Raises:
        ConfigError: names the key, what was got and what is allowed.
    """
    names, changes, components = _sorted(choices)
    composition = compose(names, settings, config_dirs=config_dirs, as_configured=changes)
    config = _changed(composition.config, changes)
    for group in components:
        config.pop(group, None)
    _check_complete(config)
    class_names = {group: type(component).__name__ for group, component in components.items()}
    return Chosen(
        settings=settings_from(config, components=components),
        choices={**composition.choices, **class_names},
        config=config,
    )


def component_for(
    group: str,
    choice: Choice,
    *,
    config_dirs: Sequence[Path] = (),
    allow_targets: tuple[str, ...] = (),
) -> Any:
    """One component of a group.

    Args:
        group: such as ``event``.
        choice: which; None = as the configuration has it.
        config_dirs: folders with further choices.
        allow_targets: packages outside ferbench that components may come from.

    Raises:
        ConfigError: names the key, what was got and what is allowed.
    """
    names, changes, components = _sorted({group: choice})
    if group in components:
        return components[group]
    composition = compose(names, config_dirs=config_dirs, as_configured=changes)
    config = _changed(composition.config, changes)
    return build(config[group], where=group, allow_targets=allow_targets)


def _sorted(
    choices: Mapping[str, Choice],
) -> tuple[dict[str, str], dict[str, Mapping[str, Any]], dict[str, object]]:
    """Names, changes and components, each by group."""
    names: dict[str, str] = {}
    changes: dict[str, Mapping[str, Any]] = {}
    components: dict[str, object] = {}
    for group, choice in choices.items():
        if choice is None:
            continue
        if isinstance(choice, str):
            names[group] = choice
        elif isinstance(choice, Mapping):
            if NAME in choice:
                names[group] = str(choice[NAME])
            changes[group] = {key: value for key, value in choice.items() if key != NAME}
        elif dataclasses.is_dataclass(choice) and not isinstance(choice, type):
            components[group] = choice
        else:
            raise ConfigError(
                key=group,
                expected="a choice's name, a mapping of fields, or a component",
                got=choice,
            )
    return names, changes, components


def _changed(config: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    changed = dict(config)
    for group, fields in changes.items():
        if group not in config:
            raise unknown_key(group, group, list(config))
        changed[group] = _merged(config[group], fields, where=group)
    return changed


def _merged(node: Any, fields: Mapping[str, Any], *, where: str) -> Any:
    """A node with some fields changed; nested mappings are changed field by field."""
    if not isinstance(node, Mapping):
        return dict(fields)
    merged = dict(node)
    for key, value in fields.items():
        if key not in node:
            raise unknown_key(f"{where}.{key}", key, [name for name in node if name != "_target_"])
        is_nested = isinstance(value, Mapping) and isinstance(node[key], Mapping)
        merged[key] = _merged(node[key], value, where=f"{where}.{key}") if is_nested else value
    return merged


def _check_complete(config: Mapping[str, Any]) -> None:
    for group, node in config.items():
        if not isinstance(node, Mapping):
            continue
        for key, value in node.items():
            if value == MISSING:
                name = f"{group}.{key}"
                raise ConfigError(
                    "a value is needed here",
                    key=name,
                    hint=Text("as in ", Action("evaluate", form="call", **{name: "..."})),
                )
