"""Secrets of a configuration stay in the environment: what is kept of it only names them.

Hydra writes configurations and overrides to files as they are, before a run begins. So a password
in an address becomes ``${oc.env:FERBENCH_SECRET_1}`` as soon as it is read; processes that a sweep
starts inherit the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from omegaconf import DictConfig, ListConfig, OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc

from ferbench.checks import from_home
from ferbench.config.yaml_files import text_of_yaml
from ferbench.errors import FerbenchError
from ferbench.secret_texts import LEAST_LETTERS, MASK, keep_secret, masked, passwords_in

_VARIABLE: Final = "FERBENCH_SECRET_"
_OURS: Final = re.compile(rf"\$\{{oc\.env:{_VARIABLE}\d+\}}")
_FROM_ENVIRONMENT: Final = re.compile(r"\$\{oc\.env:[^}]*\}")


def hide_passwords(arguments: Sequence[str]) -> list[str]:
    """Arguments of a command line that name the passwords in them."""
    return [_hidden(text) for text in arguments]


def hide_secrets(config: DictConfig) -> None:
    """Let a composed configuration name its secrets, so that it can be written down.

    Names of people that its data set has pseudonyms for are secrets from now on.
    """
    _keep_names(config)
    with flag_override(config, "readonly", False):
        _hide_in(config)
    hydra = config.get("hydra")
    if hydra is None:
        return
    with flag_override(hydra, ["readonly", "struct"], [False, False]):
        for name in hydra.job.env_copy:
            hydra.job.env_set[name] = f"${{oc.env:{name}}}"
        job: Any = OmegaConf.to_container(hydra.job, resolve=False)
        hydra.job.override_dirname = _FROM_ENVIRONMENT.sub(MASK, str(job["override_dirname"]))


def _keep_names(config: DictConfig) -> None:
    """Know the names of the data set's key file; one that cannot be used is told where it is."""
    with suppress(FerbenchError, OmegaConfBaseException):
        path: Any = OmegaConf.select(config, "dataset.pseudonyms", default=None)
        if isinstance(path, str):
            from ferbench.datasets.pseudonyms import read_pseudonyms  # has numpy, --help has not

            read_pseudonyms(from_home(path)).keep()


def yaml_without_secrets(config: DictConfig) -> str:
    """The text of a ``config.yaml``: resolved, but what comes from the environment is named."""
    plain: Any = OmegaConf.to_container(config, resolve=False)
    text = text_of_yaml(_resolved(config, plain))
    return masked(_OURS.sub(MASK, text))


def environment_value(*arguments: Any) -> Any:
    """``oc.env``, whose values are secrets in all texts of this process."""
    value = oc.env(*arguments)
    if arguments and isinstance(value, str) and os.environ.get(str(arguments[0])) == value:
        keep_secret(value)
    return value


def _hidden(text: str) -> str:
    for password in passwords_in(text):
        if "${" not in password and password != MASK:
            text = text.replace(password, f"${{oc.env:{_variable_of(password)}}}")
    return text


def _variable_of(secret: str) -> str:
    """The variable that holds a secret; it is set where there is none yet."""
    keep_secret(secret)
    number = 1
    while os.environ.get(f"{_VARIABLE}{number}", secret) != secret:
        number += 1
    name = f"{_VARIABLE}{number}"
    os.environ[name] = secret
    return name


def _hide_in(node: DictConfig | ListConfig) -> None:
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return
    keys: Any = list(node.keys()) if isinstance(node, DictConfig) else range(len(node))
    for key in keys:
        child: Any = node._get_node(key)
        if isinstance(child, DictConfig | ListConfig):
            _hide_in(child)
        elif child is not None and isinstance(child._value(), str):
            hidden = _hidden(child._value())
            if hidden != child._value():
                node[key] = hidden


def _resolved(node: Any, plain: Any) -> Any:
    """Values with interpolations resolved, unless they hold what the environment says."""
    if isinstance(plain, dict):
        return {key: _child(node, key, value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_child(node, number, value) for number, value in enumerate(plain)]
    return plain


def _child(node: Any, key: Any, plain: Any) -> Any:
    if not (isinstance(plain, str) and "${" in plain):
        return _resolved(node._get_node(key), plain)
    if _FROM_ENVIRONMENT.search(plain):
        return plain
    value = node[key]
    if OmegaConf.is_config(value):
        return _resolved(value, OmegaConf.to_container(value, resolve=False))
    is_secret = isinstance(value, str) and len(value) >= LEAST_LETTERS and masked(value) != value
    return plain if is_secret else value
