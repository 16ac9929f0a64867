"""From a plain configuration to components.

Every key and value is checked against the target's signature.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.errors import ConfigError


def build(node: Mapping[str, Any], *, where: str, allow_targets: tuple[str, ...] = ()) -> Any:
    """Make the component that a configuration node describes.

    Args:
        node: ``_target_`` (dotted path of a dataclass) and its fields.
        where: the node's place in the configuration, for messages.
        allow_targets: packages outside ferbench that ``_target_`` may come from.

    Raises:
        ConfigError: unknown target, key or value; names the key and what is allowed.
    """
    target = node.get("_target_")
    if not isinstance(target, str) or "." not in target:
        raise ConfigError(
            f"{where}._target_: expected the dotted path of a component, got {target!r}"
        )
    _check_root(target, f"{where}._target_", allow_targets)
    module, _, name = target.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{where}._target_: cannot import {target}: {error}") from error
    fields = {key: value for key, value in node.items() if key != "_target_"}
    made = bind(cls, fields, where=where)
    for field in dataclasses.fields(made):
        if field.metadata.get("dotted"):
            _check_root(getattr(made, field.name), f"{where}.{field.name}", allow_targets)
    return made


def _check_root(target: str, where: str, allow_targets: tuple[str, ...]) -> None:
    root = target.split(".")[0]
    if root not in ("ferbench", *allow_targets):
        raise ConfigError(
            f"{where}: {target} lies outside ferbench; name its package in allow_targets to run it "
            f"(allow_targets=[{root}])"
        )


def bind(cls: Any, fields: Mapping[str, Any], *, where: str) -> Any:
    """Make a dataclass from a mapping of its fields, converting and checking every value.

    Lists become tuples, nested mappings the dataclasses that the annotations name; the keys of
    other mappings text.

    Raises:
        ConfigError: an unknown or missing key, or a value of another type; names the allowed ones.
    """
    if not dataclasses.is_dataclass(cls):
        raise ConfigError(f"{where}: {cls!r} is not a dataclass, so its fields cannot be checked")
    known = {f.name: f for f in dataclasses.fields(cls) if f.init}
    for key in fields:
        if key not in known:
            raise unknown_key(f"{where}.{key}", key, list(known))
    missing = [
        name
        for name, f in known.items()
        if name not in fields
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    hints = typing.get_type_hints(cls)
    values = {key: _convert(value, hints[key], f"{where}.{key}") for key, value in fields.items()}
    try:
        return typing.cast("Any", cls)(**values)
    except (
        ConfigError
    ) as error:  # of the values among each other; it does not know where in the configuration it is
        if error.key:
            raise error.within(where) from None
        raise (
            error if str(error).startswith(f"{where}.") else ConfigError(f"{where}: {error}")
        ) from None


def unknown_key(full: str, key: str, allowed: list[str]) -> ConfigError:
    """The error for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return ConfigError(
        f"{full}: there is no such key{hint}; allowed: {', '.join(allowed) or 'none'}"
    )


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, args, where)
    if origin is typing.Literal:
        if value not in args:
            raise ConfigError(
                f"{where}: expected one of {', '.join(map(str, args))}, got {value!r}"
            )
        return value
    if origin is tuple:
        return _convert_tuple(value, args, where)
    if dataclasses.is_dataclass(hint):
        return value if not isinstance(value, Mapping) else bind(hint, value, where=where)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: expected names with values {{name: value}}, got {value!r}")
        return {
            _convert(key, args[0], where): item for key, item in value.items()
        }  # its owner checks the values
    return _convert_scalar(value, hint, where)


def _convert_union(value: Any, options: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in options:
        return None
    errors = []
    for option in options:
        if option is not type(None):
            try:
                return _convert(value, option, where)
            except ConfigError as error:
                errors.append(str(error))
    suffix = ", or null" if type(None) in options else ""
    raise ConfigError("; ".join(errors) + suffix)


def _convert_tuple(value: Any, args: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        hint = f"; write '{where}=[{value}]'" if isinstance(value, str | int | float) else ""
        raise ConfigError(f"{where}: expected a list, got {value!r}{hint}")
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_convert(item, args[0], f"{where}[{i}]") for i, item in enumerate(value))
    if len(args) != len(value):
        raise ConfigError(
            f"{where}: expected a list of {len(args)} values, got {len(value)}: {value!r}"
        )
    return tuple(
        _convert(item, arg, f"{where}[{i}]")
        for i, (item, arg) in enumerate(zip(value, args, strict=True))
    )


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
}


def _convert_scalar(value: Any, hint: Any, where: str) -> Any:
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if hint in _NAMES:
        if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
            raise ConfigError(f"{where}: expected {_NAMES[hint]}, got {value!r}")
        return value
    raise ConfigError(f"{where}: a value of type {hint} cannot be set from a configuration")
