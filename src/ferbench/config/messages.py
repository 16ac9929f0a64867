"""What Hydra and OmegaConf raise, as errors that name the key and what is allowed."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.config.groups import choices_of, keys_of
from ferbench.config.loader import load
from ferbench.errors import ConfigError
from ferbench.sentences import Action, Setting, Text
from ferbench.wording import did_you_mean

_SHOWN: Final = 60
_QUOTES = (
    "A value with commas, quotes or brackets needs quotes of its own: "
    "'dataset.videos=\"my, folder\"'."
)


@contextmanager
def hydra_errors(overrides: Sequence[str], *, config_dirs: Sequence[Path] = ()) -> Iterator[None]:
    """Errors of Hydra and OmegaConf raised inside become ConfigError.

    Args:
        overrides: what is composed.
        config_dirs: folders with further choices.
    """
    try:
        yield
    except Exception as error:
        translated = config_error(error, overrides, config_dirs=config_dirs)
        if translated is None:
            raise
        raise translated from error


def config_error(
    error: Exception, overrides: Sequence[str], *, config_dirs: Sequence[Path] = ()
) -> ConfigError | None:
    """The same error as ConfigError; None = it is none that a user can mend.

    Args:
        error: what was raised while these overrides were composed.
        overrides: in Hydra's syntax.
        config_dirs: folders with further choices.
    """
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        return _no_choice(str(error), overrides, config_dirs)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return ConfigError(f"the name of a choice is too long: {str(error.filename)[-_SHOWN:]}")
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    text = str(error).split("\nConfig search path:")[0].strip()
    if text.startswith("Ambiguous value for argument"):
        return _several_values(text)
    if text.startswith("In '") and "Could not find '" in text:
        return _no_such_choice(text)
    key = _missing_key(error)
    if key:
        return _no_such_key(key, overrides, config_dirs)
    if isinstance(error.__cause__, OmegaConfBaseException):
        text = f"{text}\n{error.__cause__}"
    return ConfigError(text)


def missing_value(error: OmegaConfBaseException) -> ConfigError:
    """The answer to a value that has to be given and is not."""
    key = str(error.full_key)
    if key != "dataset.videos":
        reason = str(error.msg).splitlines()[0]
        return ConfigError(reason, key=key, hint=Text("set it with ", Setting(key, "...")))
    own_videos = Action("evaluate", settings={key: "DIR", "dataset.annotations": "CSV"})
    the_demo = Action("evaluate", settings={"experiment": "demo"})
    return ConfigError(
        Text(
            "no videos are named",
            *("\n  your own videos:            ", own_videos),
            *("\n  three public clips to try:  ", the_demo),
            *("\n  all choices and values:     ", Action("evaluate", is_manual=True)),
        ),
        key=key,
    )


def _unreadable(error: OverrideParseException) -> ConfigError:
    """The answer to an override that the grammar does not accept."""
    override = error.override or ""
    is_bare_word = bool(override) and "=" not in override and override[0] not in "~+"
    if is_bare_word:
        return ConfigError(
            Text(
                f"{override!r} is no setting: expected key=value, for example ",
                Setting("dataset.videos", override),
                ". '",
                Action("evaluate", is_manual=True),
                "' lists all keys",
            )
        )
    reason = str(error).split("\nSee http")[0].removeprefix("LexerNoViableAltException: ").strip()
    return ConfigError(f"{reason}\n{_QUOTES}")


def _several_values(text: str) -> ConfigError:
    """The answer to ``key=a,b`` for one run."""
    override = text.partition("'")[2].partition("'\n")[0]
    key, _, value = override.partition("=")
    parts: list[str | Action] = [
        f"{override}: two or more values, separated by commas, for one run"
    ]
    if re.fullmatch(r"-?\d+,\d+", value):
        parts.append(f"\n  a decimal number has a point:    {key}={value.replace(',', '.')}")
    parts.append("\n  a run for each value (a sweep):  ")
    parts.append(Action("evaluate", each=(key, *_values(override))))
    parts.append(f"\n  one text with a comma in it:     '{key}=\"{value}\"'")
    parts.append(f"\n  a list:                          '{key}=[{value}]'")
    return ConfigError(Text(*parts))


def _values(override: str) -> list[str]:
    """The values of a sweep, each as it is written."""
    parsed = OverridesParser.create().parse_override(override)
    return [str(value) for value in parsed.sweep_string_iterator()]


def _no_such_choice(text: str) -> ConfigError:
    """The answer to ``group=choice`` where Hydra finds no such file."""
    file = text.partition("Could not find '")[2].partition("'")[0]
    group, _, choice = file.rpartition("/")
    listed = text.partition("Available options")[2].splitlines()[1:]
    existing = [line.strip() for line in listed if line.strip()]
    if not group or not existing:
        return ConfigError(text)
    hint = did_you_mean(choice, existing)
    choices = ", ".join(existing)
    return ConfigError(
        f"{group}={choice}: there is no such choice{hint}; choices of {group}: {choices}"
    )


def _missing_key(error: BaseException) -> str:
    """The full name of the key that a composition error complains about; "" = about none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException) and "not in struct" in str(cause):
            return str(cause.full_key)
        cause = cause.__cause__
    return ""


def _no_choice(
    otherwise: str, overrides: Sequence[str], config_dirs: Sequence[Path]
) -> ConfigError:
    """Name the override that gives a group another thing than a choice (null, a number)."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        group = override.key_or_group
        existing = choices_of(group, config_dirs=config_dirs)
        if existing and _is_no_choice(override):
            choices = ", ".join(existing)
            return ConfigError(
                f"{override.input_line}: there is no such choice; choices of {group}: {choices}"
            )
    return ConfigError(otherwise)


def _is_no_choice(override: Override) -> bool:
    if override.is_sweep_override():
        return False
    return not isinstance(override.value(), str | list)


def _no_such_key(key: str, overrides: Sequence[str], config_dirs: Sequence[Path]) -> ConfigError:
    parent, _, name = key.rpartition(".")
    allowed = _keys_beside(key, overrides, config_dirs)
    hint = did_you_mean(name, allowed, prefix=f"{parent}." if parent else "")
    where = f"keys of {parent}" if parent else "top-level keys"
    text = f"there is no such key{hint}; {where}: {', '.join(allowed) or 'none'}"
    owners = _owners(parent, name, config_dirs) if parent else []
    if owners:
        text = f"{text}. {key} is a key of {' and of '.join(owners)}"
    return ConfigError(text, key=key)


def _owners(group: str, key: str, config_dirs: Sequence[Path]) -> list[str]:
    """The choices of a group that have a key, as ``group=choice``."""
    owners = []
    for choice in choices_of(group, config_dirs=config_dirs):
        if key in keys_of(group, choice, config_dirs=config_dirs):
            owners.append(f"{group}={choice}")
    return owners


def _keys_beside(key: str, overrides: Sequence[str], config_dirs: Sequence[Path]) -> list[str]:
    """The keys that there are where a missing one was looked for."""
    config: Any = _config_without(key, overrides, config_dirs)
    parent = key.rpartition(".")[0]
    if config is not None and parent:
        config = OmegaConf.select(config, parent)
    if not isinstance(config, DictConfig):
        return []
    return [str(name) for name in config if name not in ("_target_", "hydra")]


def _config_without(
    key: str, overrides: Sequence[str], config_dirs: Sequence[Path]
) -> DictConfig | None:
    """The configuration with these overrides but the bad one; None = it has further mistakes."""
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        good = [override.input_line for override in parsed if _is_beside(override, key)]
        return load([line for line in good if line], config_dirs=config_dirs)
    except (HydraException, OmegaConfBaseException):
        return None


def _is_beside(override: Override, key: str) -> bool:
    is_below = f"{override.key_or_group}.".startswith(f"{key}.")
    return not is_below and not override.is_sweep_override()
