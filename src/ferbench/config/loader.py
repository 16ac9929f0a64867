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
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf import omegaconf as omegaconf_program

from ferbench.config.resolvers import register_resolvers
from ferbench.config.secret_values import hide_secrets
from ferbench.config.targets import check_root, check_targets
from ferbench.config.yaml_files import AsOmegaConf, Repository
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
        self._without_numbers: dict[tuple[object, ...], bytes] = {}

    def __getstate__(self) -> dict[str, Any]:
        """A cell in another process needs none but its own configuration."""
        return {**self.__dict__, "_composed": {}, "_without_numbers": {}}

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
        how = (run_mode, from_shell, validate_sweep_overrides)
        asked = (config_name, *overrides, *how)
        if asked not in self._composed:
            self._composed[asked] = pickle.dumps(self._checked(config_name, overrides, *how))
        return _copy_of(self._composed[asked])

    def _checked(self, config_name: str | None, overrides: list[str], *how: Any) -> DictConfig:
        """Compose and check; cells that differ in numbers only begin with the same.

        Hydra gives the settings of the command line their values last. So what a number is set in
        can be composed once; no number is code that could be run.
        """
        parsed = OverridesParser.create().parse_overrides(overrides)
        numbers = _numbers(parsed)
        others = [str(one.input_line) for one in parsed if one not in numbers]
        asked = (config_name, *others, *how)
        if asked not in self._without_numbers:
            config = super().load_configuration(config_name, others, *how)
            _check_overrides(config, others)
            check_targets(config, self.allowed or ())
            self._without_numbers[asked] = pickle.dumps(config)
        config = _copy_of(self._without_numbers[asked])
        if numbers:
            self._apply_overrides_to_config(numbers, config)
            _note(parsed, config)
        hide_secrets(config)
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
    """Let Hydra's own program load with the checked loader, and write yaml files with the C writer.

    It has no settings for that. Of each cell of a sweep it writes three files.
    """
    assert hasattr(hydra_program, "ConfigLoaderImpl")
    hydra_program.ConfigLoaderImpl = CheckedLoader
    assert hasattr(omegaconf_program, "get_omega_conf_dumper")
    omegaconf_program.get_omega_conf_dumper = lambda: AsOmegaConf


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


def _copy_of(pickled: bytes) -> DictConfig:
    config = pickle.loads(pickled)
    assert isinstance(config, DictConfig)
    return config


def _numbers(parsed: Sequence[Override]) -> list[Override]:
    """Settings that get a number, such as ``event.enter=0.6``; none where order could matter."""
    numbers = [one for one in parsed if _is_number(one)]
    keys = [one.key_or_group for one in parsed]
    whole = tuple(f"{one.key_or_group}." for one in parsed if not isinstance(one.value(), str))
    if len(set(keys)) < len(keys) or any(one.key_or_group.startswith(whole) for one in numbers):
        return []
    return numbers


def _is_number(one: Override) -> bool:
    is_plain = one.type == OverrideType.CHANGE and one.package is None
    if not is_plain or one.is_hydra_override() or "." not in one.key_or_group:
        return False
    return isinstance(one.value(), int | float)


def _note(parsed: Sequence[Override], config: DictConfig) -> None:
    """Let Hydra's node name the overrides of the task, as Hydra's loader does."""
    own = [one for one in parsed if not one.is_hydra_override()]
    config.hydra.overrides.task = [str(one.input_line) for one in own]
    form = config.hydra.job.config.override_dirname
    config.hydra.job.override_dirname = get_overrides_dirname(
        own, list(form.exclude_keys), item_sep=form.item_sep, kv_sep=form.kv_sep
    )


def _check_overrides(config: DictConfig, overrides: Sequence[str]) -> None:
    """Check that a file adds no overrides: a sweep's cells would take them for the user's."""
    noted: Any = OmegaConf.to_container(config.hydra.overrides, resolve=False)
    found = [*noted["hydra"], *noted["task"]]
    if Counter(found) - Counter(overrides):
        raise ConfigError(
            "is written by Hydra; a file cannot set it", key="hydra.overrides", hint="take it out"
        )
