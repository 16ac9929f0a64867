"""From components back to configuration nodes: ``binding.build`` reversed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def node_of(component: object) -> dict[str, Any]:
    """``_target_`` and fields of a component, as plain values that a yaml can hold.

    >>> from ferbench.events.hysteresis import Hysteresis
    >>> node_of(Hysteresis(enter=0.6))["_target_"]
    'ferbench.events.hysteresis.Hysteresis'
    """
    return {"_target_": target_of(component), **fields_of(component)}


def target_of(component: object) -> str:
    """The dotted path of a component's class."""
    kind = type(component)
    return f"{kind.__module__}.{kind.__qualname__}"


def fields_of(component: Any) -> dict[str, Any]:
    """The fields of a dataclass as plain values."""
    fields = [field for field in dataclasses.fields(component) if field.init]
    return {field.name: _plain(getattr(component, field.name)) for field in fields}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return fields_of(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, PurePath):
        return str(value)
    return value
