"""The command line before Hydra reads it: paths as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from ferbench.errors import ConfigError


def with_quotes(arguments: Sequence[str]) -> list[str]:
    """The same arguments, with quotes around values that Hydra's grammar accepts in no other way.

    So ``dataset.videos=~/Study (2024)`` needs no quotes of its own. What Hydra can read stays as it
    is: a comma still separates the values of a sweep.

    >>> with_quotes(["-m", "event.enter=0.4,0.5", "dataset.videos=~/Study (2024)"])
    ['-m', 'event.enter=0.4,0.5', "dataset.videos='~/Study (2024)'"]
    """
    return [_quoted(text) if _needs_quotes(text) else text for text in arguments]


def sweep_flag_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments with ``-m`` in front.

    Hydra takes no settings behind it if there are some before it.

    >>> sweep_flag_first(["dataset.videos=DIR", "-m", "event.enter=0.4,0.5"])
    ['-m', 'dataset.videos=DIR', 'event.enter=0.4,0.5']
    """
    flags = ("-m", "--multirun")
    return [*(a for a in arguments if a in flags), *(a for a in arguments if a not in flags)]


def has_several_values(text: str) -> bool:
    """Whether a setting is a sweep's: values separated by commas.

    >>> [has_several_values(text) for text in ("event.enter=0.4,0.5", "signal.labels=[a,b]")]
    [True, False]
    """
    return _parses(text) and bool(OverridesParser.create().parse_override(text).is_sweep_override())


def value_of(key: str, text: str) -> Any:
    """The value that a setting's text stands for, as a run reads it.

    Raises:
        ConfigError: it cannot be read, or is a sweep's.

    >>> value_of("enter", "0.4"), value_of("labels", "[surprise]"), value_of("folder", "a b (c)")
    (0.4, ['surprise'], 'a b (c)')
    """
    [setting] = with_quotes([f"{key}={text}"])
    try:
        override = OverridesParser.create().parse_override(setting)
    except HydraException as error:
        raise ConfigError(f"{text!r} cannot be read as a value", key=key) from error
    if override.is_sweep_override():
        raise ConfigError(
            f"expected one value, got {text!r}; a list has brackets, as [1,2]", key=key
        )
    return override.value()


def _needs_quotes(text: str) -> bool:
    key, equals, value = text.partition("=")
    plain_value = (
        value and value[0] not in "[{'\""
    )  # a list or a quote that does not close is a slip, not a path
    return bool(
        equals
        and plain_value
        and not key.startswith("-")
        and not _parses(text)
        and _parses(_quoted(text))
    )


def _quoted(text: str) -> str:
    key, _, value = text.partition("=")
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"


def _parses(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True
