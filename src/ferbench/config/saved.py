"""The settings of a run that is over, from the configuration that it left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ferbench.checks import from_home
from ferbench.config.settings import Settings, settings_from
from ferbench.config.yaml_files import plain_config
from ferbench.datasets.pseudonyms import read_pseudonyms
from ferbench.errors import ConfigError
from ferbench.folder_names import shown_value
from ferbench.sentences import Setting, Text

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def saved_settings(
    path: Path,
    *,
    allow_targets: tuple[str, ...] = (),
    values: Mapping[str, Any] = _NONE,
    root: Path | None = None,
) -> Settings:
    """Build the settings of a run's ``config.yaml``.

    Args:
        path: the file.
        allow_targets: packages outside ferbench that components may come from; what the file itself
            says of them does not count.
        values: by dotted key, what counts in place of what the file says.
        root: also knows which folders the names in the file stand for; None = only the roots that
            the file lies in, and the default one.

    Raises:
        ConfigError: it does not describe a run of this version, or names folders that nobody here
            knows.
    """
    read = plain_config(path, resolve=True)
    for key, value in values.items():
        _put(read, key, value)
    unknown: list[str] = []
    shown = shown_value(read, path)
    config = _with_names(shown_value(shown, (root or path.parent) / path.name, unknown.append))
    if unknown:
        hint = Text("say where that is: ", Setting("settings", f"{unknown[0]}=..."))
        raise ConfigError(
            f"{path.name} names folders of another machine or root: {', '.join(unknown)}",
            hint=hint if values else "write the folder in place of its name there (folder-...)",
        )
    return settings_from({**config, "allow_targets": list(allow_targets)})


def saved_value(path: Path, key: str) -> Any:
    """A value of a run's ``config.yaml`` by its dotted key; None = it has none.

    Raises:
        ConfigError: the file is no configuration.
    """
    value: Any = plain_config(path, resolve=True)
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return shown_value(value, path)


def _put(config: dict[str, Any], key: str, value: Any) -> None:
    """Put a value into a nested configuration.

    Raises:
        ConfigError: there is no such place in it.
    """
    node: Any = config
    *groups, name = key.split(".")
    for group in groups:
        node = node.get(group) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise ConfigError("the run's configuration has no such place", key=key)
    node[name] = value


def _with_names(config: Any) -> Any:
    """A configuration that was written under pseudonyms, with the names that its key file has."""
    dataset = config.get("dataset")
    keys = dataset.get("pseudonyms") if isinstance(dataset, dict) else None
    if not isinstance(keys, str):
        return config
    return read_pseudonyms(from_home(keys)).named(config)
