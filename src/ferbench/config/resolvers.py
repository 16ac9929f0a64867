"""What ``conf/`` may write in ``${...}`` beside Hydra's own: the places of this machine."""

from __future__ import annotations

from pathlib import Path

from omegaconf import OmegaConf

from ferbench.config.secret_values import environment_value
from ferbench.places import default_root, models_dir


def register_resolvers() -> None:
    """Make ``${ferbench.root:}`` and ``${ferbench.models:ROOT}`` known; may be called again."""
    if OmegaConf.has_resolver("ferbench.root"):
        return
    OmegaConf.register_new_resolver("ferbench.root", _root)
    OmegaConf.register_new_resolver("ferbench.models", _models)
    OmegaConf.register_new_resolver("oc.env", environment_value, replace=True)


def _root() -> str:
    return str(default_root())


def _models(root: str) -> str:
    return str(models_dir(Path(str(root))))
