"""Choices as a program makes them: a yaml's name, a mapping of changes, or a component object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.checks import check_list, path_of
from ferbench.config.binding import build, unknown_key
from ferbench.config.compose import compose
from ferbench.config.groups import choices_of, yaml_text
from ferbench.config.kinds import check_kind
from ferbench.config.nodes import fields_of, node_of, target_of
from ferbench.config.settings import Settings, settings_from
from ferbench.errors import ConfigError
from ferbench.sentences import Action, Text

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


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Choices by the way they were made, each by group."""

    names: dict[str, str]
    changes: dict[str, Mapping[str, Any]]
    components: dict[str, object]


def settings_for(
    choices: Mapping[str, Choice],
    *,
    experiment: str | None = None,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
) -> Chosen:
    """Build a whole run from choices.

    Args:
        choices: by group; groups that are not there are as the configuration has them.
        experiment: a named combination of choices.
        settings: single values as a run takes them, such as ``event.enter=0.6``.
        config_dirs: folders with further choices.

    Raises:
        ConfigError: names the key, what was got and what is allowed.
    """
    check_list("settings", settings)
    chosen = _sorted(choices)
    _check_said_once(chosen, settings)
    names = dict(chosen.names)
    if experiment is not None:
        if not isinstance(experiment, str):
            raise ConfigError(key="experiment", expected="a choice's name", got=experiment)
        names["experiment"] = experiment
    folders = _folders(config_dirs)
    composition = compose(names, settings, config_dirs=folders, as_configured=chosen.changes)
    config = _changed(composition.config, chosen.changes)
    choice_names = dict(composition.choices)
    for group, component in chosen.components.items():
        is_bound = group == "runtime"
        config[group] = fields_of(component) if is_bound else node_of(component)
        choice_names[group] = _name_of(group, component, folders)
    _check_complete(config)
    return Chosen(
        settings=settings_from(config, components=chosen.components),
        choices=choice_names,
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
    chosen = _sorted({group: choice})
    if group in chosen.components:
        component: Any = chosen.components[group]
    else:
        folders = _folders(config_dirs)
        composition = compose(chosen.names, config_dirs=folders, as_configured=chosen.changes)
        config = _changed(composition.config, chosen.changes)
        component = build(config[group], where=group, allow_targets=allow_targets)
    check_kind(group, component)
    return component


def _folders(config_dirs: Sequence[Path]) -> list[Path]:
    """Folders with further choices.

    Raises:
        ConfigError: one is none.
    """
    check_list("config_dirs", config_dirs)
    folders = [path_of("config_dirs", folder) for folder in config_dirs]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(key="config_dirs", expected="folders", got=str(folder))
    return folders


def _sorted(choices: Mapping[str, Choice]) -> _Sorted:
    chosen = _Sorted({}, {}, {})
    for group, choice in choices.items():
        if choice is None:
            continue
        if isinstance(choice, str):
            chosen.names[group] = choice
        elif isinstance(choice, Mapping):
            if NAME in choice:
                chosen.names[group] = str(choice[NAME])
            chosen.changes[group] = {key: value for key, value in choice.items() if key != NAME}
        elif dataclasses.is_dataclass(choice) and not isinstance(choice, type):
            chosen.components[group] = choice
        else:
            raise ConfigError(
                key=group,
                expected="a choice's name, a mapping of fields, or a component",
                got=choice,
            )
    return chosen


def _check_said_once(chosen: _Sorted, settings: Sequence[str]) -> None:
    """Refuse settings of a group whose fields come otherwise: one of the two would be dropped."""
    for setting in settings:
        key = setting.lstrip("+~").partition("=")[0]
        group = key.partition(".")[0]
        if group in chosen.changes or group in chosen.components:
            raise ConfigError(
                f"{setting!r} is among the settings, and {group} is given as well",
                key=group,
                hint="give it in one of the two places",
            )


def _name_of(group: str, component: object, config_dirs: Sequence[Path]) -> str:
    """The only choice of a group that makes such components, else the name of the class."""
    target = target_of(component)
    same = [
        choice
        for choice in choices_of(group, config_dirs=config_dirs)
        if f"_target_: {target}\n" in yaml_text(group, choice, config_dirs=config_dirs)
    ]
    return same[0] if len(same) == 1 else type(component).__name__


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
                    hint=Text("as in ", Action("evaluate", settings={name: "..."})),
                )
