"""Checks of settings that many components have: ranges, choices, lengths of time.

Each raises ConfigError with the setting's name, what was expected and what was got.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

from ferbench.errors import ConfigError


def check_choice(key: str, value: str, choices: Sequence[str]) -> None:
    """Check that a setting is one of some words.

    >>> check_choice("pad", "white", ("edge", "black"))
    Traceback (most recent call last):
    ferbench.errors.ConfigError: pad: expected one of edge, black, got 'white'
    """
    if value not in choices:
        raise ConfigError(key=key, expected=f"one of {', '.join(choices)}", got=value)


def check_list(key: str, value: object) -> None:
    """Check that several things are given, and not one text, whose letters would be taken."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigError(key=key, expected="a list", got=value)


def path_of(key: str, value: object) -> Path:
    """A path that was given as text or as a path, with ``~`` for the home folder.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(value, str | os.PathLike):
        raise ConfigError(key=key, expected="a path", got=value)
    return from_home(os.fspath(value))


def from_home(path: str | Path) -> Path:
    """A path with ``~`` for the home folder; a name such as ``~study``, of no user, stays one.

    >>> from_home("~no such user/P01.mp4").as_posix()
    '~no such user/P01.mp4'
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user, or the home folder is not known
        return Path(path)


def check_number(key: str, value: object) -> None:
    """Check that a setting is a number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(key=key, expected="a number", got=value)


def check_finite(key: str, value: float) -> None:
    """Check that a setting is a finite number."""
    check_number(key, value)
    if not math.isfinite(value):
        raise ConfigError(key=key, expected="a finite number", got=value)


def check_seconds(key: str, value: float) -> None:
    """Check that a setting is a finite time, 0 or more."""
    check_number(key, value)
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(key=key, expected="a finite number of seconds, 0 or more", got=value)


def check_seconds_above_0(key: str, value: float) -> None:
    """Check that a setting is a finite time above 0."""
    check_number(key, value)
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(key=key, expected="a finite number of seconds above 0", got=value)


def check_share(key: str, value: float) -> None:
    """Check that a setting is in [0, 1]."""
    check_number(key, value)
    if not 0 <= value <= 1:
        raise ConfigError(key=key, expected="a number in [0, 1]", got=value)


def check_probability_below_1(key: str, value: float) -> None:
    """Check that a setting is in [0, 1), as least probabilities are."""
    check_number(key, value)
    if not 0 <= value < 1:
        raise ConfigError(key=key, expected="a number in [0, 1)", got=value)


def check_margin(key: str, value: float) -> None:
    """Check that something is left of a face when this is added to each of its four sides."""
    check_number(key, value)
    if not (math.isfinite(value) and value > -0.5):
        raise ConfigError(key=key, expected="a number above -0.5", got=value)


def check_level(key: str, level: float, span: tuple[float, float]) -> None:
    """Check that a threshold can be passed by some values of a signal, and not by all of them.

    Args:
        key: the threshold's name.
        level: the threshold; NaN = the rule has none.
        span: smallest and largest value of the signal.
    """
    low, high = span
    if math.isnan(level) or low < level <= high:
        return
    raise ConfigError(
        f"expected more than {low:g} and at most {high:g}, which is all that the signal's values "
        f"can be, got {level:g}",
        key=key,
    )


def check_at_least_1(key: str, value: int, *, of: str = "") -> None:
    """Check that a count or a size is 1 or more; ``of`` names the unit."""
    if value < 1:
        raise ConfigError(key=key, expected=f"at least 1 {of}".rstrip(), got=value)


def check_optional_size(key: str, value: int | None) -> None:
    """Check that a size is 1 or more pixels, or left open (None)."""
    if value is not None and value < 1:
        raise ConfigError(key=key, expected="at least 1 pixel, or null", got=value)
