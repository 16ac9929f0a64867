"""Keys: equal specs have equal keys, whatever path, batch size or spelling of a number they came
with.

A spec is a dataclass, mapping, sequence, string, number, bool or None. Fields of a dataclass marked
``compare=False`` do not change results and are not part of its key. A component's class variable
``version`` is. Components that live outside ferbench, and functions or classes outside it that a
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
from typing import Any

from ferbench.errors import ConfigError


def canonical(spec: Any) -> Any:
    """Turn a spec into plain JSON values, one way only.

    Numbers: ``1`` and ``1.0`` are the same, ``0.0`` and ``-0.0`` too; NaN and infinities are
    refused. Tuples and lists are the same. Mappings need string keys; their order does not matter.

    Raises:
        ConfigError: a value of a kind that has no canonical form (a function, a tensor, a path,
            ...).
    """
    if spec is None or isinstance(spec, bool | str):
        return spec
    if isinstance(spec, Enum):
        return canonical(spec.value)
    if isinstance(spec, int):
        return int(spec)
    if isinstance(spec, float):
        if not math.isfinite(spec):
            raise ConfigError(f"cannot make a key of the number {spec!r}; expected a finite number")
        return int(spec) if spec == int(spec) else float(spec)
    if isinstance(spec, list | tuple):
        return [canonical(item) for item in spec]
    if isinstance(spec, Mapping):
        if not all(isinstance(key, str) for key in spec):
            raise ConfigError(
                f"cannot make a key of a mapping with other than text keys: {list(spec)!r}"
            )
        return {key: canonical(spec[key]) for key in sorted(spec)}
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        return _component(spec)
    raise ConfigError(
        f"cannot make a key of a {type(spec).__module__}.{type(spec).__qualname__}: {spec!r}; "
        "expected dataclasses, mappings, lists, text, finite numbers, bools or None"
    )


def _component(spec: Any) -> dict[str, Any]:
    cls = type(spec)
    form: dict[str, Any] = {"type": f"{cls.__module__}.{cls.__qualname__}"}
    version = getattr(cls, "version", None)
    if isinstance(version, str):  # a slot named "version" would be a descriptor here
        form["version"] = version
    if not cls.__module__.startswith("ferbench."):
        form["source"] = _source_hash(cls)
    for field in dataclasses.fields(spec):
        dotted = getattr(spec, field.name) if field.metadata.get("dotted") else ""
        if dotted and not dotted.startswith("ferbench."):
            module = importlib.import_module(dotted.rpartition(".")[0])
            form[f"source of {field.name}"] = _hash(inspect.getsource(module))
    form["fields"] = {
        f.name: canonical(getattr(spec, f.name)) for f in dataclasses.fields(spec) if f.compare
    }
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
    """The text that is hashed: canonical values, sorted keys, no blanks."""
    return json.dumps(
        canonical(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def fingerprint(spec: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits.

    >>> fingerprint({"a": 1}) == fingerprint({"a": 1.0})
    True
    """
    return _hash(canonical_json(spec))
