"""What Hydra and OmegaConf say, in words that name the key and what is allowed."""

from __future__ import annotations

import difflib
import sys

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ferbench.app.compose import choices_of
from ferbench.errors import FerbenchError


def explain(error: Exception) -> str | None:
    """A message for an error that a user can mend, None for any other."""
    if isinstance(error, FerbenchError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OverrideParseException):
        return (
            f"ConfigError: {str(error).strip()}\n"
            "A value with blanks, commas, '=' or brackets needs quotes of its own: 'dataset.videos=\"my, folder\"'."
        )
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        return f"ConfigError: {_no_choice(str(error))}"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    key = _missing_key(error)
    if key:
        return f"ConfigError: {_no_such_key(key)}"
    cause = f"\n{error.__cause__}" if isinstance(error.__cause__, OmegaConfBaseException) else ""
    text = str(error).split("\nConfig search path:")[0].strip()
    return f"ConfigError: {text}{cause}"


def _missing_key(error: BaseException) -> str:
    """The full name of the key that a composition error complains about; "" = it is about something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException) and "not in struct" in str(cause):
            return str(cause.full_key)
        cause = cause.__cause__
    return ""


def _no_choice(otherwise: str) -> str:
    """Name the override that gives a group another thing than one of its choices (null, a number)."""
    for override in OverridesParser.create().parse_overrides([a for a in sys.argv[1:] if "=" in a and a[0] != "-"]):
        there = choices_of(override.key_or_group)
        if there and not override.is_sweep_override() and not isinstance(override.value(), str | list):
            there_are = ", ".join(there)
            return f"{override.input_line}: there is no such choice; choices of {override.key_or_group}: {there_are}"
    return otherwise


def _no_such_key(key: str) -> str:
    parent, _, name = key.rpartition(".")
    allowed = [k for k in _keys_below(parent, without=key) if k != "_target_"]
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f" (did you mean {parent + '.' if parent else ''}{near[0]}?)" if near else ""
    where = f"keys of {parent}" if parent else "top-level keys"
    return f"{key}: there is no such key{hint}; {where}: {', '.join(allowed) or 'none'}"


def _keys_below(parent: str, *, without: str) -> list[str]:
    """Keys that a node has in the configuration of this command line, leaving the bad override out."""
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    try:
        parsed = OverridesParser.create().parse_overrides([a for a in sys.argv[1:] if "=" in a and a[0] != "-"])
        good = [o for o in parsed if not f"{o.key_or_group}.".startswith(f"{without}.") and not o.is_sweep_override()]
        texts = [o.input_line for o in good]
        GlobalHydra.instance().clear()
        with initialize_config_module("ferbench.conf", version_base="1.3"):
            config: object = compose("config", overrides=[text for text in texts if text])
    except (HydraException, OmegaConfBaseException):
        return []
    node = OmegaConf.select(config, parent) if parent and isinstance(config, DictConfig) else config
    return [str(k) for k in node] if isinstance(node, DictConfig) else []
