"""From plain values to components: every key and value is checked against the signature."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import types
import typing
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path, PurePath
from typing import Any

from ferbench.config.targets import check_defined, check_own, check_root
from ferbench.config.typed_values import items_of, pairs_of, plain_text, scalar_of, tree_of
from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text
from ferbench.wording import did_you_mean


def build(node: Mapping[str, Any], *, where: str, allow_targets: tuple[str, ...] = ()) -> Any:
    """Make the component that a configuration node describes.

    Args:
        node: ``_target_`` (dotted path of a dataclass) and its fields.
        where: the node's place in the configuration, for messages.
        allow_targets: packages outside ferbench that ``_target_`` may come from.

    Raises:
        ConfigError: unknown target, key or value; names the key and what is allowed.
    """
    cls = _target_class(node, where, allow_targets)
    fields = {key: value for key, value in node.items() if key != "_target_"}
    component = bind(cls, fields, where=where)
    for field in dataclasses.fields(component):
        if field.metadata.get("dotted"):
            check_defined(getattr(component, field.name), f"{where}.{field.name}", allow_targets)
    return component


def _target_class(node: Mapping[str, Any], where: str, allow_targets: tuple[str, ...]) -> Any:
    if not isinstance(node, Mapping):
        raise ConfigError(key=where, expected="a component with its fields", got=node)
    key = f"{where}._target_"
    target = node.get("_target_")
    if not isinstance(target, str) or "." not in target:
        raise ConfigError(key=key, expected="the dotted path of a component", got=target)
    check_root(target, key, allow_targets)
    module, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"cannot import {target}: {error}", key=key) from error
    check_own(found, target, key, allow_targets)
    return found


def bind(cls: Any, fields: Mapping[str, Any], *, where: str) -> Any:
    """Make a dataclass from a mapping of its fields, converting and checking every value.

    Lists become tuples, nested mappings the dataclasses that the annotations name; the keys of
    other mappings text.

    Raises:
        ConfigError: an unknown or missing key, or a value of another type; names the allowed ones.
    """
    if not dataclasses.is_dataclass(cls):
        raise ConfigError(f"{where}: {cls!r} is not a dataclass, so its fields cannot be checked")
    _check_names(cls, fields, where)
    hints = _type_hints(typing.cast("Any", cls))
    values = {key: _convert(value, hints[key], f"{where}.{key}") for key, value in fields.items()}
    try:
        return typing.cast("Any", cls)(**values)
    except ConfigError as error:  # of the values among each other: it does not know where it is
        raise _placed(error, where) from None


@functools.cache
def _type_hints(cls: Any) -> dict[str, Any]:
    """Types of a class's fields; reading them takes as long as all else here."""
    return typing.get_type_hints(cls)


def _check_names(cls: Any, fields: Mapping[str, Any], where: str) -> None:
    """Raise ConfigError where a name is unknown, or one that is needed is missing."""
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for key in fields:
        if key not in known:
            raise unknown_key(f"{where}.{key}", key, list(known))
    required = [name for name, field in known.items() if _is_required(field)]
    missing = [name for name in required if name not in fields]
    if missing:
        raise ConfigError(f"missing {', '.join(missing)}", key=where)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    has_default = field.default is not dataclasses.MISSING
    has_factory = field.default_factory is not dataclasses.MISSING
    return not has_default and not has_factory


def _placed(error: ConfigError, where: str) -> ConfigError:
    """An error of a component's own, as one about this place of the configuration."""
    placed = error.within(where)
    if not placed.key:
        placed.key = where
    return placed


def unknown_key(full: str, key: str, allowed: list[str]) -> ConfigError:
    """The error for a key that does not exist, with the nearest one that does."""
    hint = did_you_mean(key, allowed)
    names = ", ".join(allowed) or "none"
    return ConfigError(f"there is no such key{hint}; allowed: {names}", key=full)


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if isinstance(value, str) and (origin in (tuple, Mapping) or dataclasses.is_dataclass(hint)):
        value = _written_out(value)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, args, where)
    if origin is typing.Literal:
        return _checked_literal(value, args, where)
    if origin is tuple:
        return _convert_tuple(value, args, where)
    if origin is Mapping:
        return _convert_mapping(value, args, where)
    if dataclasses.is_dataclass(hint):
        return bind(hint, value, where=where) if isinstance(value, Mapping) else value
    return _convert_scalar(value, hint, where)


def _written_out(text: str) -> Any:
    """A list or a mapping that is still the text that was typed (``arguments``)."""
    is_typed = items_of(text) is not None or pairs_of(text) is not None
    return tree_of(text) if is_typed else text


def _checked_literal(value: Any, allowed: tuple[Any, ...], where: str) -> Any:
    if isinstance(value, bool) and plain_text(value) in allowed:
        value = plain_text(value)
    if value not in allowed:
        raise ConfigError(key=where, expected=f"one of {', '.join(map(str, allowed))}", got=value)
    return value


def _convert_mapping(value: Any, args: tuple[Any, ...], where: str) -> dict[Any, Any]:
    """Convert the keys, and the values that fit; the owner checks those that do not."""
    if not isinstance(value, Mapping):
        raise ConfigError(key=where, expected="names with values {name: value}", got=value)
    converted = {}
    for key, item in value.items():
        name = _convert(key, args[0], where)
        try:
            converted[name] = _convert(item, args[1], f"{where}.{name}")
        except ConfigError:
            converted[name] = item
    return converted


def _convert_union(value: Any, options: tuple[Any, ...], where: str) -> Any:
    allows_none = type(None) in options
    if value is None and allows_none:
        return None
    errors: list[ConfigError] = []
    for option in options:
        if option is not type(None):
            try:
                return _convert(value, option, where)
            except ConfigError as error:
                errors.append(error)
    if allows_none and isinstance(value, str) and scalar_of(value) is None:
        return None
    raise _of_all_options(errors, value, where, allows_none=allows_none)


def _of_all_options(
    errors: Sequence[ConfigError], value: Any, where: str, *, allows_none: bool
) -> ConfigError:
    """What to say where no option takes a value."""
    is_deeper = len(errors) == 1 and errors[0].key != where
    if is_deeper or not allows_none:
        return errors[0]
    expected = " or ".join(error.expected or error.message for error in errors)
    return ConfigError(key=where, expected=f"{expected}, or null", got=value)


def _convert_tuple(value: Any, args: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        is_scalar = isinstance(value, str | int | float)
        hint = Text("write '", Setting(where, f"[{value}]"), "'") if is_scalar else ""
        raise ConfigError(key=where, expected="a list", got=value, hint=hint)
    if len(args) == 2 and args[1] is Ellipsis:
        args = (args[0],) * len(value)
    if len(args) != len(value):
        raise ConfigError(
            f"expected a list of {len(args)} values, got {len(value)}: {value!r}", key=where
        )
    pairs = zip(value, args, strict=True)
    return tuple(_convert(item, arg, f"{where}[{i}]") for i, (item, arg) in enumerate(pairs))


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
}


def _convert_scalar(value: Any, hint: Any, where: str) -> Any:
    if hint not in _NAMES:
        raise ConfigError(f"a value of type {hint} cannot be set from a configuration", key=where)
    converted = _without_loss(value, hint)
    is_bool_for_int = hint is int and isinstance(converted, bool)
    if not isinstance(converted, hint) or is_bool_for_int:
        raise ConfigError(key=where, expected=_NAMES[hint], got=value)
    return converted


def _without_loss(value: Any, hint: Any) -> Any:
    """The value as ``hint`` where that says the same; else as it is.

    Words that a yaml or a command line may have for numbers and switches are still text here: only
    the field knows whether they are names.
    """
    if hint in (str, Path):
        return _as_text(value, hint)
    number = scalar_of(value) if isinstance(value, str) else value
    if isinstance(number, str):
        return value
    return number if isinstance(number, bool) else _as_number(number, hint)


def _as_text(value: Any, hint: Any) -> Any:
    """Numbers, switches and paths as text or as a path."""
    if isinstance(value, bool | Real):
        return hint(plain_text(value))
    if isinstance(value, str | PurePath):
        return hint(value)
    return value


def _as_number(value: Any, hint: Any) -> Any:
    """A number as a float, or as a whole number where it is one."""
    if hint is float and isinstance(value, Real):
        return float(value)
    if hint is int and isinstance(value, Integral):
        return int(value)
    if hint is int and isinstance(value, Real) and float(value).is_integer():
        return int(float(value))
    return value
