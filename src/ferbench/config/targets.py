"""Which code a configuration may name.

Hydra makes callbacks, launchers, sweepers and log handlers of whatever a yaml names, before a run
begins. So all names in a composed configuration are checked first: ferbench's own and what Hydra
ships pass, anything else only where the command line (never a file) has it in ``allow_targets``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pickle
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, OmegaConf, flag_override, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text

TARGET: Final = "_target_"
_OURS: Final = "ferbench"
_SHIPPED: Final = (_OURS, "hydra", "hydra_plugins")
_MADE_BY_HYDRA: Final = (
    (re.compile(r"callbacks\.[^.]+"), Callback),
    (re.compile("launcher"), Launcher),
    (re.compile("sweeper"), Sweeper),
)
"""Places below ``hydra`` and what Hydra makes there."""
_HANDLED: Final = ("callbacks", "launcher", "sweeper", "job_logging", "hydra_logging")
_LOGGING: Final = ("job_logging", "hydra_logging")
_LOG_CLASSES: Final = frozenset(
    {
        "logging.StreamHandler",
        "logging.FileHandler",
        "logging.NullHandler",
        "logging.Formatter",
        "logging.Filter",
        "logging.handlers.RotatingFileHandler",
        "logging.handlers.TimedRotatingFileHandler",
        "ferbench.app.showing.ShownFormatter",
        "colorlog.ColoredFormatter",  # of hydra/job_logging=colorlog
    }
)
_STREAMS: Final = frozenset({"ext://sys.stdout", "ext://sys.stderr"})
_HARMLESS_VARIABLE: Final = re.compile(
    r"(OMP|MKL|OPENBLAS|NUMEXPR|VECLIB|BLIS|TORCH)_NUM_THREADS|"
    r"CUDA_(VISIBLE_DEVICES|DEVICE_ORDER|LAUNCH_BLOCKING)|PYTORCH_(CUDA_)?ALLOC_CONF|TZ|LANG|LC_\w+"
)
"""Variables of the environment that make no program run code."""


def check_root(target: str, key: str, allowed: Collection[str]) -> None:
    """Check that a component's dotted path lies in ferbench or in an allowed package.

    Raises:
        ConfigError: it does not; names the key, the path and ``allow_targets``.
    """
    if target.split(".")[0] not in (_OURS, *allowed):
        raise _refused(target, key, "lies outside ferbench")


def check_own(found: object, target: str, key: str, allowed: Collection[str]) -> None:
    """Check that what a path of ferbench's names is ferbench's: its modules know others' things.

    Raises:
        ConfigError: it is not.
    """
    root = target.split(".")[0]
    home = str(getattr(found, "__module__", "")).split(".")[0]
    if root == _OURS and home != _OURS and root not in allowed:
        raise _refused(target, key, "is not ferbench's own")


def check_defined(path: str, key: str, allowed: Collection[str]) -> None:
    """``check_root`` and ``check_own`` of a path whose module is not imported yet.

    Raises:
        ConfigError: it lies outside ferbench, or its module does not define it.
    """
    check_root(path, key, allowed)
    root = path.split(".")[0]
    module, _, name = path.rpartition(".")
    if root != _OURS or root in allowed:
        return
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        spec = None
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    is_defined = re.search(rf"^(class|def) {re.escape(name)}\b", source, re.MULTILINE)
    if not is_defined and re.search(rf"\b{re.escape(name)}\b", source):  # else: told on import
        raise _refused(path, key, "is not ferbench's own")


def check_targets(config: DictConfig, allowed: Collection[str]) -> None:
    """Check a composed configuration before anything in it is made.

    Args:
        config: with Hydra's node where it has one; it is not changed.
        allowed: packages (of the environment: variables) that the command line allows.

    Raises:
        ConfigError: a name that does not pass; names the key, the name and ``allow_targets``.
    """
    _check_allowed(config, allowed)
    plain = OmegaConf.to_container(config, resolve=False)
    assert isinstance(plain, dict)
    hydra = plain.pop("hydra", None)
    for key, target in _named(plain, TARGET, ""):
        if isinstance(target, str) and "${" not in target:  # else: checked when it is known
            check_root(target, key, allowed)
    if hydra is not None:
        with _before_the_run(config) as known:
            _check_hydra(known, allowed)


def _check_allowed(config: DictConfig, allowed: Collection[str]) -> None:
    """Refuse packages that a file allows: it would allow itself."""
    wanted = OmegaConf.select(config, "allow_targets") or []
    from_file = [str(name) for name in wanted if str(name) not in allowed]
    if from_file:
        setting = Setting("allow_targets", f"[{','.join(from_file)}]")
        raise ConfigError(
            f"{', '.join(from_file)}: a file cannot allow what files name",
            key="allow_targets",
            hint=Text("add ", setting, " yourself where you trust it"),
        )


def _check_hydra(config: DictConfig, allowed: Collection[str]) -> None:
    for name in _HANDLED:
        place = f"hydra.{name}"
        node = _resolved(config, place)
        for key, target in _named(node, TARGET, f"{place}."):
            _check_made(target, key, allowed)
        if name in _LOGGING:
            _check_logging(node, place, allowed)
    for key, target in _named(_resolved(config, "hydra"), TARGET, "hydra."):
        _check_made(target, key, allowed)
    copied = OmegaConf.select(config, "hydra.job.env_copy") or []
    for name in _resolved(config, "hydra.job.env_set") or {}:
        if name in copied or name in allowed or _HARMLESS_VARIABLE.fullmatch(str(name)):
            continue
        key = f"hydra.job.env_set.{name}"
        raise _refused(str(name), key, "is set for the run, and may make programs run code", name)


def _resolved(config: DictConfig, place: str) -> Any:
    """A node as it will be; what cannot be known yet could become anything."""
    try:
        node = OmegaConf.select(config, place)
        if place == "hydra":  # what is elsewhere in it is shown and kept, and makes nothing
            return OmegaConf.to_container(node, resolve=False)
        return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    except (OmegaConfBaseException, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"cannot be known before the run begins, so it cannot be checked ({reason})",
            key=place,
            hint="write the value itself in place of ${...}",
        ) from error


def _check_made(target: object, key: str, allowed: Collection[str]) -> None:
    """Check what Hydra would make."""
    if not isinstance(target, str):
        raise ConfigError(key=key, expected="a dotted path", got=target)
    if "${" in target and key.startswith("hydra.") and _base_of(key) is None:
        raise _refused(target, key, "is not known before the run begins")
    root = target.split(".")[0]
    if root in allowed and root != _OURS:
        return
    base = _base_of(key)
    if root in _SHIPPED and base is not None and _is_shipped(target, base):
        return
    raise _refused(target, key, "is neither ferbench's nor one that Hydra ships for this place")


def _base_of(key: str) -> type | None:
    place = key.removeprefix("hydra.").removesuffix(f".{TARGET}")
    for pattern, base in _MADE_BY_HYDRA:
        if pattern.fullmatch(place):
            return base
    return None


def _is_shipped(target: str, base: type) -> bool:
    """Whether a path names a class where it is defined, and one of its kind."""
    module, _, name = target.rpartition(".")
    try:
        found = inspect.getattr_static(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and found.__module__ == module and issubclass(found, base)


def _check_logging(node: Any, place: str, allowed: Collection[str]) -> None:
    """Check what ``logging.config`` would import and call."""
    for name in ("()", "class"):
        for key, target in _named(node, name, f"{place}."):
            root = str(target).split(".")[0]
            if target not in _LOG_CLASSES and root not in allowed:
                raise _refused(str(target), key, "is no handler or formatter that only writes")
    for key, text in _texts(node, place):
        if text.startswith("ext://") and text not in _STREAMS:
            root = text.removeprefix("ext://").split(".")[0]
            if root not in allowed:
                raise _refused(text, key, "would be imported", root)


def _named(node: Any, name: str, prefix: str) -> Iterator[tuple[str, Any]]:
    """All values of a key, at any depth, with their whole keys."""
    if isinstance(node, Mapping):
        if name in node and not (name == "class" and isinstance(node[name], Mapping)):
            yield f"{prefix}{name}", node[name]
        for key, value in node.items():
            yield from _named(value, name, f"{prefix}{key}.")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _named(value, name, f"{prefix}{number}.")


def _texts(node: Any, place: str) -> Iterator[tuple[str, str]]:
    """All texts, keys among them, with where they are."""
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield place, str(key)
            yield from _texts(value, f"{place}.{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _texts(value, f"{place}.{number}")


@contextmanager
def _before_the_run(config: DictConfig) -> Iterator[DictConfig]:
    """A copy that Hydra's resolver knows, with chance values for what only the run will know.

    Chance ones, so that no file can have an innocent value ready for them.
    """
    known: Any = pickle.loads(pickle.dumps(config))  # a quarter of the time of deepcopy
    chance = secrets.randbelow(10**9) + 10**6
    later = {"job.num": chance, "job.id": str(chance), "runtime.output_dir": f"/{chance}"}
    before = HydraConfig.instance().cfg
    with read_write(known), open_dict(known), flag_override(known, "readonly", False):
        for name, value in later.items():
            if OmegaConf.is_missing(
                OmegaConf.select(known.hydra, name.partition(".")[0]), _last(name)
            ):
                OmegaConf.update(known.hydra, name, value)
    try:
        HydraConfig.instance().cfg = known
        yield known
    finally:
        HydraConfig.instance().cfg = before


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _refused(target: str, key: str, why: str, to_allow: str = "") -> ConfigError:
    name = to_allow or target.split(".")[0]
    return ConfigError(
        f"{target} {why}",
        key=key,
        hint=Text("name its package to run it: ", Setting("allow_targets", f"[{name}]")),
    )
