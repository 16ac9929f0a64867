"""Keys: equal specs have equal keys, whatever path or spelling of a number they came with.

A spec is a dataclass, mapping, sequence, string, number, bool or None. Fields of a dataclass marked
``compare=False`` do not change results and are not part of its key. A field that came later may
name, in its metadata ``KEY_AS_WITHOUT``, the value that stands for what was done before: with it,
keys are as they were, and what is stored stays valid. A component's class variable ``version`` is
part of its key. Components that live outside ferbench, and functions or classes outside it that a
field names (a field with the metadata ``dotted``), also carry the hash of their module's source,
because nobody promises to raise their version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import json
import math
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from ferbench.errors import ConfigError

_OURS: Final = "ferbench."
KEY_AS_WITHOUT: Final = "key_as_without"


def json_values(spec: Any) -> Any:
    """Turn a spec into plain JSON values, one way only.

    Numbers: ``1`` and ``1.0`` are the same, ``0.0`` and ``-0.0`` too; NaN and infinities are
    refused. Tuples and lists are the same. Mappings need string keys; their order does not matter.

    Raises:
        ConfigError: a value that is no plain JSON value (a function, a tensor, a path, ...).
    """
    if spec is None or isinstance(spec, bool | str):
        return spec
    if isinstance(spec, Enum):
        return json_values(spec.value)
    if isinstance(spec, int | float):
        return _number(spec)
    if isinstance(spec, list | tuple):
        return [json_values(item) for item in spec]
    if isinstance(spec, Mapping):
        return _mapping(spec)
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        return _component(spec)
    raise ConfigError(
        f"cannot make a key of a {type(spec).__module__}.{type(spec).__qualname__}: {spec!r}; "
        "expected dataclasses, mappings, lists, text, finite numbers, bools or None"
    )


def _number(value: int | float) -> int | float:
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        raise ConfigError(f"cannot make a key of the number {value!r}; expected a finite number")
    return int(value) if value == int(value) else float(value)


def _mapping(spec: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in spec):
        raise ConfigError(
            f"cannot make a key of a mapping with other than text keys: {list(spec)!r}"
        )
    return {key: json_values(spec[key]) for key in sorted(spec)}


def _component(spec: Any) -> dict[str, Any]:
    cls = type(spec)
    form: dict[str, Any] = {"type": f"{cls.__module__}.{cls.__qualname__}"}
    version = getattr(cls, "version", None)
    if isinstance(version, str):  # a slot named "version" would be a descriptor here
        form["version"] = version
    if not cls.__module__.startswith(_OURS):
        form["source"] = _source_hash(cls)
    fields = {}
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if field.metadata.get("dotted") and value and not value.startswith(_OURS):
            module = importlib.import_module(value.rpartition(".")[0])
            form[f"source of {field.name}"] = _hash(inspect.getsource(module))
        is_as_without = field.metadata.get(KEY_AS_WITHOUT, dataclasses.MISSING) == value
        if field.compare and not is_as_without:
            fields[field.name] = json_values(value)
    form["fields"] = fields
    return form


def _source_hash(cls: type) -> str:
    module = sys.modules[cls.__module__]
    try:
        text = inspect.getsource(module)
    except (OSError, TypeError):
        text = inspect.getsource(cls)
    return _hash(text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_json(spec: Any) -> str:
    """The text that is hashed: ``json_values``, sorted keys, no blanks."""
    return json.dumps(
        json_values(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def fingerprint(spec: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits.

    >>> fingerprint({"a": 1}) == fingerprint({"a": 1.0})
    True
    """
    return _hash(canonical_json(spec))
