"""Configurations for commands that are no runs.

The same yaml files, without override syntax for the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from ferbench.app.hydra import entry as _resolvers  # noqa: F401 - registers the resolvers that conf/ uses
from ferbench.config.arguments import with_quotes
from ferbench.errors import ConfigError
from ferbench.weights.published import PublishedFile


def composed(choices: Mapping[str, str], settings: Sequence[str] = ()) -> dict[str, Any]:
    """The configuration with these choices of groups, resolved.

    Data set and tracking are the plainest there are.

    Args:
        choices: by group.
        settings: further arguments of a run, such as ``statistics.seed=1``.

    Raises:
        ConfigError: there is no such choice or key; names those there are.
    """
    plain: Any = OmegaConf.to_container(_composed(choices, settings, hydra=False), resolve=True)
    return {str(key): value for key, value in plain.items()}


def chosen(choices: Mapping[str, str]) -> dict[str, str]:
    """The choice of every group, where these are made and the others left as the configuration has
    them.

    Raises:
        ConfigError: there is no such choice; names those there are.
    """
    groups = _composed(choices, (), hydra=True).hydra.runtime.choices
    return {str(group): str(choice) for group, choice in groups.items()}


def _composed(choices: Mapping[str, str], settings: Sequence[str], *, hydra: bool) -> DictConfig:
    for group, choice in choices.items():
        there = choices_of(group)
        if choice not in there:
            raise ConfigError(f"no {group} {choice!r}; there are: {', '.join(there)}")
    plain = [
        "dataset=demo",
        "tracking=none",
        *(f"{group}={choice}" for group, choice in choices.items()),
    ]
    overrides = [*plain, *with_quotes(settings)]
    with (
        _beside_a_run(),
        _explained(overrides),
        initialize_config_module("ferbench.conf", version_base="1.3"),
    ):
        return compose("config", overrides=overrides, return_hydra_config=hydra)


@contextmanager
def _explained(overrides: Sequence[str]) -> Iterator[None]:
    """What Hydra cannot compose is told in the words of a run."""
    from ferbench.config.messages import explain

    try:
        yield
    except Exception as error:
        told = explain(error, overrides)
        if told is None:
            raise
        raise ConfigError(told.removeprefix("ConfigError: ")) from error


@contextmanager
def _beside_a_run() -> Iterator[None]:
    """Let Hydra compose another configuration while it runs a job."""
    state = GlobalHydra.instance()
    running, state.hydra = state.hydra, None
    try:
        yield
    finally:
        state.hydra = running


def choices_of(group: str) -> list[str]:
    """Choices of a group: the yaml files of its folder."""
    folder = resources.files("ferbench.conf").joinpath(group)
    if not folder.is_dir():
        return []
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def keys_of(group: str, choice: str) -> list[str]:
    """Keys that the file of a choice sets at its top level."""
    text = (
        resources.files("ferbench.conf")
        .joinpath(group, f"{choice}.yaml")
        .read_text(encoding="utf-8")
    )
    return [str(key) for key in OmegaConf.create(text)]


def published_files(group: str) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that the choices of a group name, by choice."""
    folder = resources.files("ferbench.conf").joinpath(group)
    found: dict[str, tuple[PublishedFile, ...]] = {}
    for choice in choices_of(group):
        node: Any = OmegaConf.to_container(
            OmegaConf.create(folder.joinpath(f"{choice}.yaml").read_text(encoding="utf-8"))
        )
        files = _files_of(node, where=f"{group}/{choice}")
        if files:
            found[choice] = files
    return found


def chosen_files(
    groups: Sequence[str], overrides: Sequence[str] = ()
) -> dict[str, tuple[PublishedFile, ...]]:
    """Files that a configuration names, by ``group/choice``.

    The default one, changed as a run's arguments say.

    Raises:
        ConfigError: an argument that cannot be read, or names no such key or choice.
    """
    overrides = with_quotes(overrides)
    with _explained(overrides):
        with initialize_config_module("ferbench.conf", version_base="1.3"):
            config = compose("config", overrides=overrides, return_hydra_config=True)
        nodes = {
            f"{group}/{config.hydra.runtime.choices[group]}": OmegaConf.to_container(
                config[group], resolve=True
            )
            for group in groups
        }
    found = {name: _files_of(node, where=name) for name, node in nodes.items()}
    return {name: files for name, files in found.items() if files}


def _files_of(node: Any, *, where: str) -> tuple[PublishedFile, ...]:
    from ferbench.config.binding import bind

    return tuple(bind(PublishedFile, item, where=where) for item in _with_hash(node))


def _with_hash(node: Any) -> list[dict[str, Any]]:
    """All nested mappings that have a sha256."""
    if isinstance(node, dict):
        if "sha256" in node:
            return [node]
        return [item for value in node.values() for item in _with_hash(value)]
    if isinstance(node, list):
        return [item for value in node for item in _with_hash(value)]
    return []
