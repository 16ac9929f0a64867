"""The command line before Hydra reads it: names and paths as people write them.

Hydra's grammar takes ``1_1`` for 11 and ``1e3`` for 1000.0. What a field declares as text gets the
text that was typed: it is put in quotes where the grammar would read something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from ferbench.config.declared import UNKNOWN, Declared, declared
from ferbench.config.typed_values import (
    NULL,
    Pair,
    is_plain,
    items_of,
    pairs_of,
    plain_text,
    split_at,
    tree_of,
    word_of,
)
from ferbench.errors import ConfigError

_QUOTES: Final = "'\""
_SLIPS: Final = "[{'\""
"""A list or a quote that does not close is a slip, not a path."""
_UNREADABLE: Final = object()
_FUNCTION: Final = re.compile(
    r"(?P<name>choice|shuffle|sort|tag)\s*\((?P<arguments>.*)\)", re.DOTALL
)
_SWEEP_FLAGS: Final = ("-m", "--multirun")
_LIST_OF_CELLS: Final = "hydra.sweeper.file="
_WITH_VALUE: Final = (
    *("-cd", "--config-dir", "-cn", "--config-name", "-cp", "--config-path"),
    *("-p", "--package", "-i", "--info"),
)
"""Hydra's options that the next argument is for."""


def with_quotes(arguments: Sequence[str]) -> list[str]:
    """The same arguments, with quotes where Hydra's grammar would not read what was typed.

    Where a field declares text, what was typed stays: ``1_1``, ``1e3`` and ``007`` are names. Where
    the grammar has no place for a path, as in ``~/Study (2024)``, it needs no quotes of its own.
    What Hydra reads as it was meant stays as it is: a comma still separates a sweep's values.

    >>> with_quotes(["-m", "event.enter=0.40,0.50", "dataset.videos=~/Study (2024)"])
    ['-m', 'event.enter=0.40,0.50', "dataset.videos='~/Study (2024)'"]
    >>> with_quotes(["dataset.only_sessions=[1_1,P07]", "dataset.camera=1e3"])
    ["dataset.only_sessions=['1_1',P07]", "dataset.camera='1e3'"]
    """
    before = ["", *arguments]
    is_sweep = any(flag in _SWEEP_FLAGS for flag in arguments)
    return [
        text if option in _WITH_VALUE else _as_typed(text, is_sweep=is_sweep)
        for option, text in zip(before, arguments, strict=False)
    ]


def sweep_flag_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments with ``-m`` in front; it is added where a list of cells is named.

    Hydra takes no settings behind it if there are some before it.

    >>> sweep_flag_first(["dataset.videos=DIR", "-m", "event.enter=0.4,0.5"])
    ['-m', 'dataset.videos=DIR', 'event.enter=0.4,0.5']
    >>> sweep_flag_first(["experiment=demo", "hydra.sweeper.file=cells.csv"])
    ['-m', 'experiment=demo', 'hydra.sweeper.file=cells.csv']
    """
    flags = [text for text in arguments if text in _SWEEP_FLAGS]
    if not flags and any(text.startswith(_LIST_OF_CELLS) for text in arguments):
        flags = [_SWEEP_FLAGS[0]]
    return [*flags, *(text for text in arguments if text not in _SWEEP_FLAGS)]


def has_several_values(text: str) -> bool:
    """Whether a setting is a sweep's: values separated by commas.

    >>> [has_several_values(text) for text in ("event.enter=0.4,0.5", "signal.labels=[a,b]")]
    [True, False]
    """
    return _parses(text) and bool(OverridesParser.create().parse_override(text).is_sweep_override())


def value_of(key: str, text: str) -> Any:
    """The value that a setting's text stands for; a number that is not written plainly stays text.

    So it is whoever knows the field that reads it (``binding``).

    Raises:
        ConfigError: it cannot be read, or is a sweep's.

    >>> value_of("enter", "0.4"), value_of("labels", "[surprise]"), value_of("folder", "a b (c)")
    (0.4, ['surprise'], 'a b (c)')
    >>> value_of("cameras", "{1_1: [0, 0.50]}")
    {'1_1': [0, '0.50']}
    """
    setting = _element_line(key, text, UNKNOWN)
    try:
        override = OverridesParser.create().parse_override(setting)
    except HydraException as error:
        raise ConfigError(f"{text!r} cannot be read as a value", key=key) from error
    if override.is_sweep_override():
        raise ConfigError(
            f"expected one value, got {text!r}; a list has brackets, as [1,2]", key=key
        )
    value = override.value()
    return tree_of(value) if isinstance(value, str) and pairs_of(text) is not None else value


def one_setting(key: str, text: str) -> str:
    """A setting with the one value that was typed: commas separate nothing.

    Raises:
        ConfigError: it cannot be read, or would be several values.

    >>> one_setting("dataset.camera", "1e3"), one_setting("dataset.videos", "a, b")
    ("dataset.camera='1e3'", "dataset.videos='a, b'")
    """
    line = _as_typed(f"{key}={text}", is_sweep=False)
    if _parses(line) and not has_several_values(line):
        return line
    place = declared(key.lstrip("+~"))
    if place is not None and place.only_text and text[0] not in _SLIPS:
        return _quoted(f"{key}={text}")
    raise ConfigError(f"expected one value, got {text!r}; a list has brackets, as [1,2]", key=key)


def _as_typed(argument: str, *, is_sweep: bool) -> str:
    """One argument; of a sweep, values between commas are values of their own."""
    key, equals, value = argument.partition("=")
    if not equals or not value or key.startswith("-"):
        return argument
    name = key.lstrip("+~")
    place = None if name.startswith("hydra") else declared(name)
    if place is not None:
        return _value_as_typed(argument, place, is_sweep=is_sweep)
    return _quoted(argument) if _needs_quotes(argument) else argument


def _value_as_typed(argument: str, place: Declared, *, is_sweep: bool) -> str:
    """An argument whose field is known."""
    key, _, value = argument.partition("=")
    is_slip = value[0] in _SLIPS
    if not is_sweep and not _parses(argument) and not is_slip:
        return _quoted(argument)
    elements = split_at(value, ",")
    if elements is not None:
        return f"{key}={','.join(_element(element, place) for element in elements)}"
    return _quoted(argument) if place.only_text and not is_slip else argument


def _element_line(key: str, text: str, place: Declared) -> str:
    line = f"{key}={_element(text, place)}"
    return _quoted(f"{key}={text}") if not _parses(line) and text[:1] not in _SLIPS else line


def _element(typed: str, place: Declared) -> str:
    """One value, so that Hydra's grammar reads what was typed."""
    function = _FUNCTION.fullmatch(typed.strip())
    if function is not None:
        return _function(function, place) or typed
    items, pairs = items_of(typed), pairs_of(typed)
    if items is not None and not place.only_text:
        elements = [_element(item, place.item()) for item in items]
        return typed if elements == items else f"[{','.join(elements)}]"
    if pairs is not None and not place.only_text:
        return _mapping(typed, pairs, place)
    if (
        place.is_list and not place.text
    ):  # brackets were forgotten: the message shows what was typed
        place = place.item()
    return _word(typed, place)


def _function(function: re.Match[str], place: Declared) -> str | None:
    """``choice(a,b)`` and its like, over the same values; None = its brackets do not close."""
    arguments = split_at(function["arguments"], ",")
    if arguments is None:
        return None
    named = re.compile(r"\s*\w+\s*=")
    texts = [text if named.match(text) else _element(text.strip(), place) for text in arguments]
    return f"{function['name']}({','.join(texts)})"


def _mapping(typed: str, pairs: Sequence[Pair], place: Declared) -> str:
    """A mapping; as one text where the grammar has no place for a key (see ``binding``)."""
    if not all(_is_key(pair.key) for pair in pairs):
        return QuotedString(text=typed.strip(), quote=Quote.single).with_quotes()
    values = [_element(pair.value, place.key(word_of(pair.key))) for pair in pairs]
    if values == [pair.value for pair in pairs]:
        return typed
    texts = [f"{pair.key}: {value}" for pair, value in zip(pairs, values, strict=True)]
    return f"{{{', '.join(texts)}}}"


def _is_key(typed: str) -> bool:
    """Whether the grammar reads a mapping's key as it was typed."""
    value = _read(f"{{{typed}: 1}}")
    if not isinstance(value, dict):
        return False
    [key] = value
    is_name = isinstance(key, str | int) and not isinstance(key, bool)
    return is_name and plain_text(key) == word_of(typed)


def _word(typed: str, place: Declared) -> str:
    value = _read(typed)
    text = typed.strip()
    if value is _UNREADABLE:
        stays = not text or text[0] in _QUOTES
    elif value is None:
        stays = not place.text or (place.nothing and text in ("", NULL))
    elif isinstance(value, bool | int | float):
        is_switch = isinstance(value, bool) and place.is_known
        stays = not place.text or (is_plain(value, text) and not is_switch)
    else:
        stays = isinstance(value, str) or not place.only_text
    if stays:
        return typed
    return QuotedString(text=text, quote=Quote.single).with_quotes()


def _read(typed: str) -> Any:
    """What Hydra's grammar reads, ``_UNREADABLE`` where it reads nothing or a sweep."""
    try:
        override = OverridesParser.create().parse_override(f"key={typed}")
    except HydraException:
        return _UNREADABLE
    return _UNREADABLE if override.is_sweep_override() else override.value()


def _needs_quotes(text: str) -> bool:
    key, equals, value = text.partition("=")
    plain_value = value and value[0] not in _SLIPS
    return bool(
        equals
        and plain_value
        and not key.startswith("-")
        and not _parses(text)
        and _parses(_quoted(text))
    )


def _quoted(text: str) -> str:
    key, _, value = text.partition("=")
    return f"{key}={QuotedString(text=value, quote=Quote.single).with_quotes()}"


def _parses(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True
