"""The options of ``ferbench run``, which are Hydra's: checked before Hydra reads them.

Hydra's parser takes the beginning of an option for the option (``--exp`` for
``--experimental-rerun``), and ends with its whole usage where it knows none.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra._internal.utils import get_args_parser

from ferbench.config.groups import default_choices
from ferbench.errors import ConfigError
from ferbench.wording import did_you_mean


def check_options(arguments: Sequence[str]) -> None:
    """Look at all arguments that begin with a dash.

    Raises:
        ConfigError: Hydra has no such option, or it reads a pickle, which runs code.
    """
    known = get_args_parser()._option_string_actions
    is_value = False
    for number, argument in enumerate(arguments):
        if is_value or not argument.startswith("-"):
            is_value = False
            continue
        name, has_value, value = argument.partition("=")
        if name not in known:
            following = arguments[number + 1 : number + 2]
            raise _unknown(name, value if has_value else " ".join(following), list(known))
        if name == "--experimental-rerun":
            raise ConfigError(
                "--experimental-rerun reads a pickle, which can run any code; the run's "
                "config.yaml and overrides.txt say how to start it again"
            )
        is_value = known[name].nargs is None and not has_value


def _unknown(name: str, value: str, known: Sequence[str]) -> ConfigError:
    key = name.lstrip("-")
    if key.partition(".")[0] in default_choices():
        return ConfigError(
            f"{name}: there is no such option; choices and settings have no dashes",
            hint=f"write {key}={value or 'VALUE'}",
        )
    long_names = [option for option in known if option.startswith("--")]
    return ConfigError(
        f"{name}: there is no such option{did_you_mean(name, long_names)}",
        hint="ferbench run --help tells what there is",
    )
