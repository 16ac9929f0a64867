"""The Hydra entry behind ``python run.py`` and ``ferbench run``: one way in, single runs and sweeps."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import OmegaConf

from ferbench.places import default_root, models_dir

if TYPE_CHECKING:
    from omegaconf import DictConfig

OmegaConf.register_new_resolver("ferbench.root", lambda: str(default_root()), replace=True)
OmegaConf.register_new_resolver("ferbench.models", lambda root: str(models_dir(_path(root))), replace=True)


def _path(text: Any) -> Any:
    from pathlib import Path

    return Path(str(text))


@hydra.main(version_base="1.3", config_path="pkg://ferbench.conf", config_name="config")
def _task(config: DictConfig) -> None:
    """What Hydra calls for a run and for each cell of a sweep."""
    from ferbench.app.hydra_job import run_hydra_job

    run_hydra_job(config)


def _end_like_ctrl_c() -> None:
    """Let a closed terminal, a time limit or a cluster's stop end a run as Ctrl-C does: with its records closed."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            signal.signal(getattr(signal, name), signal.default_int_handler)


def main() -> None:
    """Compose the command line's configuration, run it, and exit: 0 = all sessions worked, 1 = something failed."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let errors reach us; they are shown below, without a stack
    from ferbench.app import status
    from ferbench.app.arguments import with_quotes
    from ferbench.app.messages import explain

    sys.argv[1:] = with_quotes(sys.argv[1:])
    _end_like_ctrl_c()
    try:
        _task()
    except KeyboardInterrupt:
        status.abandon("interrupted")
        sys.stderr.write("interrupted; what was finished is kept\n")
        sys.exit(130)
    except Exception as error:
        status.abandon(type(error).__name__)
        text = explain(error)
        if text is None:
            raise
        sys.stderr.write(f"{text}\n")
        sys.exit(1)
    sys.exit(status.exit_code())
