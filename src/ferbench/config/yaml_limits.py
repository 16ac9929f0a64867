"""What a yaml may be: how large, how deep, and how often it may repeat itself.

A few lines whose names stand for each other (``&a [*b, *b]``) unfold to terabytes, deep brackets
end the program's stack, and a name that stands for itself never ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from ferbench.errors import ConfigError

MOST_BYTES: Final = 4 * 2**20
"""Of a text; a configuration has some thousands."""

MOST_DEPTH: Final = 30
"""Of brackets and indentations in each other; a configuration has six."""

MOST_VALUES: Final = 200_000
"""Scalars, lists and mappings, those that aliases repeat counted each time."""

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def yaml_text_of(path: Path) -> str:
    """The text of a file that is yaml of a size that can be read.

    Raises:
        ConfigError: it cannot be read, is no yaml, or is beyond a limit.
    """
    try:
        check_size(path.stat().st_size)
        text = path.read_text(encoding="utf-8")
        check_yaml(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as a yaml: {reason_of(error)}") from error
    return text


def reason_of(error: Exception) -> str:
    """What an error of a file or of yaml says, on one line."""
    text = isinstance(error, OSError) and error.strerror
    return " ".join(str(text or error).split())


def check_yaml(text: str) -> None:
    """Check that a text is yaml of a size that can be read; nothing is made of it.

    Raises:
        ValueError: it is no yaml, or is beyond a limit; says which, and where it is no yaml.
    """
    check_size(len(text))
    counted = _Counted()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            counted.add(event)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels") from error


def check_size(num_bytes: int) -> None:
    """Raise ValueError where a text is larger than ``MOST_BYTES``."""
    if num_bytes > MOST_BYTES:
        raise ValueError(f"it has {num_bytes} bytes, expected a yaml of at most {MOST_BYTES}")


class _Counted:
    """Values so far, and what each name (anchor) stands for."""

    def __init__(self) -> None:
        self._open: list[tuple[str | None, int]] = []  # name, number of values before it
        self._of_name: dict[str, int | None] = {}  # None = it is not over yet
        self._num = 0

    def add(self, event: Any) -> None:
        """Take the next event of the parser."""
        if isinstance(event, _STARTS):
            self._begin(event.anchor)
        elif isinstance(event, _ENDS):
            name, before = self._open.pop()
            self._name(name, self._num - before)
        elif isinstance(event, yaml.ScalarEvent):
            self._num += 1
            self._name(event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            self._num += self._repeated(event.anchor)
        if self._num > MOST_VALUES:
            raise ValueError(f"it has more than {MOST_VALUES} values, repeated ones counted")

    def _begin(self, name: str | None) -> None:
        self._open.append((name, self._num))
        self._num += 1
        if len(self._open) > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels")
        if name:
            self._of_name[name] = None

    def _name(self, name: str | None, num: int) -> None:
        if name:
            self._of_name[name] = num

    def _repeated(self, name: str) -> int:
        num = self._of_name.get(name, 0)
        if num is None:
            raise ValueError(f"the alias *{name} stands in what it stands for")
        return num
