"""What Hydra and OmegaConf say, in words that name the key and what is allowed."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.config.compose import choices_of, keys_of
from ferbench.errors import FerbenchError

NO_VIDEOS = (
    "dataset.videos: no videos are named\n"
    "  your own videos:            ferbench run dataset.videos=DIR dataset.annotations=CSV\n"
    "  three public clips to try:  ferbench run experiment=demo\n"
    "  all choices and values:     ferbench run --help"
)


def explain(error: Exception, overrides: Sequence[str] | None = None) -> str | None:
    """A message for an error that a user can mend, None for any other.

    Args:
        error: of Hydra, OmegaConf or ferbench.
        overrides: settings that were composed; None = those of the command line.
    """
    given = _overrides() if overrides is None else overrides
    if isinstance(error, FerbenchError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OverrideParseException):
        return f"ConfigError: {_unreadable(error)}"
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        return f"ConfigError: {_no_choice(str(error), given)}"
    if isinstance(error, BrokenExecutor) or type(error).__module__.startswith("submitit."):
        return f"a cell's process was ended from outside, mostly for want of memory ({str(error).splitlines()[0]})"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}. Runs are kept below paths.root; choose another, or make room there"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    text = str(error).split("\nConfig search path:")[0].strip()
    if text.startswith("Ambiguous value for argument"):
        return f"ConfigError: {_several_values(text)}"
    if text.startswith("In '") and "Could not find '" in text:
        return f"ConfigError: {_no_such_choice(text)}"
    key = _missing_key(error)
    if key:
        return f"ConfigError: {_no_such_key(key, given)}"
    cause = f"\n{error.__cause__}" if isinstance(error.__cause__, OmegaConfBaseException) else ""
    return f"ConfigError: {text}{cause}"


def missing_value(error: OmegaConfBaseException) -> str:
    """The answer to a value that has to be given and is not."""
    if error.full_key == "dataset.videos":
        return NO_VIDEOS
    return f"{error.full_key}: {str(error.msg).splitlines()[0]}; set it with {error.full_key}=..."


def _unreadable(error: OverrideParseException) -> str:
    text = error.override or ""
    if text and "=" not in text and text[0] not in "~+":
        return (
            f"{text!r} is no setting: expected key=value, for example dataset.videos={text}. "
            "'ferbench run --help' lists all keys"
        )
    message = str(error).split("\nSee http")[0].removeprefix("LexerNoViableAltException: ").strip()
    return f"{message}\nA value with commas, quotes or brackets needs quotes of its own: 'dataset.videos=\"my, folder\"'."


def _several_values(text: str) -> str:
    """The answer to ``key=a,b`` without ``-m``."""
    override = text.partition("'")[2].partition("'\n")[0]
    key, _, value = override.partition("=")
    lines = [f"{override}: two or more values, separated by commas, for one run"]
    if re.fullmatch(r"-?\d+,\d+", value):
        lines.append(f"  a decimal number has a point:    {key}={value.replace(',', '.')}")
    lines.append(f"  a run for each value (a sweep):  ferbench run -m {override}")
    lines.append(f"  one text with a comma in it:     '{key}=\"{value}\"'")
    lines.append(f"  a list:                          '{key}=[{value}]'")
    return "\n".join(lines)


def _no_such_choice(text: str) -> str:
    """The answer to ``group=choice`` where Hydra finds no such file."""
    wanted = text.partition("Could not find '")[2].partition("'")[0]
    group, _, choice = wanted.rpartition("/")
    there = [
        line.strip()
        for line in text.partition("Available options")[2].splitlines()[1:]
        if line.strip()
    ]
    if not group or not there:
        return text
    near = difflib.get_close_matches(choice, there, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return (
        f"{group}={choice}: there is no such choice{hint}; choices of {group}: {', '.join(there)}"
    )


def _missing_key(error: BaseException) -> str:
    """The full name of the key that a composition error complains about.

    "" = it is about something else.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException) and "not in struct" in str(cause):
            return str(cause.full_key)
        cause = cause.__cause__
    return ""


def _no_choice(otherwise: str, overrides: Sequence[str]) -> str:
    """Name the override that gives a group another thing than one of its choices (null, a number)."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        there = choices_of(override.key_or_group)
        if (
            there
            and not override.is_sweep_override()
            and not isinstance(override.value(), str | list)
        ):
            there_are = ", ".join(there)
            return f"{override.input_line}: there is no such choice; choices of {override.key_or_group}: {there_are}"
    return otherwise


def _no_such_key(key: str, overrides: Sequence[str]) -> str:
    parent, _, name = key.rpartition(".")
    config = _config_without(key, overrides)
    node = OmegaConf.select(config, parent) if parent and config is not None else config
    allowed = [str(k) for k in node if k != "_target_"] if isinstance(node, DictConfig) else []
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f" (did you mean {parent + '.' if parent else ''}{near[0]}?)" if near else ""
    where = f"keys of {parent}" if parent else "top-level keys"
    text = f"{key}: there is no such key{hint}; {where}: {', '.join(allowed) or 'none'}"
    owners = (
        [choice for choice in choices_of(parent) if name in keys_of(parent, choice)]
        if parent
        else []
    )
    return text + (
        f". {key} is a key of {' and of '.join(f'{parent}={o}' for o in owners)}" if owners else ""
    )


def _overrides() -> list[str]:
    return [a for a in sys.argv[1:] if "=" in a and a[0] != "-"]


def _config_without(key: str, overrides: Sequence[str]) -> DictConfig | None:
    """The configuration with these overrides, leaving a bad one out.

    None = it has further mistakes.
    """
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        good = [
            o
            for o in parsed
            if not f"{o.key_or_group}.".startswith(f"{key}.") and not o.is_sweep_override()
        ]
        texts = [o.input_line for o in good]
        GlobalHydra.instance().clear()
        with initialize_config_module("ferbench.conf", version_base="1.3"):
            return compose("config", overrides=[text for text in texts if text])
    except (HydraException, OmegaConfBaseException):
        return None
