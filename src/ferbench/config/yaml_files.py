"""Yaml files as people write them: names stay the text that they are.

Yaml takes ``1_1`` for 11, ``on`` for true, ``1:30`` for 90. Which words are names only the fields
know that they are for, so whatever is not the plain writing of its value is read as text, and
``binding`` makes numbers and switches of it where a field declares them.
"""

from __future__ import annotations

import copy
import pickle
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.importlib_resources_config_source import (
    ImportlibResourcesConfigSource,
)
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict
from omegaconf._utils import get_omega_conf_dumper, get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from ferbench.config.typed_values import NULL, is_plain, scalar_of
from ferbench.config.yaml_limits import check_size, check_yaml, reason_of, yaml_text_of
from ferbench.errors import ConfigError

_TAG: Final = "tag:yaml.org,2002:"
_TEXT: Final = f"{_TAG}str"
_NULL: Final = f"{_TAG}null"
_LOSSY: Final = (f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool")
_SHIPPED: Final = ("ferbench.conf", "hydra.conf")
_OmegaLoader: Any = get_yaml_loader()
_Writer: Any = getattr(yaml, "CDumper", yaml.Dumper)


class _AsTyped(_OmegaLoader):  # type: ignore[misc]
    """Reads words as text, unless they are the plain writing of a number, true, false or null."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node."""
        tag = str(super().resolve(kind, value, implicit))
        is_word = kind is yaml.ScalarNode and implicit[0]
        if is_word and tag in _LOSSY and not is_plain(scalar_of(value), value):
            return _TEXT
        return tag

    def compose_sequence_node(self, anchor: str | None) -> yaml.SequenceNode:
        """A list: ``null`` is a name in it."""
        node: yaml.SequenceNode = super().compose_sequence_node(anchor)
        for item in node.value:
            if item.tag == _NULL and str(item.value).lower() == NULL:
                item.tag = _TEXT
        return node

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """A mapping: its keys are names."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if key.tag in (*_LOSSY, _NULL):
                key.tag = _TEXT
        return node


class AsOmegaConf(_Writer):  # type: ignore[misc]
    """Writes as OmegaConf does, in a third of the time where PyYAML has its C library."""

    yaml_representers = get_omega_conf_dumper().yaml_representers


def text_of_yaml(config: dict[str, Any]) -> str:
    """A plain configuration as the text of a yaml."""
    text: str = yaml.dump(
        config, Dumper=AsOmegaConf, default_flow_style=False, allow_unicode=True, sort_keys=False
    )
    return text


def config_of(text: str) -> DictConfig | ListConfig:
    """The configuration that a yaml's text is, its names as they are written.

    Raises:
        ValueError: it is no yaml of a configuration, or is beyond ``yaml_limits``.
    """
    check_yaml(text)
    try:
        found = yaml.load(text, Loader=_AsTyped)
        return OmegaConf.create({} if found is None else found)
    except (yaml.YAMLError, OmegaConfBaseException, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def plain_config(path: Path, *, resolve: bool = False) -> dict[str, Any]:
    """The configuration that a run left, as plain values.

    Args:
        path: its ``config.yaml``.
        resolve: put in what values refer to.

    Raises:
        OSError: it cannot be read.
        ConfigError: it is no configuration.
    """
    try:
        check_size(path.stat().st_size)
        config = config_of(path.read_text(encoding="utf-8"))
        plain = OmegaConf.to_container(config, resolve=resolve)
    except (ValueError, OmegaConfBaseException, RecursionError) as error:
        reason = " ".join(str(error).split()) or "it refers to itself"
        raise ConfigError(f"{path} is no configuration that can be read: {reason}") from error
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: expected the settings of a run by name, got a list")
    return {str(name): value for name, value in plain.items()}


def _typed(result: ConfigResult, text: str, config_path: str) -> ConfigResult:
    """The same, names as they are written; what is Hydra's own has types of its own."""
    package = str(result.header.get("package") or "")
    is_hydras = config_path.startswith("hydra/") or package.startswith("hydra")
    if is_hydras or not isinstance(result.config, DictConfig):
        return result
    typed = config_of(text)
    assert isinstance(typed, DictConfig)
    if "hydra" in result.config:
        with open_dict(typed):
            typed["hydra"] = result.config._get_node("hydra")
    result.config = typed
    return result


class _Files(FileConfigSource):
    """Hydra's files, names in them as they are written."""

    def load_config(self, config_path: str) -> ConfigResult:
        """See ``FileConfigSource``."""
        path = Path(self.path) / self._normalize_file_name(config_path)
        text = yaml_text_of(path)  # Hydra reads whatever there is, without end
        try:
            return _typed(super().load_config(config_path), text, config_path)
        except (yaml.YAMLError, ValueError) as error:
            reason = reason_of(error)
            raise ConfigError(f"{path} is no yaml of a choice: {reason}") from error


class _Packages(ImportlibResourcesConfigSource):
    """Packages' files, names in them as they are written."""

    def load_config(self, config_path: str) -> ConfigResult:
        """See ``ImportlibResourcesConfigSource``."""
        result = super().load_config(config_path)
        file = resources.files(self.path).joinpath(self._normalize_file_name(config_path))
        return _typed(result, file.read_text(encoding="utf-8"), config_path)


class Repository(ConfigRepository):
    """Hydra's repository; what users bring is read as it was typed.

    A file is read once, also where Hydra copies this for each configuration that it composes: all
    cells of a sweep are made of the same.
    """

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        self._read: dict[tuple[str, str, str], bytes] = {}
        super().__init__(config_search_path)

    def __deepcopy__(self, memo: object) -> Repository:
        del memo
        same = copy.copy(self)
        same.sources = list(self.sources)
        return same

    def load_config(self, config_path: str) -> ConfigResult | None:
        """See ``ConfigRepository``; what comes is the caller's own."""
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if source is None:
            return None
        key = (source.scheme(), source.path, config_path)
        if key not in self._read:
            self._read[key] = pickle.dumps(super().load_config(config_path))
        result: ConfigResult = pickle.loads(self._read[key])
        return result

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """See ``ConfigRepository``."""
        super().initialize_sources(config_search_path)
        for number, source in enumerate(self.sources):
            kind = source.scheme()  # Hydra loads its sources' modules twice: classes do not compare
            if kind == "file":
                self.sources[number] = _Files(source.provider, f"file://{source.path}")
            elif kind == "pkg" and source.path not in _SHIPPED:
                self.sources[number] = _Packages(source.provider, f"pkg://{source.path}")
