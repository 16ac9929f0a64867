"""A run's choices as short texts, for records and comparisons."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.config.settings import PLUGS, Settings
from ferbench.formats.annotation_table import Table


def params_of(settings: Settings, choices: Mapping[str, str]) -> dict[str, str]:
    """The semantic choices: each plug's choice, and the fields that are part of its key.

    Weight files are left out (their digests are tags), and what of the runtime changes no result.
    """
    dataset = settings.dataset
    params = {"dataset": choices.get("dataset", type(dataset).__name__)}
    for field in dataclasses.fields(dataset):  # type: ignore[arg-type]
        text = _dataset_text(field, getattr(dataset, field.name))
        if text is not None:
            params[f"dataset.{field.name}"] = text
    for name, value in settings.runtime.semantic.items():
        params[f"runtime.{name}"] = _text(value)
    for name in PLUGS:
        component = getattr(settings.recipe, name)
        params[name] = choices.get(name, type(component).__name__)
        for field in dataclasses.fields(component):
            value = getattr(component, field.name)
            if field.compare and not dataclasses.is_dataclass(value):
                params[f"{name}.{field.name}"] = _text(value)
    return params


def _dataset_text(field: dataclasses.Field[Any], value: Any) -> str | None:
    """A data set's field as text; None = it is not told.

    Of a path its last part: folders may name people.
    """
    if field.metadata.get("plain"):  # no path
        return None if value == field.default else str(value)
    if isinstance(value, str):
        return Path(value).name
    if isinstance(value, Table):
        return _table_text(value)
    if isinstance(value, tuple):
        return _names_text(value)
    if isinstance(value, bool | int | float):
        return _text(value)
    return None


def _table_text(table: Table) -> str:
    """How a file of annotations is written: its times, and which rows count."""
    texts = (table.time_format, _text(table.keep or {}))
    return ", ".join(text for text in texts if text)


def _names_text(names: tuple[Any, ...]) -> str | None:
    """Names separated by commas; None = there are none, or they are no texts."""
    if not all(isinstance(name, str) for name in names):
        return None
    return ",".join(names) or None


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={_text(item)}" for key, item in sorted(value.items()))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
