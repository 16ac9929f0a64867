"""Loads configurations beside a run; Hydra's global state is neither needed nor touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode
from omegaconf import DictConfig

from ferbench.config.resolvers import register_resolvers

VERSION_BASE: Final = "1.3"
SOURCE: Final = "pkg://ferbench.conf"


def load(overrides: Sequence[str], *, config_dirs: Sequence[Path] = ()) -> DictConfig:
    """The default configuration with overrides in Hydra's own syntax, Hydra's node included.

    Raises:
        HydraException, OmegaConfBaseException: as Hydra has them.
    """
    register_resolvers()
    if version.getbase() is None:
        version.setbase(VERSION_BASE)
    search_path = create_config_search_path(SOURCE)
    for folder in config_dirs:
        search_path.append("command-line", f"file://{folder.resolve().as_posix()}")
    loader = ConfigLoaderImpl(config_search_path=search_path)
    return loader.load_configuration("config", list(overrides), RunMode.RUN, from_shell=False)
