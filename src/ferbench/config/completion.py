"""What may follow on a command line: groups of the configuration, their choices and their keys."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ferbench.config.groups import choices_of, default_choices, keys_of

_OF_HYDRA: Final = {
    "hydra/launcher": ("planned", "basic", "joblib", "submitit_local", "submitit_slurm"),
    "hydra.sweeper.file": (),
}
"""What a sweep may be told: how its cells run, and where they are listed."""


def completions(word: str, words: Sequence[str]) -> list[str]:
    """What an override may become, whole.

    ``ev`` becomes ``event=``, ``event=hy`` becomes ``event=hysteresis``, ``event.en`` becomes
    ``event.enter=``. Of several values after a comma the last is completed.

    Args:
        word: the override that is being typed.
        words: the arguments before it; they may choose what has the keys, and add choices by
            ``--config-dir``.

    >>> completions("event=hyst", ()), completions("event.enter", ())
    (['event=hysteresis'], ['event.enter='])
    """
    config_dirs = _config_dirs(words)
    key, has_value, value = word.partition("=")
    if has_value:
        done, comma, last = value.rpartition(",")
        names = _OF_HYDRA.get(key) or choices_of(key, config_dirs=config_dirs)
        return [f"{key}={done}{comma}{name}" for name in names if name.startswith(last)]
    groups = [f"{name}=" for name in (*default_choices(), *_OF_HYDRA) if name.startswith(word)]
    return [*groups, *_keys(word, words, config_dirs)]


def _config_dirs(words: Sequence[str]) -> tuple[Path, ...]:
    """Folders with further choices that were given."""
    names = ("--config-dir", "-cd")
    given = [after for option, after in pairwise(words) if option in names]
    given += [word.partition("=")[2] for word in words if word.startswith(f"{names[0]}=")]
    return tuple(Path(text) for text in given)


def _keys(word: str, words: Sequence[str], config_dirs: Sequence[Path]) -> list[str]:
    """Keys of the group whose name and dot were typed, of the choice that was made."""
    group, dot, begun = word.partition(".")
    choice = default_choices().get(group, "")
    for earlier in words:
        name, _, value = earlier.partition("=")
        if name == group:
            choice = value.rpartition(",")[2]
    if not dot or choice not in choices_of(group, config_dirs=config_dirs):
        return []
    keys = keys_of(group, choice, config_dirs=config_dirs)
    return [f"{group}.{key}=" for key in keys if key[0] != "_" and key.startswith(begun)]
