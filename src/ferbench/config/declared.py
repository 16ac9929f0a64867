"""What the fields declare that a configuration's keys are for."""

from __future__ import annotations

import dataclasses
import importlib
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from ferbench.config.groups import choices_of, yaml_text

_OUR_TARGET: Final = re.compile(r"^_target_: (ferbench\.\S+)", re.MULTILINE)
_NONE: Final = type(None)


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """What may stand at a place of the configuration.

    Attributes:
        hints: of the fields that it may be for, without unions; () = it is known of none.
    """

    hints: tuple[Any, ...]

    @property
    def is_known(self) -> bool:
        """Whether a component of ours has such a field."""
        return bool(self.hints)

    @property
    def text(self) -> bool:
        """Whether it may be text; so may be what is not known."""
        return not self.hints or any(_is_text(hint) for hint in self.hints)

    @property
    def only_text(self) -> bool:
        """Whether it is no list and no mapping."""
        return bool(self.hints) and all(_is_text(hint) or hint is _NONE for hint in self.hints)

    @property
    def is_list(self) -> bool:
        """Whether it may be a list."""
        return any(typing.get_origin(hint) is tuple for hint in self.hints)

    @property
    def nothing(self) -> bool:
        """Whether it may be null."""
        return not self.hints or _NONE in self.hints

    def item(self) -> Declared:
        """An item of the list that stands there."""
        found: list[Any] = []
        for hint in self.hints:
            if typing.get_origin(hint) is tuple:
                found += [arg for arg in typing.get_args(hint) if arg is not Ellipsis]
        return _declared(found)

    def key(self, name: str) -> Declared:
        """The value of a key below it."""
        found = []
        for hint in self.hints:
            if typing.get_origin(hint) is Mapping:
                found.append(typing.get_args(hint)[1])
            elif dataclasses.is_dataclass(hint):
                found += [h for field, h in typing.get_type_hints(hint).items() if field == name]
        return _declared(found)


UNKNOWN: Final = Declared(())


@cache
def declared(key: str) -> Declared | None:
    """What a key of a configuration is declared to be.

    Returns:
        None = the key is not one of ferbench's sections.

    >>> declared("dataset.only_sessions").item().text, declared("event.enter").text
    (True, False)
    """
    section, *names = key.split(".")
    if section == "allow_targets" and not names:
        return Declared((tuple[str, ...],))
    if not names:
        is_group = bool(choices_of(section))
        return Declared((str, _NONE)) if is_group else None
    classes = _classes(section)
    if not classes:
        return None
    place = Declared(tuple(classes))
    for name in names:
        place = place.key(name)
    return place


def _classes(section: str) -> list[Any]:
    """The classes that a section's values are for; imported only where a value has to be read."""
    if section in ("paths", "report"):
        from ferbench.config.settings import Paths, ReportSettings

        return [Paths if section == "paths" else ReportSettings]
    if section == "runtime":
        from ferbench.pipeline.recipe import Runtime

        return [Runtime]
    targets: dict[str, None] = {}
    for choice in choices_of(section):
        targets |= dict.fromkeys(_OUR_TARGET.findall(yaml_text(section, choice)))
    classes = []
    for target in targets:
        module, _, name = target.rpartition(".")
        classes.append(getattr(importlib.import_module(module), name))
    return classes


def _declared(hints: list[Any]) -> Declared:
    found: dict[Any, None] = {}
    for hint in hints:
        is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
        found |= dict.fromkeys(typing.get_args(hint) if is_union else [hint])
    return UNKNOWN if Any in found else Declared(tuple(found))


def _is_text(hint: Any) -> bool:
    if typing.get_origin(hint) is typing.Literal:
        return any(isinstance(value, str) for value in typing.get_args(hint))
    return hint in (str, Path)
