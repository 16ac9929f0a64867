"""From a composed configuration to the objects of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.config.binding import bind, build, unknown_key
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import Table
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.protocols import Dataset
from ferbench.tracking.settings import Tracking

PLUGS = (
    "reader",
    "detector",
    "classify",
    "preprocessing",
    "model",
    "selector",
    "signal",
    "event",
    "scoring",
)
SECTIONS = ("allow_targets", "paths", "dataset", *PLUGS, "tracking", "runtime", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Folders of a run: ``root`` holds all others unless they are set."""

    root: Path
    cache: Path
    models: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """``timelines``: pictures for at most so many sessions."""

    timelines: int = 10

    def __post_init__(self) -> None:
        """Check the number."""
        if self.timelines < 0:
            raise ConfigError(f"report.timelines: expected 0 or more, got {self.timelines}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole run."""

    paths: Paths
    dataset: Dataset
    recipe: Recipe
    runtime: Runtime
    tracking: Tracking
    report: ReportSettings


def settings_from(config: Mapping[str, Any]) -> Settings:
    """Check a composed configuration and build everything in it.

    Raises:
        ConfigError: names the key, what was got and what is allowed.
    """
    for key in config:
        if key not in SECTIONS:
            raise unknown_key(key, key, list(SECTIONS))
    missing = [key for key in SECTIONS if config.get(key) is None]
    if missing:
        raise ConfigError(
            f"nothing chosen for {', '.join(missing)}; choose with {missing[0]}=<choice>"
        )
    allow = tuple(config["allow_targets"])

    def component(name: str) -> Any:
        return build(config[name], where=name, allow_targets=allow)

    return Settings(
        paths=bind(Paths, config["paths"], where="paths"),
        dataset=component("dataset"),
        recipe=Recipe(**{name: component(name) for name in PLUGS}),
        runtime=bind(Runtime, config["runtime"], where="runtime"),
        tracking=component("tracking"),
        report=bind(ReportSettings, config["report"], where="report"),
    )


def params_of(settings: Settings, choices: Mapping[str, str]) -> dict[str, str]:
    """The semantic choices as short texts.

    Each plug's choice and the fields that are part of its key.

    Weight files are left out (their digests are tags), and what of the runtime changes no result.
    """
    params = {"dataset": choices.get("dataset", type(settings.dataset).__name__)}
    for field in dataclasses.fields(settings.dataset):  # type: ignore[arg-type]
        text = _dataset_text(field, getattr(settings.dataset, field.name))
        if text is not None:
            params[f"dataset.{field.name}"] = text
    params["runtime.on_damaged"], params["runtime.tf32"] = (
        settings.runtime.on_damaged,
        str(settings.runtime.tf32),
    )
    for name in PLUGS:
        component = getattr(settings.recipe, name)
        params[name] = choices.get(name, type(component).__name__)
        for field in dataclasses.fields(component):
            value = getattr(component, field.name)
            if field.compare and not dataclasses.is_dataclass(value):
                params[f"{name}.{field.name}"] = _text(value)
    return params


def _dataset_text(field: dataclasses.Field[Any], value: Any) -> str | None:
    """A data set's field as text.

    Of a path its last part, for folders may name people. None = not told.
    """
    if field.metadata.get("plain"):  # no path
        return None if value == field.default else str(value)
    if isinstance(value, str):
        return Path(value).name
    if isinstance(value, Table):
        return ", ".join(text for text in (value.time_format, _text(value.keep or {})) if text)
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return ",".join(value) or None
    return _text(value) if isinstance(value, bool | int | float) else None


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={_text(item)}" for key, item in sorted(value.items()))
    return f"{value:g}" if isinstance(value, float) else str(value)
