"""The settings of a run that is over, from the configuration that it left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferbench.checks import from_home
from ferbench.config.settings import Settings, settings_from
from ferbench.config.yaml_files import plain_config
from ferbench.datasets.pseudonyms import read_pseudonyms
from ferbench.errors import ConfigError
from ferbench.folder_names import shown_value


def saved_settings(path: Path, *, allow_targets: tuple[str, ...] = ()) -> Settings:
    """Build the settings of a run's ``config.yaml``.

    Args:
        path: the file.
        allow_targets: packages outside ferbench that components may come from; what the file itself
            says of them does not count.

    Raises:
        ConfigError: it does not describe a run of this version.
    """
    unknown: list[str] = []
    read = plain_config(path, resolve=True)
    config = _with_names(shown_value(read, path, unknown.append))
    if unknown:
        raise ConfigError(
            f"{path.name} names folders of another machine or root: {', '.join(unknown)}",
            hint="write the folder in place of its name there (folder-...)",
        )
    return settings_from({**config, "allow_targets": list(allow_targets)})


def _with_names(config: Any) -> Any:
    """A configuration that was written under pseudonyms, with the names that its key file has."""
    dataset = config.get("dataset")
    keys = dataset.get("pseudonyms") if isinstance(dataset, dict) else None
    if not isinstance(keys, str):
        return config
    return read_pseudonyms(from_home(keys)).named(config)
