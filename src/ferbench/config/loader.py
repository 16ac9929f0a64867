"""The one loader of configurations, for runs, sweeps and what is composed beside them.

What it hands out has been checked: nothing in it makes Hydra or ferbench run code of others
(``targets``).
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hydra import version
from hydra._internal import hydra as hydra_program
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.default_element import ResultDefault
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ferbench.config.resolvers import register_resolvers
from ferbench.config.secret_values import hide_secrets
from ferbench.config.targets import check_root, check_targets
from ferbench.config.yaml_files import Repository
from ferbench.errors import ConfigError

VERSION_BASE: Final = "1.3"
SOURCE: Final = "pkg://ferbench.conf"
_PACKAGE: Final = "pkg://"


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's loader: names in yaml files are as they are written, and what they name is checked.

    Cells of a sweep load with a copy of the loader of their sweep, also in other processes.

    What was composed once is not composed again: Hydra does so for each cell, first to see that it
    can be, then to run it.

    Attributes:
        allowed: ``allow_targets`` of the first configuration's command line; None = none yet.
    """

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        super().__init__(config_search_path=config_search_path)
        self.repository = Repository(config_search_path=config_search_path)
        self.allowed: tuple[str, ...] | None = None
        self._composed: dict[tuple[object, ...], bytes] = {}
        self._merged: dict[str, bytes] = {}

    def __getstate__(self) -> dict[str, Any]:
        """A cell in another process needs none but its own configuration."""
        return {**self.__dict__, "_composed": {}, "_merged": {}}

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """See ``ConfigLoaderImpl``.

        Raises:
            ConfigError: something in it names code that is not allowed.
        """
        register_resolvers()
        if self.allowed is None:
            self.allowed = _allowed(overrides)
        asked = (config_name, *overrides, run_mode, from_shell, validate_sweep_overrides)
        if asked not in self._composed:
            config = super().load_configuration(
                config_name, overrides, run_mode, from_shell, validate_sweep_overrides
            )
            _check_overrides(config, overrides)
            check_targets(config, self.allowed)
            hide_secrets(config)
            self._composed[asked] = pickle.dumps(config)
        config = pickle.loads(self._composed[asked])
        assert isinstance(config, DictConfig)
        return config

    def _compose_config_from_defaults_list(
        self, defaults: list[ResultDefault], repo: IConfigRepository
    ) -> DictConfig:
        """See ``ConfigLoaderImpl``. Cells that differ in values only are merged of the same files.

        Overrides are applied to what this returns, so it is a new copy each time.
        """
        files = repr((defaults, [(source.provider, source.path) for source in repo.get_sources()]))
        if files not in self._merged:
            merged = super()._compose_config_from_defaults_list(defaults, repo)
            self._merged[files] = pickle.dumps(merged)
        config = pickle.loads(self._merged[files])
        assert isinstance(config, DictConfig)
        return config

    def get_group_options(
        self,
        group_name: str,
        results_filter: ObjectType | None = ObjectType.CONFIG,
        config_name: str | None = None,
        overrides: list[str] | None = None,
    ) -> list[str]:
        """See ``ConfigLoaderImpl``, which copies the whole repository for each group of --help."""
        if config_name is None and not overrides:
            return self.repository.get_group_options(group_name, results_filter)
        return super().get_group_options(group_name, results_filter, config_name, overrides)

    def _process_config_searchpath(
        self,
        config_name: str | None,
        parsed_overrides: list[Override],
        repo: CachingConfigRepository,
    ) -> None:
        """Packages to search are imported: check them before that."""
        loaded = repo.load_config(config_path=config_name) if config_name else None
        paths: Any = OmegaConf.select(loaded.config, "hydra.searchpath") if loaded else None
        for override in parsed_overrides:
            if override.get_key_element() == "hydra.searchpath":
                paths = override.value()
        for path in paths or []:
            if str(path).startswith(_PACKAGE):
                package = str(path).removeprefix(_PACKAGE)
                check_root(package.replace("/", "."), "hydra.searchpath", self.allowed or ())
        super()._process_config_searchpath(config_name, parsed_overrides, repo)


def check_hydras_program() -> None:
    """Let Hydra's own program load with the checked loader: it has no setting for that."""
    assert hasattr(hydra_program, "ConfigLoaderImpl")
    hydra_program.ConfigLoaderImpl = CheckedLoader


def load(overrides: Sequence[str], *, config_dirs: Sequence[Path] = ()) -> DictConfig:
    """The default configuration with overrides in Hydra's own syntax, Hydra's node included.

    Raises:
        HydraException, OmegaConfBaseException: as Hydra has them.
        ConfigError: something in it names code that is not allowed.
    """
    if version.getbase() is None:
        version.setbase(VERSION_BASE)
    search_path = create_config_search_path(SOURCE)
    for folder in config_dirs:
        before_schema = SearchPathQuery(provider="schema")
        search_path.prepend("command-line", f"file://{folder.resolve().as_posix()}", before_schema)
    loader = CheckedLoader(config_search_path=search_path)
    return loader.load_configuration("config", list(overrides), RunMode.RUN, from_shell=False)


def _allowed(overrides: Sequence[str]) -> tuple[str, ...]:
    """What the command line allows."""
    allowed: list[str] = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        is_list = override.key_or_group == "allow_targets" and not override.is_sweep_override()
        names = override.value() if is_list else None
        if isinstance(names, list):
            allowed += [str(name) for name in names]
    return tuple(allowed)


def _check_overrides(config: DictConfig, overrides: Sequence[str]) -> None:
    """Check that a file adds no overrides: a sweep's cells would take them for the user's."""
    noted: Any = OmegaConf.to_container(config.hydra.overrides, resolve=False)
    found = [*noted["hydra"], *noted["task"]]
    if Counter(found) - Counter(overrides):
        raise ConfigError(
            "is written by Hydra; a file cannot set it", key="hydra.overrides", hint="take it out"
        )
